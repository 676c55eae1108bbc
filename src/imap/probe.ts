import type { Session } from './session.ts';

/** How much of another message is fetched, in bytes: enough to see that bodies come. */
const PROBE_BYTES = 64 * 1024;

/** Messages at each end of the folder among which one is chosen, should others be as bad. */
const PROBED_AT_EACH_END = 10;

/**
 * Whether the server hands out a body of the selected folder: then a connection that breaks at one message breaks for
 * that message, and not for the network.
 *
 * @param isSuspect which messages are not to be fetched for it
 */
export async function handsOutAnother(
  { client }: Session,
  isSuspect: (uid: number) => boolean,
): Promise<boolean> {
  const there = client.mailbox ? client.mailbox.exists : 0;
  if (there === 0) return false;
  const first = Math.min(there, PROBED_AT_EACH_END);
  const last = Math.max(1, there - PROBED_AT_EACH_END + 1);
  // By number, since nobody knows UIDs yet; what is fetched then is told by its UID.
  const rows = await client.fetchAll(`1:${first},${last}:${there}`, { uid: true });
  const uid = rows.map((row) => row.uid).find((each) => each !== undefined && !isSuspect(each));
  if (uid === undefined) return false;
  const query = { uid: true, source: { start: 0, maxLength: PROBE_BYTES } };
  const bodies = await client.fetchAll(String(uid), query, { uid: true });
  return bodies.some((row) => row.uid === uid && Buffer.isBuffer(row.source) && row.source.length > 0);
}
