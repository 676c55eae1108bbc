import type { MessageStructureObject } from 'imapflow';
import type { MessageSize } from './fetch.ts';
import { fetchRows } from './fetch-rows.ts';
import type { Session } from './session.ts';

/** What a message says before its body. */
export interface FetchedHeader extends MessageSize {
  /** The header, with the empty line behind it. */
  readonly header: Buffer;
  /** Whether one of its parts is a text/calendar that says METHOD REPLY in its Content-Type. */
  readonly hasCalendarReply: boolean;
}

/**
 * Fetches headers and structures, without setting \Seen (BODY.PEEK[HEADER]) and without bodies.
 *
 * @returns those that the server handed out, in order of UID
 */
export async function fetchHeaders(
  session: Session,
  sizes: readonly MessageSize[],
): Promise<FetchedHeader[]> {
  const wanted = new Map(sizes.map((each) => [each.uid, each]));
  const fetched = new Map<number, FetchedHeader>();
  const query = { uid: true, headers: true, bodyStructure: true } as const;
  const rows = await fetchRows(session, [...wanted.keys()], query);
  for (const { uid, headers, bodyStructure } of rows) {
    const message = wanted.get(uid);
    // A row without a header is news of a flag, or of a mail that is not ready.
    if (message === undefined || !Buffer.isBuffer(headers)) continue;
    const hasCalendarReply = bodyStructure !== undefined && isCalendarReply(bodyStructure);
    fetched.set(uid, { ...message, header: headers, hasCalendarReply });
  }
  return [...fetched.values()].sort((a, b) => a.uid - b.uid);
}

/** Without recursion: thousands of parts in one another are seen in attacks. */
function isCalendarReply(structure: MessageStructureObject): boolean {
  const open = [structure];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.type === 'text/calendar' && node.parameters?.method?.toUpperCase() === 'REPLY') return true;
    open.push(...(node.childNodes ?? []));
  }
  return false;
}
