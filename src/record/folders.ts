import type { Database } from '../db/connect.ts';
import type { FolderRef } from './incoming.ts';

/** What was said of a folder's mail when mailcase met it: which messages count. */
export interface FirstContact {
  readonly kind: 'all' | 'now' | 'date';
  /** Messages received before do not count; null: all count. */
  readonly at: Date | null;
  /** The first UID that counts, where the folder still has the UIDVALIDITY of the first contact; else null. */
  readonly fromUid: number | null;
}

/** A folder as the database knows it, with the UIDVALIDITY that the server gives it now. */
export interface KnownFolder extends FolderRef {
  readonly previousUidValidity: number | null;
  readonly start: FirstContact;
  /** Every message up to this UID has its receipt, or does not count; 0 where nothing is known. */
  readonly sweptUid: number;
}

export interface FolderSeen {
  /**
   * user@host. An operator may point a mailbox's name at another account, whose UIDVALIDITY can be the same by chance
   * (many servers begin at 1): its mail must not be taken for mail with a receipt.
   */
  readonly account: string;
  readonly path: string;
  readonly role: 'inbox' | 'sent';
  /** RFC 9051, section 2.3.1.1. */
  readonly uidValidity: number;
  readonly uidNext: number;
  /** What counts if this is the first contact. */
  readonly start: 'all' | 'now' | Date;
}

interface FolderRow {
  readonly id: number;
  readonly previous: number | null;
  readonly start_at: Date | null;
  readonly start_uid: number | null;
  readonly is_by_uid: boolean;
  readonly swept_uid: number;
}

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
 * Registers a folder. At the first contact it is remembered which messages count; that never changes afterwards,
 * whatever the configuration says later: by UID as long as UIDVALIDITY stays, by INTERNALDATE after it changed.
 */
export async function registerFolder(
  db: Database,
  mailboxId: number,
  { start, ...folder }: FolderSeen,
): Promise<KnownFolder> {
  const { rows } = (await db.raw(
    `with before as (select uid_validity from folders where mailbox_id = :mailboxId and account = :account and path = :path)
     insert into folders (mailbox_id, account, path, role, uid_validity, start_at, start_uid, start_uid_validity)
     values (:mailboxId, :account, :path, :role, :uidValidity,
       case when :isNow then now() else :startAt::timestamptz end,
       case when :isNow then :uidNext::bigint end, case when :isNow then :uidValidity::bigint end)
     on conflict (mailbox_id, account, path)
       do update set role = excluded.role, uid_validity = excluded.uid_validity
     returning id, (select uid_validity from before) as previous, start_at,
       case when start_uid_validity = uid_validity then start_uid end as start_uid, start_uid is not null as is_by_uid,
       case when swept_uid_validity = uid_validity then swept_uid else 0 end as swept_uid`,
    { mailboxId, ...folder, isNow: start === 'now', startAt: start instanceof Date ? start : null },
  )) as { rows: [FolderRow] };
  const [row] = rows;
  return {
    folderId: row.id,
    uidValidity: folder.uidValidity,
    previousUidValidity: row.previous,
    start: {
      kind: row.start_at === null ? 'all' : row.is_by_uid ? 'now' : 'date',
      at: row.start_at,
      fromUid: row.start_uid,
    },
    sweptUid: row.swept_uid,
  };
}

/** Notes that every message up to a UID has its receipt, so that the next search begins behind it. */
export async function noteSwept(db: Database, folder: FolderRef, uid: number): Promise<void> {
  await db.raw(
    `update folders set swept_uid = :uid, swept_uid_validity = :uidValidity
     where id = :folderId and uid_validity = :uidValidity
       and (swept_uid_validity is distinct from :uidValidity or swept_uid < :uid)`,
    { uid, ...folder },
  );
}

/** Notes that a poll has new mail to record, for as long as it may take: imports give way until it is done. */
export async function noteBusy(db: Database, mailboxId: number, ms: number): Promise<void> {
  await db.raw(`update mailboxes set busy_until = now() + ? * interval '1 millisecond' where id = ?`, [
    ms,
    mailboxId,
  ]);
}

/** Whether a poll of this mailbox records new mail just now. */
export async function isBusy(db: Database, mailboxId: number): Promise<boolean> {
  const { rows } = (await db.raw(
    'select coalesce(busy_until > now(), false) as busy from mailboxes where id = ?',
    [mailboxId],
  )) as { rows: { busy: boolean }[] };
  return rows[0]?.busy === true;
}

/** Notes how a poll ended: when it was good, or why it was not. */
export async function notePoll(db: Database, name: string, error: string | null): Promise<void> {
  await db.raw(
    `update mailboxes set last_error = ?, busy_until = null,
       last_polled_at = case when ? then now() else last_polled_at end
     where name = ?`,
    [error, error === null, name],
  );
}
