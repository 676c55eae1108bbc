import type { Transaction } from '../db/connect.ts';
import { rows } from '../db/rows.ts';

/** Rows of a query that looks for lists of values, unless there is nothing to look for. */
export async function rowsOf<T>(trx: Transaction, sql: string, lists: readonly unknown[][]): Promise<T[]> {
  // Nothing to look for is common (a batch without replies), and a query saved.
  if (lists.every((list) => list.length === 0)) return [];
  return rows(trx, sql, lists);
}

export function distinct<T>(values: readonly (T | undefined)[]): T[] {
  return [...new Set(values.filter((value): value is T => value !== undefined))];
}

/** Adds a value to the list of a key. */
export function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** PostgreSQL takes 65,535 parameters a statement; the widest of our rows have eight columns and leave room. */
export const ROWS_PER_INSERT = 1000;

/** The id of a row that is stored, or has its id already. */
export function idOf(row: { id: number | undefined }): number {
  if (row.id === undefined) throw new TypeError('a row is used before it has an id');
  return row.id;
}
