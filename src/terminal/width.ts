import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What a reader sees as one sign each: letters with their accents, emoji with their modifiers. */
function* signsOf(text: string): Iterable<string> {
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** How many columns of a terminal a text takes: East Asian signs and emoji take two each. @param text one line */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** Cuts text to so many columns of a terminal, with an ellipsis where something is missing. @param text without colours */
export function clip(text: string, columns: number): string {
  // Nothing takes more than two columns.
  if (text.length * 2 <= columns) return text;
  let used = 0;
  let kept = '';
  for (const sign of signsOf(text)) {
    const width = widthOf(sign);
    if (used + width > columns) return `${withoutLast(kept, used - columns + 1)}…`;
    used += width;
    kept += sign;
  }
  return kept;
}

/** Takes signs away from the end until so many columns are free. */
function withoutLast(text: string, columns: number): string {
  if (columns <= 0) return text;
  const signs = [...signsOf(text)];
  for (let free = 0; free < columns && signs.length > 0; ) free += widthOf(signs.pop() ?? '');
  return signs.join('');
}

/** Breaks text at spaces into lines of at most so many columns; a longer word goes on in the next line. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => piecesOf(each, columns))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > columns) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** A word in pieces that fit a line; nearly all are one. */
function piecesOf(word: string, columns: number): string[] {
  if (word.length * 2 <= columns || widthOf(word) <= columns) return [word];
  const pieces: string[] = [];
  let piece = '';
  let used = 0;
  for (const sign of signsOf(word)) {
    const width = widthOf(sign);
    if (used > 0 && used + width > columns) {
      pieces.push(piece);
      piece = '';
      used = 0;
    }
    piece += sign;
    used += width;
  }
  return [...pieces, piece];
}

/** Wraps text, every line behind an indent. */
export function indented(text: string, indent: string, columns: number): string[] {
  return wrap(text, columns - indent.length).map((line) => indent + line);
}

/** Fills text up with spaces to so many columns. @param text may have colours */
export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}
