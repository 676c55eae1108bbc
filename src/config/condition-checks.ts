import { DESK_HEADERS } from '../rules/desk-headers.ts';
import type { Condition } from '../rules/rule.ts';
import { conditionHeader } from './checks.ts';
import { checkContradictions, conjuncts } from './contradictions.ts';
import { optionOf } from './fields.ts';
import { isSlip, nearest } from './nearest.ts';
import type { Complaint, Say } from './problems.ts';
import { STANDARD_FIELDS } from './standard-fields.ts';

/** What of the file conditions refer to; undefined where that cannot be understood itself. */
export interface Surroundings {
  readonly prefix: string | undefined;
  readonly isDesk: boolean;
  /** Header fields that are mapped, a `*` at the end of some. */
  readonly mapped: readonly string[];
  readonly mailboxes: readonly Surrounding[] | undefined;
}

/** A mailbox, as far as conditions can be about it. */
interface Surrounding {
  readonly name: string;
  readonly trusts: boolean;
}

export function surroundingsOf(section: unknown): Surroundings {
  const headers = optionOf(section, 'headers');
  const prefix = optionOf(headers, 'prefix');
  const map = optionOf(headers, 'map');
  const mailboxes = optionOf(section, 'mailboxes');
  const known = (Array.isArray(mailboxes) ? mailboxes : []).map(surrounding);
  const isKnown = known.length > 0 && known.every((each): each is Surrounding => each !== undefined);
  return {
    prefix: typeof prefix === 'string' ? prefix : undefined,
    isDesk: optionOf(headers, 'desk') !== false,
    mapped: (Array.isArray(map) ? map : []).flatMap((entry: unknown) => {
      const header = optionOf(entry, 'header');
      return typeof header === 'string' ? [header] : [];
    }),
    mailboxes: isKnown ? known : undefined,
  };
}

function surrounding(mailbox: unknown): Surrounding | undefined {
  const name = optionOf(mailbox, 'name');
  return typeof name === 'string' ? { name, trusts: optionOf(mailbox, 'trust') !== 'none' } : undefined;
}

/** Says what is wrong with a rule's condition: what it names, and what excludes itself. */
export function checkCondition(when: Condition, surroundings: Surroundings, say: Say): void {
  checkNames(when, ['when'], surroundings, say);
  checkContradictions(when, ['when'], say);
  checkPlaces(when, surroundings, say);
}

function checkNames(
  { all, any, not, header, size }: Condition,
  path: (string | number)[],
  surroundings: Surroundings,
  say: Say,
): void {
  for (const [index, each] of (all ?? []).entries())
    checkNames(each, [...path, 'all', index], surroundings, say);
  for (const [index, each] of (any ?? []).entries())
    checkNames(each, [...path, 'any', index], surroundings, say);
  if (not) checkNames(not, [...path, 'not'], surroundings, say);
  const unknown =
    header === undefined || conditionHeader(header) ? undefined : misspelt(header, surroundings);
  if (unknown) say(unknown, [...path, 'header']);
  const { over, under } = size ?? {};
  if (size && over === undefined && under === undefined) {
    const complaint = { message: 'says not which size', cure: 'write `over: 10MB`, `under: 1MB`, or both' };
    say({ ...complaint, onlyAlone: true }, [...path, 'size']);
  }
  if (over !== undefined && under !== undefined && over + 1 >= under) {
    say(
      { message: '`over` is not below `under`: no mail is so large', cure: 'raise `under` or lower `over`' },
      [...path, 'size'],
    );
  }
}

/** Shorter names are near to many others. */
const SHORTEST_MISSPELT = 6;

/**
 * What is wrong with a header's name: it is that of a standard field or of one of Desk's with a slip. Any other may well be
 * written by somebody.
 */
function misspelt(name: string, { prefix, isDesk, mapped }: Surroundings): Complaint | undefined {
  const ours = isDesk && prefix !== undefined ? DESK_HEADERS.map(({ header }) => prefix + header) : [];
  const isKnown = [...mapped, ...ours, ...STANDARD_FIELDS].some((each) =>
    each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name,
  );
  if (isKnown) return undefined;
  const long = STANDARD_FIELDS.filter(({ length }) => length >= SHORTEST_MISSPELT);
  const meant = [...ours, ...long].find((each) => isSlip(name, each));
  return meant === undefined || meant.endsWith('*')
    ? undefined
    : { message: 'a header field that nobody writes', cure: `did you mean \`${meant}\`?` };
}

/** Says where a rule is for a mailbox or trust that there is not. A folder may be one that is imported by hand. */
function checkPlaces(when: Condition, { mailboxes }: Surroundings, say: Say): void {
  if (mailboxes === undefined) return;
  checkEach(when, ['when'], mailboxes, say);
  // What has to hold together has to be of one mailbox.
  const asked = conjuncts(when, ['when']).filter(({ isNot }) => !isNot);
  const named = asked.find(({ condition }) => condition.mailbox !== undefined)?.condition.mailbox;
  const own = mailboxes.find(({ name }) => name === named);
  if (own === undefined) return;
  for (const { condition, path } of asked) {
    if (condition.trusted === true && !own.trusts && mailboxes.some(({ trusts }) => trusts)) {
      say(nobodyTrusted(`the mailbox ${own.name} trusts nobody`), [...path, 'trusted']);
    }
  }
}

function checkEach(
  { all, any, not, mailbox, trusted }: Condition,
  path: (string | number)[],
  mailboxes: readonly Surrounding[],
  say: Say,
  isNot = false,
): void {
  for (const [name, list] of [['all', all] as const, ['any', any] as const]) {
    for (const [index, each] of (list ?? []).entries()) {
      checkEach(each, [...path, name, index], mailboxes, say, isNot);
    }
  }
  if (not) checkEach(not, [...path, 'not'], mailboxes, say, !isNot);
  const names = mailboxes.map(({ name }) => name);
  if (mailbox !== undefined && !names.includes(mailbox)) {
    say(notThere('no mailbox of this name', mailbox, names), [...path, 'mailbox']);
  }
  if (trusted === true && !isNot && !mailboxes.some(({ trusts }) => trusts)) {
    say(nobodyTrusted('no mailbox trusts anybody'), [...path, 'trusted']);
  }
}

function nobodyTrusted(why: string): Complaint {
  return {
    message: `never holds: ${why}`,
    cure: 'set `trust` of the mailbox, or take the condition out: rules act on untrusted mail too',
  };
}

function notThere(message: string, name: string, names: readonly string[]): Complaint {
  const similar = names.find((each) => each.toLowerCase() === name.toLowerCase()) ?? nearest(name, names);
  const possible = names.map((each) => `\`${each}\``).join(', ');
  return { message, cure: similar === undefined ? `use one of ${possible}` : `did you mean \`${similar}\`?` };
}
