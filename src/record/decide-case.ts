import { setBy } from '../rules/directives.ts';
import { conclude } from './directives.ts';
import type { Incoming } from './incoming.ts';
import type { Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import { type Answered, answeringInteraction, namedBy, type Tie, whyNotJoin } from './threading.ts';
import type { Customer, SupportCase, View } from './view.ts';

export interface CaseDecision {
  readonly supportCase: SupportCase;
  /** What led there: the external id, what the message answers (or what answers it), the number in the subject. */
  readonly by: 'external_id' | 'thread' | 'number' | 'new';
  /** The same, for people. */
  readonly why: string;
}

/**
 * Finds the case of a message: by external id, else by what it answers, else by what answers it, else by the number in
 * its subject, else a new one.
 */
export function decideCase(
  view: View,
  plan: Plan,
  policy: Policy,
  incoming: Incoming,
  customer: Customer | undefined,
  answered: Answered | undefined,
): CaseDecision {
  const externalId = incoming.directives.case.external_id;
  if (externalId !== undefined) return namedCase(view, plan, incoming, customer, externalId);
  const answering = answeringInteraction(view, incoming, customer);
  // Where the case of what it answers is closed, the answer to it has begun the one that goes on.
  const goesOn =
    answered?.known.supportCase.status === 'closed' && answering?.supportCase.status !== 'closed';
  const join = (tied: Tie, by: 'thread' | 'number', how: string) =>
    joinOrFollow(view, plan, policy, incoming, customer, tied, by, how);
  if (answering && (goesOn || answered === undefined)) {
    return join(answering, 'thread', 'an answer to this mail was read before it');
  }
  if (answered) {
    const { known, messageId } = answered;
    return join(known, 'thread', `${namedBy(incoming.message, messageId)} names <${messageId}>`);
  }
  const numbered = numberedCase(view, incoming, customer);
  // Whoever writes in its subject is a part of the case already, so it is no campaign's.
  if (numbered) return join({ supportCase: numbered }, 'number', 'the subject has its number');
  const supportCase = newCase(plan, incoming, customer, undefined);
  return { supportCase, by: 'new', why: 'a new one: no external id, and nothing recorded that it answers' };
}

/** The case of an external id, made where there is none. */
function namedCase(
  view: View,
  plan: Plan,
  incoming: Incoming,
  customer: Customer | undefined,
  externalId: string,
): CaseDecision {
  const header = setBy(incoming.directives, 'case.external_id') ?? 'the external id';
  const known = view.casesByExternalId.get(externalId);
  if (known) return { supportCase: known, by: 'external_id', why: `${header} names it` };
  const supportCase = newCase(plan, incoming, customer, undefined);
  giveExternalId(view, supportCase, externalId);
  return { supportCase, by: 'new', why: `a new one: ${header} is the first with this id` };
}

/** @param how what ties the message to the case, for people */
function joinOrFollow(
  view: View,
  plan: Plan,
  policy: Policy,
  incoming: Incoming,
  customer: Customer | undefined,
  tied: Tie,
  by: 'thread' | 'number',
  how: string,
): CaseDecision {
  const { supportCase } = tied;
  const whyNot = whyNotJoin(view, policy, tied, incoming, customer);
  if (whyNot === undefined) return { supportCase, by, why: how };
  const name = supportCase.id === undefined ? 'that case' : `case ${supportCase.id}`;
  const why = `${how}, but ${name} is ${whyNot}: a new case follows it`;
  return { supportCase: newCase(plan, incoming, customer, supportCase), by: 'new', why };
}

/**
 * The case whose number the subject has. Numbers can be guessed, so the sender, or a recipient that is not own, must be
 * a part of that case already, and the sender must not be known to be forged.
 */
function numberedCase(
  view: View,
  { caseNumbers, parties, senderAuth }: Incoming,
  customer: Customer | undefined,
): SupportCase | undefined {
  if (senderAuth === 'fail') return undefined;
  const sender = parties.sender === undefined ? undefined : view.customerAt(parties.sender);
  const keys = [
    ...(parties.sender === undefined ? [] : [parties.sender]),
    ...(sender ? view.keysOf(sender) : []),
    ...parties.recipients,
  ];
  // A contact form of our own, or a colleague, speaks for the customer.
  if (parties.isFromOwn && customer) keys.push(...view.keysOf(customer));
  return caseNumbers
    .map((number) => view.casesById.get(number))
    .find((supportCase) => supportCase && view.isParticipant(supportCase, keys));
}

export function giveExternalId(view: View, supportCase: SupportCase, externalId: string): void {
  supportCase.external_id = externalId;
  view.casesByExternalId.set(externalId, supportCase);
}

export function newCase(
  plan: Plan,
  { message, receivedAt }: Incoming,
  customer: Customer | undefined,
  followUpOf: SupportCase | undefined,
): SupportCase {
  const supportCase: SupportCase = {
    id: undefined,
    customer,
    external_id: null,
    subject: message.subject ?? null,
    status: 'new',
    priority: null,
    language: null,
    labels: [],
    custom_fields: {},
    followUpOf,
    received_at: receivedAt,
    opened_at: null,
    first_resolved_at: null,
    resolved_at: null,
    closed_at: null,
  };
  plan.cases.add(supportCase);
  return supportCase;
}

/** What was decided of the case, as it is kept with the interaction. A case that is new has no number yet. */
export function noteCase({ directives }: Incoming, { id, external_id }: SupportCase, why: string): void {
  const value = external_id ?? (id === undefined ? null : `case ${id}`);
  conclude(directives, { what: 'case', value, why });
}
