import type { Directives } from '../rules/directives.ts';

/** What directives set of a customer or a case. */
type Section = Directives['customer'] | Directives['case'];

/** A row with fields of that kind. */
interface Row {
  readonly custom_fields: Readonly<Record<string, string>>;
}

/** These say which customer or case it is, or have rules of their own. */
const NO_PLAIN_FIELDS = ['address', 'external_id', 'status', 'labels', 'custom_fields'];

/** The fields that are simply set, by their names in events: `priority`, `custom_fields.total` … */
export function* fieldsOf(section: Section): Generator<[field: string, value: string | number]> {
  for (const [name, value] of Object.entries(section) as [string, unknown][]) {
    if (NO_PLAIN_FIELDS.includes(name)) continue;
    if (typeof value === 'string' || typeof value === 'number') yield [name, value];
  }
  for (const [key, value] of section.custom_fields) yield [`custom_fields.${key}`, value];
}

/** The same without some of them. */
export function without<S extends Section>(section: S, fields: ReadonlySet<string>): S {
  const kept = Object.entries(section).filter(([name]) => !fields.has(name));
  const custom = [...section.custom_fields].filter(([key]) => !fields.has(`custom_fields.${key}`));
  return { ...(Object.fromEntries(kept) as unknown as S), custom_fields: new Map(custom) };
}

/** What a row has in a field; null where it has nothing. A key may be one that every object has (`constructor`). */
export function fieldOf(row: Row, field: string): string | number | null {
  const key = /^custom_fields\.(.*)$/s.exec(field)?.[1];
  if (key === undefined)
    return ((row as unknown as Record<string, unknown>)[field] as string | number) ?? null;
  return Object.hasOwn(row.custom_fields, key) ? (row.custom_fields[key] ?? null) : null;
}
