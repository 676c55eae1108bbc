import { noDirectives } from '../rules/directives.ts';
import { findTarget, isCustom, isList, keyRefusal, type Target } from '../rules/fields.ts';
import { MAX_LABELS_OF_MAIL } from '../rules/limits.ts';
import { compilePattern } from '../rules/pattern.ts';
import { TOO_MANY_LABELS } from '../rules/readers.ts';
import type { Condition, Values } from '../rules/rule.ts';
import { compileTemplate } from '../rules/template.ts';
import { unknownField, wrongForm, wrongValue } from './field-checks.ts';
import type { LooseRule } from './loose-rules.ts';
import { nearest } from './nearest.ts';
import type { Complaint, Say } from './problems.ts';

/** Says what is wrong with what a rule does: fields, values, groups, and what can have no effect. */
export function checkActions({ when, then }: LooseRule, say: Say): void {
  const groups = groupsOf(when, say);
  const { set = {}, add = {}, remove = {}, clear = [], skip } = then;
  checkValues('set', set, groups, say);
  checkValues('add', add, groups, say);
  checkValues('remove', remove, groups, say);
  for (const [index, name] of clear.entries()) checkCleared(name, index, say);
  checkEffects(then, say);
  if (skip !== undefined && NO.includes(skip.trim().toLowerCase())) {
    say({ message: 'neither `true` nor a reason', cure: 'take it out, or write `true`' }, ['then', 'skip']);
  }
}

/** What people write for no. */
const NO = ['false', 'no', 'off', 'n', '0'];

function checkValues(action: 'set' | 'add' | 'remove', values: Values, groups: Groups, say: Say): void {
  for (const [name, texts] of Object.entries(values)) {
    const path = ['then', action, name];
    const target = findTarget(name);
    if (target === undefined) {
      const complaint = unknownField(name);
      if (complaint) say(complaint, path);
      continue;
    }
    const isOfMany = isList(target.field);
    if (action !== 'set' && !isOfMany && !isCustom(target.field)) {
      const message = `has one value, to which nothing can be added`;
      say({ message, cure: `use \`set: {${name}: …}\`, or \`clear\`` }, path);
      continue;
    }
    const key = target.key === '' ? undefined : keyRefusal(target, noDirectives());
    if (key !== undefined) say({ message: key, cure: 'give it a shorter one' }, path);
    const twin = Object.keys(values).find((each) => findTarget(each)?.name === target.name);
    if (twin !== name) {
      const message = `the same field as ${twin}: upper and lower case are the same in a key`;
      say({ message, cure: 'take one of the two out' }, path);
    }
    const labels = texts.flatMap((text) => text.split(',')).filter((label) => label.trim() !== '').length;
    if (isOfMany && action !== 'remove' && labels > MAX_LABELS_OF_MAIL) {
      say({ message: TOO_MANY_LABELS, cure: `write ${MAX_LABELS_OF_MAIL} at most` }, path);
    }
    if (action === 'set' && !isOfMany && texts.length > 1) {
      say({ message: 'has one value, and several are given', cure: 'write one' }, path);
    }
    for (const [index, text] of texts.entries()) {
      const place = [...path, index];
      checkValue(action, target, text, { ...groups, places: [...groups.places, place] }, (complaint) =>
        say(complaint, place),
      );
    }
  }
}

function checkValue(
  action: 'set' | 'add' | 'remove',
  target: Target,
  text: string,
  groups: Groups,
  say: (complaint: Complaint) => void,
): void {
  if (text.trim() === '') return;
  const template = compileTemplate(text);
  if ('refused' in template) {
    say({ message: template.refused, cure: 'write `{name}` or `{1}` for a group, `{{` for a brace' });
    return;
  }
  for (const group of new Set(template.groups)) {
    const complaint = missingGroup(group, groups);
    if (complaint) say(complaint);
  }
  const foreign = foreignGroup(text, groups);
  if (foreign) say(foreign);
  if (template.groups.length > 0) {
    const never = action === 'set' ? wrongForm(target, template) : undefined;
    if (never) say(never);
    return;
  }
  const filled = template.fill(new Map());
  const complaint =
    'value' in filled
      ? wrongValue(target, filled.value, action === 'set' ? target.field.reader : 'labels')
      : undefined;
  if (complaint) say(complaint);
}

function checkCleared(name: string, index: number, say: Say): void {
  const path = ['then', 'clear', index];
  const target = findTarget(name);
  const complaint = unknownField(name);
  if (complaint) say(complaint, path);
  else if (target && !target.field.canBeEmpty) {
    say({ message: `${name} is never empty`, cure: 'take it out, or `set` it' }, path);
  }
}

