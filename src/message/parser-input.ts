import { bodyStart, type Head, readHead } from './head.ts';
import { MAX_HEADER_BYTES } from './limits.ts';

/**
 * How much the parser is given at a time, in bytes. Its streams count what waits in them by pieces, not by bytes: with
 * pieces of megabytes, a slow reader would find the whole message in memory.
 */
const PARSER_PIECE_BYTES = 64 * 1024;

const EMPTY_LINE = Buffer.from('\r\n');

/** Any byte that ends no line. */
const MIDDLE = Buffer.from('.');

/** All that the parser needs of the message's own header; the rest is ours to read (see readHead). */
const MIME_FIELD = /^content-/i;

/**
 * What mailparser is given of a message: of its header the MIME fields alone, then its body. What a stranger writes in
 * any other field never reaches mailparser, and a message that has no header is all body.
 *
 * @param source the message's bytes, in pieces of any size
 * @param onHead is told of the header, once, before the first piece comes
 */
export async function* parserInput(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  onHead: (head: Head) => void = () => {},
): AsyncGenerator<Buffer> {
  let state: 'head' | 'rest of head' | 'body' = 'head';
  let held: Buffer = Buffer.alloc(0);
  for await (const bytes of source) {
    if (state === 'body') {
      yield* cut(bytes);
      continue;
    }
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    const start = bodyStart(held);
    if (start === undefined && held.length <= MAX_HEADER_BYTES) continue;
    if (state === 'head') {
      const isHeader = yield* begin(held.subarray(0, start), onHead);
      state = isHeader && start === undefined ? 'rest of head' : 'body';
      if (!isHeader && (start === undefined || start > EMPTY_LINE.length)) {
        yield* cut(held);
        continue;
      }
    }
    if (start !== undefined) {
      state = 'body';
      yield* cut(held.subarray(start));
    } else {
      // The empty line may lie across two pieces; what stands before it is no beginning of a message.
      held = Buffer.concat([MIDDLE, held.subarray(-2)]);
    }
  }
  if (state === 'head' && !(yield* begin(held, onHead))) yield* cut(held);
}

/** @returns whether there is a header */
function* begin(block: Buffer, onHead: (head: Head) => void): Generator<Buffer, boolean> {
  const head = readHead(block);
  onHead(head);
  for (const line of head.lines) if (MIME_FIELD.test(line)) yield Buffer.from(`${line}\r\n`, 'latin1');
  yield EMPTY_LINE;
  return head.lines.length > 0;
}

function* cut(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += PARSER_PIECE_BYTES) {
    yield bytes.subarray(start, start + PARSER_PIECE_BYTES);
  }
}
