import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { AttachmentStream, MailParser, MessageText, StructuredHeader } from 'mailparser';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';
import { type Address, parseAddresses, readAddresses, withShortName } from './addresses.ts';
import { BoundedParser } from './bounded-parser.ts';
import { beginningOf, firstOf, unreadSentences } from './cut.ts';
import { parseDate } from './date.ts';
import { readFileName } from './file-name.ts';
import type { Head } from './head.ts';
import { decodeBytes, Headers, readHeaderLine } from './headers.ts';
import { calendarMethod, readKind } from './kind.ts';
import { MAX_LINE_CHARACTERS, MAX_TOKEN_CHARACTERS } from './limits.ts';
import type { Attachment, Message } from './message.ts';
import { parseMessageId, parseMessageIds } from './message-id.ts';
import { parserInput } from './parser-input.ts';
import { type Redaction, redactField, redactText } from './redact.ts';
import {
  isReportPart,
  latin1Of,
  MAX_REPORT_PARTS,
  REPORT_PART_BYTES,
  type ReportPart,
  readReport,
} from './report.ts';
import { storableLine, storableText } from './text.ts';

/**
 * Parses the bytes of one message. What is beyond the limits is left out, and said in `cut`.
 *
 * @param source the message as the server keeps it (RFC 5322); any bytes at all are taken
 * @param redactions what must not come out of it
 * @throws MailcaseError `message_unparsable` when mailparser gives up
 */
export async function parseMessage(source: Buffer, redactions: readonly Redaction[] = []): Promise<Message> {
  const parsed = await runParser(source);
  const readLine = (line: string) => redactField(readHeaderLine(line), redactions);
  const headers = readHeaders(parsed.head.lines, redactions);
  const clean = (text: string) => storableText(redactText(text, redactions));
  const list = (key: string) => headers.all(key).flatMap(({ raw }) => parseAddresses(raw));
  const ids = (key: string) =>
    parseMessageIds(
      headers
        .all(key)
        .map(({ raw }) => raw)
        .join(' '),
    );
  const [from] = headers.all('from').flatMap(({ raw }) => readAddresses(raw));
  const dateText = headers.first('date')?.raw ?? '';
  const subject = headers.first('subject')?.value;
  const messageId = headers.first('message-id')?.raw;
  const text = parsed.text === undefined ? undefined : clean(parsed.text);
  const { kind, why } = readKind(
    headers,
    parsed.attachments.some(({ isCalendarReply }) => isCalendarReply),
  );
  return {
    headers,
    messageId: messageId === undefined ? undefined : parseMessageId(messageId),
    inReplyTo: ids('in-reply-to'),
    references: ids('references'),
    subject,
    from: from && withShortName(from),
    replyTo: list('reply-to'),
    to: list('to'),
    cc: list('cc'),
    sentAt: parseDate(dateText),
    dateText: storableLine(dateText),
    kind,
    kindWhy: why,
    report: readReport({ kind, headers, text, parts: parsed.reportParts, readLine }),
    text,
    html: parsed.html === undefined ? undefined : clean(parsed.html),
    firstText: parsed.firstText === undefined ? undefined : clean(parsed.firstText),
    attachments: parsed.attachments.map(({ attachment }) => ({
      ...attachment,
      fileName: attachment.fileName === undefined ? undefined : clean(attachment.fileName),
    })),
    cut: [...parsed.cut, ...(from ? shortNameSentences(from) : [])],
  };
}

/** A message's own header fields. @param lines as readHead gives them @param redactions what must not come out of them */
export function readHeaders(lines: readonly string[], redactions: readonly Redaction[] = []): Headers {
  const fields = lines.map(readHeaderLine).filter(({ name }) => name !== '');
  return new Headers(fields.map((field) => redactField(field, redactions)));
}

/** What is said of a display name that is not kept whole. */
function shortNameSentences({ name }: Address): string[] {
  return name.length > MAX_LINE_CHARACTERS
    ? [firstOf('from_name', MAX_LINE_CHARACTERS, name.length, 'characters')]
    : [];
}

interface ParserResult {
  head: Head;
  text: string | undefined;
  html: string | undefined;
  firstText: string | undefined;
  attachments: { attachment: Attachment; isCalendarReply: boolean }[];
  reportParts: ReportPart[];
  cut: string[];
}

