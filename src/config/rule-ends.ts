import { KINDS } from '../message/kind.ts';
import { DIRECTIONS } from '../rules/directives.ts';
import { findTarget } from '../rules/fields.ts';
import type { Condition } from '../rules/rule.ts';
import { conjuncts } from './contradictions.ts';
import type { LooseRule } from './loose-rules.ts';
import { implies, type TextTest, textTestOf } from './text-tests.ts';

/** Why a rule never runs. */
export interface Ended {
  /** The rule that leaves nothing to it; of several that do so together, the last. */
  readonly index: number;
  readonly isTogether: boolean;
}

/** What has to hold, or must not, as far as conditions can be held against each other. */
interface Need {
  /** Two conditions that say the same are the same as JSON. */
  readonly json: string;
  readonly isNot: boolean;
  readonly condition: Condition;
  readonly test: TextTest | undefined;
}

/** A rule that ends the run for every mail of which all this holds. */
interface End {
  readonly index: number;
  readonly needs: readonly Need[];
}

/** What each mail has one of. */
const VALUES: Readonly<Partial<Record<keyof Condition, readonly unknown[]>>> = {
  trusted: [true, false],
  sender_auth: ['pass', 'fail', 'none'],
  direction: DIRECTIONS,
  kind: KINDS,
  has_attachment: [true, false],
};

/**
 * Most comparisons of texts, of all rules with all before them: more would hold up the start. Beyond, only what is the same
 * is seen.
 */
const MAX_COMPARISONS = 1_000_000;

/** Which rules end the run, and for what mail; each condition is made ready once. */
export class Ends {
  #ofAll: Ended | undefined;
  /** Of one condition, by its JSON and whether it is denied. */
  #single = new Map<string, End>();
  /** Of one text, by what it is looked at. */
  readonly #texts = new Map<string, End[]>();
  #comparisons = 0;
  /** Of several conditions together. */
  #compound: End[] = [];

  add({ when, then }: LooseRule, index: number): void {
    if (then.stop !== true && then.skip === undefined) {
      const fields = [...Object.keys(then.set ?? {}), ...(then.clear ?? [])];
      this.#forget(fields.map((name) => findTarget(name)?.name ?? ''));
    } else if (when === undefined) this.#ofAll ??= { index, isTogether: false };
    else for (const needs of branchesOf(when)) this.#addEnd({ index, needs });
  }

  /** What leaves nothing to a rule, the first of all that do. */
  before({ when }: Pick<LooseRule, 'when'>): Ended | undefined {
    const found = when === undefined ? [] : this.#endsOf(conjuncts(when).map(needOf));
    const [first] = [...found, ...(this.#ofAll ? [this.#ofAll] : [])].sort((a, b) => a.index - b.index);
    return first;
  }

  #endsOf(held: readonly Need[]): Ended[] {
    const alone = held.flatMap((each) => this.#single.get(keyOf(each)) ?? []);
    const byText = held.flatMap(({ isNot, test }) => {
      const ends = isNot || test === undefined ? [] : (this.#texts.get(test.subject) ?? []);
      return ends.filter(({ needs: [need] }) => test && need?.test && this.#compare(test, need.test));
    });
    const together = this.#compound.filter(({ needs }) =>
      needs.every((need) => held.some((each) => this.#meets(each, need))),
    );
    return [
      ...[...alone, ...byText, ...together].map(({ index }) => ({ index, isTogether: false })),
      ...held.flatMap((each) => this.#endOfBranches(each)),
    ];
  }

  /** Where each branch of an `any` is ended, by whichever rule. */
  #endOfBranches({ condition, isNot }: Need): Ended[] {
    const branches = isNot ? [] : (condition.any ?? []);
    const indices = new Set<number>();
    for (const branch of branches) {
      const end = this.before({ when: branch });
      if (end === undefined) return [];
      indices.add(end.index);
    }
    return indices.size === 0 ? [] : [{ index: Math.max(...indices), isTogether: indices.size > 1 }];
  }

  /** Whether a mail of which the one holds is one of which the other does. */
  #meets(held: Need, need: Need): boolean {
    if (held.isNot !== need.isNot) return false;
    if (held.json === need.json) return true;
    if (held.test === undefined || need.test === undefined) return false;
    return held.isNot ? this.#compare(need.test, held.test) : this.#compare(held.test, need.test);
  }

  #compare(first: TextTest, second: TextTest): boolean {
    this.#comparisons += 1;
    return this.#comparisons <= MAX_COMPARISONS && implies(first, second);
  }

  #addEnd(end: End): void {
    const [need, ...more] = end.needs;
    if (need === undefined || end.needs.some(({ json }) => json === '{}')) return;
    if (more.length > 0) {
      this.#compound.push(end);
      return;
    }
    const key = keyOf(need);
    if (!this.#single.has(key)) this.#single.set(key, end);
    if (!need.isNot && need.test) {
      const { subject } = need.test;
      const ends = this.#texts.get(subject);
      if (ends) ends.push(end);
      else this.#texts.set(subject, [end]);
    }
    if (this.#isComplete(need)) this.#ofAll ??= { index: end.index, isTogether: true };
  }

  /** Whether every mail is one of those that such conditions are for: one and its opposite, or all that there can be. */
  #isComplete({ json, isNot, condition }: Need): boolean {
    if (this.#single.has(keyOf({ json, isNot: !isNot }))) return true;
    if (condition.exists !== undefined && !isNot) {
      return this.#single.has(
        keyOf({ json: JSON.stringify({ ...condition, exists: !condition.exists }), isNot }),
      );
    }
    const [name] = Object.keys(condition) as (keyof Condition)[];
    const values = name === undefined ? undefined : VALUES[name];
    return (
      values?.every((value) =>
        this.#single.has(keyOf({ json: JSON.stringify({ [name ?? '']: value }), isNot: false })),
      ) === true
    );
  }

  /** What a rule sets, conditions behind it may find otherwise than those before it. */
  #forget(fields: readonly string[]): void {
    for (const name of ['direction', 'kind'] as const) {
      if (!fields.includes(`interaction.${name}`)) continue;
      const isStill = ({ needs }: End) => !needs.some(({ json }) => json.includes(`"${name}"`));
      this.#single = new Map([...this.#single].filter(([, end]) => isStill(end)));
      this.#compound = this.#compound.filter(isStill);
    }
  }
}

/** Each that ends the run by itself: of `any`, every branch. */
function branchesOf(when: Condition): Need[][] {
  const needs = conjuncts(when).map(needOf);
  const [only, ...more] = needs;
  const isOpen = only !== undefined && more.length === 0 && !only.isNot && only.condition.any !== undefined;
  return [needs, ...(isOpen ? (only.condition.any ?? []).flatMap(branchesOf) : [])];
}

function needOf({ condition, isNot }: { condition: Condition; isNot: boolean }): Need {
  return { json: JSON.stringify(condition), isNot, condition, test: textTestOf(condition) };
}

function keyOf({ json, isNot }: Pick<Need, 'json' | 'isNot'>): string {
  return isNot ? `not ${json}` : json;
}
