import type { Conclusion, Status } from '../rules/directives.ts';
import { type Cause, change } from './change.ts';
import { conclude } from './directives.ts';
import type { Incoming } from './incoming.ts';
import { askedStatus, isSettled, nextStatus } from './lifecycle.ts';
import type { NewInteraction, Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import { setFields } from './set-fields.ts';
import type { SupportCase, View } from './view.ts';

type StatusTimes = Pick<
  SupportCase,
  'status' | 'opened_at' | 'first_resolved_at' | 'resolved_at' | 'closed_at'
>;

/** Applies what a message means for its case: what its headers say, else the lifecycle. Every change is an event. */
export function changeCase(
  view: View,
  plan: Plan,
  policy: Policy,
  interaction: NewInteraction,
  { isFirst, isFlood }: { isFirst: boolean; isFlood: boolean },
): void {
  const { supportCase, incoming, customer } = interaction;
  const { receivedAt, directives } = incoming;
  const status = isFlood
    ? floodStatus(view, policy, incoming, supportCase)
    : nextStatus(view, policy, incoming, supportCase, customer, isFirst);
  const cause = { supportCase, interaction, at: receivedAt };
  if (receivedAt < supportCase.received_at && policy.importing) {
    const [old, earlier] = [supportCase.received_at.toISOString(), receivedAt.toISOString()];
    change(plan, cause, 'received_at', old, earlier, 'older mail was imported');
    supportCase.received_at = receivedAt;
  }
  const mayReplace = isFirst || !isSettled(view, policy, supportCase, receivedAt);
  conclude(directives, { what: 'status', ...status });
  if (isFirst || status.value !== supportCase.status) setStatus(plan, cause, status, isFirst);
  setFields(plan, cause, directives, mayReplace);
}

/** A flood reopens nothing, but what a rule says of the status it says. */
function floodStatus(
  view: View,
  policy: Policy,
  incoming: Incoming,
  supportCase: SupportCase,
): Conclusion<Status> {
  const stays = { value: supportCase.status, why: 'a flood reopens nothing' };
  return askedStatus(view, policy, incoming, supportCase, false) ?? stays;
}

/** Sets a case's status, with the times that go with it, as an event. */
export function setStatus(
  plan: Plan,
  cause: Cause,
  { value: status, why }: Conclusion<Status>,
  isFirst = false,
): void {
  const { supportCase, at } = cause;
  change(plan, cause, 'status', isFirst ? null : supportCase.status, status, why);
  enterStatus(supportCase, status, at);
}

/** Puts a case into a status, with the times that go with it. */
export function enterStatus(supportCase: StatusTimes, status: Status, at: Date): void {
  supportCase.status = status;
  if (status === 'open') supportCase.opened_at = at;
  if (status === 'resolved') {
    supportCase.first_resolved_at ??= at;
    supportCase.resolved_at = at;
  }
  if (status === 'closed') supportCase.closed_at = at;
}

/** Gives a case the customer of a message, where it has none: a case keeps its first customer. */
export function setCaseCustomer(plan: Plan, interaction: NewInteraction): void {
  const { supportCase, customer, incoming } = interaction;
  if (supportCase.customer !== undefined || customer === undefined) return;
  const cause = { supportCase, interaction, at: incoming.receivedAt };
  replaceCustomer(plan, cause, customer, 'the first customer of a case is its own');
}

export function replaceCustomer(
  plan: Plan,
  cause: Cause,
  customer: NonNullable<SupportCase['customer']>,
  why: string,
): void {
  const { supportCase } = cause;
  change(plan, cause, 'customer_id', supportCase.customer ?? null, customer, why);
  supportCase.customer = customer;
}
