import type { Database, Transaction } from '../db/connect.ts';
import { chunks } from '../sizes.ts';
import type { FolderRef } from './incoming.ts';

export type Outcome = 'recorded' | 'duplicate' | 'skipped' | 'quarantined';

export interface Receipt {
  readonly uid: number;
  readonly outcome: Outcome;
}

/** UIDs asked for in one query: an array of some hundred kilobytes at most. */
const UIDS_PER_QUERY = 20_000;

/** Most messages that are marked late by one poll; what is beyond waits for the next. */
export const MAX_UNMARKED = 1_000;

/** What is known already of these messages. Bodies of recorded mail are never fetched again. */
export async function findReceipts(
  db: Database | Transaction,
  folder: FolderRef,
  uids: readonly number[],
): Promise<Receipt[]> {
  const found: Receipt[] = [];
  for (const some of chunks(uids, UIDS_PER_QUERY)) {
    const { rows } = (await db.raw(
      `select uid, outcome from receipts where folder_id = ? and uid_validity = ? and uid = any(?)`,
      [folder.folderId, folder.uidValidity, some],
    )) as { rows: Receipt[] };
    found.push(...rows);
  }
  return found;
}

/** How many of these messages, which have a receipt, were received within a time. */
export async function countReceived(
  db: Database,
  folder: FolderRef,
  uids: readonly number[],
  { since, until }: { since: Date | undefined; until: Date | undefined },
): Promise<number> {
  let count = 0;
  for (const some of chunks(uids, UIDS_PER_QUERY)) {
    const { rows } = (await db.raw(
      `select count(*) as n from receipts r left join interactions i on i.id = r.interaction_id
       where r.folder_id = ? and r.uid_validity = ? and r.uid = any(?)
         and coalesce(i.received_at >= ?::timestamptz, true) and coalesce(i.received_at < ?::timestamptz, true)`,
      [folder.folderId, folder.uidValidity, some, since ?? null, until ?? null],
    )) as { rows: [{ n: number }] };
    count += rows[0].n;
  }
  return count;
}

/** Messages with a receipt that were not marked processed: a crash or a refusal came in between. */
export async function findUnmarked(db: Database, folder: FolderRef): Promise<Receipt[]> {
  const { rows } = (await db.raw(
    `select uid, outcome from receipts
     where folder_id = ? and uid_validity = ? and processed_at is null order by uid limit ?`,
    [folder.folderId, folder.uidValidity, MAX_UNMARKED],
  )) as { rows: Receipt[] };
  return rows;
}

/** How many of these messages have a receipt and were not marked processed. */
export async function countUnmarked(
  db: Database,
  folder: FolderRef,
  uids: readonly number[],
): Promise<number> {
  let count = 0;
  for (const some of chunks(uids, UIDS_PER_QUERY)) {
    const { rows } = (await db.raw(
      `select count(*) as n from receipts
       where folder_id = ? and uid_validity = ? and uid = any(?) and processed_at is null`,
      [folder.folderId, folder.uidValidity, some],
    )) as { rows: [{ n: number }] };
    count += rows[0].n;
  }
  return count;
}

/** A message with a receipt, by what may be done with it in its folder. */
export interface Processable {
  readonly uid: number;
  /** Whether all of it is in the history, by itself or by the copy it is a duplicate of. */
  readonly isFullyRecorded: boolean;
  /** Whether it lies at its destination already, and is here only because a move was broken off. */
  readonly isCopied: boolean;
}

/** Which of these messages have a receipt, and so may be marked processed. */
export async function findProcessable(
  db: Database,
  folder: FolderRef,
  uids: readonly number[],
): Promise<Processable[]> {
  const { rows } = (await db.raw(
    `select r.uid, r.outcome in ('recorded', 'duplicate') and coalesce(i.cut = '{}', false)
       and not r.is_cut as "isFullyRecorded", r.copied_at is not null as "isCopied"
     from receipts r left join interactions i on i.id = r.interaction_id
     where r.folder_id = ? and r.uid_validity = ? and r.uid = any(?)`,
    [folder.folderId, folder.uidValidity, uids as number[]],
  )) as { rows: Processable[] };
  return rows;
}

/** Notes that nothing is left to mark under a UIDVALIDITY that is over: its UIDs lead to no message any more. */
export async function noteUidValidityOver(db: Database, folder: FolderRef): Promise<void> {
  await db.raw(
    `update receipts set processed_at = now()
     where folder_id = ? and uid_validity <> ? and processed_at is null`,
    [folder.folderId, folder.uidValidity],
  );
}

/** Notes that the messages were copied to where processed mail goes, and are to be deleted here. */
export async function noteCopied(db: Database, folder: FolderRef, uids: readonly number[]): Promise<void> {
  if (uids.length === 0) return;
  await db.raw(
    `update receipts set copied_at = now() where folder_id = ? and uid_validity = ? and uid = any(?)`,
    [folder.folderId, folder.uidValidity, uids as number[]],
  );
}

/** Notes that the messages were marked processed in the folder. Only after the server said so. */
export async function noteProcessed(db: Database, folder: FolderRef, uids: readonly number[]): Promise<void> {
  if (uids.length === 0) return;
  await db.raw(
    `update receipts set processed_at = now()
     where folder_id = ? and uid_validity = ? and uid = any(?) and processed_at is null`,
    [folder.folderId, folder.uidValidity, uids as number[]],
  );
}
