import type { z } from 'zod';
import { checkActions } from './action-checks.ts';
import { checkCondition, type Surroundings, surroundingsOf } from './condition-checks.ts';
import { conjuncts } from './contradictions.ts';
import { complain } from './fields.ts';
import { type LooseRule, looseRules } from './loose-rules.ts';
import type { Complaint, Say } from './problems.ts';

/** Looks at what the rules say together, and with the rest of the file; each option by itself was looked at before. */
export function checkRules(section: unknown, context: z.RefinementCtx): void {
  const rules = looseRules(section);
  const surroundings = surroundingsOf(section);
  const names = new Map<string, number>();
  for (const [index, rule] of rules.entries()) {
    const say: Say = (complaint, path) => complain(context, complaint, ['rules', index, ...path]);
    checkName(rule, index, names, say);
    checkRule(rule, surroundings, say);
    const before = rules.slice(0, index).findIndex((each) => endsBefore(each, rule));
    if (before >= 0) say(neverRuns(rules[before], before), rule.name === undefined ? [] : ['name']);
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

/** Whether a rule ends the run for every mail that another one after it is for. */
function endsBefore({ when, then }: LooseRule, later: LooseRule): boolean {
  if (then.stop !== true && then.skip === undefined) return false;
  if (when === undefined) return true;
  const text = JSON.stringify(when);
  // Between the two, another rule may have said which way the mail goes, and what it is.
  if (/"(direction|kind)"/.test(text) || Object.keys(when).length === 0) return false;
  if (later.when === undefined) return false;
  const whole = JSON.stringify(later.when) === text;
  return (
    whole || conjuncts(later.when).some((each) => JSON.stringify(each.condition) === text && !each.isNot)
  );
}

function neverRuns(rule: LooseRule | undefined, index: number): Complaint {
  const does = rule?.then.skip === undefined ? 'stops at' : 'skips';
  const which = rule?.name === undefined ? '' : ` (rules[${index}])`;
  return {
    message: `never runs: the rule ${rule?.name ?? `rules[${index}]`}${which} ${does} every mail that this one is for`,
    cure: 'move it before that one, or narrow that one by `when`',
  };
}
