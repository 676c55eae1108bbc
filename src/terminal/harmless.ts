/** Line ends and tabs, one or several: in one line of output they are a space. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;

/**
 * What moves the cursor, recolours or reorders what stands around it, or cannot be seen at all: control characters
 * (escape sequences begin with one), format characters (bidi overrides, zero-width signs, tags), lone surrogates.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/**
 * Makes text from a mail fit for a terminal: what a stranger wrote must not pass for a line of ours, hide in front of
 * the reader's eyes, or give orders to the terminal. Each such character becomes U+FFFD, so that one sees it was there.
 */
export function harmless(text: string): string {
  return text.replace(BREAKS, ' ').replace(UNPRINTABLE, '\uFFFD');
}

/**
 * Writes a value as JSON that a terminal can show: what harmless() would replace is written as an escape, so that
 * whoever parses it gets the very text of the mail.
 */
export function harmlessJson(value: unknown): string {
  // JSON has escaped U+0000 to U+001F in strings; the line ends that are left are its own.
  return JSON.stringify(value, null, 2).replace(/[^\n\P{C}]|[\u2028\u2029]/gu, (sign) =>
    [...Array(sign.length).keys()]
      .map((index) => `\\u${sign.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
