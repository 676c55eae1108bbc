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
  /** Whether it was settled just now which messages count. */
  readonly isFirstContact: boolean;
  readonly start: FirstContact;
  /** Every message up to this UID has its receipt, or does not count; 0 where nothing is known. */
  readonly sweptUid: number;
  /** Found by a search, and without a receipt as far as a poll has noted it; gone from the folder perhaps. */
  readonly foundUids: readonly number[];
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
  /** The first UID of what is unseen and waits, where the folder is selected anew (see selectedAnew). */
  readonly waitingUid?: number | undefined;
  /** What counts if this is the first contact. */
  readonly start: 'all' | 'now' | Date;
  /** How its mail is selected; undefined where it is no folder that is polled, and nothing is to be settled. */
  readonly select: 'unseen' | 'keyword' | 'new' | undefined;
}

interface FolderRow {
  readonly id: number;
  readonly previous: number | null;
  readonly start_at: Date | null;
  readonly start_uid: number | null;
  readonly is_by_uid: boolean;
  readonly is_settled_now: boolean;
  readonly swept_uid: number;
  readonly found_uids: number[];
}

/** Whether it is to be settled which messages count: never was it, or it is to be settled anew (see registerFolder). */
const isOpen = (row: string) => `:select::text is not null and (${row}.select_by is null or
         (${row}.select_by = 'unseen' and :select <> 'unseen' and ${row}.start_at is null and not :isAll))`;

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
 * A folder that was selected by its unseen mail, all of it, and is now to be selected by UID or keyword: then it has to
 * be settled anew what counts.
 *
 * @returns the folder, and since when its mail has been polled; undefined where nothing is to be settled
 */
export async function selectedAnew(
  db: Database,
  mailboxId: number,
  { account, path, select, start, uidValidity }: FolderSeen,
): Promise<(FolderRef & { polledSince: Date }) | undefined> {
  if (select === undefined || select === 'unseen' || start !== 'now') return undefined;
  const { rows } = (await db.raw(
    `select id, started_at from folders
     where mailbox_id = ? and account = ? and path = ? and select_by = 'unseen' and start_at is null`,
    [mailboxId, account, path],
  )) as { rows: { id: number; started_at: Date }[] };
  const [row] = rows;
  return row && { folderId: row.id, uidValidity, polledSince: row.started_at };
}

/**
 * Registers a folder. At the first contact it is remembered which messages count; that does not change afterwards,
 * whatever the configuration says of it later: by UID as long as UIDVALIDITY stays, by INTERNALDATE after it changed.
 *
 * One thing settles it anew: a folder whose unseen mail counted and that is now selected by UID or keyword. `all` meant
 * all unseen mail then; now it would be the whole archive. What is behind the last receipt counts from then on, and
 * what is unseen and waits.
 */
export async function registerFolder(
  db: Database,
  mailboxId: number,
  { start, select, waitingUid, ...folder }: FolderSeen,
): Promise<KnownFolder> {
  // Of two daemons at the first contact, the one that comes second keeps what the first has settled: hence the
  // condition is asked of the row itself, which is locked by then.
  const { rows } = (await db.raw(
    `with before as (
       select id, uid_validity, select_by, ${isOpen('folders')} as is_open
       from folders where mailbox_id = :mailboxId and account = :account and path = :path),
     start as (
       select case when :isNow then now() else :startAt::timestamptz end as at,
         case when :isNow then least(:waitingUid::bigint, coalesce(
           (select max(r.uid) + 1 from receipts r join before on r.folder_id = before.id
            where r.uid_validity = :uidValidity and before.select_by is not null),
           :uidNext::bigint)) end as uid,
         case when :isNow then :uidValidity::bigint end as uid_validity
       where :select::text is not null)
     insert into folders as f (mailbox_id, account, path, role, uid_validity, select_by, start_at, start_uid, start_uid_validity)
     values (:mailboxId, :account, :path, :role, :uidValidity, :select,
       (select at from start), (select uid from start), (select uid_validity from start))
     on conflict (mailbox_id, account, path) do update set
       role = excluded.role, uid_validity = excluded.uid_validity,
       select_by = coalesce(excluded.select_by, f.select_by),
       start_at = case when ${isOpen('f')} then excluded.start_at else f.start_at end,
       start_uid = case when ${isOpen('f')} then excluded.start_uid else f.start_uid end,
       start_uid_validity = case when ${isOpen('f')} then excluded.start_uid_validity else f.start_uid_validity end
     returning id, (select uid_validity from before) as previous, start_at,
       case when start_uid_validity = uid_validity then start_uid end as start_uid, start_uid is not null as is_by_uid,
       :select::text is not null and coalesce((select is_open from before), true) as is_settled_now,
       case when swept_uid_validity = uid_validity then swept_uid else 0 end as swept_uid,
       case when found_uid_validity = uid_validity then found_uids else '{}' end as found_uids`,
    {
      ...{ mailboxId, ...folder, isAll: start === 'all', isNow: start === 'now' },
      select: select ?? null,
      waitingUid: waitingUid ?? null,
      startAt: start instanceof Date ? start : null,
    },
  )) as { rows: [FolderRow] };
  const [row] = rows;
  return {
    folderId: row.id,
    uidValidity: folder.uidValidity,
    previousUidValidity: row.previous,
    isFirstContact: row.is_settled_now,
    start: startOf(row),
    sweptUid: row.swept_uid,
    foundUids: row.found_uids,
  };
}

