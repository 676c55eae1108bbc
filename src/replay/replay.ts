import { setTimeout as sleep } from 'node:timers/promises';
import { ahead } from '../ahead.ts';
import type { Config } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import type { Judges } from '../judge/judges.ts';
import { isAnyBusy } from '../record/folders.ts';
import { Foreseen } from '../record/foreseen.ts';
import { bySize, chunks } from '../sizes.ts';
import { applyBatch, tryBatch } from './batch.ts';
import { LastSays } from './last-says.ts';
import { type ReadBatch, Reader } from './read.ts';
import { type ReplayReport, Report } from './report.ts';
import { Chosen, type Listed, placesOf, type Selection } from './selection.ts';

export interface ReplayRequest extends Selection {
  /** Only mail that this rule matches today, or has matched when it was recorded or replayed last. */
  readonly rule: string | undefined;
  /** The largest number of mails that are looked at, the oldest ones. */
  readonly limit: number | undefined;
  /** Whether it is applied, and not only tried. */
  readonly apply: boolean;
  /** Who runs it, as the events keep it. */
  readonly actor: string;
}

export interface ReplayContext {
  readonly db: Database;
  readonly config: Config;
  readonly judges: Judges;
  /** Aborted when it is to end after the batch in hand. */
  readonly stopping: AbortSignal;
  /** How many mails are decided together, in one transaction. */
  readonly batchMessages?: number;
}

export interface ReplayEvents {
  /** @param total how many mails this replay looks at */
  onProgress(done: number, total: number): void;
  /** A poll records new mail: the replay goes on after it. */
  onWaiting(): void;
}

/** Enough for a few multi-row statements; more would keep cases and customers locked for longer. */
const BATCH_MESSAGES = 100;

/** Bytes of the mails that are read together: they are held in memory, and the batch before them is being decided. */
const BATCH_BYTES = 16 * 1024 * 1024;

/** How often it is looked whether new mail has been recorded, in milliseconds. */
const GIVE_WAY_MS = 250;

/**
 * Holds recorded mail against the mapping and the rules of today, the oldest first. Each batch is one transaction, and what
 * was applied is noted with the mail, so a replay that was ended goes on when it is run again. Between batches it gives way
 * to new mail.
 */
export async function replay(
  context: ReplayContext,
  request: ReplayRequest,
  events: ReplayEvents,
): Promise<ReplayReport> {
  const { db, config, judges, stopping } = context;
  const places = await placesOf(db, config);
  const chosen = await Chosen.of(db, request, places.values());
  const counts = await chosen.count();
  const open = counts.meant - counts.known;
  const total = Math.min(open, request.limit ?? open);
  const reader = new Reader(db, config, judges, places);
  const report = new Report(counts);
  const policy = { flood: config.flood, replaying: { actor: request.actor, at: new Date() } };
  const trial = { foreseen: new Foreseen(), says: new LastSays() };
  events.onProgress(0, total);
  const batches = readBatches(reader, chosen, request, context);
  for await (const { mails, left, unmatched } of ahead(batches)) {
    if (request.apply) await giveWay(context, events);
    if (stopping.aborted) break;
    const outcomes = request.apply
      ? await applyBatch(db, mails, policy)
      : await tryBatch(db, mails, policy, trial);
    report.add(outcomes, left, unmatched);
    events.onProgress(Math.min(report.told, total), total);
  }
  return report.end({ dryRun: !request.apply });
}

/** Reads one batch after the other, until enough were looked at; what cannot be replayed does not count. */
async function* readBatches(
  reader: Reader,
  chosen: Chosen,
  { rule, limit = Number.POSITIVE_INFINITY }: ReplayRequest,
  { stopping, batchMessages = BATCH_MESSAGES }: ReplayContext,
): AsyncGenerator<MatchedBatch> {
  let room = limit;
  for await (const page of chosen.list()) {
    for (const slice of slicesOf(page, batchMessages)) {
      for (let rest = slice; rest.length > 0; ) {
        if (room <= 0 || stopping.aborted) return;
        const part = rest.slice(0, room);
        rest = rest.slice(part.length);
        const batch = matchedBy(rule, await reader.read(part, NEVER));
        room -= batch.mails.length;
        yield batch;
      }
    }
  }
}

interface MatchedBatch extends ReadBatch {
  /** How many mails the rule has nothing to do with. */
  readonly unmatched: number;
}

function matchedBy(rule: string | undefined, batch: ReadBatch): MatchedBatch {
  if (rule === undefined) return { ...batch, unmatched: 0 };
  const mails = batch.mails.filter(
    ({ incoming, rulesBefore }) =>
      rulesBefore.includes(rule) || incoming.directives.byRules?.matched.includes(rule),
  );
  const left = batch.left.filter(({ rulesBefore }) => rulesBefore.includes(rule));
  const all = batch.mails.length + batch.left.length;
  return { mails, left, unmatched: all - mails.length - left.length };
}

/** What it waits for is a thread, which has its own limit. */
const NEVER = new AbortController().signal;

function* slicesOf(page: readonly Listed[], messages: number): Generator<Listed[]> {
  const sized = page.map((listed) => ({ listed, sizeBytes: listed.sizeBytes ?? 0 }));
  for (const some of chunks(sized, messages)) {
    for (const part of bySize(some, BATCH_BYTES)) yield part.map(({ listed }) => listed);
  }
}

async function giveWay({ db, stopping }: ReplayContext, events: ReplayEvents): Promise<void> {
  for (let waited = 0; (await isAnyBusy(db)) && !stopping.aborted; waited += GIVE_WAY_MS) {
    if (waited === 0) events.onWaiting();
    await sleep(GIVE_WAY_MS);
  }
}