/** Attachments are hashed as they stream by and never held whole. */
async function runParser(source: Buffer): Promise<ParserResult> {
  const parser = new BoundedParser();
  const result: ParserResult = {
    head: { lines: [], isCut: false },
    text: undefined,
    html: undefined,
    firstText: undefined,
    attachments: [],
    reportParts: [],
    cut: [],
  };
  const onHead = (head: Head) => {
    result.head = head;
  };
  Readable.from(parserInput([source], onHead), { objectMode: false }).pipe(parser);
  let limit: string | undefined;
  try {
    for await (const data of parser as AsyncIterable<AttachmentStream | MessageText>) {
      if (data.type === 'attachment') {
        const { beginning, ...read } = await readAttachment(data, parser);
        result.attachments.push(read);
        const { contentType } = read.attachment;
        if (isReportPart(contentType) && result.reportParts.length < MAX_REPORT_PARTS) {
          result.reportParts.push({ contentType, text: beginning });
        }
      } else {
        result.text = data.text || undefined;
        result.html = data.html || undefined;
      }
    }
  } catch (error) {
    // A limit of mailparser's own, which ends the reading. What was read before it stands.
    if (errorCode(error) !== 'EMAXLEN') {
      throw new MailcaseError('message_unparsable', `cannot be parsed: ${errorMessage(error)}`, {
        cause: error,
      });
    }
    limit = errorMessage(error);
    result.text = textsOf(parser, 'text/plain').join('\n') || undefined;
    result.html = textsOf(parser, 'text/html').join('<br/>\n') || undefined;
  }
  result.text ??= parser.partless && decodeBytes(parser.partless.toString('latin1')).replaceAll('\r\n', '\n');
  result.firstText = textsOf(parser, 'text/plain')[0] ?? result.text;
  result.reportParts.push(...inlineReportParts(parser));
  result.cut = unreadSentences(parser.unread, { isHeadCut: result.head.isCut, limit });
  return result;
}

async function readAttachment(stream: AttachmentStream, parser: MailParser) {
  const fields = fieldsOf(stream, parser);
  const line = (text: string | undefined) =>
    text ? beginningOf(storableLine(text), MAX_TOKEN_CHARACTERS) || undefined : undefined;
  const contentType = line(stream.contentType)?.toLowerCase() ?? 'application/octet-stream';
  const isCalendar = contentType === 'text/calendar';
  const isRead = isCalendar || isReportPart(contentType);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let beginning = '';
  // When mailparser fails within an attachment (a limit is passed further on), it leaves its reader waiting for ever.
  const content = stream.content as Readable;
  const fail = (error: Error) => content.destroy(error);
  parser.once('error', fail);
  for await (const chunk of content as AsyncIterable<Buffer>) {
    hash.update(chunk);
    sizeBytes += chunk.length;
    if (isRead) beginning += chunk.toString('latin1', 0, REPORT_PART_BYTES - beginning.length);
  }
  parser.off('error', fail);
  stream.release?.();
  const attachment: Attachment = {
    part: stream.partId ?? '1',
    fileName: readFileName(fields, stream.filename),
    contentType,
    contentId: line(stream.cid),
    disposition: line(stream.contentDisposition)?.toLowerCase(),
    sizeBytes,
    sha256: hash.digest(),
  };
  return { attachment, beginning, isCalendarReply: isCalendar && isReply(stream, beginning) };
}

/**
 * The header fields of the attachment at hand as they were written. mailparser keeps them in its tree, which is
 * internal: a test watches it, and when it is gone, the name that mailparser read has to do.
 */
function fieldsOf(stream: AttachmentStream, parser: MailParser): readonly string[] {
  const node = Reflect.get(parser, 'curnode') as Partial<MailParser> | undefined;
  const lines = node?.headers === stream.headers ? node.headerLines : undefined;
  return (lines || []).map(({ line }) => line);
}

function isReply(stream: AttachmentStream, beginning: string): boolean {
  const header = stream.headers.get('content-type') as StructuredHeader | undefined;
  return (header?.params?.method ?? calendarMethod(beginning))?.toUpperCase() === 'REPLY';
}

interface ParserNode {
  contentType?: unknown;
  textContent?: unknown;
  headerLines?: unknown;
  children?: unknown;
}

/** All parts, each before what is in it. */
function* partsOf(parser: MailParser): Generator<ParserNode> {
  const pending: ParserNode[] = [Reflect.get(parser, 'tree') as ParserNode];
  for (let node = pending.pop(); node; node = pending.pop()) {
    yield node;
    if (Array.isArray(node.children)) pending.push(...(node.children as ParserNode[]).toReversed());
  }
}

/**
 * What is said of a report in parts that mailparser takes for text: a delivery status, and a message in a message
 * that is to be shown (Content-Disposition: inline), whose header is then a part's.
 */
function inlineReportParts(parser: MailParser): ReportPart[] {
  const found: ReportPart[] = [];
  for (const { contentType, textContent, children } of partsOf(parser)) {
    if (typeof contentType !== 'string' || !isReportPart(contentType)) continue;
    const [inner] = (Array.isArray(children) ? children : []) as ParserNode[];
    if (typeof textContent === 'string') {
      found.push({ contentType, text: latin1Of(textContent.slice(0, REPORT_PART_BYTES)) });
    } else if (Array.isArray(inner?.headerLines)) {
      const lines = (inner.headerLines as { line: string }[]).map(({ line }) => line);
      found.push({ contentType, text: lines.join('\r\n').slice(0, REPORT_PART_BYTES) });
    }
    if (found.length >= MAX_REPORT_PARTS) break;
  }
  return found;
}

/**
 * The texts of the parts of a type, which have been read to their end. mailparser joins all text parts into one, but a
 * mailing list's footer is a part of its own and must not change the dedupe key; the tree it keeps is internal, so a
 * test watches it and the joined text stands in when it is gone.
 */
function textsOf(parser: MailParser, type: 'text/plain' | 'text/html'): string[] {
  const texts: string[] = [];
  for (const { contentType, textContent } of partsOf(parser)) {
    if (contentType === type && typeof textContent === 'string') texts.push(textContent);
  }
  return texts;
}
