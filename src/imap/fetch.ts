import type { LeftInMailbox } from '../message/left.ts';
import { fetchRows } from './fetch-rows.ts';
import { type Session, SIZE_ERROR } from './session.ts';

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
  /**
   * All of it, or, where something was left in the mailbox, what was fetched, put together (see skeleton.ts). A large
   * one is in memory that threads share.
   */
  readonly source: Buffer;
  /** What was not fetched of a message that is larger than is fetched whole. */
  readonly left?: LeftInMailbox;
}

/**
 * Asks for sizes first, so that no batch is larger than memory allows. Messages that are gone, or of which the server
 * does not say the size, are left out.
 */
export async function fetchSizes(session: Session, uids: readonly number[]): Promise<MessageSize[]> {
  if (uids.length === 0) return [];
  const wanted = new Set(uids);
  const sizes = new Map<number, MessageSize>();
  // Rows that nobody asked for come in between: when another client sets a flag, the server says so in a FETCH row of
  // its own (RFC 3501, section 7.4.2), perhaps without UID.
  const query = { uid: true, size: true, internalDate: true } as const;
  for (const { uid, size, internalDate } of await fetchRows(session, uids, query)) {
    const receivedAt = new Date(internalDate ?? Number.NaN);
    if (!wanted.has(uid) || size === undefined || Number.isNaN(receivedAt.getTime())) continue;
    sizes.set(uid, { uid, sizeBytes: size, receivedAt });
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
  session: Session,
  sizes: readonly MessageSize[],
): Promise<FetchedMessage[]> {
  const isLarge = ({ sizeBytes }: MessageSize) => sizeBytes > PIECE_BYTES;
  const fetched = await fetchTogether(
    session,
    sizes.filter((each) => !isLarge(each)),
  );
  for (const size of sizes.filter(isLarge)) {
    const source = await fetchInPieces(session, size);
    if (source) fetched.push({ ...size, source });
  }
  return fetched.sort((a, b) => a.uid - b.uid);
}

async function fetchTogether(session: Session, sizes: readonly MessageSize[]): Promise<FetchedMessage[]> {
  if (sizes.length === 0) return [];
  const wanted = new Map(sizes.map(({ uid, sizeBytes }) => [uid, sizeBytes]));
  const fetched = new Map<number, FetchedMessage>();
  const query = { uid: true, internalDate: true, source: true } as const;
  for (const { uid, internalDate, source } of await fetchRows(session, [...wanted.keys()], query)) {
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
  return [...fetched.values()];
}

/**
 * A larger message is fetched in pieces of this size, in bytes: imapflow holds an answer twice while it puts it
 * together, and what it has put together would be copied once more for the thread that reads it.
 */
const PIECE_BYTES = 4 * 1024 * 1024;

/** @returns the whole message; undefined where the server did not hand out all of it, or far more than it said */
async function fetchInPieces(session: Session, { uid, sizeBytes }: MessageSize): Promise<Buffer | undefined> {
  const { memory } = session;
  let bytes = memory.take(sizeBytes);
  for (let start = 0; ; ) {
    const piece = await fetchPiece(session, uid, start);
    // An empty piece is the end, but for the first.
    if (piece === undefined || (piece.length === 0 && start === 0)) return undefined;
    if (piece.length === 0) return bytes.subarray(0, start);
    const end = start + piece.length;
    if (end > bytes.length) {
      if (end > sizeBytes * SIZE_ERROR) return undefined;
      const longer = memory.take(sizeBytes * SIZE_ERROR);
      longer.set(bytes.subarray(0, start));
      memory.release(bytes);
      bytes = longer;
    }
    bytes.set(piece, start);
    // A piece that is longer than asked for is the whole message, of a server that knows no pieces. A shorter one is the
    // end, but where the message was said to be longer: a server may hand out less than it was asked for.
    if (piece.length > PIECE_BYTES || (piece.length < PIECE_BYTES && end >= sizeBytes)) {
      return bytes.subarray(0, end);
    }
    start = end;
  }
}

/** @returns undefined where the server does not hand it out (NIL); an empty piece behind the end of the message */
async function fetchPiece({ client }: Session, uid: number, start: number): Promise<Buffer | undefined> {
  const query = { uid: true, source: { start, maxLength: PIECE_BYTES } };
  for (const { uid: of, source } of await client.fetchAll(String(uid), query, { uid: true })) {
    if (of === uid && Buffer.isBuffer(source)) return source;
  }
  return undefined;
}