/** A folder as a poll would find it; without an id where no poll has registered it yet. */
export type FoundFolder = Omit<KnownFolder, 'folderId'> & { readonly folderId: number | undefined };

interface FoundRow extends Omit<FolderRow, 'is_settled_now'> {
  readonly is_open: boolean;
  readonly behind: number | null;
}

/**
 * What registerFolder would answer, without registering anything: for looking at a mailbox only.
 *
 * @param mailboxId undefined where no poll has registered the mailbox
 */
export async function findFolder(
  db: Database,
  mailboxId: number | undefined,
  seen: FolderSeen,
): Promise<FoundFolder> {
  const { account, path, select, start, uidValidity } = seen;
  const { rows } = (await db.raw(
    `select f.id, f.uid_validity as previous, ${isOpen('f')} as is_open, f.start_at,
       case when f.start_uid_validity = :uidValidity then f.start_uid end as start_uid,
       f.start_uid is not null as is_by_uid,
       case when f.swept_uid_validity = :uidValidity then f.swept_uid else 0 end as swept_uid,
       case when f.found_uid_validity = :uidValidity then f.found_uids else '{}' end as found_uids,
       (select max(r.uid) + 1 from receipts r where r.folder_id = f.id and r.uid_validity = :uidValidity
         and f.select_by is not null) as behind
     from folders f where f.mailbox_id = :mailboxId and f.account = :account and f.path = :path`,
    {
      mailboxId: mailboxId ?? null,
      account,
      path,
      select: select ?? null,
      uidValidity,
      isAll: start === 'all',
    },
  )) as { rows: FoundRow[] };
  const [row] = rows;
  if (row === undefined) return newFolder(seen);
  const found = {
    folderId: row.id,
    uidValidity,
    previousUidValidity: row.previous,
    sweptUid: row.swept_uid,
    foundUids: row.found_uids,
  };
  if (row.is_open) return { ...found, isFirstContact: true, start: firstContact(seen, row.behind) };
  return { ...found, isFirstContact: false, start: startOf(row) };
}

/** A folder at the first contact with it. */
export function newFolder(seen: FolderSeen): FoundFolder {
  return {
    folderId: undefined,
    uidValidity: seen.uidValidity,
    previousUidValidity: null,
    isFirstContact: true,
    start: firstContact(seen, null),
    sweptUid: 0,
    foundUids: [],
  };
}

/** What registerFolder settles. @param behind the UID behind the last receipt, if there is one */
function firstContact({ start, uidNext, waitingUid }: FolderSeen, behind: number | null): FirstContact {
  if (start === 'all') return { kind: 'all', at: null, fromUid: null };
  if (start !== 'now') return { kind: 'date', at: start, fromUid: null };
  return { kind: 'now', at: new Date(), fromUid: Math.min(waitingUid ?? Infinity, behind ?? uidNext) };
}

function startOf(row: Pick<FolderRow, 'start_at' | 'start_uid' | 'is_by_uid'>): FirstContact {
  return {
    kind: row.start_at === null ? 'all' : row.is_by_uid ? 'now' : 'date',
    at: row.start_at,
    fromUid: row.start_uid,
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

/** A batch takes seconds; a daemon that was killed in the middle of one keeps imports waiting no longer than this. */
const BUSY_SECONDS = 60;

/** Notes that a poll records new mail: imports give way until it is done. To be said again with each batch. */
export async function noteBusy(db: Database, mailboxId: number): Promise<void> {
  await db.raw(`update mailboxes set busy_until = now() + ? * interval '1 second' where id = ?`, [
    BUSY_SECONDS,
    mailboxId,
  ]);
}

/** Notes that a poll has recorded what there was. */
export async function noteIdle(db: Database, mailboxId: number): Promise<void> {
  await db.raw('update mailboxes set busy_until = null where id = ? and busy_until is not null', [mailboxId]);
}

/** When the first contact with a mailbox was; null where there was none. */
export async function firstContactOf(db: Database, mailboxId: number): Promise<Date | null> {
  const { rows } = (await db.raw(
    'select min(started_at) as at from folders where mailbox_id = ? and select_by is not null',
    [mailboxId],
  )) as { rows: [{ at: Date | null }] };
  return rows[0].at;
}

/** Whether a poll of this mailbox records new mail just now. */
export async function isBusy(db: Database, mailboxId: number): Promise<boolean> {
  const { rows } = (await db.raw(
    'select coalesce(busy_until > now(), false) as busy from mailboxes where id = ?',
    [mailboxId],
  )) as { rows: { busy: boolean }[] };
  return rows[0]?.busy === true;
}

/** Whether a poll of any mailbox records new mail just now. */
export async function isAnyBusy(db: Database): Promise<boolean> {
  const { rows } = (await db.raw(
    'select exists (select from mailboxes where busy_until > now()) as busy',
  )) as {
    rows: [{ busy: boolean }];
  };
  return rows[0].busy;
}
