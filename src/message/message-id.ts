import { byteLength, storableLine } from './text.ts';

/**
 * Longest Message-ID kept, in bytes: RFC 5322 (section 2.1.1) ends a line at 998, and PostgreSQL's index rows at
 * 2,704. A longer one cannot be found by any reply and is left to the stored headers.
 */
const MAX_MESSAGE_ID_BYTES = 998;

/**
 * Reads a list of Message-IDs (RFC 5322, section 3.6.4) and returns them bare, without angle brackets, in order and
 * each once.
 *
 * Seen in practice and understood: no brackets, or the closing one cut off, commas between them, white space folded
 * into an id, comments and phrases around them ("Your message of Monday <a@b>"), which only count where nothing is in
 * brackets.
 *
 * @param raw the field body, unfolded
 */
export function parseMessageIds(raw: string): string[] {
  const bracketed = [...raw.matchAll(/<([^<>]*)>/g)].map((match) => (match[1] ?? '').replace(/\s+/g, ''));
  const candidates =
    bracketed.length > 0 ? bracketed : raw.split(/[\s,<>]+/).filter((word) => word.includes('@'));
  const ids = candidates
    .map(storableLine)
    .filter((id) => id !== '' && byteLength(id) <= MAX_MESSAGE_ID_BYTES);
  return [...new Set(ids)];
}

/**
 * Reads a Message-ID field: what stands in the first brackets, else the whole body without white space, since some
 * senders write ids without brackets or without an @.
 */
export function parseMessageId(raw: string): string | undefined {
  const id = storableLine(/<([^<>]+)>/.exec(raw)?.[1] ?? raw.replace(/[<>]/g, '')).replace(/\s+/g, '');
  return id !== '' && byteLength(id) <= MAX_MESSAGE_ID_BYTES ? id : undefined;
}
