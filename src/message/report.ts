import { type Address, addressKey, isMailSystem, parseAddresses } from './addresses.ts';
import { type HeaderField, Headers } from './headers.ts';
import type { Kind } from './kind.ts';
import { parseMessageId } from './message-id.ts';

/** What a bounce, a receipt or an automatic reply is about: the message that it reports on. */
export interface Report {
  /** The ids that the message reported on may have, bare; the surest first. */
  readonly messageIds: readonly string[];
  /** To whom it went: those whom it did not reach, if any did not, or who read it. */
  readonly recipients: readonly Address[];
}

/** A part of a message that says what a report is about. */
export interface ReportPart {
  readonly contentType: string;
  /** What it begins with, its transfer encoding undone, a latin1 string of the bytes. */
  readonly text: string;
}

/**
 * How much of such a part is read, in bytes. A status part of 100 recipients takes 30 KB, and the header of a returned
 * message stays under it; more would only cost time.
 */
export const REPORT_PART_BYTES = 64 * 1024;

/** How many such parts of one message are kept: a report has two, and a thousand forwarded mails are not a report. */
export const MAX_REPORT_PARTS = 16;

/** Most recipients of one report that are kept: each may be looked up, and real ones name a handful. */
const MAX_RECIPIENTS = 100;

/** RFC 3464 and, for addresses that are not ASCII, RFC 6533. */
const STATUS = new Set(['message/delivery-status', 'message/global-delivery-status']);

/** RFC 8098 and RFC 6533. */
const DISPOSITION = new Set(['message/disposition-notification', 'message/global-disposition-notification']);

/** The message reported on, whole or its header alone: RFC 6522, section 3, and RFC 6533. */
const RETURNED = new Set([
  'message/rfc822',
  'message/global',
  'text/rfc822-headers',
  'message/global-headers',
]);

/** Whether a part of this type (lower case) says what a report is about. */
export function isReportPart(contentType: string): boolean {
  return [STATUS, DISPOSITION, RETURNED].some((types) => types.has(contentType));
}

export interface ReportSource {
  readonly kind: Kind;
  readonly headers: Headers;
  readonly text: string | undefined;
  readonly parts: readonly ReportPart[];
  /** Reads one header line, a latin1 string (see readHeaderLine); what must not be stored is gone from what it gives. */
  readonly readLine: (line: string) => HeaderField;
}

/** @returns undefined for what is no bounce, no receipt and no automatic reply that names the message it answers */
export function readReport(source: ReportSource): Report | undefined {
  switch (source.kind) {
    case 'bounce':
      return readBounce(source);
    case 'receipt':
      return readReceipt(source);
    case 'auto_reply':
      return readReply(source);
    default:
      return undefined;
  }
}

/**
 * From the parts that RFC 3464 has for it; what they leave open, from Exim's own field and from the text, which are all
 * there is in bounces without structure.
 */
function readBounce({ headers, text = '', parts, readLine }: ReportSource): Report {
  const status = blocksOf(parts, STATUS, readLine);
  const [returned = headerIn(copiedHeader(text), readLine)] = blocksOf(parts, RETURNED, readLine);
  // Seen in practice: Gmail has the id in the status part, among the fields that are not of one recipient.
  const ids = [...idsIn('message-id', returned), ...idsIn('x-original-message-id', ...status)];
  const list = (fields: readonly HeaderField[]) => fields.flatMap(({ raw }) => parseAddresses(raw));
  const places = [
    () => failedRecipients(status),
    () => list(headers.all('x-failed-recipients')),
    () =>
      listedAddresses(text)
        .flatMap(parseAddresses)
        .filter(({ address }) => !isMailSystem(address)),
    () => list(returned.all('to')),
  ];
  return { messageIds: [...new Set(ids)], recipients: firstFilled(places) };
}

