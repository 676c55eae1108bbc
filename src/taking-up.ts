import { withoutOlder } from './counting.ts';
import { searchMessages } from './imap/search.ts';
import type { PollContext } from './poll-context.ts';
import type { KnownFolder } from './record/folders.ts';
import { noteFound } from './record/found.ts';
import { findReceipts } from './record/receipts.ts';

/**
 * What a poll has to record: what its search has found, and what an earlier one had found and could not record. A
 * person may have read that meanwhile, which hides it from a search for unseen mail, and it is in the folder all the
 * same. It is remembered before anything of it is fetched, so that the next poll takes it up where this one ends.
 *
 * @returns UIDs without a receipt, ascending
 */
export async function takeUp(
  { db, session }: Pick<PollContext, 'db' | 'session'>,
  place: KnownFolder,
  found: readonly number[],
): Promise<Set<number>> {
  const candidates = new Set([...found, ...place.foundUids]);
  for (const { uid } of await findReceipts(db, place, [...candidates])) candidates.delete(uid);
  const there = new Set(found);
  const hidden = [...candidates].filter((uid) => !there.has(uid));
  for (const uid of await searchMessages(session, { uids: hidden })) there.add(uid);
  const waiting = [...candidates].filter((uid) => there.has(uid)).sort((a, b) => a - b);
  const open = new Set(await withoutOlder(session, place, waiting));
  await noteFound(db, place, place.foundUids, open);
  return open;
}
