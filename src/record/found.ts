import type { Database } from '../db/connect.ts';
import type { FolderRef } from './incoming.ts';

/**
 * Remembers which messages of a folder were found and wait for their receipts. Written is only what differs, so a poll
 * without news writes nothing; of what another daemon has found meanwhile, nothing is forgotten.
 *
 * @param before what was remembered, as far as the caller knows
 * @param after what waits now
 */
export async function noteFound(
  db: Database,
  { folderId, uidValidity }: FolderRef,
  before: Iterable<number>,
  after: ReadonlySet<number>,
): Promise<void> {
  const known = new Set(before);
  const added = [...after].filter((uid) => !known.has(uid));
  const done = [...known].filter((uid) => !after.has(uid));
  if (added.length === 0 && done.length === 0) return;
  // Under a UIDVALIDITY that is over, nothing is remembered any more: its UIDs lead nowhere.
  await db.raw(
    `update folders set found_uid_validity = :uidValidity, found_uids = array(
       select unnest(found_uids) where found_uid_validity = :uidValidity
       union select unnest(:added::bigint[]) except select unnest(:done::bigint[]) order by 1)
     where id = :folderId and uid_validity = :uidValidity`,
    { folderId, uidValidity, added, done },
  );
}
