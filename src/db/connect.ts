import knex, { type Knex } from 'knex';
import pg from 'pg';
import { clientFor } from './client.ts';
import { applicationName, IDENTITY } from './identity.ts';

export type Database = Knex;
export type Transaction = Knex.Transaction;

/** No statement of ours takes long; one that does hangs on a lock or on a dead connection. In milliseconds. */
const STATEMENT_TIMEOUT_MS = 60_000;

/** Beyond the server's own limit, for a connection that died without a word. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 10_000;

/**
 * A client that died without a word in the middle of a transaction, or was stopped there, goes on to lock what was written,
 * and whoever takes over writes the same: so soon the server gives it up, in milliseconds. Between two statements of ours
 * hardly any time goes by, and a piece of a large mail (see pieces.ts) arrives in less; on a slow
 * line it counts as not come until all of it is there.
 */
const IDLE_IN_TRANSACTION_MS = 20_000;

const MIGRATION_CONNECTIONS = 4;

/** Of PostgreSQL: that of the README. */
const LEAST_VERSION = '15';

const CONNECT_TIMEOUT_MS = 15_000;

/**
 * A connection without traffic is probed after this time, in milliseconds, and ten times more, a second apart: what died
 * without a word is found before a statement is given to it.
 */
const KEEP_ALIVE_MS = 30_000;

/** Ids and UIDs are far below 2^53, so a bigint becomes a number; one that is not would be silently wrong. */
function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint out of range: ${text}`);
  return value;
}

/** bigint[], of which pg would make texts. It has no name for it. */
const INT8_ARRAY = 1016;

function parseBigints(text: string): number[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',').map(parseBigint);
}

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary' && oid === pg.types.builtins.INT8) return parseBigint;
    if (format !== 'binary' && oid === INT8_ARRAY) return parseBigints;
    return pg.types.getTypeParser(oid, format as 'text');
  }) as pg.CustomTypesConfig['getTypeParser'],
};

/**
 * Opens a pool of connections. Nothing is connected before the first query.
 *
 * @param url postgres://user:password@host:port/database
 * @param pool the largest number of connections
 * @param options.patient without limits on the time of a statement: for migrations, which may rewrite tables
 * @param options.folder that of the embedded server, where it is one
 */
export function connectDatabase(
  url: string,
  pool = 10,
  { patient = false, folder }: { patient?: boolean; folder?: string } = {},
): Database {
  const limits = patient
    ? {}
    : {
        query_timeout: QUERY_TIMEOUT_MS,
        statement_timeout: STATEMENT_TIMEOUT_MS,
        idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      };
  return knex({
    client: clientFor({ url, folder }, { connectMs: CONNECT_TIMEOUT_MS }),
    // Else knex asks the first connection, and where that fails nobody closes it.
    version: LEAST_VERSION,
    connection: {
      connectionString: url,
      application_name: applicationName(IDENTITY),
      types,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...limits,
    } as Knex.PgConnectionConfig,
    // A migration holds its lock on one connection and works on others.
    pool: { min: 0, max: patient ? Math.max(pool, MIGRATION_CONNECTIONS) : pool },
    acquireConnectionTimeout: CONNECT_TIMEOUT_MS + 5_000,
    // knex would print its own warnings to the console, connection strings among them.
    log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  });
}

/** Asks the database for a sign of life. @throws MailcaseError `database_unavailable`, which names the cure and no password */
export async function assertReachable(db: Database): Promise<void> {
  await db.raw('select 1');
}
