import type { Headers } from './headers.ts';

/** What a message is, as interactions.kind keeps it. Only `mail` and `list` were written by a person. */
export const KINDS = ['mail', 'auto_reply', 'bounce', 'receipt', 'calendar', 'list'] as const;
export type Kind = (typeof KINDS)[number];

/**
 * Tells automatic mail from mail that a person wrote.
 *
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
    if (contentType.includes('disposition-notification')) return 'receipt';
    if (contentType.includes('delivery-status')) return 'bounce';
  }
  const precedence = word(headers, 'precedence');
  // RFC 3834, section 5: auto-generated and auto-notified are no replies, a shop's own mail says so of itself.
  if (word(headers, 'auto-submitted') === 'auto-replied' || precedence === 'auto_reply') return 'auto_reply';
  if (headers.first('x-autoreply') || headers.first('x-autorespond')) return 'auto_reply';
  if (hasCalendarReply) return 'calendar';
  if (headers.first('list-id') || precedence === 'list') return 'list';
  return 'mail';
}

/** Whether a message of this kind wrote itself: it joins its case and changes nothing in it. */
export function isAutomatic(kind: Kind): boolean {
  return kind !== 'mail' && kind !== 'list';
}

/** The first word of a field in lower case, without its parameters (RFC 3834 allows some). */
function word(headers: Headers, key: string): string {
  return (headers.first(key)?.value ?? '').toLowerCase().split(/[;\s(]/, 1)[0] ?? '';
}
