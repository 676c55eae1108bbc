import type { Actions, Condition, RuleConfig, Values } from '../rules/rule.ts';
import { optionOf } from './fields.ts';

/*
 * Rules as far as they can be understood, so that what is wrong with one option keeps nothing else of the rule from being
 * looked at: an operator wants to see everything at once. What is of the wrong type has been reported, and is left out.
 */

export interface LooseRule extends Omit<RuleConfig, 'name'> {
  readonly name: string | undefined;
  /** Whether `then` is there and is a map. */
  readonly hasActions: boolean;
}

export function looseRules(section: unknown): LooseRule[] {
  const rules = optionOf(section, 'rules');
  return (Array.isArray(rules) ? rules : []).map((rule: unknown) => {
    const when = optionOf(rule, 'when');
    const then = optionOf(rule, 'then');
    return {
      name: textOf(optionOf(rule, 'name')),
      when: when === undefined ? undefined : looseCondition(when),
      // biome-ignore lint/suspicious/noThenProperty: it is what operators write, and no promise.
      then: looseActions(then),
      hasActions: typeof then === 'object' && then !== null && !Array.isArray(then),
    };
  });
}

export function looseCondition(value: unknown): Condition {
  const list = (name: string) => {
    const given = optionOf(value, name);
    return Array.isArray(given) ? given.map(looseCondition) : undefined;
  };
  const text = (name: string) => textOf(optionOf(value, name));
  const flag = (name: string) => booleanOf(optionOf(value, name));
  const [not, size, oneOf] = ['not', 'size', 'one_of'].map((name) => optionOf(value, name));
  return withoutAbsent({
    all: list('all'),
    any: list('any'),
    not: not === undefined ? undefined : looseCondition(not),
    header: text('header'),
    part: text('part') as Condition['part'],
    exists: flag('exists'),
    equals: text('equals'),
    contains: text('contains'),
    starts_with: text('starts_with'),
    ends_with: text('ends_with'),
    matches: text('matches'),
    one_of: Array.isArray(oneOf) ? textsOf(oneOf) : undefined,
    trusted: flag('trusted'),
    sender_auth: text('sender_auth') as Condition['sender_auth'],
    direction: text('direction') as Condition['direction'],
    kind: text('kind') as Condition['kind'],
    size:
      typeof size !== 'object'
        ? undefined
        : { over: numberOf(optionOf(size, 'over')), under: numberOf(optionOf(size, 'under')) },
    has_attachment: flag('has_attachment'),
    mailbox: text('mailbox'),
    folder: text('folder'),
  });
}

function looseActions(value: unknown): Actions {
  const clear = optionOf(value, 'clear');
  return withoutAbsent({
    set: looseValues(optionOf(value, 'set')),
    add: looseValues(optionOf(value, 'add')),
    remove: looseValues(optionOf(value, 'remove')),
    clear: Array.isArray(clear) ? textsOf(clear) : undefined,
    skip: textOf(optionOf(value, 'skip')),
    stop: booleanOf(optionOf(value, 'stop')),
  });
}

function looseValues(value: unknown): Values | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).map(([name, texts]) => [name, Array.isArray(texts) ? textsOf(texts) : []]),
  );
}

/** So that two conditions that say the same are the same as JSON. */
function withoutAbsent<T extends object>(map: T): T {
  return Object.fromEntries(Object.entries(map).filter(([, each]) => each !== undefined)) as T;
}

function textsOf(values: readonly unknown[]): string[] {
  return values.filter((each): each is string => typeof each === 'string');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function booleanOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
