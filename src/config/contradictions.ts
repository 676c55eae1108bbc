import { foldText } from '../rules/facts.ts';
import type { Condition } from '../rules/rule.ts';
import type { Say } from './problems.ts';

/** A condition that has to hold, or must not, for the whole to hold. */
export interface Conjunct {
  readonly condition: Condition;
  readonly isNot: boolean;
  /** Below `when`. */
  readonly path: (string | number)[];
}

/** What has to hold for a condition to hold, taken out of `all` and `not`. */
export function conjuncts(condition: Condition, path: (string | number)[] = [], isNot = false): Conjunct[] {
  const { all, any, not } = condition;
  if (not) return conjuncts(not, [...path, 'not'], !isNot);
  // Not any of them: none of them.
  const [list, name] = isNot ? ([any, 'any'] as const) : ([all, 'all'] as const);
  if (list) return list.flatMap((each, index) => conjuncts(each, [...path, name, index], isNot));
  return [{ condition, isNot, path }];
}

/** Says where conditions that all have to hold exclude each other. */
export function checkContradictions(condition: Condition, path: (string | number)[], say: Say): void {
  const all = conjuncts(condition, path);
  for (const [index, second] of all.entries()) {
    const first = all.slice(0, index).find((each) => exclude(each, second));
    if (first === undefined) continue;
    const place = shown(first.path);
    say(
      {
        message: `can never hold together with ${place}`,
        cure: 'take one of the two out, or put them into `any`',
      },
      second.path,
    );
  }
  for (const { condition: each, path: below } of all) {
    for (const [index, branch] of (each.any ?? []).entries()) {
      checkContradictions(branch, [...below, 'any', index], say);
    }
  }
}

/** `when.all[0]` */
function shown(path: readonly (string | number)[]): string {
  const text = path.reduce<string>(
    (sofar, part) => (typeof part === 'number' ? `${sofar}[${part}]` : `${sofar}.${part}`),
    '',
  );
  return `\`${text.slice(1)}\``;
}

/** What a mail has one of. */
const STATES = [
  'trusted',
  'sender_auth',
  'direction',
  'kind',
  'has_attachment',
  'mailbox',
  'folder',
] as const;

/** Parts of which a mail has one value. */
const SINGLE_PARTS = ['from_name', 'subject', 'message_id'];

function exclude(first: Conjunct, second: Conjunct): boolean {
  const [a, b] = [first.condition, second.condition];
  if (Object.keys(a).length === 0 || Object.keys(b).length === 0) return false;
  if (first.isNot !== second.isNot) return JSON.stringify(a) === JSON.stringify(b) || opposite(first, second);
  if (first.isNot) return isOpposite(a, b);
  const differs = STATES.some(
    (name) => a[name] !== undefined && b[name] !== undefined && a[name] !== b[name],
  );
  return (
    differs || sizesExclude(a, b) || absent(a, b) || absent(b, a) || textsExclude(a, b) || textsExclude(b, a)
  );
}

/** Neither can be denied together with its opposite. */
function isOpposite(a: Condition, b: Condition): boolean {
  return (['trusted', 'has_attachment'] as const).some(
    (name) => a[name] !== undefined && b[name] !== undefined && a[name] !== b[name],
  );
}

/** `not: {exists: true}` beside a test of the same header. */
function opposite(first: Conjunct, second: Conjunct): boolean {
  const [denied, asked] = first.isNot
    ? [first.condition, second.condition]
    : [second.condition, first.condition];
  return denied.exists === true && sameText(denied, asked) && asked.exists !== false;
}

function sameText(a: Condition, b: Condition): boolean {
  return (a.header !== undefined && a.header === b.header) || (a.part !== undefined && a.part === b.part);
}

function sizesExclude(a: Condition, b: Condition): boolean {
  if (!a.size || !b.size) return false;
  const over = Math.max(a.size.over ?? -1, b.size.over ?? -1);
  const under = Math.min(a.size.under ?? Number.POSITIVE_INFINITY, b.size.under ?? Number.POSITIVE_INFINITY);
  return over + 1 >= under;
}

/** What is absent is nothing else. */
function absent(a: Condition, b: Condition): boolean {
  return a.exists === false && sameText(a, b) && b.exists !== false;
}

/** What has one value and equals a text is nothing else. */
function textsExclude(a: Condition, b: Condition): boolean {
  if (a.equals === undefined || !sameText(a, b) || !SINGLE_PARTS.includes(a.part ?? '')) return false;
  const value = foldText(a.equals).trim();
  const { equals, contains, starts_with, ends_with, one_of } = b;
  return (
    (equals !== undefined && foldText(equals).trim() !== value) ||
    (contains !== undefined && !value.includes(foldText(contains))) ||
    (starts_with !== undefined && !value.startsWith(foldText(starts_with).trimStart())) ||
    (ends_with !== undefined && !value.endsWith(foldText(ends_with).trimEnd())) ||
    (one_of !== undefined && !one_of.some((text) => foldText(text).trim() === value))
  );
}
