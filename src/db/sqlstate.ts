import { type ErrorCode, errorCode, MailcaseError } from '../errors.ts';
import { isDefect } from './defect.ts';

/** Whose fault a failed statement is, and so what to do about it. */
export type Blame =
  /** The values of a message: the batch is halved until it stands alone. */
  | 'data'
  /** A mistake of our own code, which a message may have provoked: halved too, and tried once more when it is alone. */
  | 'defect'
  /** Another daemon wrote the same row a moment earlier, or a lock was lost: load and decide again. */
  | 'race'
  /** Connection, disk, memory, rights, schema: never the message's fault, tried again later. */
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

/**
 * SQLSTATE classes that speak of values: cardinality violation, data exception, integrity constraint violation, check
 * option violation, program limit exceeded; and what a trigger of the operator's own raises (raise_exception, assert_failure).
 */
const DATA_CLASSES = new Set(['21', '22', '23', '44', '54', 'P0']);

/** Our own errors that are about one message. */
const OF_A_MESSAGE: readonly ErrorCode[] = ['message_unparsable', 'message_unrecordable'];

/** Judges what a statement threw. Whatever is not known is outside: a message is blamed only on evidence. */
export function blameFor(error: unknown): Blame {
  if (error instanceof MailcaseError) {
    if (error.code === 'database_race') return 'race';
    return OF_A_MESSAGE.includes(error.code) ? 'data' : 'outside';
  }
  const code = errorCode(error);
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) return isDefect(error) ? 'defect' : 'outside';
  if (RETRY.has(code)) return 'race';
  if (code === '23505' && MEETING_POINTS.has(constraintOf(error))) return 'race';
  return DATA_CLASSES.has(code.slice(0, 2)) ? 'data' : 'outside';
}

function constraintOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'constraint' in error ? String(error.constraint) : '';
}
