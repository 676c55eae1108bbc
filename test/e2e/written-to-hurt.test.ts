import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainMessage } from '../../src/explain/explain.ts';
import { printExplanation } from '../../src/explain/print.ts';
import { readCase } from '../../src/history/case.ts';
import { readCustomerHistory } from '../../src/history/customer.ts';
import { printCase } from '../../src/history/print-case.ts';
import { printCustomerHistory } from '../../src/history/print-customer.ts';
import { Judges } from '../../src/judge/judges.ts';
import { recordTogether } from '../../src/record/record-batch.ts';
import { harmlessJson } from '../../src/terminal/harmless.ts';
import { useDatabase } from '../support/database.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { HOSTILE, SMALL } from '../support/hostile/all.ts';
import { storedMessages } from '../support/hostile/stored.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { NO_AUTHENTICATION, poll, RECORDING, rows } from '../support/poll.ts';

/*
 * Mails written to hurt, each in front of one that is innocent, in one mailbox: a real poll records them all. What is in
 * the tables then stands in a golden file (UPDATE_GOLDEN=1 writes it: read what changed).
 */
const GOLDEN = fileURLToPath(new URL('written-to-hurt.golden.txt', import.meta.url));
const SRC = fileURLToPath(new URL('../../src', import.meta.url));
const USER = 'hurt@example.com';

/** Nothing here may come near the usual limits.parse_time (30 s), on a busy machine either. */
const LIMITS = { ...RECORDING.limits, parse_time: 5_000 };

const database = useDatabase();
const judges = new Judges({ limits: LIMITS });
let server: Dovecot;

beforeAll(async () => {
  server = await startDovecot();
  const inbox = server.maildir(USER);
  // As they are: LMTP would change line ends, and refuse NUL.
  for (const [index, { trait, build }] of HOSTILE.entries()) {
    await put(inbox, 2 * index, build());
    await put(inbox, 2 * index + 1, Buffer.from(innocent(trait)));
  }
});

afterAll(async () => {
  await judges.close();
  await server.stop();
});

function put(inbox: string, index: number, source: Buffer): Promise<void> {
  const name = `${1_700_000_000 + index}.M${String(index).padStart(6, '0')}.hurt`;
  return writeFile(join(inbox, 'new', name), source);
}

const innocent = (trait: string) =>
  mail({
    From: `Innocent <innocent@${trait}.example>`,
    To: 'support@example.com',
    Subject: `Beside ${trait}`,
  });

function mailbox() {
  const imap = { port: server.imapPort, password: server.password };
  return loadMailbox(USER, { name: 'hurt', own: ['example.com'], trust: 'all', imap });
}

describe('mail that was written to hurt', () => {
  it('is recorded in one poll, and all that is innocent beside it', { timeout: 180_000 }, async () => {
    const started = performance.now();
    const report = await poll(database.db, await mailbox(), { judges, recording: { limits: LIMITS } });
    const seconds = (performance.now() - started) / 1_000;
    const stored = await storedMessages(database.db, 'hurt');
    if (process.env.HOSTILE_TABLE === '1') {
      process.stdout.write(
        `${HOSTILE.length} hostile mails, ${seconds.toFixed(1)} s: ${JSON.stringify(report)}\n`,
      );
    }
    expect(report).toMatchObject({ recorded: 2 * HOSTILE.length, duplicates: 0, quarantined: 0, left: 0 });
    for (const [index, { trait }] of HOSTILE.entries()) {
      expect(stored.get(2 * index + 2)?.stored, trait).toMatchObject({ subject: `Beside ${trait}` });
    }
    const lines = HOSTILE.map(
      ({ trait }, index) => `${trait} ${JSON.stringify(stored.get(2 * index + 1)?.stored)}\n`,
    );
    const actual = lines.join('');
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, actual);
    expect(actual).toBe(readFileSync(GOLDEN, 'utf8'));
  });

  it('has its raw bytes in the database, none of it changed', async () => {
    const broken = await rows(
      database.db,
      'select interaction_id from raw_messages where sha256(content) <> sha256 or octet_length(content) <> size_bytes',
    );
    expect(broken).toEqual([]);
  });
});

