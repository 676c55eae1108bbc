import { type Conclusion, type Directives, type Status, setBy } from '../rules/directives.ts';
import { MAX_CUSTOM_FIELDS, MAX_LABELS } from '../rules/limits.ts';
import { hasRoomFor, withField } from './custom-fields.ts';
import { conclude, refuse } from './directives.ts';
import { isSettled, nextStatus } from './lifecycle.ts';
import type { EventValue, NewInteraction, Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import type { InteractionRef, SupportCase, View } from './view.ts';

/** The message that changes a case, and the interaction that it is, or is a copy of. */
export interface Cause {
  readonly supportCase: SupportCase;
  readonly interaction: InteractionRef;
  readonly at: Date;
}

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
  isFirst: boolean,
): void {
  const { supportCase, incoming, customer } = interaction;
  const { receivedAt, directives } = incoming;
  const status = nextStatus(view, policy, incoming, supportCase, customer, isFirst);
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

/**
 * Sets what a message's headers say of its case, the status aside.
 *
 * @param mayReplace false where only what is empty may be filled, and labels added
 */
export function setFields(plan: Plan, cause: Cause, directives: Directives, mayReplace = true): void {
  const { supportCase } = cause;
  const { priority, language, subject, labels, custom_fields } = directives.case;
  const replaces = (old: unknown, value: unknown) =>
    value !== undefined && value !== old && (mayReplace || old === null);
  const reason = (field: string) => setBy(directives, `case.${field}`) ?? null;
  if (priority !== undefined && replaces(supportCase.priority, priority)) {
    const old = supportCase.priority === null ? null : String(supportCase.priority);
    change(plan, cause, 'priority', old, String(priority), reason('priority'));
    supportCase.priority = priority;
  }
  if (language !== undefined && replaces(supportCase.language, language)) {
    change(plan, cause, 'language', supportCase.language, language, reason('language'));
    supportCase.language = language;
  }
  if (subject !== undefined && replaces(supportCase.subject, subject)) {
    change(plan, cause, 'subject', supportCase.subject, subject, reason('subject'));
    supportCase.subject = subject;
  }
  const missing = labels.filter((label) => !supportCase.labels.includes(label));
  const added = missing.slice(0, Math.max(0, MAX_LABELS - supportCase.labels.length));
  if (added.length < missing.length) {
    directives.refused.push({
      by: reason('labels') ?? 'labels',
      value: missing.slice(added.length).join(', '),
      reason: `a case has at most ${MAX_LABELS} labels`,
    });
  }
  if (added.length > 0) {
    const all = [...supportCase.labels, ...added];
    const old = supportCase.labels.join(', ') || null;
    change(plan, cause, 'labels', old, all.join(', '), reason('labels'));
    supportCase.labels = all;
  }
  for (const [key, value] of custom_fields) {
    const old = Object.hasOwn(supportCase.custom_fields, key)
      ? (supportCase.custom_fields[key] ?? null)
      : null;
    if (!replaces(old, value)) continue;
    if (!hasRoomFor(supportCase.custom_fields, key)) {
      refuse(
        directives,
        `case.custom_fields.${key}`,
        `a case has at most ${MAX_CUSTOM_FIELDS} custom fields`,
      );
      continue;
    }
    change(plan, cause, `custom_fields.${key}`, old, value, reason(`custom_fields.${key}`));
    supportCase.custom_fields = withField(supportCase.custom_fields, key, value);
  }
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

/** Notes a change of one field, and that the case is to be stored. */
export function change(
  plan: Plan,
  { supportCase, interaction, at }: Cause,
  field: string,
  old: EventValue,
  value: EventValue,
  reason: string | null,
): void {
  plan.cases.add(supportCase);
  plan.events.push({ supportCase, at, field, old, new: value, interaction, reason });
}
