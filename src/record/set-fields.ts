import { allBy, type Directives } from '../rules/directives.ts';
import { MAX_CUSTOM_FIELDS, MAX_LABELS } from '../rules/limits.ts';
import { type Cause, change } from './change.ts';
import { changesOfCustomFields, withField, withoutField } from './custom-fields.ts';
import type { Plan } from './plan.ts';

/** Fields of a case that have one value each. */
const SINGLE = ['priority', 'language', 'subject'] as const;

/**
 * Sets what a message's headers and rules say of its case, the status aside. What they do not name stays.
 *
 * @param mayReplace false where only what is empty may be filled, and labels added
 */
export function setFields(plan: Plan, cause: Cause, directives: Directives, mayReplace = true): void {
  const { supportCase } = cause;
  for (const field of SINGLE) {
    const cleared = isCleared(directives, field) ? null : undefined;
    const value = directives.case[field] ?? cleared;
    const old = supportCase[field];
    if (value === undefined || value === old || !(mayReplace || old === null)) continue;
    change(plan, cause, field, textOf(old), textOf(value), reasonFor(directives, field));
    Object.assign(supportCase, { [field]: value });
  }
  setLabels(plan, cause, directives, mayReplace);
  setCustomFields(plan, cause, directives, mayReplace);
}

function textOf(value: string | number | null): string | null {
  return value === null ? null : String(value);
}

function isCleared({ byRules }: Directives, field: string): boolean {
  return byRules?.cleared.has(`case.${field}`) === true;
}

function reasonFor(directives: Directives, field: string): string | null {
  return allBy(directives, `case.${field}`) ?? null;
}

/** Labels are added to those there, unless a rule has set or removed some: one event has all of it. */
function setLabels(plan: Plan, cause: Cause, directives: Directives, mayReplace: boolean): void {
  const { supportCase } = cause;
  const { labels } = directives.case;
  const removed = directives.byRules?.labelsRemoved;
  const stays = (label: string) =>
    labels.includes(label) || !(isCleared(directives, 'labels') || removed?.has(label) === true);
  const kept = mayReplace ? supportCase.labels.filter(stays) : supportCase.labels;
  const missing = labels.filter((label) => !kept.includes(label));
  const added = missing.slice(0, Math.max(0, MAX_LABELS - kept.length));
  const reason = reasonFor(directives, 'labels');
  if (added.length < missing.length) {
    directives.refused.push({
      by: reason ?? 'labels',
      field: 'case.labels',
      value: missing.slice(added.length).join(', '),
      reason: `a case has at most ${MAX_LABELS} labels`,
    });
  }
  if (added.length === 0 && kept.length === supportCase.labels.length) return;
  const all = [...kept, ...added];
  change(plan, cause, 'labels', supportCase.labels.join(', ') || null, all.join(', ') || null, reason);
  supportCase.labels = all;
}

function setCustomFields(plan: Plan, cause: Cause, directives: Directives, mayReplace: boolean): void {
  const { supportCase } = cause;
  const refusal = `a case has at most ${MAX_CUSTOM_FIELDS} custom fields`;
  const changes = changesOfCustomFields('case', supportCase.custom_fields, directives, mayReplace, refusal);
  for (const { key, old, value } of changes) {
    const field = `custom_fields.${key}`;
    change(plan, cause, field, old, value, reasonFor(directives, field));
    supportCase.custom_fields =
      value === null
        ? withoutField(supportCase.custom_fields, key)
        : withField(supportCase.custom_fields, key, value);
  }
}
