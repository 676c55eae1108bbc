import { errorCode, MailcaseError } from '../errors.ts';

/** Whose fault a failed statement is, and so what to do about it. */
export type Blame =
  /** The values of a message: the batch is halved until it stands alone. */
  | 'data'
  /** Another daemon wrote the same row a moment earlier, or a lock was lost: load and decide again. */
  | 'race'
  /** Connection, disk, rights, schema: never the message's fault, tried again later. */
  | 'outside';

/** Unique constraints that two daemons can meet at honestly: who comes second loads again and finds the first's row. */
const MEETING_POINTS = new Set([
  'customers_external_id_key',
  'customer_emails_address_key_key',
  'cases_external_id_key',
  'interactions_dedupe_key_key',
  'receipts_pkey',
  'quarantine_folder_id_uid_validity_uid_key',
]);

/** serialization_failure, deadlock_detected, lock_not_available: PostgreSQL says itself to try again. */
const RETRY = new Set(['40001', '40P01', '55P03']);

/** SQLSTATE classes that speak of values: data exception, integrity constraint violation, program limit exceeded. */
const DATA_CLASSES = new Set(['22', '23', '54']);

/** Judges what a statement threw. Whatever is not known is outside: a message is blamed only on evidence. */
export function blameFor(error: unknown): Blame {
  if (error instanceof MailcaseError) {
    return error.code === 'database_race' ? 'race' : error.temporary ? 'outside' : 'data';
  }
  const code = errorCode(error);
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) return 'outside';
  if (RETRY.has(code)) return 'race';
  if (code === '23505' && MEETING_POINTS.has(constraintOf(error))) return 'race';
  return DATA_CLASSES.has(code.slice(0, 2)) ? 'data' : 'outside';
}

function constraintOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'constraint' in error ? String(error.constraint) : '';
}
