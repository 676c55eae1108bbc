import { isAutomatic } from '../message/kind.ts';
import type { Incoming } from './incoming.ts';
import type { Plan } from './plan.ts';
import type { Customer, KnownInteraction, SupportCase, View } from './view.ts';

export interface CaseDecision {
  readonly supportCase: SupportCase;
  readonly isNew: boolean;
}

/** Finds the case of a message: by external id, else by what it answers, else a new one. */
export function decideCase(
  view: View,
  plan: Plan,
  incoming: Incoming,
  customer: Customer | undefined,
): CaseDecision {
  const externalId = incoming.directives.case.external_id;
  if (externalId !== undefined) {
    const known = view.casesByExternalId.get(externalId);
    if (known) return { supportCase: known, isNew: false };
    const supportCase = newCase(plan, incoming, customer, undefined);
    supportCase.external_id = externalId;
    view.casesByExternalId.set(externalId, supportCase);
    return { supportCase, isNew: true };
  }
  const answered = answeredInteraction(view, incoming, customer);
  if (answered && (isAutomatic(incoming.message.kind) || isOpenTo(answered))) {
    return { supportCase: answered.supportCase, isNew: false };
  }
  return { supportCase: newCase(plan, incoming, customer, answered?.supportCase), isNew: true };
}

/**
 * The interaction that a message answers: In-Reply-To, then References from the last to the first (RFC 5322, section
 * 3.6.4). A Message-ID that several interactions share leads to the one whose customer is the sender, else nowhere.
 */
function answeredInteraction(
  view: View,
  { message }: Incoming,
  customer: Customer | undefined,
): KnownInteraction | undefined {
  for (const id of [...message.inReplyTo, ...message.references.toReversed()]) {
    const known = view.interactionsByMessageId.get(id) ?? [];
    if (known.length === 1) return known[0];
    const own = known.filter((each) => each.customer !== undefined && each.customer === customer);
    if (own.length > 0) return own.at(-1);
  }
  return undefined;
}

/**
 * Whether a reply may join the answered interaction's case. A closed case stays closed, and the case of a campaign (one
 * external id, many customers) is no place for one recipient's reply: both get a new case that points back.
 */
function isOpenTo({ supportCase, customer }: KnownInteraction): boolean {
  const isCampaign =
    customer !== undefined && supportCase.customer !== undefined && customer !== supportCase.customer;
  return supportCase.status !== 'closed' && !isCampaign;
}

function newCase(
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
