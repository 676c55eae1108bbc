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

/** The interaction that a message answers, and by which Message-ID. */
export interface Answered {
  readonly known: KnownInteraction;
  readonly messageId: string;
}

/**
 * The interaction that a message answers. A Message-ID that several interactions share leads to the one whose customer
 * is the sender, else nowhere.
 */
export function answeredInteraction(
  view: View,
  { message }: Incoming,
  customer: Customer | undefined,
): Answered | undefined {
  for (const messageId of relatedIds(message)) {
    const all = view.interactionsByMessageId.get(messageId) ?? [];
    const own = all.filter((each) => each.customer !== undefined && each.customer === customer);
    const known = all.length === 1 ? all[0] : own.at(-1);
    if (known) return { known, messageId };
  }
  return undefined;
}

/** Where a message names a Message-ID, for people. */
export function namedBy({ inReplyTo, references }: Message, messageId: string): string {
  if (inReplyTo.includes(messageId)) return 'In-Reply-To';
  return references.includes(messageId) ? 'References' : 'what it reports';
}

/**
 * Whether a program wrote a message, by its own word (RFC 3834, section 5): any Auto-Submitted but no.
 *
 * @param autoSubmitted the values of that field, decoded
 */
export function isGenerated(autoSubmitted: readonly string[]): boolean {
  return autoSubmitted.some((value) => !/^\s*no\b/i.test(value));
}

/**
 * Interactions that refer to a message, were read before it, and can be taken for a conversation with its customer: not
 * what wrote itself (an out-of-office reply, a receipt), not what somebody else wrote or was written (a forwarding, a
 * stranger who names a Message-ID yet to come). Where the Message-ID is another interaction's too, they mean that one.
 */
function answersTo(
  view: View,
  { message }: Incoming,
  customer: Customer | undefined,
): readonly KnownInteraction[] {
  const { messageId } = message;
  if (messageId === undefined || customer === undefined) return [];
  if (view.interactionsByMessageId.has(messageId)) return [];
  const referring = view.referringTo.get(messageId) ?? [];
  return referring.filter((each) => each.customer === customer && !isAutomatic(each.kind));
}

/** The interaction that answers this message and was read before it. */
export function answeringInteraction(
  view: View,
  incoming: Incoming,
  customer: Customer | undefined,
): KnownInteraction | undefined {
  return answersTo(view, incoming, customer)[0];
}

/**
 * Whether our people have answered this message already: the answer was sent after it came, and read before it. That
 * something else went out later says nothing, for shops send notices all day, and an acknowledgement is no answer.
 */
export function wasAnswered(view: View, incoming: Incoming, customer: Customer | undefined): boolean {
  return answersTo(view, incoming, customer).some(
    (each) => each.direction === 'out' && !each.isGenerated && each.receivedAt >= incoming.receivedAt,
  );
}

/**
 * Why a message may not join the case of the interaction that it is tied to; undefined where it may. A closed case stays
 * closed, and a campaign (one external id, many customers) is no place for one recipient's reply. What wrote itself
 * changes nothing anywhere, so it may join any case.
 *
 * What nobody has to look at may join a closed case too: old mail that is imported, mail that was answered before it
 * was read, and what our people sent before the case was closed.
 */
export function whyNotJoin(
  view: View,
  { importing }: Policy,
  tied: Tie,
  incoming: Incoming,
  customer: Customer | undefined,
): string | undefined {
  const { message, receivedAt, direction } = incoming;
  const { supportCase } = tied;
  if (isAutomatic(message.kind)) return undefined;
  if (isCampaign(view, tied, customer))
    return 'a campaign, which is no place for the reply of one of its customers';
  if (supportCase.status !== 'closed' || importing !== undefined) return undefined;
  const wasSentBefore =
    direction === 'out' && supportCase.closed_at !== null && receivedAt < supportCase.closed_at;
  return wasSentBefore || wasAnswered(view, incoming, customer) ? undefined : 'closed';
}

/** What a message is tied to: an interaction, or a case alone, by its number. */
export type Tie = Pick<KnownInteraction, 'supportCase'> & Partial<KnownInteraction>;

/**
 * Whether a message answers what we sent to somebody else than the case's own customer. Only a case with an external id
 * can be a campaign: in any other, the people of one conversation write to each other.
 */
function isCampaign(
  view: View,
  { supportCase, direction, customer: addressee }: Tie,
  customer: Customer | undefined,
): boolean {
  if (supportCase.external_id === null || direction !== 'out' || supportCase.customer === undefined)
    return false;
  // What was sent to nobody in particular (Bcc alone) was sent to whoever answers it.
  return !view.isCustomerOf(supportCase, addressee ?? customer);
}