describe('what reading one of them takes', () => {
  it('seconds at most, and a zip bomb stays shut', { timeout: 180_000 }, async () => {
    const judge = judges.judgeFor(
      { name: 'support', trust: 'all', own: ['example.com'], authentication: NO_AUTHENTICATION },
      { path: 'INBOX', role: 'inbox' },
      RECORDING,
    );
    const slowest: [ms: number, trait: string][] = [];
    for (const [index, { trait, build }] of HOSTILE.entries()) {
      const source = build();
      const fetched = { uid: index + 1, sizeBytes: source.length, receivedAt: new Date(), source };
      const started = performance.now();
      const outcome = await judge({ folderId: 0, uidValidity: 1 }, fetched);
      slowest.push([performance.now() - started, trait]);
      expect('error' in outcome ? outcome.error : undefined, trait).toBeUndefined();
      if (trait !== 'zip-bomb' || 'error' in outcome) continue;
      // Of the 100 MB that are in it, nothing is seen.
      expect(outcome.message.attachments).toMatchObject([
        { contentType: 'application/zip', sizeBytes: 101_961 },
      ]);
    }
    slowest.sort(([a], [b]) => b - a);
    if (process.env.HOSTILE_TABLE === '1') {
      const lines = slowest.slice(0, 10).map(([ms, trait]) => `${ms.toFixed(0).padStart(6)} ms ${trait}`);
      process.stdout.write(`${lines.join('\n')}\n`);
    }
    expect(slowest[0]?.[0]).toBeLessThan(3_000);
  });

  it('nothing of ours decompresses', () => {
    const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(100);
    expect(
      files.filter((file) => /zlib|decompress|inflate|unzip/i.test(readFileSync(join(SRC, file), 'utf8'))),
    ).toEqual([]);
  });
});

describe('NUL, which Dovecot hands out as another byte', () => {
  it('becomes U+FFFD wherever it stands', async () => {
    const nul = SMALL.filter(({ build }) => build().includes(0));
    expect(nul.map(({ trait }) => trait)).toContain('nul-in-values');
    await database.db.raw("insert into mailboxes (name) values ('nul')");
    const [folder] = await rows<{ id: number }>(
      database.db,
      `insert into folders (mailbox_id, account, path, uid_validity)
       select id, 'nul', 'INBOX', 1 from mailboxes where name = 'nul' returning id`,
    );
    const place = { folderId: folder?.id ?? 0, uidValidity: 1 };
    const judge = judges.judgeFor(
      { name: 'support', trust: 'all', own: ['example.com'], authentication: NO_AUTHENTICATION },
      { path: 'INBOX', role: 'inbox' },
      RECORDING,
    );
    for (const [index, { trait, build }] of nul.entries()) {
      const source = build();
      const outcome = await judge(place, {
        uid: index + 1,
        sizeBytes: source.length,
        receivedAt: new Date(),
        source,
      });
      if ('error' in outcome) throw new Error(`${trait}: ${outcome.error}`);
      const { quarantined } = await recordTogether(database.db, [outcome], RECORDING);
      expect(quarantined, trait).toEqual([]);
    }
    const stored = await storedMessages(database.db, 'nul');
    expect(stored.get(nul.findIndex(({ trait }) => trait === 'nul-in-values') + 1)).toMatchObject({
      outcome: 'recorded',
      stored: {
        subject: 'a\uFFFDb',
        text: 'a\uFFFDb\n',
        in_reply_to: 'a\uFFFDb@c',
        case: {
          external_id: 'x\uFFFDy',
          labels: ['a\uFFFDb', 'c'],
          custom_fields: { 'a\uFFFDb': 'c\uFFFDd' },
        },
      },
    });
  });
});

/** What a terminal would act on, or cannot show. Line ends are ours. */
const RAW = /[\p{Cc}\p{Cf}\p{Cs}]/u;

const unfit = (text: string) => text.split('\n').filter((line) => RAW.test(line));

describe('what the commands show of it is fit for a terminal', () => {
  const style = { width: 100, colours: false };
  const range = { since: undefined, until: undefined, limit: 50, texts: true };

  it('history', async () => {
    const customers = await rows<{ id: number }>(database.db, 'select id from customers order by id');
    expect(customers.length).toBeGreaterThan(HOSTILE.length);
    for (const { id } of customers) {
      const history = await readCustomerHistory(database.db, id, range);
      if (history === undefined) throw new Error(`customer ${id} is there`);
      expect(unfit(printCustomerHistory(history, style)), `customer ${id}`).toEqual([]);
      expect(unfit(harmlessJson(history)), `customer ${id}`).toEqual([]);
    }
  });

  it('case', async () => {
    const cases = await rows<{ id: number }>(database.db, 'select id from cases order by id');
    for (const { id } of cases) {
      const found = await readCase(database.db, id, { limit: 50, texts: true, why: true });
      if (found === undefined) throw new Error(`case ${id} is there`);
      expect(unfit(printCase(found, style)), `case ${id}`).toEqual([]);
      expect(unfit(harmlessJson(found)), `case ${id}`).toEqual([]);
    }
  });

  it('explain', async () => {
    const box = await mailbox();
    const [folder] = box.folders;
    if (folder === undefined) throw new Error('a mailbox has a folder');
    const setting = { mailbox: box, folder, recording: RECORDING, judges, place: undefined };
    for (const { trait, build } of SMALL) {
      const source = build();
      const fetched = { uid: 0, sizeBytes: source.length, receivedAt: new Date(), source };
      for (const db of [database.db, undefined]) {
        const explanation = await explainMessage(db, setting, fetched);
        expect(explanation.outcome, trait).toBe(db ? 'duplicate' : 'recorded');
        expect(unfit(printExplanation(explanation, style)), trait).toEqual([]);
        expect(unfit(harmlessJson(explanation)), trait).toEqual([]);
      }
    }
  });
});
