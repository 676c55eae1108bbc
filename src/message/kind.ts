import { isMailSystem, parseAddresses } from './addresses.ts';
import type { Headers } from './headers.ts';

/** What a message is, as interactions.kind keeps it. Only `mail` and `list` were written by a person. */
export const KINDS = ['mail', 'auto_reply', 'bounce', 'receipt', 'calendar', 'list'] as const;
export type Kind = (typeof KINDS)[number];

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
export function messageKind(headers: Headers, hasCalendarReply: boolean): Kind {
  const contentType = headers.first('content-type')?.raw.toLowerCase() ?? '';
  if (contentType.startsWith('multipart/report')) {
    // RFC 3464 (delivery status) and RFC 8098 (disposition notification, the read receipt).
    if (/report-type\s*=\s*"?disposition-notification/.test(contentType)) return 'receipt';
    if (/report-type\s*=\s*"?delivery-status/.test(contentType)) return 'bounce';
  }
  // Before auto_reply: Exim's bounces say auto-replied of themselves.
  if (isPlainBounce(headers)) return 'bounce';
  const precedence = word(headers, 'precedence');
  // RFC 3834, section 5: auto-generated and auto-notified are no replies, a shop's own mail says so of itself.
  if (word(headers, 'auto-submitted') === 'auto-replied' || precedence === 'auto_reply') return 'auto_reply';
  if (headers.first('x-autoreply') || headers.first('x-autorespond')) return 'auto_reply';
  if (hasCalendarReply) return 'calendar';
  if (headers.first('list-id') || precedence === 'list') return 'list';
  return 'mail';
}

/**
 * A bounce without RFC 3464's structure, seen in practice from Exim and qmail: an empty return path, as automatic
 * replies have too, and a mail system in From or the addresses that failed in a field of their own.
 */
function isPlainBounce(headers: Headers): boolean {
  if (headers.first('return-path')?.raw.replace(/\s/g, '') !== '<>') return false;
  if (headers.first('x-failed-recipients')) return true;
  const [from] = parseAddresses(headers.first('from')?.raw ?? '');
  return from !== undefined && isMailSystem(from.address);
}

/** Whether a message of this kind wrote itself: it joins its case and changes nothing in it. */
export function isAutomatic(kind: Kind): boolean {
  return kind !== 'mail' && kind !== 'list';
}

/** The first word of a field in lower case, without its parameters (RFC 3834 allows some). */
function word(headers: Headers, key: string): string {
  return (headers.first(key)?.value ?? '').toLowerCase().split(/[;\s(]/, 1)[0] ?? '';
}
