import { isAutomatic } from '../message/kind.ts';
import type { Status } from '../rules/directives.ts';
import { type Cause, change, replaceCustomer, setFields, setStatus } from './change-case.ts';
import { decideCase, giveExternalId, newCase } from './decide-case.ts';
import { decideCustomer } from './decide-customer.ts';
import { refuse } from './directives.ts';
import type { Incoming } from './incoming.ts';
import { askedStatus, isSettled, nextStatus } from './lifecycle.ts';
import { noteParticipants } from './participation.ts';
import type { NewInteraction, Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import { answeredInteraction } from './threading.ts';
import type {
  Changeable,
  Customer,
  InteractionRef,
  KnownInteraction,
  Original,
  SupportCase,
  View,
} from './view.ts';

/**
 * Applies the headers of a trusted copy to the interaction that an untrusted copy of the same mail has made, once: its
 * customer, direction and case become what they would be had the trusted copy come first. Any other copy changes
 * nothing.
 */
export function applyCopy(view: View, plan: Plan, policy: Policy, original: Original, copy: Incoming): void {
  const { ref, changeable } = original;
  if (!copy.trusted || changeable === undefined || isReadAgain(changeable, copy)) return;
  original.changeable = undefined;
  const { known, isFirst } = changeable;
  const { directives } = copy;
  // What lies in a sent folder is outbound, whatever a copy elsewhere looks like.
  const direction = directives.interaction.direction ?? (known.direction === 'out' ? 'out' : copy.direction);
  const incoming: Incoming = { ...copy, direction, receivedAt: known.receivedAt };
  const names = directives.customer.address !== undefined || directives.customer.external_id !== undefined;
  const isReattributed = names || direction !== known.direction;
  const customer = decideCustomer(view, plan, policy, incoming, isReattributed ? undefined : known.customer);
  const { supportCase, isNewCase } = caseOf(view, plan, policy, ref, changeable, incoming, customer);
  const cause: Cause = { supportCase, interaction: ref, at: known.receivedAt };
  const isMoved = supportCase !== known.supportCase;

  const isPerson = !isAutomatic(copy.message.kind);
  const isItsOwn = !isMoved && isFirst;
  if (customer && customer !== supportCase.customer) {
    if (isItsOwn || (isPerson && supportCase.customer === undefined)) replaceCustomer(plan, cause, customer);
  }
  const status = statusAfter(view, policy, known, incoming, supportCase, customer, isNewCase);
  if (isNewCase || status !== supportCase.status) setStatus(plan, cause, status, isNewCase);
  setFields(plan, cause, directives, isNewCase || !isSettled(view, policy, supportCase, known.receivedAt));
  // A trusted header that names the case has put the mail there.
  const isNamed = directives.case.external_id !== undefined || isMoved;
  const outsider = changeable.outsider && !isNamed && direction === 'in';
  if (!outsider) noteParticipants(view, plan, supportCase, incoming, customer);
  if (isPerson) view.noteActivity(supportCase, direction, known.receivedAt);
  if (known.direction === 'in' && known.customer) view.forgetInbound(known.customer, known.receivedAt);
  if (isMoved) leave(view, plan, ref, known);
  if (isMoved) view.resize(supportCase, 1);
  Object.assign(known, { supportCase, customer, direction });
  if (ref.id !== undefined) {
    plan.changed.push({ id: ref.id, supportCase, customer, direction, directives, outsider });
    return;
  }
  // The original is of this batch, and not stored yet.
  const interaction = ref as NewInteraction;
  const amended = { ...interaction.incoming, directives, trusted: true, direction };
  Object.assign(interaction, { incoming: amended, supportCase, customer, outsider });
}

/**
 * The status of the case with the mail in it. Where the mail lies is where it lay: then it has had its effect on the
 * case, and only what a header asks for is new. That does not count where somebody has written since.
 */
function statusAfter(
  view: View,
  policy: Policy,
  known: KnownInteraction,
  incoming: Incoming,
  supportCase: SupportCase,
  customer: Customer | undefined,
  isNewCase: boolean,
): Status {
  const { lastIn } = view.activityOf(supportCase);
  const asked = incoming.directives.case.status;
  const isLate = !isNewCase && lastIn !== undefined && lastIn > known.receivedAt;
  if (isLate && asked !== undefined && asked !== 'open' && asked !== supportCase.status) {
    refuse(incoming.directives, 'case.status', 'the trusted copy came late, and the case has newer mail');
    return supportCase.status;
  }
  if (supportCase !== known.supportCase || incoming.direction !== known.direction) {
    return nextStatus(view, policy, incoming, supportCase, customer, isNewCase);
  }
  return askedStatus(view, policy, incoming, supportCase, false) ?? supportCase.status;
}

/** Whether it is no other copy but the very message, read once more because UIDVALIDITY changed: its verdict stands. */
function isReadAgain({ known, readBefore }: Changeable, { folder, receivedAt }: Incoming): boolean {
  return readBefore.includes(folder.folderId) && known.receivedAt.getTime() === receivedAt.getTime();
}

/**
 * The case that the copy's external id names: it may be the one there is, another one, or a new one. Without an external
 * id the mail stays, unless it lies there only because of a flood, which trusted mail never is.
 */
function caseOf(
  view: View,
  plan: Plan,
  policy: Policy,
  interaction: InteractionRef,
  { known, isFirst, flooded }: Changeable,
  incoming: Incoming,
  customer: Customer | undefined,
): { supportCase: SupportCase; isNewCase: boolean } {
  const { directives } = incoming;
  const externalId = directives.case.external_id;
  const stays = { supportCase: known.supportCase, isNewCase: false };
  if (flooded && externalId === undefined) {
    const answered = answeredInteraction(view, incoming, customer);
    const { supportCase, by } = decideCase(view, plan, policy, incoming, customer, answered);
    return begun(view, supportCase, by === 'new');
  }
  if (externalId === undefined || externalId === known.supportCase.external_id) return stays;
  const named = view.casesByExternalId.get(externalId);
  if (named && policy.importing && known.supportCase.status !== 'closed') {
    refuse(directives, 'case.external_id', 'imported, and the mail lies in a case that is not closed');
    return stays;
  }
  if (named) return { supportCase: named, isNewCase: false };
  if (isFirst && known.supportCase.external_id === null) {
    const cause = { supportCase: known.supportCase, interaction, at: incoming.receivedAt };
    change(plan, cause, 'external_id', null, externalId);
    giveExternalId(view, known.supportCase, externalId);
    return stays;
  }
  const supportCase = newCase(plan, incoming, customer, undefined);
  giveExternalId(view, supportCase, externalId);
  return begun(view, supportCase, true);
}

function begun(view: View, supportCase: SupportCase, isNewCase: boolean) {
  if (isNewCase) view.noteSize(supportCase, 0);
  return { supportCase, isNewCase };
}

/** A case that held nothing but what was moved out of it has nothing left to do. */
function leave(
  view: View,
  plan: Plan,
  interaction: InteractionRef,
  { supportCase, receivedAt }: KnownInteraction,
): void {
  if (view.resize(supportCase, -1) !== 0 || supportCase.status === 'closed') return;
  setStatus(plan, { supportCase, interaction, at: receivedAt }, 'closed');
}
