import type { Applied, Directives, Refused } from '../rules/directives.ts';
import { MAX_DIRECTIVE_CHARACTERS } from '../rules/limits.ts';
import type { KeptDirectives } from './stored.ts';

/** The field that holds a list: of it, each entry is said by itself. */
export const LABELS = 'case.labels';

/**
 * What a mail says today and did not say before. What it has said before has had its effect, or was refused; much may have
 * happened since, and it is not said again.
 */
export class News {
  /** Labels that are new. */
  readonly labels: readonly string[];
  private readonly fields: ReadonlySet<string>;

  /** @param today what it says today; what was refused before is refused in it again, for the same reason */
  constructor(today: Directives, before: KeptDirectives) {
    const said = new Map(before.applied.map((each) => [keyOf(each), undefined as string | undefined]));
    for (const { field, value, reason } of before.refused) {
      if (field !== undefined) said.set(keyOf({ field, value }), reason);
    }
    const labels = labelsOf(before);
    // Where several set one field, the last one counts.
    const last = new Map(today.applied.map((each) => [each.field, each]));
    const isNew = (each: Applied) => !said.has(keyOf(each));
    this.fields = new Set([...last.values()].filter(isNew).map(({ field }) => field));
    this.labels = today.case.labels.filter((label) => !labels.has(label) && this.fields.has(LABELS));
    for (const each of [...today.applied]) {
      const reason = said.get(keyOf(each));
      if (reason !== undefined) refuseAgain(today, each, reason);
    }
  }

  /** Whether it sets a field, or to another value than before. @param field as in Applied */
  has(field: string): boolean {
    return field === LABELS ? this.labels.length > 0 : this.fields.has(field);
  }
}

function keyOf({ field, value }: Pick<Applied, 'field' | 'value'>): string {
  return `${field}\n${value}`;
}

function refuseAgain({ applied, refused }: Directives, each: Applied, reason: string): void {
  applied.splice(applied.indexOf(each), 1);
  refused.push({ by: each.by, field: each.field, value: each.value, reason });
}

/** The labels that were said before, applied or not. */
function labelsOf({ applied, refused }: KeptDirectives): Set<string> {
  const entries: readonly Pick<Refused, 'field' | 'value'>[] = [...applied, ...refused];
  return new Set(
    entries.flatMap(({ field, value }) => {
      if (field !== LABELS) return [];
      const labels = value.split(',').map((label) => label.trim());
      // Of a value that was shortened, the last label may be half of one.
      return value.length > MAX_DIRECTIVE_CHARACTERS ? labels.slice(0, -1) : labels;
    }),
  );
}
