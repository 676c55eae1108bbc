import { createHash } from 'node:crypto';
import { type AttachmentStream, MailParser, type MessageText, type StructuredHeader } from 'mailparser';
import { errorMessage, MailcaseError } from '../errors.ts';
import { parseAddresses } from './addresses.ts';
import { parseDate } from './date.ts';
import { Headers, readHeaderLine } from './headers.ts';
import { messageKind } from './kind.ts';
import type { Attachment, Message } from './message.ts';
import { parseMessageId, parseMessageIds } from './message-id.ts';
import { type Redaction, redactField, redactText } from './redact.ts';
import { storableLine, storableText } from './text.ts';

/** Largest header block of one part, in bytes: real ones stay under 100 KB; mailparser refuses what is larger. */
const MAX_HEADER_BYTES = 4 * 1024 * 1024;

/** Most MIME parts of one message: more is an attack on the parser, and is quarantined. */
const MAX_PARTS = 20_000;

/**
 * Parses the bytes of one message.
 *
 * @param source the message as the server keeps it (RFC 5322); any bytes at all are taken
 * @param redaction what must not come out of it
 * @throws MailcaseError `message_unparsable` when mailparser gives up (headers or parts beyond the limits)
 */
export async function parseMessage(source: Buffer, redaction?: Redaction): Promise<Message> {
  const parsed = await runParser(hasHeader(source) ? source : Buffer.concat([EMPTY_LINE, source]));
  const fields = parsed.headerLines.map(readHeaderLine).filter(({ name }) => name !== '');
  const headers = new Headers(redaction ? fields.map((field) => redactField(field, redaction)) : fields);
  const clean = (text: string) => storableText(redaction ? redactText(text, redaction) : text);
  const list = (key: string) => headers.all(key).flatMap(({ raw }) => parseAddresses(raw));
  const ids = (key: string) =>
    parseMessageIds(
      headers
        .all(key)
        .map(({ raw }) => raw)
        .join(' '),
    );
  const dateText = headers.first('date')?.raw ?? '';
  const subject = headers.first('subject')?.value;
  const messageId = headers.first('message-id')?.raw;
  return {
    headers,
    messageId: messageId === undefined ? undefined : parseMessageId(messageId),
    inReplyTo: ids('in-reply-to'),
    references: ids('references'),
    subject,
    from: list('from')[0],
    replyTo: list('reply-to'),
    to: list('to'),
    cc: list('cc'),
    sentAt: parseDate(dateText),
    dateText: storableLine(dateText),
    kind: messageKind(
      headers,
      parsed.attachments.some(({ isCalendarReply }) => isCalendarReply),
    ),
    text: parsed.text === undefined ? undefined : clean(parsed.text),
    html: parsed.html === undefined ? undefined : clean(parsed.html),
    firstText: parsed.firstText === undefined ? undefined : clean(parsed.firstText),
    attachments: parsed.attachments.map(({ attachment }) => ({
      ...attachment,
      fileName: attachment.fileName === undefined ? undefined : clean(attachment.fileName),
    })),
  };
}

const EMPTY_LINE = Buffer.from('\r\n');

/**
 * Whether there is any header field before the first empty line. If not, all of it is body: mailparser would take it
 * for a header and leave the message without a text.
 */
function hasHeader(source: Buffer): boolean {
  const start = source.toString('latin1', 0, MAX_HEADER_BYTES);
  const end = start.search(/\r?\n\r?\n/);
  return /^[^\s:]+[ \t]*:/m.test(end < 0 ? start : start.slice(0, end));
}

interface ParserResult {
  headerLines: readonly string[];
  text: string | undefined;
  html: string | undefined;
  firstText: string | undefined;
  attachments: { attachment: Attachment; isCalendarReply: boolean }[];
}

/** Attachments are hashed as they stream by and never held whole. */
async function runParser(source: Buffer): Promise<ParserResult> {
  const parser = new MailParser({
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipTextLinks: true,
    skipImageLinks: true,
    checksumAlgo: false,
    maxHeadSize: MAX_HEADER_BYTES,
    maxChildNodes: MAX_PARTS,
  });
  const result: ParserResult = {
    headerLines: [],
    text: undefined,
    html: undefined,
    firstText: undefined,
    attachments: [],
  };
  parser.end(source);
  try {
    for await (const data of parser as AsyncIterable<AttachmentStream | MessageText>) {
      if (data.type === 'attachment') {
        result.attachments.push(await readAttachment(data));
      } else {
        result.text = data.text || undefined;
        result.html = data.html || undefined;
      }
    }
  } catch (error) {
    // A stack overflow: thousands of parts in one another, whose texts mailparser joins by recursion when everything
    // else has been read. The first text part stands for them.
    if (!(error instanceof RangeError)) {
      throw new MailcaseError('message_unparsable', `cannot be parsed: ${errorMessage(error)}`, {
        cause: error,
      });
    }
    result.text = firstTextPart(parser) || undefined;
  }
  result.headerLines = (parser.headerLines || []).map(({ line }) => line);
  result.firstText = firstTextPart(parser) ?? result.text;
  return result;
}

async function readAttachment(stream: AttachmentStream) {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of stream.content as AsyncIterable<Buffer>) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  stream.release?.();
  const line = (text: string | undefined) => (text ? storableLine(text) || undefined : undefined);
  const contentType = line(stream.contentType)?.toLowerCase() ?? 'application/octet-stream';
  const attachment: Attachment = {
    part: stream.partId ?? '1',
    fileName: line(stream.filename),
    contentType,
    contentId: line(stream.cid),
    disposition: line(stream.contentDisposition)?.toLowerCase(),
    sizeBytes,
    sha256: hash.digest(),
  };
  return { attachment, isCalendarReply: contentType === 'text/calendar' && isReply(stream) };
}

function isReply(stream: AttachmentStream): boolean {
  const header = stream.headers.get('content-type') as StructuredHeader | undefined;
  return header?.params?.method?.toUpperCase() === 'REPLY';
}

interface ParserNode {
  contentType?: unknown;
  textContent?: unknown;
  children?: unknown;
}

/**
 * The text of the first text/plain part. mailparser joins all text parts into one, but a mailing list's footer is a
 * part of its own and must not change the dedupe key; the tree it keeps is internal, so a test watches it and the
 * joined text stands in when it is gone.
 */
function firstTextPart(parser: MailParser): string | undefined {
  const pending: ParserNode[] = [Reflect.get(parser, 'tree') as ParserNode];
  for (let node = pending.shift(); node; node = pending.shift()) {
    if (node.contentType === 'text/plain' && typeof node.textContent === 'string') return node.textContent;
    if (Array.isArray(node.children)) pending.unshift(...(node.children as ParserNode[]));
  }
  return undefined;
}
