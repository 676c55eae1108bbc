import { ahead } from './ahead.ts';
import { type Batch, readBatches } from './batches.ts';
import type { FolderConfig, MailboxConfig } from './config/schema.ts';
import { openFolder } from './imap/folder.ts';
import { markProcessed } from './imap/mark.ts';
import { searchUnseen } from './imap/search.ts';
import { emptyReport, type PollContext, type PollReport } from './poll-context.ts';
import { registerFolder } from './record/folders.ts';
import type { FolderRef } from './record/incoming.ts';
import { quarantine } from './record/quarantine.ts';
import { noteProcessed } from './record/receipts.ts';
import { recordBatch } from './record/record-batch.ts';

/**
 * THE STORY: one poll of one folder. Search; then batch by batch fetch, parse and judge (while the batch before is
 * being recorded), record in one transaction, and only after its commit mark processed.
 */
export async function pollFolder(context: PollContext, folder: FolderConfig): Promise<PollReport> {
  const { db, session, mailboxId, mailbox } = context;
  const { uidValidity } = await openFolder(session, folder.path);
  const place = await registerFolder(db, mailboxId, { ...folder, account: accountOf(mailbox), uidValidity });
  noteUidValidity(context, folder, place);

  const found = await searchUnseen(session);
  const report = emptyReport(found.length);
  for await (const batch of ahead(readBatches(context, place, found, report))) {
    await record(context, place, batch, report);
    await mark(context, place, batch);
  }
  return report;
}

function accountOf({ imap }: MailboxConfig): string {
  return `${imap.user}@${imap.host}`;
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
