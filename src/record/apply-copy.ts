import { isAutomatic } from '../message/kind.ts';
import { type Cause, change, replaceCustomer, setFields, setStatus } from './change-case.ts';
import { giveExternalId, newCase } from './decide-case.ts';
import { decideCustomer } from './decide-customer.ts';
import type { Incoming } from './incoming.ts';
import { askedStatus, isSettled, nextStatus } from './lifecycle.ts';
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
  if (!incoming.trusted || changeable === undefined || isReadAgain(changeable, incoming)) return;
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
  const isMoved = supportCase !== known.supportCase;
  // Where it lies is where it lay: then it has had its effect on the case, and only what a header asks for is new.
  const status =
    isMoved || direction !== known.direction
      ? nextStatus(view, policy, { ...incoming, direction }, supportCase, customer, isNewCase)
      : (askedStatus(view, policy, incoming, supportCase, false) ?? supportCase.status);
  if (isNewCase || status !== supportCase.status) setStatus(plan, cause, status, isNewCase);
  setFields(plan, cause, directives, isNewCase || !isSettled(view, policy, supportCase, receivedAt));
  noteParticipants(view, plan, supportCase, incoming, customer);
  if (!isAutomatic(incoming.message.kind)) view.noteActivity(supportCase, direction, receivedAt);
  if (isMoved) leave(plan, ref, changeable, receivedAt);
  Object.assign(known, { supportCase, customer, direction });
  // A trusted header has put it there.
  const outsider = changeable.outsider && !isMoved && direction === 'in';
  if (ref.id !== undefined) {
    plan.changed.push({ id: ref.id, supportCase, customer, direction, directives, outsider });
    return;
  }
  // The original is of this batch, and not stored yet.
  const interaction = ref as NewInteraction;
  const amended = { ...interaction.incoming, directives, trusted: true, direction };
  Object.assign(interaction, { incoming: amended, supportCase, customer, outsider });
}

/** Whether it is no other copy but the very message, read once more because UIDVALIDITY changed: its verdict stands. */
function isReadAgain({ known, readBefore }: Changeable, { folder, receivedAt }: Incoming): boolean {
  return readBefore.includes(folder.folderId) && known.receivedAt.getTime() === receivedAt.getTime();
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
