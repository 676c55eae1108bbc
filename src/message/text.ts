/**
 * Text that PostgreSQL can keep. A `text` value refuses NUL (SQLSTATE 22021) and `jsonb` refuses NUL and lone
 * surrogates (22P05), so both become U+FFFD; everything else stays as it is.
 *
 * @param text any JavaScript string, whatever bytes it was decoded from
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/**
 * One line of storable text: runs of CR, LF and TAB (folding, or smuggled in by an encoded word) become one
 * space, and the ends are trimmed.
 */
export function storableLine(text: string): string {
  return storableText(text)
    .replace(/[\r\n\t]+/g, ' ')
    .trim();
}

/** Length in bytes of UTF-8, which is what PostgreSQL's index limits count. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
