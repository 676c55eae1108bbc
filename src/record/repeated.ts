import type { Applied, Directives } from '../rules/directives.ts';
import { findTarget, unsetField } from '../rules/fields.ts';
import { isRule } from '../rules/rules.ts';

/*
 * Rules act on untrusted mail too. What they have done for a mail once they do not do again for a trusted copy of it: a
 * person, or a newer mail, may have said otherwise since.
 */

/** What rules ask for that they have done for the first copy already. @param done what was applied of that one */
export function repeatedOf({ applied }: Directives, done: readonly Applied[]): Applied[] {
  return applied.filter((each) => isRule(each.by) && done.some((before) => isSame(before, each)));
}

function isSame(a: Applied, b: Applied): boolean {
  return a.by === b.by && a.field === b.field && a.value === b.value && a.how === b.how;
}

/** Directives without some of what was applied. Those that are given stay as they are, but for what is refused of them. */
export function without(directives: Directives, out: readonly Applied[]): Directives {
  if (out.length === 0) return directives;
  const applied = directives.applied.filter((each) => !out.includes(each));
  const left: Directives = { ...directives, ...ownValues(directives), applied };
  for (const each of out) {
    if (isOfList(each)) takeOutItems(left, each);
    else takeOutField(left, each.field);
  }
  return left;
}

/** Directives as they are kept: what was left out of them was applied nevertheless, by the first copy. */
export function withAll(left: Directives, all: readonly Applied[], out: readonly Applied[]): Directives {
  return { ...left, applied: all.filter((each) => left.applied.includes(each) || out.includes(each)) };
}

/** Whoever tries to record the mail again must find it as it was. */
function ownValues({ customer, case: supportCase, byRules }: Directives) {
  return {
    customer: { ...customer, custom_fields: new Map(customer.custom_fields) },
    case: {
      ...supportCase,
      labels: [...supportCase.labels],
      custom_fields: new Map(supportCase.custom_fields),
    },
    byRules: byRules && {
      ...byRules,
      cleared: new Set(byRules.cleared),
      labelsRemoved: new Set(byRules.labelsRemoved),
      lists: new Map(byRules.lists),
    },
  };
}

/** Whether it is about items of a list, in which headers and other rules may have a part. */
function isOfList({ field, how }: Applied): boolean {
  return field === 'case.labels' || how === 'added' || how === 'removed';
}

/** Of a field with one value the last one counts, so nobody else has set or cleared it. */
function takeOutField(left: Directives, field: string): void {
  const target = findTarget(field);
  if (target) unsetField(left, target);
  left.byRules?.cleared.delete(field);
}

function takeOutItems(left: Directives, { field, value, how }: Applied): void {
  const { byRules } = left;
  const others = left.applied.filter((each) => each.field === field);
  const items = new Set(itemsOf(value));
  // A long list is kept shortened: what nobody else can have asked for goes with it.
  const stays = (item: string) =>
    others.length > 0 && (!items.has(item) || others.some((each) => isAskedBy(each, item, how)));
  if (field !== 'case.labels') {
    const { added, removed } = byRules?.lists.get(field) ?? { added: [], removed: [] };
    byRules?.lists.set(
      field,
      how === 'added' ? { added: added.filter(stays), removed } : { added, removed: removed.filter(stays) },
    );
    return;
  }
  if (how === 'removed') {
    for (const label of [...(byRules?.labelsRemoved ?? [])]) {
      if (!stays(label)) byRules?.labelsRemoved.delete(label);
    }
    return;
  }
  left.case.labels = left.case.labels.filter(stays);
  if (how === undefined || how === 'cleared') byRules?.cleared.delete(field);
}

function isAskedBy({ value, how }: Applied, item: string, asked: Applied['how']): boolean {
  return (how === 'removed') === (asked === 'removed') && itemsOf(value).includes(item);
}

function itemsOf(value: string): string[] {
  return value.split(', ');
}
