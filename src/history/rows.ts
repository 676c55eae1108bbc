import type { Database } from '../db/connect.ts';

/** What the queries of this room are given. */
export type Binding = string | number | null | Date | readonly number[];

/** All rows of a query. The caller says what they look like. @param bindings for each `?` of the text, in order */
export async function rows<T>(db: Database, sql: string, bindings: readonly Binding[]): Promise<T[]> {
  return ((await db.raw(sql, bindings as (string | number | Date)[])) as { rows: T[] }).rows;
}

export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

export function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
