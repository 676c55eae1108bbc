import { compileActions } from './actions.ts';
import { type Captured, compileCondition, TooManySteps } from './conditions.ts';
import { byRulesOf } from './directives.ts';
import type { Facts } from './facts.ts';
import type { RuleConfig } from './rule.ts';

/** An operator's rules, made ready. */
export interface Rules {
  /** Runs them in order over a message; what they ask for goes into its directives. */
  run(facts: Facts): void;
}

/** What stands for a rule beside the headers' names, in which there are no spaces. */
export function ruleBy(name: string): string {
  return `rule ${name}`;
}

/** Whether a reason is a rule's; see ruleBy. */
export function isRule(by: string): boolean {
  return by.startsWith('rule ');
}

/** Makes rules ready: patterns are compiled once, for all messages. */
export function compileRules(rules: readonly RuleConfig[]): Rules {
  const ready = rules.map(({ name, when, then }) => ({
    ...{ name, stops: then.stop === true, skip: then.skip },
    holds: compileCondition(when),
    act: compileActions(then),
  }));
  return {
    run: (facts) => {
      const { directives } = facts;
      for (const { name, holds, act, skip, stops } of ready) {
        const captured: Captured = new Map();
        const by = ruleBy(name);
        facts.beginRule();
        try {
          if (!holds(facts, captured)) continue;
        } catch (error) {
          if (!(error instanceof TooManySteps)) throw error;
          directives.refused.push({
            by,
            value: '',
            reason: 'not tried: the mail has too much text for patterns',
          });
          continue;
        }
        byRulesOf(directives).matched.push(name);
        if (skip !== undefined) {
          byRulesOf(directives).skip = { rule: name, reason: skip === 'true' ? '' : skip };
          return;
        }
        act(directives, by, captured);
        if (stops) return;
      }
    },
  };
}
