import type { Incoming } from './incoming.ts';
import type { Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import { answeringInteraction, mayJoin, type Tie } from './threading.ts';
import type { Customer, KnownInteraction, SupportCase, View } from './view.ts';

export interface CaseDecision {
  readonly supportCase: SupportCase;
  /** What led there: the external id, what the message answers (or what answers it), the number in the subject. */
  readonly by: 'external_id' | 'thread' | 'number' | 'new';
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
  answered: KnownInteraction | undefined,
): CaseDecision {
  const externalId = incoming.directives.case.external_id;
  if (externalId !== undefined) {
    const known = view.casesByExternalId.get(externalId);
    if (known) return { supportCase: known, by: 'external_id' };
    const supportCase = newCase(plan, incoming, customer, undefined);
    giveExternalId(view, supportCase, externalId);
    return { supportCase, by: 'new' };
  }
  const answering = answeringInteraction(view, incoming, customer);
  // Where the case of what it answers is closed, the answer to it has begun the one that goes on.
  const goesOn = answered?.supportCase.status === 'closed' && answering?.supportCase.status !== 'closed';
  const tied = goesOn ? (answering ?? answered) : (answered ?? answering);
  if (tied) return join(view, plan, policy, incoming, customer, tied, 'thread');
  const numbered = numberedCase(view, incoming, customer);
  // Whoever writes in its subject is a part of the case already, so it is no campaign's.
  if (numbered) {
    const tied = { supportCase: numbered };
    return join(view, plan, policy, incoming, customer, tied, 'number');
  }
  return { supportCase: newCase(plan, incoming, customer, undefined), by: 'new' };
}

function join(
  view: View,
  plan: Plan,
  policy: Policy,
  incoming: Incoming,
  customer: Customer | undefined,
  tied: Tie,
  by: 'thread' | 'number',
): CaseDecision {
  if (mayJoin(view, policy, tied, incoming, customer)) return { supportCase: tied.supportCase, by };
  return { supportCase: newCase(plan, incoming, customer, tied.supportCase), by: 'new' };
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
