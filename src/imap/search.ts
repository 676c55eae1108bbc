import { inSets } from './in-sets.ts';
import { refusal, type Session } from './session.ts';

/** What to look for in the selected folder; what is not given is not asked. */
export interface Criteria {
  /** Only messages without \Seen. */
  readonly unseen?: boolean;
  /** Only messages without this keyword. */
  readonly withoutKeyword?: string | undefined;
  /** Only messages with this UID or a higher one. */
  readonly fromUid?: number | undefined;
  /** Only these UIDs. */
  readonly uids?: readonly number[];
  /** No message received before. Servers compare whole days of their own zone, so some come that are older. */
  readonly since?: Date | undefined;
  /** No message received at this moment or later; some come that are newer, for the same reason. */
  readonly before?: Date | undefined;
}

/** SINCE and BEFORE know only days, in whatever zone the server has (RFC 9051, section 6.4.4). */
const ZONE_MARGIN_MS = 24 * 60 * 60 * 1000;

/** UIDs of the messages that match, ascending, which is the order of their arrival (RFC 9051, section 2.3.1.1). */
export async function searchMessages(session: Session, criteria: Criteria): Promise<number[]> {
  // false is not "none": the server refused, or no folder is selected.
  const refused = () => refusal(session, 'UID SEARCH');
  const run = (set?: string) => search(session, criteria, set);
  const found = criteria.uids ? await inSets(session, criteria.uids, run, refused) : [await run()];
  if (!found.every((each) => each !== false)) throw refused();
  return found.flat().sort((a, b) => a - b);
}

async function search(
  session: Session,
  { unseen, withoutKeyword, fromUid, since, before }: Criteria,
  set: string | undefined,
): Promise<number[] | false> {
  const query = {
    ...(unseen === true && { seen: false }),
    ...(withoutKeyword !== undefined && { unKeyword: withoutKeyword }),
    ...(fromUid !== undefined && { uid: `${fromUid}:*` }),
    ...(set !== undefined && { uid: set }),
    ...(since && { since: new Date(since.getTime() - ZONE_MARGIN_MS) }),
    ...(before && { before: new Date(before.getTime() + 2 * ZONE_MARGIN_MS) }),
  };
  const found = await session.client.search(Object.keys(query).length === 0 ? { all: true } : query, {
    uid: true,
  });
  if (!Array.isArray(found)) return false;
  // `7:*` matches the last message also when its UID is lower than 7: * is the highest UID there is.
  return found.filter((uid) => fromUid === undefined || uid >= fromUid);
}
