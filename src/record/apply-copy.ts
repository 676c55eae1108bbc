import { type Cause, change, replaceCustomer, setFields, setStatus } from './change-case.ts';
import { giveExternalId, newCase } from './decide-case.ts';
import { decideCustomer } from './decide-customer.ts';
import type { Incoming } from './incoming.ts';
import { askedStatus, isSettled } from './lifecycle.ts';
import { noteParticipants } from './participation.ts';
import type { NewInteraction, Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import type { Changeable, Customer, InteractionRef, Original, SupportCase, View } from './view.ts';

/**
 * Applies the headers of a trusted copy to the interaction that an untrusted copy of the same mail has made, once: its
 * customer, direction and case become what they would be had the trusted copy come first. Any other copy changes
 * nothing.
 */
export function applyCopy(
  view: View,
  plan: Plan,
  policy: Policy,
  original: Original,
  incoming: Incoming,
): void {
  const { ref, changeable } = original;
  if (!incoming.trusted || changeable === undefined) return;
  original.changeable = undefined;
  const { known, isFirst } = changeable;
  const { directives, receivedAt } = incoming;
  const direction = directives.interaction.direction ?? known.direction;
  const names = directives.customer.address !== undefined || directives.customer.external_id !== undefined;
  const isReattributed = names || direction !== known.direction;
  const customer = decideCustomer(view, plan, policy, incoming, isReattributed ? undefined : known.customer);
  const { supportCase, isNewCase } = caseOf(view, plan, ref, changeable, incoming, customer);
  const cause: Cause = { supportCase, interaction: ref, at: receivedAt };

  const wasBegun = supportCase === known.supportCase && isFirst;
  if (wasBegun && customer !== undefined && customer !== supportCase.customer) {
    replaceCustomer(plan, cause, customer);
  }
  const asked = askedStatus(view, policy, incoming, supportCase, isNewCase);
  const beginsOutbound = direction === 'out' && supportCase.status === 'new' && (isNewCase || wasBegun);
  const status = asked ?? (beginsOutbound ? 'pending' : supportCase.status);
  if (isNewCase || status !== supportCase.status) setStatus(plan, cause, status, isNewCase);
  setFields(plan, cause, directives, isNewCase || !isSettled(view, policy, supportCase, receivedAt));
  noteParticipants(view, plan, supportCase, incoming, customer);
  if (supportCase !== known.supportCase) leave(plan, ref, changeable, receivedAt);
  Object.assign(known, { supportCase, customer, direction });
  if (ref.id === undefined) amend(ref as NewInteraction, incoming, supportCase, customer, direction);
  else plan.changed.push({ id: ref.id, supportCase, customer, direction, directives });
}

/** The case that the copy's external id names: it may be the one there is, another one, or a new one. */
function caseOf(
  view: View,
  plan: Plan,
  interaction: InteractionRef,
  { known, isFirst }: Changeable,
  incoming: Incoming,
  customer: Customer | undefined,
): { supportCase: SupportCase; isNewCase: boolean } {
  const externalId = incoming.directives.case.external_id;
  const stays = { supportCase: known.supportCase, isNewCase: false };
  if (externalId === undefined || externalId === known.supportCase.external_id) return stays;
  const named = view.casesByExternalId.get(externalId);
  if (named) return { supportCase: named, isNewCase: false };
  if (isFirst && known.supportCase.external_id === null) {
    const cause = { supportCase: known.supportCase, interaction, at: incoming.receivedAt };
    change(plan, cause, 'external_id', null, externalId);
    giveExternalId(view, known.supportCase, externalId);
    return stays;
  }
  const supportCase = newCase(plan, incoming, customer, undefined);
  giveExternalId(view, supportCase, externalId);
  return { supportCase, isNewCase: true };
}

/** A case that held nothing but the untrusted copy has nothing left to do. */
function leave(
  plan: Plan,
  interaction: InteractionRef,
  { known: { supportCase }, isAlone }: Changeable,
  at: Date,
): void {
  const others = plan.interactions.some((each) => each !== interaction && each.supportCase === supportCase);
  if (!isAlone || others || supportCase.status === 'closed') return;
  setStatus(plan, { supportCase, interaction, at }, 'closed');
}

/** The original is of this batch, and not stored yet. */
function amend(
  interaction: NewInteraction,
  { directives }: Incoming,
  supportCase: SupportCase,
  customer: Customer | undefined,
  direction: Incoming['direction'],
): void {
  interaction.incoming = { ...interaction.incoming, directives, trusted: true, direction };
  interaction.supportCase = supportCase;
  interaction.customer = customer;
}
