import { Headers, readHeaderLine } from '../../src/message/headers.ts';
import type { Message } from '../../src/message/message.ts';
import { parseMessage } from '../../src/message/parse.ts';

/** Header lines as mailparser hands them out: latin1 strings of the UTF-8 bytes. */
export function headersOf(...lines: string[]): Headers {
  return new Headers(lines.map((line) => readHeaderLine(Buffer.from(line, 'utf8').toString('latin1'))));
}

/** The bytes of a message, with CRLF. */
export function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'utf8');
}

export function messageOf(...lines: string[]): Promise<Message> {
  return parseMessage(bytesOf(lines));
}

/** Every text of a message, however deep. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return [];
  if (value instanceof Map) return [...value].flatMap(textsIn);
  return Object.values(value).flatMap(textsIn);
}

/** Texts that PostgreSQL's text or jsonb would refuse. */
export function unstorable(value: unknown): string[] {
  return textsIn(value).filter((text) => text.includes('\0') || !text.isWellFormed());
}
