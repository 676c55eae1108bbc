import type { Database } from '../db/connect.ts';
import type { FolderRef } from './incoming.ts';

/** How long something is waited for, and how many askings it takes at least: the daemon may have been stopped. */
export interface Patience {
  /** By the database's clock, in milliseconds. */
  readonly ms: number;
  readonly attempts: number;
}

/** For what a server lists and does not hand out: servers mend themselves in hours. */
const A_DAY: Patience = { ms: 24 * 60 * 60 * 1000, attempts: 5 };

/** A message that the server lists and has not handed out, or of which not all could be found out. */
export interface Awaited {
  readonly uid: number;
  readonly since: Date;
  /** How often it was asked for, this time included. */
  readonly attempts: number;
  /** Whether it was asked for long enough. */
  readonly isOver: boolean;
}

/** Notes that messages were asked for and did not come. */
export async function noteAwaited(
  db: Database,
  { folderId, uidValidity }: FolderRef,
  uids: readonly number[],
  { ms, attempts }: Patience = A_DAY,
): Promise<Awaited[]> {
  if (uids.length === 0) return [];
  const { rows } = (await db.raw(
    `insert into awaited_messages as a (folder_id, uid_validity, uid) select ?, ?, unnest(?::bigint[])
     on conflict (folder_id, uid_validity, uid) do update set attempts = a.attempts + 1
     returning uid, since, attempts,
       since <= now() - ? * interval '1 millisecond' and attempts >= ? as "isOver"`,
    [folderId, uidValidity, uids as number[], ms, attempts],
  )) as { rows: Awaited[] };
  return rows;
}

/** Forgets the messages of a folder that are not awaited any more: they came, are gone, or nobody looks for them. */
export async function keepAwaited(
  db: Database,
  { folderId, uidValidity }: FolderRef,
  open: ReadonlySet<number>,
): Promise<void> {
  const { rows } = (await db.raw(
    'select uid_validity as "uidValidity", uid from awaited_messages where folder_id = ?',
    [folderId],
  )) as { rows: { uidValidity: number; uid: number }[] };
  const isStale = (each: { uidValidity: number; uid: number }) =>
    each.uidValidity !== uidValidity || !open.has(each.uid);
  const stale = rows.filter(isStale);
  if (stale.length === 0) return;
  await db.raw(
    `delete from awaited_messages a using unnest(?::bigint[], ?::bigint[]) as stale (uid_validity, uid)
     where a.folder_id = ? and a.uid_validity = stale.uid_validity and a.uid = stale.uid`,
    [stale.map((each) => each.uidValidity), stale.map(({ uid }) => uid), folderId],
  );
}
