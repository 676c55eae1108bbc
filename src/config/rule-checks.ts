import type { z } from 'zod';
import { checkActions } from './action-checks.ts';
import { checkCondition, type Surroundings, surroundingsOf } from './condition-checks.ts';
import { complain } from './fields.ts';
import { type LooseRule, looseRules } from './loose-rules.ts';
import type { Complaint, Say } from './problems.ts';
import { type Ended, Ends } from './rule-ends.ts';

/** Looks at what the rules say together, and with the rest of the file; each option by itself was looked at before. */
export function checkRules(section: unknown, context: z.RefinementCtx): void {
  const rules = looseRules(section);
  const surroundings = surroundingsOf(section);
  const names = new Map<string, number>();
  const ends = new Ends();
  for (const [index, rule] of rules.entries()) {
    const place = ['rules', index];
    const say: Say = ({ unquoted, ...complaint }, path) => {
      const of = unquoted?.of.map((each) => [...place, ...each]);
      complain(context, of && unquoted ? { ...complaint, unquoted: { ...unquoted, of } } : complaint, [
        ...place,
        ...path,
      ]);
    };
    checkName(rule, index, names, say);
    checkRule(rule, surroundings, say);
    const before = ends.before(rule);
    if (before !== undefined) {
      const name = rule.name === undefined ? [] : ['name'];
      complain(context, neverRuns(rules[before.index], before), [...place, ...name]);
    }
    ends.add(rule, index);
  }
}

function checkName({ name }: LooseRule, index: number, names: Map<string, number>, say: Say): void {
  if (name === undefined) return;
  const key = name.toLowerCase();
  if (names.has(key))
    say({ message: 'another rule has this name', cure: 'give each its own name' }, ['name']);
  else names.set(key, index);
}

function checkRule(rule: LooseRule, surroundings: Surroundings, say: Say): void {
  if (rule.when) checkCondition(rule.when, surroundings, say);
  if (rule.hasActions) checkActions(rule, say);
}

function neverRuns(rule: LooseRule | undefined, { index, isTogether }: Ended): Complaint {
  const does = rule?.then.skip === undefined ? 'stops at' : 'skips';
  const which = rule?.name === undefined ? '' : ` (rules[${index}])`;
  const message = (called: string) =>
    isTogether
      ? `never runs: the rules before it, down to ${called}, together end with every mail that this one is for`
      : `never runs: the rule ${called} ${does} every mail that this one is for`;
  const cure = isTogether
    ? 'move it before them, or narrow one of them by `when`'
    : 'move it before that one, or narrow that one by `when`';
  const unquoted = { of: [['rules', index, 'name']], message: message(`rules[${index}]`), cure };
  return { message: message(`${rule?.name ?? `rules[${index}]`}${which}`), cure, unquoted };
}
