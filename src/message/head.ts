import { HEADER_LINE_COST, MAX_HEADER_BYTES } from './limits.ts';

/** The header block of a message. */
export interface Head {
  /**
   * Its fields, each with its name, perhaps folded, as latin1 strings of the bytes. None where no line of it is a field:
   * then all of the message is body.
   */
  readonly lines: readonly string[];
  /** Whether it is longer than MAX_HEADER_BYTES, and this is its beginning. */
  readonly isCut: boolean;
}

/** Where the body begins, in bytes: behind the first empty line (RFC 5322, section 2.1); undefined without one. */
export function bodyStart(source: Buffer): number | undefined {
  if (source[0] === 0x0a) return 1;
  if (source[0] === 0x0d && source[1] === 0x0a) return 2;
  const crlf = source.indexOf('\n\r\n', 0, 'latin1');
  const lf = (crlf < 0 ? source : source.subarray(0, crlf)).indexOf('\n\n', 0, 'latin1');
  if (lf >= 0) return lf + '\n\n'.length;
  return crlf < 0 ? undefined : crlf + '\n\r\n'.length;
}

/**
 * Reads a header block into its fields. One reading for everything that is concluded from a header, trust included: two
 * readers would be two opinions of which fields there are.
 *
 * Seen in practice, and no field: the line that an mbox has before a message.
 *
 * @param block the bytes up to the body; what is beyond MAX_HEADER_BYTES is not looked at
 */
export function readHead(block: Buffer): Head {
  const text = block.toString('latin1', 0, MAX_HEADER_BYTES);
  const fields: string[][] = [];
  let isCut = block.length > MAX_HEADER_BYTES;
  let cost = 0;
  for (let start = 0; start < text.length; ) {
    const lf = text.indexOf('\n', start);
    const next = lf < 0 ? text.length : lf + 1;
    cost += Math.max(next - start, HEADER_LINE_COST);
    if (cost > MAX_HEADER_BYTES) {
      isCut = true;
      break;
    }
    const row = text.slice(start, next).replace(/\r?\n$/, '');
    if (fields.length > 0 && /^[ \t]/.test(row)) fields.at(-1)?.push(row);
    else fields.push([row]);
    start = next;
  }
  // Half a field could mean something else.
  if (isCut && fields.length > 1) fields.pop();
  const lines = withoutTail(fields.map((rows) => rows.join('\r\n')));
  const own = /^(?:From|POST) /i.test(lines[0] ?? '') ? lines.slice(1) : lines;
  return own.some((line) => FIELD.test(line)) ? { lines: own, isCut } : { lines: [], isCut: false };
}

/** A field's name and its colon (RFC 5322, section 2.2; the blank before the colon is section 4.5.8). */
export const FIELD = /^[^\s:]+[ \t]*:/;

/** Without the empty lines at the end. */
function withoutTail(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => /[^\r\n]/.test(line));
  return lines
    .slice(0, last + 1)
    .map((line, index) => (index === last ? line.replace(/[\r\n]+$/, '') : line));
}