/** What undoes itself, or does nothing. */
function checkEffects(
  { set = {}, add = {}, remove = {}, clear = [], skip, stop }: LooseRule['then'],
  say: Say,
): void {
  const doing = { set, add, remove };
  const names = Object.entries(doing).flatMap(([action, values]) =>
    Object.keys(values).length > 0 ? [action] : [],
  );
  const all = [...names, ...(clear.length > 0 ? ['clear'] : [])];
  if (skip !== undefined) {
    for (const action of [...all, ...(stop === true ? ['stop'] : [])]) {
      say(
        {
          message: 'has no effect beside `skip`: nothing is recorded of the mail',
          cure: 'take one of the two out',
        },
        ['then', action],
      );
    }
  } else if (all.length === 0 && stop !== true) {
    const cure = 'let it `set`, `add`, `remove`, `clear`, `skip` or `stop`';
    say({ message: 'a rule without effect', cure, onlyAlone: true }, ['then']);
  }
  for (const name of clear.filter((each) => Object.hasOwn(set, each))) {
    say({ message: `${name} is cleared, and set again`, cure: 'take one of the two out' }, [
      'then',
      'set',
      name,
    ]);
  }
  for (const [name, values] of Object.entries(remove)) {
    const both = values.filter((value) => add[name]?.includes(value));
    if (both.length > 0) {
      say({ message: 'taken out, and added again', cure: 'take one of the two out' }, [
        'then',
        'remove',
        name,
      ]);
    }
  }
}

/** The groups of a rule's patterns. */
interface Groups {
  /** Those that hold something whenever the rule matches. */
  readonly names: ReadonlySet<string>;
  /** Those of patterns under `any` and `not`. */
  readonly doubtful: ReadonlySet<string>;
  /** How many groups the one pattern has that numbers are of; undefined where there are several patterns. */
  readonly numbers: number | undefined;
  /** Where they stand, below the rule. */
  readonly places: readonly (string | number)[][];
  /** Whether a pattern cannot be read, so that nothing can be said. */
  readonly isUnknown: boolean;
}

function groupsOf(when: Condition | undefined, say: Say): Groups {
  const patterns = when ? [...patternsOf(when, ['when'], true)] : [];
  const [names, doubtful, seen] = [new Set<string>(), new Set<string>(), new Map<string, boolean>()];
  const places = patterns.map(({ path }) => [...path]);
  let isUnknown = false;
  const sure: number[] = [];
  for (const { text, path, isSure } of patterns) {
    const pattern = compilePattern(text);
    if ('refused' in pattern) {
      isUnknown = true;
      continue;
    }
    if (isSure) sure.push(pattern.groups);
    for (const name of pattern.names) {
      // Of branches of `any`, each may have the name: nothing can be made of it.
      if (seen.has(name) && (isSure || seen.get(name) === true)) {
        const [message, cure] = [`another pattern of this rule has a group`, 'give it another name'];
        say(
          {
            message: `${message} \`${name}\``,
            cure,
            unquoted: { of: places, cure, message: `${message} of this name` },
          },
          path,
        );
      }
      seen.set(name, isSure || seen.get(name) === true);
      (isSure ? names : doubtful).add(name);
    }
  }
  const [first = -1, ...more] = sure;
  return { names, doubtful, isUnknown, places, numbers: more.length > 0 ? undefined : first };
}

/** Patterns of a condition, and whether they have matched whenever it holds. */
function* patternsOf(
  { all, any, not, matches }: Condition,
  path: (string | number)[],
  isSure: boolean,
): Generator<{ text: string; path: (string | number)[]; isSure: boolean }> {
  if (matches !== undefined) yield { text: matches, isSure, path: [...path, 'matches'] };
  for (const [index, each] of (all ?? []).entries()) yield* patternsOf(each, [...path, 'all', index], isSure);
  for (const [index, each] of (any ?? []).entries()) yield* patternsOf(each, [...path, 'any', index], false);
  if (not) yield* patternsOf(not, [...path, 'not'], false);
}

function missingGroup(
  group: string,
  { names, doubtful, numbers, isUnknown, places }: Groups,
): Complaint | undefined {
  if (isUnknown || names.has(group)) return undefined;
  if (/^\d+$/.test(group)) {
    if (numbers === undefined) {
      const message = `several patterns have a group {${group}}`;
      return { message, cure: 'give it a name: `(?<name>…)` in the pattern, `{name}` in the value' };
    }
    if (Number(group) <= numbers) return undefined;
  }
  if (doubtful.has(group)) {
    return {
      message: `the group {${group}} is of a pattern under \`any\` or \`not\`, which may have matched nothing`,
      cure: OWN_RULES,
      unquoted: {
        of: places,
        message: 'a group of a pattern under `any` or `not`, which may have matched nothing',
        cure: OWN_RULES,
      },
    };
  }
  const similar = nearest(group, [...names]);
  return {
    message: `no pattern of this rule has a group {${group}}`,
    cure: similar === undefined ? INTO_PATTERN : `did you mean \`{${similar}}\`?`,
    unquoted: { of: places, message: 'a group that no pattern of this rule has', cure: INTO_PATTERN },
  };
}

/** `$1` and `\\1`, which are groups elsewhere: as a text, they would be the same in every mail. */
function foreignGroup(text: string, { numbers = 9 }: Groups): Complaint | undefined {
  const number = Number(/[$\\]([1-9])(?!\d)/.exec(text)?.[1]);
  if (!(number <= numbers)) return undefined;
  return {
    message: 'a group as other programs write it: here it is a text, the same in every mail',
    cure: 'write `{1}` for the first group; if the text is meant, let no pattern have groups: `(?:…)`',
  };
}

const OWN_RULES = 'make a rule of its own for each pattern';
const INTO_PATTERN = 'put it into a `matches` of `when`: `(?<name>…)`; for a brace itself write `{{`';
