import type { LeftInMailbox } from '../message/left.ts';
import type { Session } from './session.ts';
import { uidSets } from './uid-set.ts';

export interface MessageSize {
  readonly uid: number;
  /** RFC822.SIZE; an estimate at some servers. */
  readonly sizeBytes: number;
  /** INTERNALDATE. */
  readonly receivedAt: Date;
}

export interface FetchedMessage {
  readonly uid: number;
  readonly sizeBytes: number;
  /** INTERNALDATE. */
  readonly receivedAt: Date;
  /** All of it, or, where something was left in the mailbox, what was fetched, put together (see skeleton.ts). */
  readonly source: Buffer;
  /** What was not fetched of a message that is larger than is fetched whole. */
  readonly left?: LeftInMailbox;
}

/**
 * Asks for sizes first, so that no batch is larger than memory allows. Messages that are gone, or of which the server
 * does not say the size, are left out.
 */
export async function fetchSizes({ client }: Session, uids: readonly number[]): Promise<MessageSize[]> {
  if (uids.length === 0) return [];
  const wanted = new Set(uids);
  const sizes = new Map<number, MessageSize>();
  // Rows that nobody asked for come in between: when another client sets a flag, the server says so in a FETCH row of
  // its own (RFC 3501, section 7.4.2), perhaps without UID.
  const query = { uid: true, size: true, internalDate: true } as const;
  for (const set of uidSets(uids)) {
    for (const { uid, size, internalDate } of await client.fetchAll(set, query, { uid: true })) {
      const receivedAt = new Date(internalDate ?? Number.NaN);
      if (!wanted.has(uid) || size === undefined || Number.isNaN(receivedAt.getTime())) continue;
      sizes.set(uid, { uid, sizeBytes: size, receivedAt });
    }
  }
  return [...sizes.values()].sort((a, b) => a.uid - b.uid);
}

/**
 * Fetches whole messages, without setting \Seen (BODY.PEEK[]).
 *
 * @returns those that the server handed out, in order of UID. It may answer OK with rows or bodies missing (seen at
 *   Exchange, while a mail is not ready): those are not returned, and are asked for again by a later poll. A missing
 *   body of a message of which the server said that its size is 0 is an empty message.
 */
export async function fetchMessages(
  { client }: Session,
  sizes: readonly MessageSize[],
): Promise<FetchedMessage[]> {
  if (sizes.length === 0) return [];
  const wanted = new Map(sizes.map(({ uid, sizeBytes }) => [uid, sizeBytes]));
  const fetched = new Map<number, FetchedMessage>();
  const query = { uid: true, internalDate: true, source: true } as const;
  for (const set of uidSets([...wanted.keys()])) {
    for (const { uid, internalDate, source } of await client.fetchAll(set, query, { uid: true })) {
      const sizeBytes = wanted.get(uid);
      // INTERNALDATE comes with every row that we asked for; one without it is news of a flag.
      const receivedAt = new Date(internalDate ?? Number.NaN);
      if (sizeBytes === undefined || Number.isNaN(receivedAt.getTime())) continue;
      // imapflow says false for NIL.
      const given = Buffer.isBuffer(source) ? source : undefined;
      const body = given ?? (sizeBytes === 0 ? Buffer.alloc(0) : undefined);
      if (body === undefined || (body.length === 0 && sizeBytes > 0)) continue;
      fetched.set(uid, { uid, sizeBytes, receivedAt, source: body });
    }
  }
  return [...fetched.values()].sort((a, b) => a.uid - b.uid);
}
