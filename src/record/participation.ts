import { type Address, addressKey } from '../message/addresses.ts';
import { isAutomatic } from '../message/kind.ts';
import type { CaseDecision } from './decide-case.ts';
import { knownCustomer } from './decide-customer.ts';
import { conclude } from './directives.ts';
import { type Incoming, isClaim } from './incoming.ts';
import type { Plan } from './plan.ts';
import type { Customer, SupportCase, View } from './view.ts';

/**
 * Whether a message is from somebody who has had no part in the case that it joined by what it answers: a Message-ID
 * can be guessed or passed on. Own people never are outsiders; who is known to be forged always is. An external id puts
 * nobody outside where a trusted mail has it; a rule takes one out of a subject that anybody can write.
 */
export function isOutsider(
  view: View,
  { supportCase, by }: Pick<CaseDecision, 'supportCase' | 'by'>,
  incoming: Incoming,
  customer: Customer | undefined,
): boolean {
  const { direction, parties, senderAuth, message } = incoming;
  const isClaimed = by === 'thread' || by === 'number' || (by === 'external_id' && !incoming.trusted);
  if (!isClaimed || direction === 'out') return false;
  if (senderAuth === 'fail') return true;
  if (parties.isFromOwn) return false;
  const keys =
    message.kind === 'bounce' ? keysOfFailed(view, incoming) : keysOfSender(view, incoming, customer);
  return !view.isParticipant(supportCase, keys);
}

/** Keeps why a message is an outsider's. */
export function noteOutsider({ directives, senderAuth, message }: Incoming): void {
  const why =
    senderAuth === 'fail'
      ? 'From is known to be forged'
      : message.kind === 'bounce'
        ? 'neither the recipient that the report names nor From has had a part in this case'
        : 'the sender has had no part in this case';
  conclude(directives, { what: 'outsider', value: 'outsider', why });
}

/** The key of an address, where it is the customer's: a Reply-To that did not count is not. */
function ownKeys(view: View, customer: Customer, { address }: Address): string[] {
  const key = addressKey(address);
  return view.customerAt(key) === customer ? [key] : [];
}

function keysOfSender(view: View, incoming: Incoming, customer: Customer | undefined): string[] {
  const { sender } = incoming.parties;
  // Whom a rule took out of an untrusted mail, its sender need not be.
  const keys = customer && !isClaim(incoming) ? [...view.keysOf(customer)] : [];
  return sender === undefined ? keys : [...keys, sender];
}

/**
 * A mail system speaks for the recipient that its report names. Whose the mail is says nothing here: where that recipient
 * has had no part, it is the bounced mail's customer, and anybody can make up a report of a mail.
 */
function keysOfFailed(view: View, incoming: Incoming): string[] {
  const keys = keysOfSender(view, incoming, knownCustomer(view, incoming));
  const failed = isClaim(incoming) ? undefined : incoming.customer.address;
  return failed === undefined ? keys : [...keys, addressKey(failed.address)];
}

/** Makes the people of a message a part of its case. What wrote itself makes nobody one. */
export function noteParticipants(
  view: View,
  plan: Plan,
  supportCase: SupportCase,
  incoming: Incoming,
  customer: Customer | undefined,
): void {
  const { message, parties } = incoming;
  const keys = isAutomatic(message.kind)
    ? []
    : [...(parties.sender === undefined ? [] : [parties.sender]), ...parties.recipients];
  // His other addresses need no row: whoever asks knows them all.
  const { address } = incoming.customer;
  if (customer && address) keys.push(...ownKeys(view, customer, address));
  for (const key of view.addParticipants(supportCase, keys)) plan.participants.push({ supportCase, key });
}
