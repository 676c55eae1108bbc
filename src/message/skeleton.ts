import libmime from 'libmime';
import { readHeaderLine } from './headers.ts';
import { type LeftInMailbox, type LeftPart, leftInMailbox } from './left.ts';
import { type PartPlan, type PlannedPart, TEXT_PART_BYTES } from './part-plan.ts';

/**
 * How much of a message's header is fetched, in bytes, where the message is larger than is fetched whole. Real ones
 * stay under 100 KB.
 */
export const HEADER_BYTES = 1024 * 1024;

/** How much of a part's own header is fetched, in bytes: real ones have some hundred, long file names a few thousand. */
export const PART_HEADER_BYTES = 16 * 1024;

/** What was fetched of a message that is larger than is fetched whole. */
export interface FetchedParts {
  /** RFC822.SIZE. */
  readonly sizeBytes: number;
  /** The largest message that is fetched whole, in bytes. */
  readonly limit: number;
  /** The beginning of its header, up to HEADER_BYTES. */
  readonly header: Buffer;
  /** Undefined where its parts could not be listed: then there is the beginning of its text. */
  readonly plan: PartPlan | undefined;
  /** By section (RFC 9051, section 6.4.5) in lower case: `1.2`, `1.2.mime`, `text`; what is not there is empty. */
  readonly sections: ReadonlyMap<string, Buffer>;
}

export interface Skeleton {
  readonly source: Buffer;
  readonly left: LeftInMailbox;
}

/**
 * Puts together what was fetched: the message as it came, with its own headers and boundaries, and without the bodies
 * that were left in the mailbox. To the parser it is the same message with these parts empty.
 */
export function composeSkeleton(fetched: FetchedParts): Skeleton {
  const { header, plan, sections, sizeBytes, limit } = fetched;
  const composed: Composed = { pieces: [], sections, attachments: [], texts: [], keptBytes: 0, listed: 0 };
  const beginning = wholeFields(header, HEADER_BYTES);
  composed.pieces.push(beginning);
  if (plan) composePart(composed, plan.root, beginning);
  else composeBody(composed);
  const { attachments, texts, keptBytes, listed } = composed;
  const left = leftInMailbox({
    ...{ sizeBytes, limit, attachments, texts, keptBytes, listed },
    isHeaderCut: header.length >= HEADER_BYTES,
    unlisted: plan?.unlisted ?? 0,
    isBodyCut: plan === undefined,
  });
  return { source: Buffer.concat(composed.pieces), left };
}

interface Composed {
  readonly pieces: Buffer[];
  readonly sections: FetchedParts['sections'];
  readonly attachments: LeftPart[];
  readonly texts: LeftPart[];
  keptBytes: number;
  listed: number;
}

const NOTHING = Buffer.alloc(0);

function composePart(composed: Composed, planned: PlannedPart, header: Buffer): void {
  const { part, parts, isText, sizeBytes, bytes } = planned;
  if (parts !== undefined) {
    composeMultipart(composed, parts, header);
    return;
  }
  composed.listed += 1;
  const body = composed.sections.get(part) ?? NOTHING;
  const isWhole = bytes > 0 ? body.length < bytes : sizeBytes === 0;
  const kept = isWhole ? body : wholeLines(body);
  composed.pieces.push(kept);
  if (isWhole) return;
  if (isText) composed.keptBytes += kept.length;
  (isText ? composed.texts : composed.attachments).push({ part, sizeBytes });
}

function composeMultipart(composed: Composed, parts: readonly PlannedPart[], header: Buffer): void {
  const boundary = boundaryOf(header);
  if (boundary === undefined) {
    // The server has found parts where the parser will not look for any.
    for (const { part, sizeBytes } of leavesOf(parts)) composed.attachments.push({ part, sizeBytes });
    composed.listed += leavesOf(parts).length;
    return;
  }
  for (const each of parts) {
    const own = composed.sections.get(`${each.part}.mime`) ?? NOTHING;
    const ownHeader = wholeFields(own, PART_HEADER_BYTES);
    composed.pieces.push(Buffer.from(`--${boundary}\r\n`), ownHeader);
    composePart(composed, each, ownHeader);
    composed.pieces.push(LINE_END);
  }
  composed.pieces.push(Buffer.from(`--${boundary}--\r\n`));
}

function leavesOf(parts: readonly PlannedPart[]): PlannedPart[] {
  return parts.flatMap((each) => (each.parts === undefined ? [each] : leavesOf(each.parts)));
}

function composeBody(composed: Composed): void {
  const body = composed.sections.get('text') ?? NOTHING;
  const kept = body.length < TEXT_PART_BYTES ? body : wholeLines(body);
  composed.pieces.push(kept);
  composed.keptBytes = kept.length;
}

const LINE_END = Buffer.from('\r\n');

/** Up to the last end of a line: no encoded character, and no value that is overwritten, is cut through. */
function wholeLines(bytes: Buffer): Buffer {
  const end = bytes.lastIndexOf(0x0a);
  return end < 0 ? bytes : bytes.subarray(0, end + 1);
}

/**
 * A header with the empty line behind it. Of one that was cut, the last field goes, since half a value could be taken
 * for a whole one.
 */
function wholeFields(header: Buffer, limit: number): Buffer {
  const text = header.toString('latin1');
  const isCut = header.length >= limit && !/\r?\n\r?\n$/.test(text);
  const kept = isCut ? text.slice(0, lastField(text)) : text;
  if (/^(?:\r?\n)?$/.test(kept)) return LINE_END;
  const missing = /\n\r?\n$/.test(kept) ? '' : kept.endsWith('\n') ? '\r\n' : '\r\n\r\n';
  return Buffer.from(kept + missing, 'latin1');
}

/** Where the last field begins; a line that begins with white space goes on with the one before, and the next may. */
function lastField(text: string): number {
  for (let end = text.lastIndexOf('\n', text.length - 2); end > 0; end = text.lastIndexOf('\n', end - 1)) {
    if (!/[ \t]/.test(text.charAt(end + 1))) return end + 1;
  }
  return 0;
}

/**
 * The boundary that a header names (RFC 2046, section 5.1.1), as mailparser reads it: of the first Content-Type, ASCII,
 * without comments.
 *
 * @param header a block of header fields, in bytes
 */
export function boundaryOf(header: Buffer): string | undefined {
  const text = header.toString('latin1');
  const [line] = /^content-type[ \t]*:.*(?:\r?\n[ \t].*)*/im.exec(text) ?? [];
  if (line === undefined) return undefined;
  const { params } = libmime.parseHeaderValue(readHeaderLine(line).raw, { stripComments: true });
  const boundary = (params.boundary ?? '').trimEnd();
  return boundary !== '' && Buffer.byteLength(boundary) === boundary.length ? boundary : undefined;
}
