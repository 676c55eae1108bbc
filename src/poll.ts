import { ahead } from './ahead.ts';
import { type Batch, readBatches } from './batches.ts';
import type { FolderConfig, MailboxConfig } from './config/schema.ts';
import type { Database } from './db/connect.ts';
import { openFolder } from './imap/folder.ts';
import { markProcessed } from './imap/mark.ts';
import { searchUnseen } from './imap/search.ts';
import type { Session } from './imap/session.ts';
import type { Judge } from './judge.ts';
import type { Log } from './observe/log.ts';
import { registerFolder } from './record/folders.ts';
import type { FolderRef } from './record/incoming.ts';
import { quarantine } from './record/quarantine.ts';
import { noteProcessed } from './record/receipts.ts';
import { recordBatch } from './record/record-batch.ts';

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

/**
 * THE STORY: one poll of one folder. Search; then batch by batch fetch, parse and judge (while the batch before is
 * being recorded), record in one transaction, and only after its commit mark processed.
 */
export async function pollFolder(context: PollContext, folder: FolderConfig): Promise<PollReport> {
  const { db, session, mailboxId } = context;
  const { uidValidity } = await openFolder(session, folder.path);
  const place = await registerFolder(db, mailboxId, { ...folder, uidValidity });
  noteUidValidity(context, folder, place);

  const found = await searchUnseen(session);
  const report = emptyReport(found.length);
  for await (const batch of ahead(readBatches(context, place, found, report))) {
    await record(context, place, batch, report);
    await mark(context, place, batch);
  }
  return report;
}

async function record(
  { db, log }: PollContext,
  place: FolderRef,
  { incoming, setAside }: Batch,
  report: PollReport,
): Promise<void> {
  const result = await recordBatch(db, place, incoming);
  for (const message of setAside) {
    await quarantine(db, place, message);
    log.warn({ uid: message.uid, stage: message.stage, reason: message.error }, 'message quarantined');
  }
  report.recorded += result.recorded;
  report.duplicates += result.duplicates;
  report.refused += result.refused;
  report.quarantined += result.quarantined + setAside.length;
}

async function mark(
  { db, session, mailbox }: PollContext,
  place: FolderRef,
  { incoming, setAside }: Batch,
): Promise<void> {
  const done = [...incoming, ...setAside].map(({ uid }) => uid);
  await markProcessed(session, done, mailbox.processed.flag);
  await noteProcessed(db, place, done);
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
