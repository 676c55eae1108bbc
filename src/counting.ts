import { fetchSizes } from './imap/fetch.ts';
import { searchMessages } from './imap/search.ts';
import type { Session } from './imap/session.ts';
import type { KnownFolder } from './record/folders.ts';
import { countsSince } from './selection.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Those that count, by when they came, where UIDs do not say it. SEARCH knows days only, in the server's zone, so dates
 * are asked of those few that lie around the moment. One of which the server does not say it waits with the others.
 *
 * @returns in the order of `uids`
 */
export async function withoutOlder(
  session: Session,
  place: Pick<KnownFolder, 'start'>,
  uids: readonly number[],
): Promise<readonly number[]> {
  const { at, fromUid } = place.start;
  if (at === null || fromUid !== null || uids.length === 0) return uids;
  const surely = new Set(await searchMessages(session, { uids, since: new Date(at.getTime() + 3 * DAY_MS) }));
  const close = uids.filter((uid) => !surely.has(uid));
  const counts = countsSince(place);
  const older = (await fetchSizes(session, close)).filter((message) => !counts(message));
  const left = new Set(older.map(({ uid }) => uid));
  return uids.filter((uid) => !left.has(uid));
}
