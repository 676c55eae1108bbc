import type { Condition } from '../rules/rule.ts';
import type { Say } from './problems.ts';
import { excludeEachOther, implies, type TextTest, textTestOf } from './text-tests.ts';

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
  const all = conjuncts(condition, path).map((each) => ({ ...each, test: textTestOf(each.condition) }));
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
const SINGLE_PARTS = ['part from_name', 'part subject', 'part message_id'];

/** With its text as it is compared, made once: each is held against all others. */
interface Tested extends Conjunct {
  readonly test: TextTest | undefined;
}

function exclude(first: Tested, second: Tested): boolean {
  const [a, b] = [first.condition, second.condition];
  if (Object.keys(a).length === 0 || Object.keys(b).length === 0) return false;
  if (first.isNot !== second.isNot) return JSON.stringify(a) === JSON.stringify(b) || opposite(first, second);
  if (first.isNot) return isOpposite(a, b);
  const differs = STATES.some(
    (name) => a[name] !== undefined && b[name] !== undefined && a[name] !== b[name],
  );
  return (
    differs || sizesExclude(a, b) || absent(a, b) || absent(b, a) || textsExclude(first.test, second.test)
  );
}

/** Neither can be denied together with its opposite. */
function isOpposite(a: Condition, b: Condition): boolean {
  return (['trusted', 'has_attachment'] as const).some(
    (name) => a[name] !== undefined && b[name] !== undefined && a[name] !== b[name],
  );
}

/** What passes the one must not pass the other, and does: `equals: abc` beside `not: {starts_with: ab}`. */
function opposite(first: Tested, second: Tested): boolean {
  const [denied, asked] = first.isNot ? [first.test, second.test] : [second.test, first.test];
  return denied !== undefined && asked !== undefined && implies(asked, denied);
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

/** Only of what has one value: another could pass the other test. */
function textsExclude(a: TextTest | undefined, b: TextTest | undefined): boolean {
  return a !== undefined && b !== undefined && isSingle(a) && isSingle(b) && excludeEachOther(a, b);
}

/** From is looked at in two spellings where its domain is not in ASCII. */
function isSingle({ subject, texts }: TextTest): boolean {
  return (
    SINGLE_PARTS.includes(subject) ||
    (subject === 'part from' && [...texts].every((text) => /^[ -~]*$/.test(text) && !text.includes('xn--')))
  );
}
