import libmime from 'libmime';
import { isMailSystem, parseAddresses } from './addresses.ts';
import type { Headers } from './headers.ts';

/** What a message is, as interactions.kind keeps it. Only `mail` and `list` were written by a person. */
export const KINDS = ['mail', 'auto_reply', 'bounce', 'receipt', 'calendar', 'list'] as const;
export type Kind = (typeof KINDS)[number];

/** A kind, and what in the message says so; '' where nothing does, for ordinary mail. */
export interface KindReading {
  readonly kind: Kind;
  readonly why: string;
}

/**
 * Tells automatic mail from mail that a person wrote.
 *
 * A list that is the company's own is told apart later (rules/attribution.ts), where own addresses are known.
 * List-Unsubscribe or Precedence bulk alone is an ordinary mail, and X-Auto-Response-Suppress says nothing about who
 * wrote.
 *
 * @param headers the message's own header fields
 * @param hasCalendarReply whether a text/calendar part with METHOD REPLY (RFC 5546, section 3.2.3) is in it
 */
export function readKind(headers: Headers, hasCalendarReply: boolean): KindReading {
  const report = reportType(headers);
  // RFC 3464 (delivery status), RFC 8098 (disposition notification, the read receipt), and both in RFC 6533.
  if (report === 'disposition-notification') {
    return { kind: 'receipt', why: 'a multipart/report of type disposition-notification' };
  }
  // Before auto_reply: Exim's bounces say auto-replied of themselves. A report of another kind (RFC 5965: a complaint)
  // is no bounce, whoever sends it.
  if (report === 'delivery-status') {
    return { kind: 'bounce', why: 'a multipart/report of type delivery-status' };
  }
  const bounced = report === undefined ? plainBounce(headers) : undefined;
  if (bounced !== undefined) return { kind: 'bounce', why: bounced };
  const replied = autoReply(headers);
  if (replied !== undefined) return { kind: 'auto_reply', why: replied };
  if (hasCalendarReply) return { kind: 'calendar', why: 'a text/calendar part with METHOD:REPLY' };
  if (headers.first('list-id')) return { kind: 'list', why: 'it has a List-Id' };
  if (words(headers, 'precedence').includes('list')) return { kind: 'list', why: 'Precedence: list' };
  return { kind: 'mail', why: '' };
}

/** Whether a message of this kind wrote itself: it joins its case and changes nothing in it. */
export function isAutomatic(kind: Kind): boolean {
  return kind !== 'mail' && kind !== 'list';
}

/**
 * The METHOD of a calendar object (RFC 5546, section 1.4), for parts whose Content-Type does not name it. Seen in
 * practice: Exchange ActiveSync, and calendars that attach a file.
 *
 * @param text what the part begins with, any charset that has ASCII in it
 */
export function calendarMethod(text: string): string | undefined {
  return /^METHOD(?:;[^:\r\n]*)?:[ \t]*([\w-]+)/im.exec(text)?.[1];
}

/** The report-type of a multipart/report (RFC 6522, section 3) in lower case, without the `global-` of RFC 6533. */
function reportType(headers: Headers): string | undefined {
  const { value, params } = parameters(headers.first('content-type')?.raw);
  if (value !== 'multipart/report') return undefined;
  return params['report-type']
    ?.trim()
    .toLowerCase()
    .replace(/^global-/, '');
}

/**
 * A bounce without RFC 3464's structure, seen in practice from Exim, qmail and Exchange: an empty return path, as
 * automatic replies have too, and a mail system in From or a field that only bounces have.
 *
 * @returns what says so, if something does
 */
function plainBounce(headers: Headers): string | undefined {
  if (!hasEmptyReturnPath(headers)) return undefined;
  const saying = ['X-Failed-Recipients', 'X-MS-Exchange-Message-Is-Ndr'].find((name) =>
    headers.first(name.toLowerCase()),
  );
  if (saying !== undefined) return `an empty return path and ${saying}`;
  const from = headers.first('from')?.raw ?? '';
  const [address] = parseAddresses(from);
  // Seen in practice: a mail system on the sending machine itself, without a domain.
  const isSystem = address
    ? isMailSystem(address.address)
    : /(?:^|<)\s*(?:mailer-daemon|postmaster)\s*(?:[>(]|$)/i.test(from);
  return isSystem ? 'an empty return path, and From is a mail system' : undefined;
}

/** RFC 5321, section 4.5.5. Seen in practice: Postfix tells what it delivers to through a pipe a name instead. */
function hasEmptyReturnPath(headers: Headers): boolean {
  const path = headers.first('return-path')?.raw.replace(/\s/g, '').toLowerCase();
  return path === '<>' || path === '<mailer-daemon>';
}

/** @returns what says that a message is an automatic reply, if something does */
function autoReply(headers: Headers): string | undefined {
  // RFC 3834, section 5: auto-generated and auto-notified are no replies, a shop's own mail says so of itself.
  if (words(headers, 'auto-submitted').includes('auto-replied')) return 'Auto-Submitted: auto-replied';
  if (words(headers, 'precedence').includes('auto_reply')) return 'Precedence: auto_reply';
  // Some mailers write the field in all their mail, and no where it is none.
  const said = [...headers.all('x-autoreply'), ...headers.all('x-autorespond')];
  const saying = said.find(({ value }) => !/^(no|false|0)$/i.test(value));
  if (saying) return saying.name;
  return isExchangeReply(headers) ? "Exchange's agent for mailbox rules generated it" : undefined;
}

/**
 * Exchange says auto-generated of its automatic replies. What tells them, seen in practice: the agent that carries out
 * the rules of a mailbox made them, and nobody is to answer them automatically. The agent forwards too, by the same
 * rules, and then suppresses nothing; where it passes a message on as it is, the message may be a machine's that
 * suppresses answers to itself, but then the field Resent-From says so. Old servers do not name the agent.
 */
function isExchangeReply(headers: Headers): boolean {
  if (!words(headers, 'auto-submitted').includes('auto-generated') || headers.first('resent-from'))
    return false;
  if (!words(headers, 'x-auto-response-suppress').includes('all')) return false;
  // An agent that acts on what another made is last in the list.
  const maker = headers.first('x-ms-exchange-generated-message-source')?.value.toLowerCase();
  if (maker !== undefined) return maker.split(',').at(-1)?.trim() === 'mailbox rules agent';
  return headers.first('x-ms-exchange-inbox-rules-loop') !== undefined && hasEmptyReturnPath(headers);
}

/** The first word of each field of that name in lower case, without parameters and comments (RFC 3834 allows both). */
function words(headers: Headers, key: string): string[] {
  return headers.all(key).map(({ raw }) => parameters(raw).value.split(/[\s,]/, 1)[0] ?? '');
}

/** A field with parameters (RFC 2045, section 5.1): its value in lower case, and they. */
function parameters(raw = ''): { value: string; params: Record<string, string | undefined> } {
  const { value, params } = libmime.parseHeaderValue(raw, { stripComments: true });
  return { value: value.trim().toLowerCase(), params };
}
