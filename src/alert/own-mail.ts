import type { OwnHeaders } from '../observe/own-headers.ts';
import { counted, listed } from '../terminal/words.ts';
import type { Details, Observation, Sender } from './state.ts';

/** Own mail with header fields that are not applied, of which there was none for so long, is over. In milliseconds. */
const QUIET_MS = 24 * 60 * 60_000;

/** More are counted only. */
const MOST_NAMED = 3;

/** So many senders are remembered, those that came last: whoever makes up From addresses makes up as many as he likes. */
const MOST_SENDERS = 50;

/**
 * Own mail whose header fields were not applied: an operator's own systems write them, and nobody made the mailbox trust
 * them. Mail of strangers is no reason for an alarm, for then anybody could page people by writing a mail. What says that it is
 * own is From, so somebody who forges it can have an alarm sent, but one in `repeat`, and none where sender_auth knows of it.
 *
 * It is over for an address when a mail of just that address was applied, or no more came for a day: of two systems, one
 * may be trusted and the other not.
 */
export function observeOwnMail(
  { senders: before = {} }: Details,
  news: readonly OwnHeaders[],
  now: number,
): Observation {
  const senders = new Map<string, Sender>(Object.entries(before));
  for (const { from, reason, mails, at } of news) {
    if (reason === undefined) senders.delete(from);
    else senders.set(from, { reason, mails: (senders.get(from)?.mails ?? 0) + mails, at: at.getTime() });
  }
  for (const [from, { at }] of senders) if (now - at > QUIET_MS) senders.delete(from);
  const byAge = [...senders].sort(([, a], [, b]) => a.at - b.at).map(([from]) => from);
  for (const from of byAge.slice(0, Math.max(0, byAge.length - MOST_SENDERS))) senders.delete(from);
  if (senders.size === 0) return { is: 'clear', details: {} };
  const details = { senders: Object.fromEntries(senders) };
  const since = Math.min(...[...senders.values()].map(({ at }) => at));
  return { is: 'standing', since, why: whyOf(senders), details };
}

/** `x-headers of own mail are not applied: 2 mails of shop@example.com (not trusted: the mail has no …)` */
function whyOf(senders: ReadonlyMap<string, Sender>): string {
  const all = [...senders].map(
    ([from, { reason, mails }]) => `${counted(mails, 'mail')} from ${from} (${reason})`,
  );
  const rest = all.length - MOST_NAMED;
  const named = rest > 0 ? [...all.slice(0, MOST_NAMED), `${rest} more`] : all;
  return `x-headers of own mail are not applied: ${listed(named)}`;
}
