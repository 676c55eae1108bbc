import { errorCode, errorMessage } from '../errors.ts';

/** What the server said of a statement, before knex put the statement before it. */
const saidOf = new WeakMap<object, string>();

/** What mends it, by SQLSTATE. */
const CURES: Readonly<Record<string, string>> = {
  // insufficient_privilege
  '42501': '`mailcase check` says which rights are missing',
  // invalid_schema_name, undefined_table, undefined_column: somebody changed the tables.
  '3F000': '`mailcase check` says what is wrong with the tables',
  '42P01': '`mailcase check` says what is wrong with the tables',
  '42703': '`mailcase check` says what is wrong with the tables',
  // read_only_sql_transaction
  '25006': '`mailcase check` says why nothing can be written',
  // query_canceled
  '57014': 'something else may hold a lock: see pg_stat_activity',
};

/** Keeps the words of the server. @param error its answer to a statement, as pg made it */
export function keepWords(error: Error): void {
  saidOf.set(error, error.message);
}

/** What the server said, without the statement; the message of any other error. */
export function serverWords(error: unknown): string {
  return (isKept(error) ? saidOf.get(error) : undefined) ?? errorMessage(error);
}

function isKept(error: unknown): error is object {
  return typeof error === 'object' && error !== null && saidOf.has(error);
}

/** Whether the server has refused a statement, and said why with a SQLSTATE. */
export function isRefusal(error: unknown): error is object {
  return isKept(error) && /^[0-9A-Z]{5}$/.test(errorCode(error) ?? '');
}

/** The text of anything that was thrown, for people: a refused statement is said in the server's words, with the cure. */
export function errorText(error: unknown): string {
  if (!isRefusal(error)) return errorMessage(error);
  const cure = CURES[errorCode(error) ?? ''];
  return `the database refused: ${serverWords(error)}${cure === undefined ? '' : ` (${cure})`}`;
}
