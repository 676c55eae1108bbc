import { PARTS } from '../rules/rule.ts';
import { fieldBelow, fieldCalled } from './field-checks.ts';
import { among } from './fields.ts';

/* Words that people bring along from other programs' rules, and what to write for them here. */

const conditionWords = among({
  ...Object.fromEntries(PARTS.map((part) => [part, partInstead(part)])),
  sender: partInstead('from'),
  recipients: partInstead('recipient'),
  and: 'write `all`',
  or: 'write `any`',
  none: 'write `not: {any: […]}`',
  is: 'write `equals`',
  eq: 'write `equals`',
  in: 'write `one_of`',
  includes: 'write `contains`',
  regex: 'write `matches`',
  regexp: 'write `matches`',
  match: 'write `matches`',
  pattern: 'write `matches`',
  domain: 'write `ends_with: "@example.com"`',
  attachment: 'write `has_attachment`',
  attachments: 'write `has_attachment`',
});

/** See `instead` of a condition (config/fields.ts). */
export function insteadInCondition(name: string): string | undefined {
  if (/^(not|does_not|is_not)_[a-z_]+$/.test(name))
    return 'write `not: {…}` around a condition without the `not`';
  return conditionWords(name);
}

/** See `instead` of a size. */
export const insteadInSize = among({
  more: 'write `over`',
  above: 'write `over`',
  min: 'write `over`',
  less: 'write `under`',
  below: 'write `under`',
  max: 'write `under`',
});

function partInstead(part: string): string {
  return `write \`{part: ${part}, equals: …}\`, or another of the tests`;
}

const ruleWords = among({
  if: 'write `when`',
  condition: 'write `when`',
  conditions: 'write `when`, and `all: […]` in it where there are several',
  do: 'write `then`',
  action: 'write `then`',
  actions: 'write `then`',
  else: 'make a rule of its own, with `not` around the condition',
  enabled: 'to switch a rule off, put `#` before each of its lines',
  disabled: 'to switch a rule off, put `#` before each of its lines',
  description: 'write it behind a `#`',
});

/** See `instead` of a rule. */
export function insteadInRule(name: string): string | undefined {
  const set = settingOf(name);
  return ruleWords(name) ?? (set && `write \`then: {${set}}\``);
}

/** See `instead` of what a rule does. */
export function insteadInActions(name: string): string | undefined {
  const set = settingOf(name);
  return set && `write \`${set}\``;
}

/** How the field of a name is given a value, where it is one or begins some (`case: {status: closed}`). */
function settingOf(name: string): string | undefined {
  if (['label', 'tag', 'tags'].includes(name)) return settingOf('labels');
  const field = /^[\w.-]{1,60}$/.test(name) ? (fieldCalled(name) ?? fieldBelow(name)) : undefined;
  if (field === undefined) return undefined;
  return field === 'case.labels' ? `add: {${field}: …}` : `set: {${field}: …}`;
}
