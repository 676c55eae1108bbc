import { type HeaderField, readHeaderLine } from './headers.ts';

/** A field's name and the colon (RFC 5322, section 2.2; white space before the colon is the obsolete form). */
const FIELD = /^[!-9;-~]+[ \t]*:/;

/**
 * Reads the header fields that a message begins with, line by line: for messages that the parser fails at.
 *
 * @param beginning the first bytes of the message, as many as are worth looking at
 * @param isCut whether the message goes on behind them; then the last line may be a part of a field, and is left out
 * @returns the fields in order; what is no field is left out
 */
export function readHeaderBlock(beginning: Buffer, isCut: boolean): HeaderField[] {
  const text = beginning.toString('latin1');
  const end = /(?:^|\r?\n)\r?\n/.exec(text)?.index;
  const lines = text.slice(0, end).split(/\r?\n(?![ \t])/);
  if (isCut && end === undefined) lines.pop();
  return lines.filter((line) => FIELD.test(line)).map(readHeaderLine);
}
