import type { FetchMessageObject, FetchQueryObject } from 'imapflow';
import { inSets } from './in-sets.ts';
import { refusal, type Session } from './session.ts';

/**
 * The rows that the server answers for messages, ones that nobody asked for among them.
 *
 * @throws where the server refuses, or the connection breaks
 */
export async function fetchRows(
  session: Session,
  uids: readonly number[],
  query: FetchQueryObject,
): Promise<FetchMessageObject[]> {
  const rows = await inSets(
    session,
    uids,
    (set) => session.client.fetchAll(set, query, { uid: true }),
    () => refusal(session, 'UID FETCH'),
  );
  return rows.flat();
}