/** RFC 8098, section 3.1. A receipt that does not say who read is from its From, and not from all who were asked. */
function readReceipt({ parts, readLine }: ReportSource): Report {
  const fields = blocksOf(parts, DISPOSITION, readLine);
  const returned = blocksOf(parts, RETURNED, readLine);
  const ids = [...idsIn('original-message-id', ...fields), ...idsIn('message-id', ...returned)];
  const places = ['final-recipient', 'original-recipient'].map(
    (key) => () => fields.flatMap((block) => block.all(key)).flatMap((field) => recipientIn(field)),
  );
  return { messageIds: [...new Set(ids)], recipients: firstFilled(places) };
}

/** Seen in practice: Exchange's automatic replies name what they answer, and not all have an In-Reply-To. */
function readReply({ headers }: ReportSource): Report | undefined {
  const messageIds = idsIn('x-ms-exchange-parent-message-id', headers);
  return messageIds.length > 0 ? { messageIds, recipients: [] } : undefined;
}

function idsIn(key: string, ...blocks: readonly Headers[]): string[] {
  return blocks.flatMap((block) => parseMessageId(block.first(key)?.raw ?? '') ?? []);
}

/** What happened to a recipient whom the message did reach (RFC 3464, section 2.3.3). */
const REACHED = new Set(['delivered', 'relayed', 'expanded']);

/** Whom a message did not reach, or not yet; where it reached all, those. */
function failedRecipients(blocks: readonly Headers[]): Address[] {
  const failed = blocks.filter((block) => !REACHED.has(firstWord(block.first('action')?.value)));
  const recipients = failed.flatMap(recipientsOf);
  return recipients.length > 0 ? recipients : blocks.flatMap(recipientsOf);
}

/**
 * The recipient of one block of fields: as the sender wrote it, before anything was forwarded. Seen in practice: no
 * empty line between the recipients, so that one block holds them all.
 */
function recipientsOf(block: Headers): Address[] {
  const finals = block.all('final-recipient');
  const original = block.first('original-recipient');
  if (original === undefined || finals.length > 1) return finals.flatMap((field) => recipientIn(field));
  const [final] = finals.flatMap((field) => recipientIn(field));
  const asIs = recipientIn(original);
  // A "+2B" that stands in both is the recipient's own.
  if (final && asIs[0] && addressKey(final.address) === addressKey(asIs[0].address)) return asIs;
  const decoded = recipientIn({ ...original, raw: withoutXtext(original.raw) });
  return decoded.length > 0 || final === undefined ? decoded : [final];
}

/** The kinds of address that are mail addresses (RFC 3464, RFC 6533). Seen in practice: none is named. */
const ADDRESS_TYPES = new Set(['rfc822', 'utf-8', '']);

/** A field such as `rfc822; joe@example.com` (RFC 3464, section 2.3.2), with angle brackets or without. */
function recipientIn({ raw }: HeaderField): Address[] {
  const [, type = '', rest = ''] = /^(?:([^;@]*);)?(.*)$/s.exec(raw) ?? [];
  const name = type.trim().toLowerCase();
  if (!ADDRESS_TYPES.has(name)) return [];
  return parseAddresses(name === 'utf-8' ? withoutUnitext(rest) : rest).slice(0, 1);
}

/**
 * Undoes the two escapes that every address of RFC 3461 with a plus or an equals sign needs (section 4, xtext); the
 * others are left, since `joe+41@example.com` is an address too.
 */
function withoutXtext(text: string): string {
  return text.replace(/\+(?:2B|3D)/g, (escaped) => (escaped === '+2B' ? '+' : '='));
}

/** Undoes the escapes of RFC 6533, section 3: `\x{e4}`. */
function withoutUnitext(text: string): string {
  return text.replace(/\\x\{([\da-f]{1,6})\}/gi, (escaped, hex: string) => {
    const point = Number.parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : escaped;
  });
}

function firstWord(value = ''): string {
  return /^\w*/.exec(value.toLowerCase())?.[0] ?? '';
}

/** The blocks of fields of the first part of these types that is there. */
function blocksOf(
  parts: readonly ReportPart[],
  types: ReadonlySet<string>,
  readLine: ReportSource['readLine'],
): Headers[] {
  const part = parts.find(({ contentType }) => types.has(contentType));
  if (part === undefined) return [];
  const blocks = splitBlocks(part.text);
  // Of a returned message, all after the first block is body.
  return (types === RETURNED ? blocks.slice(0, 1) : blocks).map((lines) => new Headers(lines.map(readLine)));
}

