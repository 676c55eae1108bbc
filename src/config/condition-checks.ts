import { DESK_HEADERS } from '../rules/desk-headers.ts';
import type { Condition } from '../rules/rule.ts';
import { checkComparedTexts } from './address-checks.ts';
import { conditionHeader } from './checks.ts';
import { checkContradictions } from './contradictions.ts';
import { optionOf } from './fields.ts';
import { isSlip } from './nearest.ts';
import { checkPlaces, type Place, placeOf } from './place-checks.ts';
import type { Complaint, Say } from './problems.ts';
import { FILTER_FIELDS, STANDARD_FIELDS } from './standard-fields.ts';

/** What of the file conditions refer to; undefined where that cannot be understood itself. */
export interface Surroundings {
  readonly prefix: string | undefined;
  readonly isDesk: boolean;
  /** Header fields that are mapped, a `*` at the end of some. */
  readonly mapped: readonly string[];
  readonly places: readonly Place[] | undefined;
}

export function surroundingsOf(section: unknown): Surroundings {
  const headers = optionOf(section, 'headers');
  const prefix = optionOf(headers, 'prefix');
  const map = optionOf(headers, 'map');
  const mailboxes = optionOf(section, 'mailboxes');
  const known = (Array.isArray(mailboxes) ? mailboxes : []).map(placeOf);
  const isKnown = known.length > 0 && known.every((each): each is Place => each !== undefined);
  return {
    prefix: typeof prefix === 'string' ? prefix : undefined,
    isDesk: optionOf(headers, 'desk') !== false,
    mapped: (Array.isArray(map) ? map : []).flatMap((entry: unknown) => {
      const header = optionOf(entry, 'header');
      return typeof header === 'string' ? [header] : [];
    }),
    places: isKnown ? known : undefined,
  };
}

/** Says what is wrong with a rule's condition: what it names, and what excludes itself. */
export function checkCondition(when: Condition, surroundings: Surroundings, say: Say): void {
  checkNames(when, ['when'], surroundings, say);
  checkContradictions(when, ['when'], say);
  checkPlaces(when, surroundings.places, say);
}

function checkNames(
  condition: Condition,
  path: (string | number)[],
  surroundings: Surroundings,
  say: Say,
): void {
  const { all, any, not, header, size } = condition;
  for (const [index, each] of (all ?? []).entries())
    checkNames(each, [...path, 'all', index], surroundings, say);
  for (const [index, each] of (any ?? []).entries())
    checkNames(each, [...path, 'any', index], surroundings, say);
  if (not) checkNames(not, [...path, 'not'], surroundings, say);
  const unknown =
    header === undefined || conditionHeader(header) ? undefined : misspelt(header, surroundings);
  if (unknown) say(unknown, [...path, 'header']);
  checkComparedTexts(condition, path, say);
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

/** Whether names differ as those of two fields of one program do: by a number, or as one and many. */
function isSibling(name: string, other: string): boolean {
  return name === `${other}s` || /\d/.test(name) || /\d/.test(other);
}

/**
 * What is wrong with a header's name: it is that of a standard field, of one that rules are written on, or of one of Desk's
 * with a slip. Any other may well be written by somebody.
 */
function misspelt(name: string, { prefix, isDesk, mapped }: Surroundings): Complaint | undefined {
  const ours = isDesk && prefix !== undefined ? DESK_HEADERS.map(({ header }) => prefix + header) : [];
  const isKnown = [...mapped, ...ours, ...STANDARD_FIELDS, ...FILTER_FIELDS].some((each) =>
    each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name,
  );
  if (isKnown) return undefined;
  const long = STANDARD_FIELDS.filter(({ length }) => length >= SHORTEST_MISSPELT);
  const meant =
    [...ours, ...long].find((each) => isSlip(name, each)) ??
    FILTER_FIELDS.find((each) => isSlip(name, each) && !isSibling(name, each));
  return meant === undefined || meant.endsWith('*')
    ? undefined
    : { message: 'a header field that nobody writes', cure: `did you mean \`${meant}\`?` };
}
