import { counted, readableNumber, readableSize } from '../terminal/words.ts';
import type { Attachment, Message } from './message.ts';

/** A part whose body was left in the mailbox, all of it or its end. */
export interface LeftPart {
  /** IMAP part number. */
  readonly part: string;
  /** In octets, still encoded, as the server says. */
  readonly sizeBytes: number;
}

/** What was not fetched of a mail that is larger than is fetched whole. */
export interface LeftInMailbox {
  /** A sentence for each thing; never none, since such a mail is never all that is in the mailbox. */
  readonly cut: readonly string[];
  readonly parts: readonly LeftPart[];
  /** Whether its body was cut without regard to its parts, so that no attachment is known to be whole. */
  readonly isBodyCut: boolean;
}

/** What of a mail was not kept, in numbers. */
export interface Leaving {
  /** RFC822.SIZE. */
  readonly sizeBytes: number;
  /** The largest mail that is fetched whole, in bytes. */
  readonly limit: number;
  readonly isHeaderCut: boolean;
  readonly attachments: readonly LeftPart[];
  readonly texts: readonly LeftPart[];
  /** What was kept of the texts that were cut, or of the body, in bytes. */
  readonly keptBytes: number;
  readonly listed: number;
  readonly unlisted: number;
  readonly isBodyCut: boolean;
}

/** Says what was left in the mailbox, in words for the operator. */
export function leftInMailbox(leaving: Leaving): LeftInMailbox {
  const { attachments, texts, isBodyCut } = leaving;
  return { cut: sentences(leaving), parts: [...attachments, ...texts], isBodyCut };
}

function sentences(leaving: Leaving): string[] {
  const { sizeBytes, limit, attachments, texts, keptBytes, listed, unlisted } = leaving;
  const why = `since the mail has ${size(sizeBytes)} and message_bytes is ${size(limit)}`;
  const all = texts.reduce((sum, text) => sum + text.sizeBytes, 0);
  const said = [
    ...(leaving.isHeaderCut ? ['header: its end was left in the mailbox'] : []),
    ...(leaving.isBodyCut ? [`body: read to ${size(keptBytes)}, without regard to its parts, ${why}`] : []),
    ...(texts.length > 0
      ? [`text: ${size(keptBytes)} of ${size(all)} read in ${counted(texts.length, 'part')}, ${why}`]
      : []),
    ...(attachments.length > 0
      ? [`attachments: ${readableNumber(attachments.length)} left in the mailbox, ${why}`]
      : []),
    ...(unlisted > 0
      ? [`parts: ${readableNumber(unlisted)} of ${readableNumber(listed + unlisted)} not looked at, ${why}`]
      : []),
  ];
  return said.length > 0 ? said : [`raw mail: put together from its parts, ${why}`];
}

/** `50 MB` where it is even. */
function size(bytes: number): string {
  return readableSize(bytes).replace('.0 ', ' ');
}

/**
 * Tells in a message what was left of it in the mailbox.
 *
 * @param message parsed from what was fetched
 * @param left undefined where that was all of it
 */
export function withLeft(message: Message, left: LeftInMailbox | undefined): Message {
  if (left === undefined) return message;
  const sizes = new Map(left.parts.map(({ part, sizeBytes }) => [part, sizeBytes]));
  return {
    ...message,
    attachments: message.attachments.map((attachment) => markedLeft(attachment, sizes, left.isBodyCut)),
    cut: [...message.cut, ...left.cut],
  };
}

function markedLeft(attachment: Attachment, sizes: ReadonlyMap<string, number>, all: boolean): Attachment {
  const sizeBytes = leftSize(attachment.part, sizes);
  if (sizeBytes === undefined) return all ? { ...attachment, sha256: undefined } : attachment;
  return { ...attachment, sizeBytes, sha256: undefined };
}

/** Of the part, or of the one that it is in: a message in the message whose end was left has parts of its own. */
function leftSize(part: string, sizes: ReadonlyMap<string, number>): number | undefined {
  const numbers = part.split('.');
  for (let length = numbers.length; length > 0; length -= 1) {
    const sizeBytes = sizes.get(numbers.slice(0, length).join('.'));
    if (sizeBytes !== undefined) return sizeBytes;
  }
  return undefined;
}
