import { MailcaseError } from './errors.ts';
import { type FetchedMessage, fetchMessages, fetchSizes, type MessageSize } from './imap/fetch.ts';
import { markProcessed } from './imap/mark.ts';
import { judge } from './judge.ts';
import type { PollContext, PollReport } from './poll-context.ts';
import type { FolderRef, Incoming } from './record/incoming.ts';
import type { Unrecordable } from './record/quarantine.ts';
import { findReceipts, noteProcessed } from './record/receipts.ts';
import { bySize, chunks } from './sizes.ts';

/** Messages that are recorded together, and those of them that cannot be. */
export interface Batch {
  readonly incoming: readonly Incoming[];
  readonly setAside: readonly Unrecordable[];
}

/** Fetches, parses and judges what the search found, batch by batch, until told to stop. */
export async function* readBatches(
  context: PollContext,
  place: FolderRef,
  found: readonly number[],
  report: PollReport,
): AsyncGenerator<Batch> {
  const { session, mailbox, stopping, ending } = context;
  let begun = 0;
  // However slow the server is, each poll gets somewhere; otherwise polls would follow each other for ever.
  const isOver = () => stopping.aborted || (ending.aborted && begun > 0);
  for (const uids of chunks(found, mailbox.batch.messages)) {
    if (isOver()) {
      report.left += uids.length;
      continue;
    }
    const fresh = await markKnown(context, place, uids, report);
    const sizes = await fetchSizes(session, fresh);
    report.notReady += fresh.length - sizes.length;
    for (const part of bySize(sizes, mailbox.batch.bytes)) {
      if (isOver()) {
        report.left += part.length;
        continue;
      }
      begun += 1;
      yield await readBatch(context, part, report);
    }
  }
}

/** Messages with a receipt were recorded before; those that were not marked then are marked now. @returns the others */
async function markKnown(
  { db, session, mailbox }: PollContext,
  place: FolderRef,
  uids: readonly number[],
  report: PollReport,
): Promise<number[]> {
  const receipts = await findReceipts(db, place, uids);
  // One that was marked and is unseen again was made so by a person, and stays so.
  const late = receipts.filter(({ processed }) => !processed).map(({ uid }) => uid);
  await markProcessed(session, late, mailbox.processed.flag);
  await noteProcessed(db, place, late);
  report.markedLate += late.length;
  const known = new Set(receipts.map(({ uid }) => uid));
  return uids.filter((uid) => !known.has(uid));
}

async function readBatch(
  context: PollContext,
  sizes: readonly MessageSize[],
  report: PollReport,
): Promise<Batch> {
  const limit = context.mailbox.message_bytes;
  const wanted = sizes.filter(({ sizeBytes }) => sizeBytes <= limit);
  const fetched = await fetchMessages(context.session, wanted);
  report.notReady += wanted.length - fetched.length;
  const tooLarge = sizes.filter(({ sizeBytes }) => sizeBytes > limit).map((each) => refuseSize(each, limit));
  const { incoming, unparsable } = await judgeAll(context, fetched);
  return { incoming, setAside: [...tooLarge, ...unparsable] };
}

async function judgeAll({ judge: rules }: PollContext, fetched: readonly FetchedMessage[]) {
  const incoming: Incoming[] = [];
  const unparsable: Unrecordable[] = [];
  for (const message of fetched) {
    const outcome = await judge(rules, message);
    if ('error' in outcome) unparsable.push(outcome);
    else incoming.push(outcome);
  }
  return { incoming, unparsable };
}

function refuseSize({ uid, sizeBytes }: MessageSize, limit: number): Unrecordable {
  const { message } = new MailcaseError(
    'message_too_large',
    `${sizeBytes} bytes are more than message_bytes (${limit}); the message stays in the mailbox`,
  );
  return { uid, stage: 'fetch', error: message, source: undefined };
}
