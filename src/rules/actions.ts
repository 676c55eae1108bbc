import { byRulesOf, type Directives } from './directives.ts';
import { findTarget, isList, keyRefusal, setField, type Target, unsetField } from './fields.ts';
import { addLabels, printed } from './header-mapping.ts';
import { asField, labelsIn, READERS, type Reading } from './readers.ts';
import type { Actions, Values } from './rule.ts';
import { compileTemplate, type Groups, type Template } from './template.ts';

/** Does what a rule asks for. @param by `rule NAME`, as it stands in Applied and Refused */
export type Act = (directives: Directives, by: string, groups: Groups) => void;

/** Makes actions ready; they are done in this order, whatever order they are written in. */
export function compileActions({ clear = [], set = {}, remove = {}, add = {} }: Actions): Act {
  const steps: Act[] = [
    ...clear.flatMap((name) => targetsOf(name).map(clearing)),
    ...stepsOf(set, setting),
    ...stepsOf(remove, removing),
    ...stepsOf(add, adding),
  ];
  return (directives, by, groups) => {
    for (const step of steps) step(directives, by, groups);
  };
}

function targetsOf(name: string): Target[] {
  const target = findTarget(name);
  return target ? [target] : [];
}

function stepsOf(values: Values, step: (target: Target, value: Valued) => Act): Act[] {
  return Object.entries(values).flatMap(([name, texts]) =>
    targetsOf(name).map((target) => step(target, valued(texts, step !== setting || isList(target.field)))),
  );
}

/** What a value comes to, or why there is none. */
type Valued = (groups: Groups) => { readonly value: readonly string[] } | { readonly refused: string };

/** Several texts are one list, and so is one with commas in it. */
function valued(texts: readonly string[], isOfList: boolean): Valued {
  const templates = texts.map(compileTemplate).filter((each): each is Template => 'fill' in each);
  return (groups) => {
    const parts: string[] = [];
    for (const { list, fill } of templates) {
      const part = isOfList ? list(groups) : fill(groups);
      if ('refused' in part) return part;
      parts.push(...[part.value].flat());
    }
    return { value: parts };
  };
}

function clearing(target: Target): Act {
  return (directives, by) => {
    overrule(directives, target, by);
    byRulesOf(directives).cleared.add(target.name);
    directives.applied.push({ by, field: target.name, value: '', how: 'cleared' });
  };
}

function setting(target: Target, comesTo: Valued): Act {
  return (directives, by, groups) => {
    const isOfList = isList(target.field);
    const filled = comesTo(groups);
    const refusal = keyRefusal(target, directives);
    const reading = refusal ? { refused: refusal } : read(target, filled);
    if (isRefused(directives, by, target, filled, reading)) return;
    overrule(directives, target, by);
    byRulesOf(directives).cleared.delete(target.name);
    if (isOfList) byRulesOf(directives).cleared.add(target.name);
    else setField(directives, target, reading.value);
    const value = isOfList
      ? labelled(directives, by, target, reading.value as string[])
      : printed(reading.value);
    directives.applied.push({ by, field: target.name, value });
  };
}

function adding(target: Target, comesTo: Valued): Act {
  return (directives, by, groups) => {
    const filled = comesTo(groups);
    const reading = readList(target, filled);
    if (isRefused(directives, by, target, filled, reading)) return;
    const values = reading.value;
    let value = printed(values);
    if (isList(target.field)) {
      for (const label of values) byRulesOf(directives).labelsRemoved.delete(label);
      value = labelled(directives, by, target, values);
      if (value === '') return;
    } else changeList(directives, target, values, 'added');
    directives.applied.push({ by, field: target.name, value, how: 'added' });
  };
}

function removing(target: Target, comesTo: Valued): Act {
  return (directives, by, groups) => {
    const filled = comesTo(groups);
    const reading = readList(target, filled);
    if (isRefused(directives, by, target, filled, reading)) return;
    const values = reading.value;
    if (isList(target.field)) {
      for (const label of values) byRulesOf(directives).labelsRemoved.add(label);
      directives.case.labels = directives.case.labels.filter((label) => !values.includes(label));
    } else changeList(directives, target, values, 'removed');
    directives.applied.push({ by, field: target.name, value: printed(values), how: 'removed' });
  };
}

/** Adds labels, and keeps the reason where not all of them can be. @returns those that were, as people read them */
function labelled(directives: Directives, by: string, { name }: Target, labels: readonly string[]): string {
  const { taken, note } = addLabels(directives, labels);
  if (note !== undefined) {
    directives.refused.push({ by, value: printed(labels), reason: `${name}: ${note}` });
  }
  return printed(taken);
}

/** What is added last counts, and so does what is removed last. */
function changeList(
  directives: Directives,
  { name }: Target,
  values: readonly string[],
  how: 'added' | 'removed',
): void {
  const { lists } = byRulesOf(directives);
  const { added, removed } = lists.get(name) ?? { added: [], removed: [] };
  const others = (list: readonly string[]) => list.filter((value) => !values.includes(value));
  lists.set(
    name,
    how === 'added'
      ? { added: [...others(added), ...values], removed: others(removed) }
      : { added: others(added), removed: [...others(removed), ...values] },
  );
}

/** What a header or an earlier rule has asked of the field counts no more. */
function overrule(directives: Directives, target: Target, by: string): void {
  const { applied, refused } = directives;
  for (const before of applied.filter(({ field }) => field === target.name)) {
    applied.splice(applied.indexOf(before), 1);
    refused.push({ by: before.by, value: before.value, reason: `${by} sets ${target.name} instead` });
  }
  unsetField(directives, target);
  byRulesOf(directives).lists.delete(target.name);
}

type Filled = ReturnType<Valued>;

function read({ field }: Target, filled: Filled): Reading<unknown> {
  if ('refused' in filled) return filled;
  if (isList(field)) return labelsIn(filled.value);
  const value = filled.value.join(',');
  return value === '' ? { refused: 'it has no value' } : READERS[field.reader](asField(value));
}

function readList({ field }: Target, filled: Filled): Reading<string[]> {
  if ('refused' in filled) return filled;
  // In a custom field, a comma is what stands between the values.
  if (!isList(field) && filled.value.some((value) => value.includes(','))) {
    return { refused: 'a group held a comma, which stands between the values of the list' };
  }
  return labelsIn(filled.value);
}

/** Keeps the reason, where a value cannot be taken or not all of it. */
function isRefused<T>(
  directives: Directives,
  by: string,
  { name }: Target,
  filled: Filled,
  reading: Reading<T>,
): reading is { readonly refused: string } {
  const reason = 'refused' in reading ? reading.refused : reading.note;
  if (reason !== undefined) {
    const value = 'value' in filled ? filled.value.join(', ') : '';
    directives.refused.push({ by, value, reason: `${name}: ${reason}` });
  }
  return 'refused' in reading;
}
