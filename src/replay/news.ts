import type { Applied, Directives, Refused } from '../rules/directives.ts';
import { MAX_DIRECTIVE_CHARACTERS } from '../rules/limits.ts';
import { isRule } from '../rules/rules.ts';
import type { KeptDirectives } from './stored.ts';

/** The field that every header adds to; of it, and of the lists that rules change, each entry is said by itself. */
export const LABELS = 'case.labels';

/** What was said of a field: applied, or refused as a whole. */
type Said = Pick<Applied, 'by' | 'field' | 'value'> & { readonly how?: Applied['how'] | undefined };

/**
 * What a mail says today and did not say before. What it has said before has had its effect, or was refused; much may have
 * happened since, and it is not said again.
 */
export class News {
  /** Fields that are set or cleared. */
  private readonly fields: ReadonlySet<string>;
  private readonly before: readonly Said[];

  /** @param today what it says today; what was refused before is refused in it again, for the same reason */
  constructor(today: Directives, before: KeptDirectives) {
    const refusedBefore = before.refused.flatMap((each) => (hasField(each) ? [each] : []));
    this.before = [...before.applied, ...refusedBefore];
    const reasons = new Map(refusedBefore.map((each) => [keyOf(each), each.reason]));
    const said = new Set(this.before.map(keyOf));
    this.fields = new Set(
      today.applied.filter((each) => !isOfList(each) && !said.has(keyOf(each))).map(({ field }) => field),
    );
    for (const each of [...today.applied]) {
      const reason = reasons.get(keyOf(each));
      if (reason !== undefined) refuseAgain(today, each, reason);
    }
  }

  /** Whether it sets a field, or to another value than before, or clears it. @param field as in Applied */
  has(field: string): boolean {
    return this.fields.has(field);
  }

  /** Which of these entries of a list come to it, or go from it, and did not before. */
  entries(field: string, how: 'added' | 'removed', values: readonly string[]): string[] {
    const said = new Set(
      this.before
        .filter((each) => each.field === field && (each.how ?? (field === LABELS ? 'added' : '')) === how)
        .flatMap(({ value }) => entriesIn(value)),
    );
    return values.filter((value) => !said.has(value));
  }
}

/** Whether it is about entries of a list, and not about the whole of it: a header adds labels, a rule sets them all. */
function isOfList({ by, field, how }: Said): boolean {
  return how === 'added' || how === 'removed' || (field === LABELS && how === undefined && !isRule(by));
}

function hasField(refused: Refused): refused is Refused & { readonly field: string } {
  return refused.field !== undefined;
}

/** By whom it is said does not matter. */
function keyOf({ field, how, value }: Omit<Said, 'by'>): string {
  return `${field}\n${how ?? 'set'}\n${value}`;
}

function refuseAgain({ applied, refused }: Directives, each: Applied, reason: string): void {
  applied.splice(applied.indexOf(each), 1);
  refused.push({ ...each, reason });
}

function entriesIn(value: string): string[] {
  const entries = value.split(',').map((entry) => entry.trim());
  // Of a value that was shortened, the last entry may be half of one.
  return value.length > MAX_DIRECTIVE_CHARACTERS ? entries.slice(0, -1) : entries;
}
