import { createHash } from 'node:crypto';
import { addressKey } from './addresses.ts';
import type { Attachment, Message } from './message.ts';
import { withoutTags } from './without-tags.ts';

/** Changes when the recipe does, so that keys of two recipes can never be taken for one another. */
const DEDUPE_KEY_VERSION = 1;

/** Versions of the recipe count from 1, so that no key of mere bytes can be taken for one that a message says of itself. */
const CONTENT_KEY_VERSION = 0;

/** How much of the text tells two messages with one Message-ID apart; footers that lists add come after it. */
const TEXT_LETTERS = 500;

/** Enough text to find TEXT_LETTERS in, even where most of it is links. */
const TEXT_WINDOW = 20_000;

/**
 * The key by which the same mail delivered twice is known (contract.md, "Once, and never lost"): a version byte and
 * SHA-256 over length-prefixed fields. Never Received, Delivered-To or the MIME structure, which differ per copy. In
 * doubt two interactions, never a loss.
 *
 * @param isMapped whether a header name (lower case) is one of the mapped x-headers; secrets and MACs are not
 * @param incompleteAt INTERNALDATE of a message of which something was left in the mailbox. Without a Message-ID it is a
 *   part of the key: two scans of one size are two mails, and nobody has looked into them
 * @returns 33 bytes
 */
export function dedupeKey(message: Message, isMapped: (key: string) => boolean, incompleteAt?: Date): Buffer {
  const fields = [
    message.messageId ?? '',
    message.from ? addressKey(message.from.address) : '',
    message.sentAt ? String(Math.trunc(message.sentAt.getTime() / 1000)) : singleSpaced(message.dateText),
    ...list([...message.to, ...message.cc].map(({ address }) => addressKey(address))),
    ...list(mappedHeaders(message, isMapped)),
    textFingerprint(message),
  ];
  if (message.messageId === undefined) {
    fields.push(singleSpaced(message.subject ?? ''), ...list(message.attachments.map(attachmentFingerprint)));
    if (incompleteAt) fields.push(incompleteAt.toISOString());
  }
  const hash = createHash('sha256');
  for (const field of fields) {
    const bytes = Buffer.from(field, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return Buffer.concat([Buffer.of(DEDUPE_KEY_VERSION), hash.digest()]);
}

/**
 * A key for a message of which nothing but its bytes is known, since it could not be parsed: of the same length, and
 * never that of a message.
 *
 * @param sha256 of the bytes
 * @returns 33 bytes
 */
export function contentKey(sha256: Buffer): Buffer {
  return Buffer.concat([Buffer.of(CONTENT_KEY_VERSION), sha256]);
}

/** By what an attachment is told from others: its content, or, where that was left in the mailbox, what is known of it. */
function attachmentFingerprint({ sha256, part, sizeBytes, fileName = '' }: Attachment): string {
  return sha256?.toString('hex') ?? `${part} ${sizeBytes} ${fileName}`;
}

/** A set of values as fields: how many, then each, so that no list can be mistaken for another's end. */
function list(values: readonly string[]): string[] {
  const sorted = [...new Set(values)].sort();
  return [String(sorted.length), ...sorted];
}

/** The mapped x-headers; an empty one is as if absent, and some relays drop it. */
function mappedHeaders(message: Message, isMapped: (key: string) => boolean): string[] {
  return message.headers.fields
    .filter(({ key, value }) => value !== '' && isMapped(key))
    .map(({ key, value }) => `${key}:${singleSpaced(value)}`);
}

/** Folding a line anew can double a space. */
function singleSpaced(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/**
 * What the text says, else the HTML: beside HTML, the text part is empty or nothing but a link in many a mail, and
 * different mails must not look alike for that.
 */
function textFingerprint(message: Message): string {
  return firstLetters(message.firstText ?? '') || firstLetters(withoutTags(message.html ?? ''));
}

/**
 * The letters and digits that a text begins with. URLs go first, because Safe Links and click counters rewrite them
 * in one copy and not in the other; case, width and spacing go because transfers change them.
 */
function firstLetters(text: string): string {
  const letters = text
    .slice(0, TEXT_WINDOW)
    .replace(/\b(?:[a-z][a-z0-9+.-]{1,15}:\/\/|www\.)[^\s<>"']+/gi, '')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');
  return [...letters].slice(0, TEXT_LETTERS).join('');
}
