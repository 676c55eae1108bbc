import { MailcaseError } from '../errors.ts';
import type { Session } from './session.ts';

export interface MessageSize {
  readonly uid: number;
  /** RFC822.SIZE; an estimate at some servers. */
  readonly sizeBytes: number;
}

export interface FetchedMessage {
  readonly uid: number;
  readonly sizeBytes: number;
  /** INTERNALDATE. */
  readonly receivedAt: Date;
  readonly source: Buffer;
}

/** Asks for sizes first, so that no batch is larger than memory allows. Messages that are gone are left out. */
export async function fetchSizes({ client }: Session, uids: readonly number[]): Promise<MessageSize[]> {
  const rows = await client.fetchAll([...uids], { uid: true, size: true }, { uid: true });
  return rows.map(({ uid, size }) => ({ uid, sizeBytes: size ?? 0 })).sort((a, b) => a.uid - b.uid);
}

/**
 * Fetches whole messages, without setting \Seen (BODY.PEEK[]).
 *
 * @returns those that the server handed out, in order of UID. It may answer OK with rows or bodies missing (seen at
 *   Exchange, while a mail is not ready): those are not returned, and are asked for again by a later poll. A missing
 *   body of a message of size 0 is an empty message.
 */
export async function fetchMessages(
  { client }: Session,
  sizes: readonly MessageSize[],
): Promise<FetchedMessage[]> {
  if (sizes.length === 0) return [];
  const wanted = new Map(sizes.map((message) => [message.uid, message.sizeBytes]));
  const rows = await client.fetchAll(
    [...wanted.keys()],
    { uid: true, internalDate: true, source: true },
    { uid: true },
  );
  return rows
    .flatMap(({ uid, internalDate, source }) => {
      const sizeBytes = wanted.get(uid);
      if (sizeBytes === undefined) return [];
      const body = source ?? (sizeBytes === 0 ? Buffer.alloc(0) : undefined);
      if (body === undefined || (body.length === 0 && sizeBytes > 0)) return [];
      return [{ uid, sizeBytes, receivedAt: receivedAt(internalDate), source: body }];
    })
    .sort((a, b) => a.uid - b.uid);
}

/** INTERNALDATE is required (RFC 3501, section 2.3.3); a server that breaks it is told from one that lies by 1970. */
function receivedAt(internalDate: Date | string | undefined): Date {
  const date = new Date(internalDate ?? Number.NaN);
  if (Number.isNaN(date.getTime()))
    throw new MailcaseError('imap_command', 'the server sent no INTERNALDATE');
  return date;
}
