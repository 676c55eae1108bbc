import type { Database, Transaction } from '../db/connect.ts';
import type { FolderRef } from './incoming.ts';

export interface Receipt {
  readonly uid: number;
  /** Whether the message was marked processed after it was recorded. */
  readonly processed: boolean;
}

/** What is known already of these messages. Bodies of recorded mail are never fetched again. */
export async function findReceipts(
  db: Database | Transaction,
  folder: FolderRef,
  uids: readonly number[],
): Promise<Receipt[]> {
  if (uids.length === 0) return [];
  const { rows } = (await db.raw(
    `select uid, processed_at is not null as processed from receipts
     where folder_id = ? and uid_validity = ? and uid = any(?)`,
    [folder.folderId, folder.uidValidity, uids as number[]],
  )) as { rows: Receipt[] };
  return rows;
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
