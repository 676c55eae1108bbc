import pg from 'pg';
import { expect, test } from 'vitest';
import { type Blame, blameFor } from '../../src/db/sqlstate.ts';
import { ERROR_CODES, type ErrorCode, MailcaseError } from '../../src/errors.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();

function databaseError(code: string, constraint?: string): Error {
  return Object.assign(new pg.DatabaseError('failed', 0, 'error'), { code, constraint });
}

test.each<[blame: Blame, code: string, meaning: string]>([
  ['data', '22001', 'string_data_right_truncation'],
  ['data', '22021', 'character_not_in_repertoire'],
  ['data', '22P02', 'invalid_text_representation'],
  ['data', '22P05', 'untranslatable_character'],
  ['data', '22003', 'numeric_value_out_of_range'],
  ['data', '23502', 'not_null_violation'],
  ['data', '23503', 'foreign_key_violation'],
  ['data', '23505', 'unique_violation where no other daemon can meet us'],
  ['data', '23514', 'check_violation'],
  ['data', '54000', 'program_limit_exceeded'],
  ['data', '21000', 'cardinality_violation'],
  ['data', '44000', 'with_check_option_violation'],
  ['data', '54001', 'statement_too_complex'],
  ['data', 'P0001', "raise_exception, in a trigger of the operator's"],
  ['data', 'P0004', 'assert_failure'],
  ['race', '40001', 'serialization_failure'],
  ['race', '40P01', 'deadlock_detected'],
  ['race', '55P03', 'lock_not_available'],
  ['outside', '08006', 'connection_failure'],
  ['outside', '08P01', 'protocol_violation'],
  ['outside', '0A000', 'feature_not_supported'],
  ['outside', '25006', 'read_only_sql_transaction'],
  ['outside', '25P03', 'idle_in_transaction_session_timeout'],
  ['outside', '28P01', 'invalid_password'],
  ['outside', '42501', 'insufficient_privilege'],
  ['outside', '42P01', 'undefined_table'],
  ['outside', '53100', 'disk_full'],
  ['outside', '53200', 'out_of_memory'],
  ['outside', '53300', 'too_many_connections'],
  ['outside', '53400', 'configuration_limit_exceeded'],
  ['outside', '55000', 'object_not_in_prerequisite_state'],
  ['outside', '57014', 'query_canceled'],
  ['outside', '57P01', 'admin_shutdown'],
  ['outside', '57P02', 'crash_shutdown'],
  ['outside', '57P03', 'cannot_connect_now'],
  ['outside', '58030', 'io_error'],
  ['outside', 'HV00N', 'fdw_unable_to_establish_connection'],
  ['outside', 'XX000', 'internal_error'],
  ['outside', 'XX001', 'data_corrupted'],
  ['outside', 'XX002', 'index_corrupted'],
  ['outside', 'ECONNRESET', "Node's, no SQLSTATE"],
  ['outside', 'EPIPE', 'five letters, but class EP'],
  ['outside', '22', 'no whole SQLSTATE'],
])('%s: %s, %s', (blame, code) => {
  expect(blameFor(databaseError(code))).toBe(blame);
});

test.each([
  new Error('Connection terminated unexpectedly'),
  new RangeError('Array buffer allocation failed'),
  Object.assign(new TypeError('the stream is gone'), { code: 'ERR_STREAM_DESTROYED' }),
  Object.assign(new Error('a number'), { code: 22001 }),
  'a text',
  undefined,
  null,
])('what is not known is outside: %s', (error) => {
  expect(blameFor(error)).toBe('outside');
});

/** Provoked, not made up: what V8 and Node throw where a message is beyond what they can hold. */
test.each<[string, () => unknown]>([
  ['a field of nothing', () => (undefined as unknown as { field: unknown }).field],
  ['a text that is too long', () => 'x'.repeat(2 ** 30)],
  ['a buffer that is too long to be text', () => Buffer.alloc(2 ** 29 + 1).toString('latin1')],
  ['a number beyond a format', () => Buffer.alloc(4).writeUInt32BE(2 ** 32)],
  ['a date that is none', () => new Date(Number.NaN).toISOString()],
  ['recursion without end', () => JSON.stringify(nested(100_000))],
  ['a URI that is none', () => decodeURIComponent('%')],
  ['JSON that is none', () => JSON.parse('{') as unknown],
])('a mistake of ours is a defect: %s', (_, work) => {
  let error: unknown;
  try {
    work();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(Error);
  expect(blameFor(error)).toBe('defect');
});

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i += 1) value = [value];
  return value;
}

const OF_A_MESSAGE = ['message_unparsable', 'message_unrecordable', 'message_too_large'];

test.each(Object.keys(ERROR_CODES) as ErrorCode[])('our own %s', (code) => {
  const expected = OF_A_MESSAGE.includes(code) ? 'data' : code === 'database_race' ? 'race' : 'outside';
  expect(blameFor(new MailcaseError(code, 'failed'))).toBe(expected);
});

/** The names are the server's own, so they are asked of the server. */
test('every unique constraint where two daemons can meet is a race, and exists', async () => {
  const { rows } = (await database.db.raw(
    `select conname from pg_constraint where contype in ('u', 'p') and connamespace = 'public'::regnamespace`,
  )) as { rows: { conname: string }[] };
  const races = rows
    .map(({ conname }) => conname)
    .filter((name) => blameFor(databaseError('23505', name)) === 'race');
  expect(races.sort()).toEqual([
    'cases_external_id_key',
    'customer_emails_address_key_key',
    'customers_external_id_key',
    'interactions_dedupe_key_key',
    'quarantine_folder_id_uid_validity_uid_key',
    'receipts_pkey',
  ]);
});

test.each<[string, Blame]>([
  [`insert into customers (external_id) values ('same'), ('same')`, 'race'],
  [`insert into customers (external_id) values ('')`, 'data'],
  [`insert into customers (custom_fields) values ('[]')`, 'data'],
  [`select 'x'::inet`, 'data'],
  [`select '"a\\u0000"'::jsonb`, 'data'],
  [`do $$ begin raise 'not this one'; end $$`, 'data'],
  [`do $$ begin raise 'full' using errcode = 'disk_full'; end $$`, 'outside'],
  ['set transaction read only; create table t (id int)', 'outside'],
  ['select * from no_such_table', 'outside'],
  ['set statement_timeout = 10; select pg_sleep(5)', 'outside'],
])('what the server says to %s is %s', async (sql, blame) => {
  const error = await database.db
    .transaction((trx) => trx.raw(sql))
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toBeInstanceOf(Error);
  expect(blameFor(error)).toBe(blame);
});
