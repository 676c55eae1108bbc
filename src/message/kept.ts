import { beginningOf, firstOf, number } from './cut.ts';
import type { HeaderField } from './headers.ts';
import { Headers } from './headers.ts';
import {
  MAX_HEADER_CHARACTERS,
  MAX_HEADER_FIELDS,
  MAX_HEADERS_CHARACTERS,
  MAX_LINE_CHARACTERS,
  MAX_RECIPIENTS,
  MAX_REFERENCES,
} from './limits.ts';
import type { Message } from './message.ts';

/**
 * What is kept of a message, after everything has been concluded from all of it: lists and texts within the limits, and
 * what was cut said in `cut`. The raw message has the rest.
 *
 * @param bodyCharacters longest text, and longest HTML, in UTF-16 code units
 */
export function keptOf(message: Message, bodyCharacters: number): Message {
  const cut = [...message.cut];
  const text = (what: string, value: string | undefined, limit: number) => {
    if (value === undefined || value.length <= limit) return value;
    cut.push(firstOf(what, limit, value.length, 'characters'));
    return beginningOf(value, limit);
  };
  const list = <T>(what: string, values: readonly T[], limit: number, end: 'first' | 'last' = 'first') => {
    if (values.length <= limit) return values;
    cut.push(
      end === 'first'
        ? firstOf(what, limit, values.length)
        : `${what}: the last ${number(limit)} of ${number(values.length)}`,
    );
    return end === 'first' ? values.slice(0, limit) : values.slice(-limit);
  };
  const kept = {
    subject: text('subject', message.subject, MAX_LINE_CHARACTERS),
    text: text('body_text', message.text, bodyCharacters),
    html: text('body_html', message.html, bodyCharacters),
    to: list('to_addresses', message.to, MAX_RECIPIENTS),
    cc: list('cc_addresses', message.cc, MAX_RECIPIENTS),
    // Threads grow, and the nearest ancestors are at the end.
    inReplyTo: list('in_reply_to', message.inReplyTo, MAX_REFERENCES, 'last'),
    references: list('reference_ids', message.references, MAX_REFERENCES, 'last'),
    headers: keptHeaders(message.headers, cut),
  };
  return { ...message, ...kept, firstText: undefined, cut };
}

/** @param cut is told of what is not kept */
function keptHeaders({ fields }: Headers, cut: string[]): Headers {
  let characters = 0;
  let shortened = 0;
  const kept: HeaderField[] = [];
  for (const field of fields) {
    const name = beginningOf(field.name, MAX_LINE_CHARACTERS);
    const value = beginningOf(field.value, MAX_HEADER_CHARACTERS);
    characters += name.length + value.length;
    if (kept.length === MAX_HEADER_FIELDS || characters > MAX_HEADERS_CHARACTERS) break;
    if (name.length < field.name.length || value.length < field.value.length) shortened += 1;
    kept.push({ name, key: name.toLowerCase(), raw: beginningOf(field.raw, MAX_HEADER_CHARACTERS), value });
  }
  if (shortened > 0) {
    cut.push(`headers: ${number(shortened)} shortened to ${number(MAX_HEADER_CHARACTERS)} characters`);
  }
  if (kept.length < fields.length) cut.push(firstOf('headers', kept.length, fields.length));
  return new Headers(kept);
}
