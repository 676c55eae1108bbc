import type { z } from 'zod';
import type { Condition } from '../rules/rule.ts';
import { checkActions } from './action-checks.ts';
import { checkCondition, type Surroundings, surroundingsOf } from './condition-checks.ts';
import { type Conjunct, conjuncts } from './contradictions.ts';
import { complain } from './fields.ts';
import { type LooseRule, looseRules } from './loose-rules.ts';
import type { Complaint, Say } from './problems.ts';

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
      complain(context, neverRuns(rules[before], before), [...place, ...name]);
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

/** Which rules end the run for every mail that they are for, by their conditions as JSON; each is written out once. */
class Ends {
  readonly #rules = new Map<string, number>();
  #ofAll: number | undefined;

  add({ when, then }: LooseRule, index: number): void {
    if (then.stop !== true && then.skip === undefined) return;
    if (when === undefined) {
      this.#ofAll ??= index;
      return;
    }
    const text = JSON.stringify(when);
    // Between the two, another rule may have said which way the mail goes, and what it is.
    if (/"(direction|kind)"/.test(text) || Object.keys(when).length === 0) return;
    if (!this.#rules.has(text)) this.#rules.set(text, index);
  }

  /** The first rule that leaves nothing to this one. */
  before({ when }: LooseRule): number | undefined {
    const held = when === undefined ? [] : [when, ...conjuncts(when).flatMap(asked)];
    const all = this.#rules.size === 0 ? [] : held.map((each) => this.#rules.get(JSON.stringify(each)));
    const found = [this.#ofAll, ...all].filter((index) => index !== undefined);
    return found.length === 0 ? undefined : Math.min(...found);
  }
}

function asked({ condition, isNot }: Conjunct): Condition[] {
  return isNot ? [] : [condition];
}

function neverRuns(rule: LooseRule | undefined, index: number): Complaint {
  const does = rule?.then.skip === undefined ? 'stops at' : 'skips';
  const which = rule?.name === undefined ? '' : ` (rules[${index}])`;
  const message = (called: string) =>
    `never runs: the rule ${called} ${does} every mail that this one is for`;
  const cure = 'move it before that one, or narrow that one by `when`';
  const unquoted = { of: [['rules', index, 'name']], message: message(`rules[${index}]`), cure };
  return { message: message(`${rule?.name ?? `rules[${index}]`}${which}`), cure, unquoted };
}
