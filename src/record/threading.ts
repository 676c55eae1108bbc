import { isAutomatic } from '../message/kind.ts';
import type { Message } from '../message/message.ts';
import type { Incoming } from './incoming.ts';
import type { Policy } from './policy.ts';
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
 * Whether somebody of ours has answered this message already: the answer was read first. Only an answer to this very
 * message counts; that something went out later says nothing, for shops send notices all day.
 */
export function wasAnswered(view: View, { message }: Pick<Incoming, 'message'>): boolean {
  const answers = message.messageId === undefined ? [] : (view.referringTo.get(message.messageId) ?? []);
  return answers.some(({ direction }) => direction === 'out');
}

/**
 * Whether a message may join the case of the interaction that it is tied to. A closed case stays closed, and the case
 * of a campaign (one external id, many customers) is no place for one recipient's reply. What wrote itself changes
 * nothing anywhere, so it may join any case.
 *
 * What nobody has to look at may join a closed case too: old mail that is imported, mail that was answered before it
 * was read, and what our people sent before the case was closed.
 */
export function mayJoin(
  view: View,
  { importing }: Policy,
  { supportCase, customer }: Pick<KnownInteraction, 'supportCase' | 'customer'>,
  incoming: Incoming,
): boolean {
  const { message, receivedAt, direction } = incoming;
  if (isAutomatic(message.kind)) return true;
  const isCampaign =
    customer !== undefined && supportCase.customer !== undefined && customer !== supportCase.customer;
  if (isCampaign) return false;
  if (supportCase.status !== 'closed' || importing !== undefined) return true;
  const wasSentBefore =
    direction === 'out' && supportCase.closed_at !== null && receivedAt < supportCase.closed_at;
  return wasSentBefore || wasAnswered(view, incoming);
}
