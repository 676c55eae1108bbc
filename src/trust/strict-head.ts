import type { Head } from '../message/head.ts';

/** A field as RFC 5322, section 2.2, has it: printable ASCII, and the colon at once. */
const FIELD = /^[!-9;-~]+:/;

/** A line that goes on with the field before it (section 2.2.3), and has something in it. */
const FOLDED = /^[ \t]+[^ \t]/;

/**
 * Whether every reader sees the same fields in a header: whoever signed it, the server that verified the signature, and
 * we. Mail programs write headers of this form; what is of another form was made to be read in two ways, or may be.
 *
 * @param block the bytes up to the body, the empty line with them
 * @returns why another reader may see other fields; it begins in lower case, as a part of a sentence
 */
export function headOddity(block: Buffer, { isCut }: Pick<Head, 'isCut'>): string | undefined {
  if (isCut) return 'its header is longer than is read';
  const text = block.toString('latin1');
  if (text.includes('\0')) return 'its header has a NUL';
  if (/\r(?!\n)/.test(text)) return 'its header has a CR that ends no line';
  // A reader that knows only one of the two sees two fields as one, or the body elsewhere.
  if (/(?<!\r)\n/.test(text) && text.includes('\r\n')) return 'its header ends lines in two ways';
  const [first = '', ...more] = text.replace(/(?:\r?\n)+$/, '').split(/\r?\n/);
  if (FIELD.test(first) && more.every((line) => FIELD.test(line) || FOLDED.test(line))) return undefined;
  return 'its header has a line that is no header field';
}
