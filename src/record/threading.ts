import { isAutomatic } from '../message/kind.ts';
import type { Message } from '../message/message.ts';
import type { Incoming } from './incoming.ts';
import type { Customer, KnownInteraction, View } from './view.ts';

/**
 * Message-IDs of what a message answers, the nearest first: In-Reply-To, then References from the last to the first
 * (RFC 5322, section 3.6.4). What a bounce or a receipt is about comes before both, for what it answers is an envelope.
 */
export function relatedIds({ kind, report, inReplyTo, references }: Message): string[] {
  const said = [...inReplyTo, ...references.toReversed()];
  const about = report?.messageIds ?? [];
  return [...new Set(kind === 'auto_reply' ? [...said, ...about] : [...about, ...said])];
}

/**
 * The interaction that a message answers. A Message-ID that several interactions share leads to the one whose customer
 * is the sender, else nowhere.
 */
export function answeredInteraction(
  view: View,
  { message }: Incoming,
  customer: Customer | undefined,
): KnownInteraction | undefined {
  for (const id of relatedIds(message)) {
    const known = view.interactionsByMessageId.get(id) ?? [];
    if (known.length === 1) return known[0];
    const own = known.filter((each) => each.customer !== undefined && each.customer === customer);
    if (own.length > 0) return own.at(-1);
  }
  return undefined;
}

/**
 * The interaction that answers this message and was read before it. A stranger's mail that names a Message-ID yet to
 * come must not draw our mail into his case: what came in counts only where it has the same customer.
 */
export function answeringInteraction(
  view: View,
  { message }: Incoming,
  customer: Customer | undefined,
): KnownInteraction | undefined {
  const known = message.messageId === undefined ? [] : (view.referringTo.get(message.messageId) ?? []);
  return known.find((each) => each.direction === 'out' || (customer && each.customer === customer));
}

/**
 * Whether a message may join the case of the interaction that it is tied to. A closed case stays closed, unless the
 * message was there before it was closed; and the case of a campaign (one external id, many customers) is no place for
 * one recipient's reply. What wrote itself changes nothing anywhere, so it may join any case.
 */
export function mayJoin(
  { supportCase, customer }: Pick<KnownInteraction, 'supportCase' | 'customer'>,
  { message, receivedAt }: Pick<Incoming, 'message' | 'receivedAt'>,
): boolean {
  if (isAutomatic(message.kind)) return true;
  const isCampaign =
    customer !== undefined && supportCase.customer !== undefined && customer !== supportCase.customer;
  const wasOpen =
    supportCase.status !== 'closed' || (supportCase.closed_at !== null && receivedAt < supportCase.closed_at);
  return wasOpen && !isCampaign;
}
