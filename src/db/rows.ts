import type { Database, Transaction } from './connect.ts';

/** What a statement is given for each `?`, in order, or for each `:name`. */
export type Bindings = readonly unknown[] | Readonly<Record<string, unknown>>;

/** All rows of a statement. The caller says what they look like. */
export async function rows<T>(db: Database | Transaction, sql: string, bindings: Bindings): Promise<T[]> {
  // Knex has no type for null, nor for lists, among what it binds; pg takes both, lists as arrays.
  return ((await db.raw(sql, bindings as never)) as { rows: T[] }).rows;
}
