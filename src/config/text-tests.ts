import { folding } from '../rules/facts.ts';
import { type Condition, TESTS } from '../rules/rule.ts';

/** What a condition asks of a header or a part, its texts as they are compared (see rules/conditions.ts). */
export interface TextTest {
  /** `header x-spam-flag`, `part subject` */
  readonly subject: string;
  readonly kind: 'exists' | 'is' | 'contains' | 'starts_with' | 'ends_with' | 'matches';
  /** Of `is`, one of which it is; else the one; none where there is nothing to compare. */
  readonly texts: ReadonlySet<string>;
}

/** @returns undefined for what is about something else, asks for absence, or says nothing or too much */
export function textTestOf(condition: Condition): TextTest | undefined {
  const { header, part, exists, equals, one_of, contains, starts_with, ends_with, matches } = condition;
  if ((header === undefined) === (part === undefined)) return undefined;
  if (TESTS.filter((name) => condition[name] !== undefined).length !== 1 || exists === false)
    return undefined;
  const subject = header === undefined ? `part ${part}` : `header ${header}`;
  const of = (kind: TextTest['kind'], texts: readonly string[]): TextTest | undefined =>
    texts.includes('') ? undefined : { subject, kind, texts: new Set(texts) };
  if (exists || matches !== undefined) return of(exists ? 'exists' : 'matches', []);
  if (contains !== undefined) return of('contains', [folding.piece(contains)]);
  if (starts_with !== undefined) return of('starts_with', [folding.start(starts_with)]);
  if (ends_with !== undefined) return of('ends_with', [folding.end(ends_with)]);
  const list = equals === undefined ? (one_of ?? []) : [equals];
  return list.length === 0 ? undefined : of('is', list.map(folding.whole));
}

/** Whether every value that passes one test passes another. */
export function implies(first: TextTest, second: TextTest): boolean {
  if (first.subject !== second.subject) return false;
  if (second.kind === 'exists') return true;
  if (first.kind === 'exists' || first.kind === 'matches') return false;
  if (first.kind !== 'is' && second.kind !== first.kind && second.kind !== 'contains') return false;
  for (const text of first.texts) if (!passes(text, second)) return false;
  return true;
}

/** Whether no value can pass both tests. */
export function excludeEachOther(first: TextTest, second: TextTest): boolean {
  if (first.subject !== second.subject) return false;
  if (first.kind === 'is' || second.kind === 'is') {
    const [fixed, other] = first.kind === 'is' ? [first, second] : [second, first];
    const isOpen = other.kind === 'exists' || other.kind === 'matches';
    return !isOpen && [...fixed.texts].every((text) => !passes(text, other));
  }
  if (first.kind !== second.kind || (first.kind !== 'starts_with' && first.kind !== 'ends_with'))
    return false;
  return !implies(first, second) && !implies(second, first);
}

function passes(text: string, { kind, texts }: TextTest): boolean {
  const [only = ''] = texts;
  switch (kind) {
    case 'is':
      return texts.has(text);
    case 'contains':
      return text.includes(only);
    case 'starts_with':
      return text.startsWith(only);
    case 'ends_with':
      return text.endsWith(only);
    default:
      return kind === 'exists';
  }
}
