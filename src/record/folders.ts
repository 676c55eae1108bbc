import type { Database } from '../db/connect.ts';
import type { FolderRef } from './incoming.ts';

/** Registers a mailbox. @returns its id */
export async function registerMailbox(db: Database, name: string, email: string | null): Promise<number> {
  const { rows } = (await db.raw(
    `insert into mailboxes (name, email) values (?, ?)
     on conflict (name) do update set email = excluded.email returning id`,
    [name, email],
  )) as { rows: [{ id: number }] };
  return rows[0].id;
}

/**
 * Registers a folder with the UIDVALIDITY that the server gives it now (RFC 3501, section 2.3.1.1).
 *
 * @param folder.account user@host. An operator may point a mailbox's name at another account, whose UIDVALIDITY can be
 *   the same by chance (many servers begin at 1): its mail must not be taken for mail with a receipt
 */
export async function registerFolder(
  db: Database,
  mailboxId: number,
  folder: { account: string; path: string; role: 'inbox' | 'sent'; uidValidity: number },
): Promise<FolderRef & { previousUidValidity: number | null }> {
  const { rows } = (await db.raw(
    `with before as (select uid_validity from folders where mailbox_id = :mailboxId and account = :account and path = :path)
     insert into folders (mailbox_id, account, path, role, uid_validity)
     values (:mailboxId, :account, :path, :role, :uidValidity)
     on conflict (mailbox_id, account, path)
       do update set role = excluded.role, uid_validity = excluded.uid_validity
     returning id, (select uid_validity from before) as previous`,
    { mailboxId, ...folder },
  )) as { rows: [{ id: number; previous: number | null }] };
  return { folderId: rows[0].id, uidValidity: folder.uidValidity, previousUidValidity: rows[0].previous };
}

/** Notes how a poll ended: when it was good, or why it was not. */
export async function notePoll(db: Database, name: string, error: string | null): Promise<void> {
  await db.raw(
    `update mailboxes set last_error = ?, last_polled_at = case when ? then now() else last_polled_at end
     where name = ?`,
    [error, error === null, name],
  );
}