/** @param text decoded text that begins with header fields, or is empty */
function headerIn(text: string, readLine: ReportSource['readLine']): Headers {
  const [lines = []] = splitBlocks(latin1Of(text));
  return new Headers(lines.map(readLine));
}

/** Decoded text as header lines are read, a latin1 string of its bytes. */
export function latin1Of(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Blocks of header lines, each with what is folded onto it, between empty lines. */
function splitBlocks(text: string): string[][] {
  const blocks: string[][] = [];
  let block: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') {
      block = [];
    } else if (/^[ \t]/.test(line) && block.length > 0) {
      block.push(`${block.pop()}\r\n${line}`);
    } else {
      if (block.length === 0) blocks.push(block);
      block.push(line);
    }
  }
  return blocks;
}

function firstFilled(places: readonly (() => Address[])[]): Address[] {
  for (const place of places) {
    const byKey = new Map<string, Address>();
    for (const address of place()) {
      const key = addressKey(address.address);
      if (!byKey.has(key)) byKey.set(key, address);
    }
    if (byKey.size > 0) return [...byKey.values()].slice(0, MAX_RECIPIENTS);
  }
  return [];
}

/** How much of a bounce's text is read, in characters: what is said comes first, and no header copied is longer. */
const NOTICE_CHARACTERS = 64 * 1024;

/** Longest line that can be nothing but an address: 255 bytes, brackets, and room to be indented. */
const MAX_ADDRESS_LINE = 320;

/**
 * What stands above the copy of a message in a bounce that is nothing but text, dashes and blanks in front taken away.
 * Seen in practice: Exim ("This is a copy of …"), qmail ("Below this line …", "Enclosed are …"), sendmail ("Original
 * message follows", "Message header follows"), Gmail ("Original message").
 */
const COPY_FOLLOWS =
  /^(?:this is a copy of|below (?:this|the next) line is a copy|enclosed (?:are|is) the original|message header follows|(?:original|returned|unsent) message(?: headers?| follows)?[-:\s]*$)/i;

/** What such a copy begins with, where nothing stands above it. */
const COPY_BEGINS = /^(?:return-path|received|message-id):/i;

/** A header field's name and colon (RFC 5322, section 2.2). */
const FIELD = /^[!-9;-~]+:/;

/**
 * The addresses that a bounce without structure lists, before the copy of the message: those that stand alone in a
 * line. Seen in practice: qmail (`<joe@example.com>:`), Exim and Gmail (indented), sendmail (with a remark in brackets
 * behind it, or none).
 *
 * @param text the text of the bounce
 * @returns with their angle brackets, as written
 */
export function listedAddresses(text: string): string[] {
  const lines = linesOf(text);
  return lines.slice(0, copyStart(lines)).flatMap((line) => {
    if (line.length > MAX_ADDRESS_LINE) return [];
    const [, address] = /^(<?[^\s<>@:;,()"]+@[^\s<>@:;,()"]+>?):?(?: +\(.*\))?$/.exec(line.trim()) ?? [];
    return address === undefined ? [] : [address];
  });
}

/**
 * The header of the message that a bounce without structure copies into its text.
 *
 * @param text the text of the bounce
 * @returns what may go on with the message's body after an empty line; '' where there is no copy
 */
export function copiedHeader(text: string): string {
  const lines = linesOf(text);
  const copy = lines.slice(copyStart(lines));
  const begin = copy.findIndex((line) => FIELD.test(line));
  return begin < 0 ? '' : copy.slice(begin).join('\n');
}

function linesOf(text: string): string[] {
  return text.slice(0, NOTICE_CHARACTERS).split(/\r?\n/);
}

/** The line that begins the copy, or stands above it; the number of lines where there is none. */
function copyStart(lines: readonly string[]): number {
  const marker = lines.findIndex((line) => COPY_FOLLOWS.test(line.replace(/^[-\s]+/, '')));
  const start = marker < 0 ? lines.findIndex((line) => COPY_BEGINS.test(line)) : marker;
  return start < 0 ? lines.length : start;
}
