import { isAutomatic } from '../message/kind.ts';
import { type Conclusion, type Status, setBy } from '../rules/directives.ts';
import type { Cause } from './change.ts';
import { replaceCustomer, setStatus } from './change-case.ts';
import { type CaseDecision, decideCase, noteCase } from './decide-case.ts';
import { decideCustomer, knownCustomer } from './decide-customer.ts';
import { conclude, refuse } from './directives.ts';
import type { Incoming } from './incoming.ts';
import { askedStatus, isSettled, nextStatus } from './lifecycle.ts';
import { isOutsider, noteOutsider, noteParticipants } from './participation.ts';
import type { NewInteraction, Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import { caseNamed, move, type Refiled } from './refile.ts';
import { repeatedOf, withAll, without } from './repeated.ts';
import { setFields } from './set-fields.ts';
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
 * customer, direction and case become what they would be had the trusted copy come first. What rules have done for the
 * other copy they have done. Any other copy changes nothing.
 */
export function applyCopy(view: View, plan: Plan, policy: Policy, original: Original, copy: Incoming): void {
  const { ref, changeable } = original;
  if (!copy.trusted || changeable === undefined || isReadAgain(changeable, copy)) return;
  original.changeable = undefined;
  const { known, isFirst, applied } = changeable;
  // What lies in a sent folder is outbound, whatever a copy elsewhere looks like.
  const asked = copy.directives.interaction.direction;
  const direction = asked ?? (known.direction === 'out' ? 'out' : copy.direction);
  if (direction !== copy.direction) {
    conclude(copy.directives, {
      what: 'direction',
      value: direction,
      why: 'the other copy lies in a folder of sent mail',
    });
  }
  const placed = { ...copy, direction, receivedAt: known.receivedAt };
  const repeated = repeatedOf(copy.directives, applied);
  const out = repeated.filter(({ field }) => isWhose(field) && direction === known.direction);
  out.push(...repeated.filter(({ field }) => field === 'case.external_id'));
  const named: Incoming = { ...placed, directives: without(copy.directives, out) };
  const { address, external_id } = named.directives.customer;
  const isReattributed = address !== undefined || external_id !== undefined || direction !== known.direction;
  const kept = isReattributed || known.customer === undefined ? undefined : known.customer;
  const tied = kept && { customer: kept, why: 'as the other copy said: no header of this one names another' };
  if ((kept ?? knownCustomer(view, named)) === known.customer) {
    out.push(...repeated.filter(({ field }) => field.startsWith('customer.') && !isWhose(field)));
  }
  const attributed: Incoming = { ...placed, directives: without(copy.directives, out) };
  const customer = decideCustomer(view, plan, policy, attributed, tied);
  const { supportCase, isNewCase, why, by } = caseOf(
    view,
    plan,
    policy,
    ref,
    changeable,
    attributed,
    customer,
  );
  if (why !== undefined) noteCase(attributed, supportCase, why);
  const cause: Cause = { supportCase, interaction: ref, at: known.receivedAt };
  const isMoved = supportCase !== known.supportCase;
  const ofCase = repeated.filter(({ field }) => field.startsWith('case.') && field !== 'case.external_id');
  // The case that it comes into knows nothing of what rules have done to the one that it leaves.
  const again = isMoved ? [] : ofCase;
  const directives = without(attributed.directives, again);
  const incoming: Incoming = { ...placed, directives };
  // A trusted header that names the case has put the mail there.
  const externalId = copy.directives.case.external_id;
  const isNamed = externalId !== undefined && view.casesByExternalId.get(externalId) === supportCase;
  const isStillOutsider = changeable.outsider && !isNamed && direction === 'in';
  const outsider = by ? isOutsider(view, { supportCase, by }, incoming, customer) : isStillOutsider;
  if (outsider) noteOutsider(incoming);

  const isPerson = !isAutomatic(copy.message.kind);
  // A customer whom a person has given to the case since is not the mail's to take away.
  const isItsOwn = !isMoved && isFirst && isReattributed && supportCase.customer === known.customer;
  if (customer && customer !== supportCase.customer) {
    if (isItsOwn || (isPerson && !outsider && supportCase.customer === undefined)) {
      replaceCustomer(plan, cause, customer, 'a trusted copy says whose mail it is');
    }
  }
  const status = statusAfter(view, policy, known, incoming, supportCase, customer, isNewCase);
  conclude(directives, { what: 'status', ...status });
  if (isNewCase || status.value !== supportCase.status) setStatus(plan, cause, status, isNewCase);
  setFields(plan, cause, directives, isNewCase || !isSettled(view, policy, supportCase, known.receivedAt));
  if (!outsider) noteParticipants(view, plan, supportCase, incoming, customer);
  if (isPerson) view.noteActivity(supportCase, direction, known.receivedAt);
  if (known.direction === 'in' && known.customer) view.forgetInbound(known.customer, known.receivedAt);
  if (isMoved) {
    const left = { supportCase: known.supportCase, interaction: ref, at: known.receivedAt };
    move(view, plan, left, supportCase, 'a trusted copy moved its only mail to another case');
  }
  Object.assign(known, { supportCase, customer, direction });
  const all = withAll(directives, copy.directives.applied, [...out, ...again]);
  if (ref.id !== undefined) {
    const { kind } = copy.message;
    const said = directives.interaction;
    const isCopy = { trusted: true, fromCopy: true };
    const where = { supportCase, customer, direction, kind, outsider };
    plan.changed.push({ id: ref.id, ...where, directives: all, said, ...isCopy });
    return;
  }
  // The original is of this batch, and not stored yet.
  const interaction = ref as NewInteraction;
  const { kind } = copy.message;
  const message = { ...interaction.incoming.message, kind };
  const amended = { ...interaction.incoming, message, directives: all, trusted: true, direction };
  Object.assign(interaction, { incoming: amended, supportCase, customer, outsider, fromCopy: true });
}

/** Whether a field says whose mail it is. @param field as in Applied */
function isWhose(field: string): boolean {
  return field === 'customer.email' || field === 'customer.external_id';
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
): Conclusion<Status> {
  const { lastIn } = view.activityOf(supportCase);
  const asked = incoming.directives.case.status;
  const isLate = !isNewCase && lastIn !== undefined && lastIn > known.receivedAt;
  if (isLate && asked !== undefined && asked !== 'open' && asked !== supportCase.status) {
    refuse(incoming.directives, 'case.status', 'the trusted copy came late, and the case has newer mail');
    return { value: supportCase.status, why: 'the trusted copy came late' };
  }
  if (supportCase !== known.supportCase || incoming.direction !== known.direction) {
    return nextStatus(view, policy, incoming, supportCase, customer, isNewCase);
  }
  const stays = { value: supportCase.status, why: 'the other copy had its effect already' };
  return askedStatus(view, policy, incoming, supportCase, false) ?? stays;
}

/** Whether it is no other copy but the very message, read once more because UIDVALIDITY changed: its verdict stands. */
function isReadAgain({ known, readBefore }: Changeable, { folder, receivedAt }: Incoming): boolean {
  return readBefore.includes(folder.folderId) && known.receivedAt.getTime() === receivedAt.getTime();
}

/**
 * The case that the copy's external id names: it may be the one there is, another one, or a new one. Without an external
 * id the mail stays, unless it lies there only because of a flood, which trusted mail never is.
 *
 * @returns also what led there, where that was decided anew
 */
function caseOf(
  view: View,
  plan: Plan,
  policy: Policy,
  interaction: InteractionRef,
  changeable: Changeable,
  incoming: Incoming,
  customer: Customer | undefined,
): Refiled & Partial<Pick<CaseDecision, 'by'>> {
  const { known, isPlaced, flooded } = changeable;
  const { directives } = incoming;
  const externalId = directives.case.external_id;
  const named = `a trusted copy: ${setBy(directives, 'case.external_id')} names it`;
  const stays = { supportCase: known.supportCase, isNewCase: false, why: 'where the other copy lies' };
  if (isPlaced) {
    if (externalId !== undefined && externalId !== known.supportCase.external_id) {
      refuse(directives, 'case.external_id', 'a person has put the mail into this case');
    }
    // Who it was stands in the events of the case.
    return { ...stays, why: undefined };
  }
  if (flooded && externalId === undefined) {
    const answered = answeredInteraction(view, incoming, customer);
    const { supportCase, by, why } = decideCase(view, plan, policy, incoming, customer, answered);
    if (by === 'new') view.noteSize(supportCase, 0);
    return { supportCase, isNewCase: by === 'new', why, by };
  }
  if (externalId === undefined || externalId === known.supportCase.external_id) return stays;
  const other = view.casesByExternalId.get(externalId);
  if (other && policy.importing && known.supportCase.status !== 'closed') {
    refuse(directives, 'case.external_id', 'imported, and the mail lies in a case that is not closed');
    return stays;
  }
  const said = { at: incoming.receivedAt, why: named };
  return caseNamed(view, plan, interaction, changeable, incoming, customer, externalId, said);
}
