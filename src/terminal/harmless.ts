/** Line ends and tabs, one or several: in one line of output they are a space. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;

/**
 * What moves the cursor, recolours or reorders what stands around it, or cannot be seen at all: control characters
 * (escape sequences begin with one), format characters (bidi overrides, zero-width signs, tags), lone surrogates.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** Scripts in which a joiner between two letters is a part of the word. */
const JOINING_SCRIPTS = [
  ...['Arabic', 'Syriac', 'Mongolian', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil'],
  ...['Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Khmer', 'Myanmar'],
].map((script) => `\\p{Script=${script}}`);

/**
 * The joiners (ZWNJ, ZWJ) where they belong to what is written: in those scripts, and in emoji of several signs. Between
 * other letters they would hide.
 */
const JOINERS = new RegExp(
  `(?<=[${JOINING_SCRIPTS.join('')}\\p{Extended_Pictographic}\\p{Emoji_Modifier}]|\\uFE0F)` +
    '[\\u200C\\u200D](?=[\\p{L}\\p{M}\\p{Extended_Pictographic}])',
  'gu',
);

/**
 * Makes text from a mail fit for a terminal: what a stranger wrote must not pass for a line of ours, hide in front of
 * the reader's eyes, or give orders to the terminal. Each such character becomes U+FFFD, so that one sees it was there.
 */
export function harmless(text: string): string {
  const inOneLine = text.replace(BREAKS, ' ');
  // Nearly every text is without.
  if (!/[\u200C\u200D]/.test(inOneLine)) return inOneLine.replace(UNPRINTABLE, '\uFFFD');
  const kept = inOneLine.match(JOINERS) ?? [];
  return inOneLine
    .split(JOINERS)
    .map((part, index) => part.replace(UNPRINTABLE, '\uFFFD') + (kept[index] ?? ''))
    .join('');
}

/**
 * Writes a value as JSON that a terminal can show: what harmless() would replace is written as an escape, so that
 * whoever parses it gets the very text of the mail.
 */
export function harmlessJson(value: unknown): string {
  return escapedJson(JSON.stringify(value, null, 2));
}

/** @param json well-formed, so that what it has beyond line ends stands in its strings */
export function escapedJson(json: string): string {
  return json.replace(/[^\n\P{C}]|[\u2028\u2029]/gu, (sign) =>
    [...Array(sign.length).keys()]
      .map((index) => `\\u${sign.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
