import type { FolderConfig, MailboxConfig } from './config/schema.ts';
import type { Database } from './db/connect.ts';
import { MailcaseError } from './errors.ts';
import { type FetchedMessage, fetchMessages, fetchSizes, type MessageSize } from './imap/fetch.ts';
import { openFolder } from './imap/folder.ts';
import { markProcessed } from './imap/mark.ts';
import { searchUnseen } from './imap/search.ts';
import type { Session } from './imap/session.ts';
import { type Judge, judge } from './judge.ts';
import type { Log } from './observe/log.ts';
import { registerFolder } from './record/folders.ts';
import type { FolderRef, Incoming } from './record/incoming.ts';
import { quarantine, type Unrecordable } from './record/quarantine.ts';
import { findReceipts, noteProcessed } from './record/receipts.ts';
import { recordBatch } from './record/record-batch.ts';
import { bySize, chunks } from './sizes.ts';

/** What one poll needs to know. */
export interface PollContext {
  readonly db: Database;
  readonly session: Session;
  readonly mailboxId: number;
  readonly mailbox: MailboxConfig;
  readonly judge: Judge;
  readonly log: Log;
  /** Aborted when the poll should end after the batch in hand. */
  readonly stopping: AbortSignal;
}

/** What one poll did, in numbers of messages. */
export interface PollReport {
  found: number;
  recorded: number;
  duplicates: number;
  quarantined: number;
  /** Header values that were not applied. */
  refused: number;
  /** Recorded by an earlier poll that could not mark them. */
  markedLate: number;
  /** Not handed out by the server yet; asked for again by the next poll. */
  notReady: number;
  /** Not looked at, because the poll was told to stop. */
  left: number;
}

/** One poll of one folder: search, then batch by batch fetch, parse, judge, record, and only then mark processed. */
export async function pollFolder(context: PollContext, folder: FolderConfig): Promise<PollReport> {
  const { db, session, mailbox, stopping } = context;
  const { uidValidity } = await openFolder(session, folder.path);
  const place = await registerFolder(db, context.mailboxId, { ...folder, uidValidity });
  noteUidValidity(context, folder, place);

  const found = await searchUnseen(session);
  const report = emptyReport(found.length);
  for (const uids of chunks(found, mailbox.batch.messages)) {
    if (stopping.aborted) {
      report.left += uids.length;
      continue;
    }
    const fresh = await markKnown(context, place, uids, report);
    const sizes = await fetchSizes(session, fresh);
    report.notReady += fresh.length - sizes.length;
    for (const batch of bySize(sizes, mailbox.batch.bytes)) {
      if (stopping.aborted) report.left += batch.length;
      else await pollBatch(context, place, batch, report);
    }
  }
  return report;
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

async function pollBatch(
  context: PollContext,
  place: FolderRef,
  batch: readonly MessageSize[],
  report: PollReport,
): Promise<void> {
  const { db, session, mailbox } = context;
  const tooLarge = batch.filter(({ sizeBytes }) => sizeBytes > mailbox.message_bytes);
  const wanted = batch.filter(({ sizeBytes }) => sizeBytes <= mailbox.message_bytes);
  const fetched = await fetchMessages(session, wanted);
  report.notReady += wanted.length - fetched.length;

  const { incoming, unparsable } = await parseBatch(context, fetched);
  const setAside = [...tooLarge.map((message) => refuseSize(mailbox, message)), ...unparsable];
  const result = await recordBatch(db, place, incoming);
  for (const message of setAside) await quarantine(db, place, message);
  report.recorded += result.recorded;
  report.duplicates += result.duplicates;
  report.refused += result.refused;
  report.quarantined += result.quarantined + setAside.length;
  noteQuarantine(context, setAside);

  const done = [...incoming, ...setAside].map(({ uid }) => uid);
  await markProcessed(session, done, mailbox.processed.flag);
  await noteProcessed(db, place, done);
}

async function parseBatch({ judge: rules }: PollContext, fetched: readonly FetchedMessage[]) {
  const incoming: Incoming[] = [];
  const unparsable: Unrecordable[] = [];
  for (const message of fetched) {
    const outcome = await judge(rules, message);
    if ('error' in outcome) unparsable.push(outcome);
    else incoming.push(outcome);
  }
  return { incoming, unparsable };
}

function refuseSize(mailbox: MailboxConfig, { uid, sizeBytes }: MessageSize): Unrecordable {
  const error = new MailcaseError(
    'message_too_large',
    `${sizeBytes} bytes are more than message_bytes (${mailbox.message_bytes}); the message stays in the mailbox`,
  );
  return { uid, stage: 'fetch', error: error.message, source: undefined };
}

function emptyReport(found: number): PollReport {
  return {
    found,
    recorded: 0,
    duplicates: 0,
    quarantined: 0,
    refused: 0,
    markedLate: 0,
    notReady: 0,
    left: 0,
  };
}

function noteUidValidity(
  { log }: PollContext,
  { path }: FolderConfig,
  place: FolderRef & { previousUidValidity: number | null },
): void {
  const { uidValidity, previousUidValidity } = place;
  if (previousUidValidity === null || previousUidValidity === uidValidity) return;
  log.warn(
    { folder: path, uidValidity, previousUidValidity },
    'UIDVALIDITY changed, known mail is told by its key',
  );
}

function noteQuarantine({ log }: PollContext, setAside: readonly Unrecordable[]): void {
  for (const { uid, stage, error } of setAside)
    log.warn({ uid, stage, reason: error }, 'message quarantined');
}
