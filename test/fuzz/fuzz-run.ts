import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { Database } from '../../src/db/connect.ts';
import type { Judges } from '../../src/judge/judges.ts';
import type { FolderRef, Incoming } from '../../src/record/incoming.ts';
import { quarantine, type Unrecordable } from '../../src/record/quarantine.ts';
import { recordTogether } from '../../src/record/record-batch.ts';
import { NO_AUTHENTICATION, RECORDING, rows } from '../support/poll.ts';
import { brokenInvariants } from './invariants.ts';
import { type FuzzMail, mutatedMail, originals } from './mutated-mail.ts';

/** Messages that are recorded together, as a poll does it by default. */
const BATCH = 100;

export interface FuzzOptions {
  /** The same seed makes the same mails. */
  readonly seed: number;
  readonly runs: number;
  /** Told after each batch. */
  readonly onBatch?: (done: number) => void;
}

export interface FuzzReport {
  readonly recorded: number;
  readonly duplicate: number;
  readonly quarantined: number;
  /** Interactions of which something was cut. */
  readonly cut: number;
  /** Why messages went to quarantine, each with a file of one. */
  readonly reasons: readonly string[];
  readonly seconds: number;
}

/**
 * Brings mutated mails through the parser's threads, the rules and recording, in batches as a poll does, and looks after
 * each batch whether all is well.
 *
 * @param db of its own, migrated and empty
 * @throws Error with the seed, and where the message is kept, at the first that is neither recorded nor a duplicate nor
 *   in quarantine, and where something in the tables is not as it must be
 */
export async function fuzz(
  db: Database,
  judges: Judges,
  { seed, runs, onBatch }: FuzzOptions,
): Promise<FuzzReport> {
  const place = await makeFolder(db);
  const mails = mutatedMail(originals());
  const started = performance.now();
  const reasons = new Map<string, string>();
  for (let done = 0; done < runs; done += BATCH) {
    const batchSeed = seed + done;
    const batch = fc.sample(mails, { seed: batchSeed, numRuns: Math.min(BATCH, runs - done) });
    const failed = async (why: string, mail?: FuzzMail) => {
      const file = mail && (await keep(mail, seed));
      const kept = file === undefined ? '' : `\nthe message: ${file} (made of ${mail?.of.join(' and ')})`;
      return new Error(`seed ${seed}, messages ${done + 1} to ${done + batch.length}: ${why}${kept}`);
    };
    const [before] = await rows<{ id: number }>(db, 'select coalesce(max(id), 0) as id from interactions');
    const set = await recordBatch(db, judges, place, { batch, firstUid: done + 1 }).catch(
      async (error: unknown) => {
        throw await failed(`crashed: ${error instanceof Error ? error.stack : String(error)}`, batch[0]);
      },
    );
    for (const { uid, error, stage } of set) {
      const reason = `${stage}: ${error}`;
      const mail = batch[uid - done - 1];
      if (mail && !reasons.has(reason)) reasons.set(reason, await keep(mail, seed));
    }
    const lost = await withoutReceipt(db, done, batch.length);
    if (lost.length > 0) {
      throw await failed(`${lost.length} without receipt`, batch[(lost[0] ?? 0) - done - 1]);
    }
    const broken = await brokenInvariants(db, { id: before?.id ?? 0, uid: done });
    if (broken.length > 0) throw await failed(`not as it must be: ${broken.join('; ')}`);
    onBatch?.(done + batch.length);
  }
  const seconds = (performance.now() - started) / 1000;
  return {
    ...(await outcomes(db)),
    reasons: [...reasons].map(([reason, file]) => `${reason} (${file})`),
    seconds,
  };
}

async function makeFolder(db: Database): Promise<FolderRef> {
  const [mailbox] = await rows<{ id: number }>(
    db,
    "insert into mailboxes (name) values ('fuzz') returning id",
  );
  const [folder] = await rows<{ id: number }>(
    db,
    `insert into folders (mailbox_id, account, path, uid_validity) values (${mailbox?.id}, 'fuzz', 'INBOX', 1) returning id`,
  );
  return { folderId: folder?.id ?? 0, uidValidity: 1 };
}

/** @returns those that went to quarantine */
async function recordBatch(
  db: Database,
  judges: Judges,
  place: FolderRef,
  { batch, firstUid }: { batch: readonly FuzzMail[]; firstUid: number },
): Promise<Pick<Unrecordable, 'uid' | 'error' | 'stage'>[]> {
  const judgeOf = {
    all: judges.judgeFor(
      { name: 'support', trust: 'all', own: ['example.com'], authentication: NO_AUTHENTICATION },
      { path: 'INBOX', role: 'inbox' },
      RECORDING,
    ),
    none: judges.judgeFor(
      { name: 'support', trust: 'none', own: ['example.com'], authentication: NO_AUTHENTICATION },
      { path: 'INBOX', role: 'inbox' },
      RECORDING,
    ),
  };
  const judged = await Promise.all(
    batch.map(({ source, trusted }, index) =>
      judgeOf[trusted ? 'all' : 'none'](place, {
        uid: firstUid + index,
        sizeBytes: source.length,
        receivedAt: new Date(Date.UTC(2026, 10, 9) + (firstUid + index) * 60_000),
        source,
      }),
    ),
  );
  const incoming = judged.filter((each): each is Incoming => !('error' in each));
  const unparsable = judged.filter((each): each is Unrecordable => 'error' in each);
  await recordTogether(db, incoming, { flood: RECORDING.flood });
  for (const each of unparsable) await quarantine(db, each, { flood: RECORDING.flood });
  return rows(db, `select uid, error, stage from quarantine where uid >= ${firstUid}`);
}

async function withoutReceipt(db: Database, done: number, amount: number): Promise<number[]> {
  const lost = await rows<{ uid: number }>(
    db,
    `select uid::int from generate_series(${done + 1}, ${done + amount}) uid
     where not exists (select from receipts r where r.uid = uid.uid) order by 1`,
  );
  return lost.map(({ uid }) => uid);
}

async function outcomes(db: Database) {
  const [counts] = await rows<{ recorded: number; duplicate: number; quarantined: number; cut: number }>(
    db,
    `select count(*) filter (where outcome = 'recorded')::int as recorded,
       count(*) filter (where outcome = 'duplicate')::int as duplicate,
       count(*) filter (where outcome = 'quarantined')::int as quarantined,
       (select count(*)::int from interactions where cut <> '{}') as cut from receipts`,
  );
  if (counts === undefined) throw new Error('count(*) gives a row');
  return counts;
}

/** Writes a message where it can be looked at. @returns the file */
async function keep({ source }: FuzzMail, seed: number): Promise<string> {
  const file = join(tmpdir(), `mailcase-fuzz-${seed}-${Date.now()}.eml`);
  await writeFile(file, source);
  return file;
}
