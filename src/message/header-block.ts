import { bodyStart, FIELD, readHead } from './head.ts';
import { type HeaderField, readHeaderLine } from './headers.ts';

/**
 * Reads the header fields that a message begins with: for messages that the parser fails at.
 *
 * @param beginning the first bytes of the message, as many as are worth looking at
 * @param isCut whether the message goes on behind them; then the last line may be a part of a field, and is left out
 * @returns the fields in order; what is no field is left out
 */
export function readHeaderBlock(beginning: Buffer, isCut: boolean): HeaderField[] {
  const start = bodyStart(beginning);
  const { lines } = readHead(beginning.subarray(0, start));
  const whole = isCut && start === undefined ? lines.slice(0, -1) : lines;
  return whole.filter((line) => FIELD.test(line)).map(readHeaderLine);
}
