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
