import type { Database } from '../db/connect.ts';
import type { FolderRef } from './incoming.ts';

/**
 * UIDVALIDITY has 32 bits (RFC 9051, section 2.3.1.1). What is counted above them: how often the folder's UIDs began anew
 * under the same one. So UIDVALIDITY as it is kept changes whenever a UID may mean another message than before.
 */
const ONE_RESTART = 2 ** 32;

/** UIDs as the server gives them. */
export interface ServerUids {
  /** Unsigned 32-bit. */
  readonly uidValidity: number;
  /** No message that comes from now on has a lower UID, and none that came before has this one or a higher one. */
  readonly uidNext: number;
}

/** What a server says of a message, by which it is told from another one. */
export interface MessageSeen {
  readonly uid: number;
  /** INTERNALDATE. */
  readonly receivedAt: Date;
  /** RFC822.SIZE. */
  readonly sizeBytes: number;
}

/** What is known of a folder's UIDs. */
export interface KnownUids {
  /** As it is kept. */
  readonly uidValidity: number;
  /** The highest UID that a message has had under it, as far as is known; 0 where nothing is. */
  readonly highestUid: number;
  /** The message with the highest UID of those that were read under it. */
  readonly last: MessageSeen | undefined;
}

/** The UIDVALIDITY that the server gives. @param kept as it is kept */
export function serverUidValidity(kept: number): number {
  return kept % ONE_RESTART;
}

/**
 * Whether UIDNEXT went back although UIDVALIDITY is the same, which no server may do (RFC 9051, section 2.3.1.1), and
 * happens all the same: where a backup was restored, or a folder made anew by a server that numbers all folders alike.
 */
export function wentBack(
  known: Pick<KnownUids, 'highestUid'>,
  { uidNext }: Pick<ServerUids, 'uidNext'>,
): boolean {
  return uidNext <= known.highestUid;
}

/**
 * Whether another message lies under the UID of the last one: so it is where so much mail came after the server was
 * restored that UIDNEXT has caught up. One that was restored without its date is the same one still, and so is one of
 * which a server is not sure how large it is.
 */
export function isAnother({ last }: Pick<KnownUids, 'last'>, there: MessageSeen | undefined): boolean {
  if (last === undefined || there === undefined || there.uid !== last.uid) return false;
  return there.receivedAt.getTime() !== last.receivedAt.getTime() && there.sizeBytes !== last.sizeBytes;
}

/** UIDVALIDITY as it is kept from when a UID may mean another message. */
export function restarted({ uidValidity }: Pick<KnownUids, 'uidValidity'>): number {
  return uidValidity + ONE_RESTART;
}

interface KnownRow extends Omit<KnownUids, 'last'> {
  readonly last_uid: number | null;
  readonly last_received_at: Date | null;
  readonly last_bytes: number | null;
}

/**
 * What is known of the UIDs of a folder that has a UIDVALIDITY at its server.
 *
 * @returns undefined where the folder is not known
 */
export async function findKnownUids(
  db: Database,
  where: { readonly mailboxId: number; readonly account: string; readonly path: string },
  uidValidity: number,
): Promise<KnownUids | undefined> {
  const { rows } = (await db.raw(
    `select uid_validity as "uidValidity", last_uid, last_received_at, last_bytes, greatest(last_uid,
       case when swept_uid_validity = kept.uid_validity then swept_uid end,
       case when start_uid_validity = kept.uid_validity then start_uid - 1 end,
       (select max(uid) from receipts r where r.folder_id = kept.id and r.uid_validity = kept.uid_validity),
       0) as "highestUid"
     from (select id, swept_uid, swept_uid_validity, start_uid, start_uid_validity, last_received_at, last_bytes,
         now_kept as uid_validity, case when last_uid_validity = now_kept then last_uid end as last_uid
       from folders, lateral (select case when uid_validity % :restart = :uidValidity then uid_validity
           else :uidValidity end) as its (now_kept)
       where mailbox_id = :mailboxId and account = :account and path = :path) kept`,
    { ...where, uidValidity, restart: ONE_RESTART },
  )) as { rows: KnownRow[] };
  const [row] = rows;
  if (row === undefined) return undefined;
  const { last_uid, last_received_at, last_bytes, ...known } = row;
  const isSeen = last_uid !== null && last_received_at !== null && last_bytes !== null;
  const last = isSeen ? { uid: last_uid, receivedAt: last_received_at, sizeBytes: last_bytes } : undefined;
  return { ...known, last };
}

/** Remembers the message with the highest UID of those that were read. */
export async function noteLast(
  db: Database,
  folder: FolderRef,
  { uid, receivedAt, sizeBytes }: MessageSeen,
): Promise<void> {
  await db.raw(
    `update folders set last_uid = :uid, last_uid_validity = :uidValidity, last_received_at = :receivedAt,
       last_bytes = :sizeBytes
     where id = :folderId and uid_validity = :uidValidity
       and (last_uid_validity is distinct from :uidValidity or last_uid < :uid)`,
    { ...folder, uid, receivedAt, sizeBytes },
  );
}
