import type { Transaction } from './connect.ts';

/** A value that JSON can carry to a column: bytes go as PostgreSQL's hex text. */
export function bytes(value: Buffer): string {
  return `\\x${value.toString('hex')}`;
}

/**
 * Inserts many rows in one statement, read on the server from one JSON parameter, so that arrays, jsonb and inet need
 * no casts. Ids may be given (see nextIds).
 *
 * @param table a table of ours
 * @param columns which of its columns the rows set; all rows have all of them
 */
export async function insertRows<const C extends string>(
  trx: Transaction,
  table: string,
  columns: readonly C[],
  rows: readonly Record<C, unknown>[],
): Promise<void> {
  if (rows.length === 0) return;
  const names = columns.join(', ');
  await trx.raw(
    `insert into ${table} (${names}) overriding system value
     select ${names} from json_populate_recordset(null::${table}, ?::json)`,
    [JSON.stringify(rows)],
  );
}

/**
 * Updates many rows in one statement by their id.
 *
 * @param columns which columns to set, id not among them
 */
export async function updateRows<const C extends string>(
  trx: Transaction,
  table: string,
  columns: readonly C[],
  rows: readonly (Record<C, unknown> & { id: number })[],
): Promise<void> {
  if (rows.length === 0) return;
  const assignments = columns.map((column) => `${column} = given.${column}`).join(', ');
  await trx.raw(
    `update ${table} set ${assignments}
     from json_populate_recordset(null::${table}, ?::json) as given where ${table}.id = given.id`,
    [JSON.stringify(rows)],
  );
}

/** Takes ids for new rows from their sequences, all tables in one statement, so that rows can refer to each other. */
export async function nextIds<const T extends string>(
  trx: Transaction,
  counts: Readonly<Record<T, number>>,
): Promise<Record<T, number[]>> {
  const tables = Object.keys(counts) as T[];
  const ids = Object.fromEntries(tables.map((table) => [table, [] as number[]])) as Record<T, number[]>;
  if (tables.every((table) => counts[table] === 0)) return ids;
  const parts = tables.map(
    () => `select ?::text as name, nextval(pg_get_serial_sequence(?, 'id')) as id from generate_series(1, ?)`,
  );
  const { rows } = (await trx.raw(
    parts.join(' union all '),
    tables.flatMap((table) => [table, table, counts[table]]),
  )) as { rows: { name: T; id: number }[] };
  for (const { name, id } of rows) ids[name].push(id);
  return ids;
}
