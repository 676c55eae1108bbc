import type { DatabaseConfig } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { type SchemaState, schemaState } from '../db/migrate.ts';
import { isEmbeddedMade, openDatabase } from '../db/open.ts';
import { serverWords } from '../db/refusal.ts';
import { DatabaseUnavailable } from '../db/unavailable.ts';
import { countQuarantined } from '../record/quarantine.ts';
import { type MissingRight, missingRights, type WantedRight } from './rights.ts';

/** What was found out about a database that answers. */
export interface DatabaseFacts {
  readonly server: ServerFacts;
  readonly missing: readonly MissingRight[];
  /** Undefined where the role must not even read which migrations were applied. */
  readonly schema: SchemaState | undefined;
  /** How many messages are in quarantine; undefined where that cannot be asked. */
  readonly quarantined: number | undefined;
}

export interface ServerFacts {
  /** `180004` is 18.4. */
  readonly versionNumber: number;
  readonly version: string;
  readonly database: string;
  /** As SQL writes it, quoted where need be. */
  readonly role: string;
  readonly encoding: string;
  readonly isReadOnly: boolean;
  readonly isStandby: boolean;
  /** Where tables are looked for and made; null where the role may use none. */
  readonly schemaName: string | null;
}

/** A database that was looked at. */
export type Looked =
  | { readonly kind: 'unreachable'; readonly why: string; readonly cure: string }
  /** The embedded one, before the command that makes it. */
  | { readonly kind: 'not_made'; readonly folder: string }
  | { readonly kind: 'found'; readonly facts: DatabaseFacts };

export interface OpenedDatabase {
  readonly looked: Looked;
  /** To ask what was recorded; undefined where its tables cannot be read. */
  readonly db: Database | undefined;
  close(): Promise<void>;
}

const nothingToClose = async () => {};

/**
 * Connects and looks; an embedded database that was not made yet stays so.
 *
 * @param wanted rights beside those that every daemon wants
 */
export async function lookAtDatabase(
  config: DatabaseConfig,
  wanted: readonly WantedRight[] = [],
): Promise<OpenedDatabase> {
  if (config.embedded !== undefined && !isEmbeddedMade(config.embedded)) {
    const looked: Looked = { kind: 'not_made', folder: config.embedded };
    return { looked, db: undefined, close: nothingToClose };
  }
  let close = nothingToClose;
  try {
    const opened = await openDatabase(config);
    close = opened.close;
    const facts = await readFacts(opened.db, wanted);
    return { looked: { kind: 'found', facts }, db: isReadable(facts) ? opened.db : undefined, close };
  } catch (error) {
    return { looked: unreachable(error), db: undefined, close };
  }
}

function unreachable(error: unknown): Looked {
  if (error instanceof DatabaseUnavailable) {
    return { kind: 'unreachable', why: error.why, cure: error.cure };
  }
  const cure = "see `database` in the configuration, and the server's log";
  return { kind: 'unreachable', why: serverWords(error), cure };
}

async function readFacts(db: Database, wanted: readonly WantedRight[]): Promise<DatabaseFacts> {
  const server = await readServer(db);
  const missing = await missingRights(db, wanted);
  const mayRead = (name: string) => canSelect(missing, name);
  // Without the right, knex would take the table for one that is not there, and everything for pending.
  const schema =
    server.schemaName !== null && mayRead('schema_migrations') ? await schemaState(db) : undefined;
  const isCurrent = schema?.pending.length === 0 && schema.unknown.length === 0;
  const quarantined = isCurrent && mayRead('quarantine') ? await countQuarantined(db) : undefined;
  return { server, missing, schema, quarantined };
}

async function readServer(db: Database): Promise<ServerFacts> {
  const { rows } = (await db.raw(
    `select current_setting('server_version_num')::int as "versionNumber", current_setting('server_version') as version,
       current_database() as database, quote_ident(current_user) as role,
       current_setting('server_encoding') as encoding, current_setting('transaction_read_only')::boolean as "isReadOnly",
       pg_is_in_recovery() as "isStandby", current_schema() as "schemaName"`,
  )) as { rows: [ServerFacts] };
  return rows[0];
}

function canSelect(missing: readonly MissingRight[], table: string): boolean {
  return !missing.some(({ kind, on, right }) => kind === 'table' && on === table && right === 'select');
}

function isReadable({ schema, missing }: DatabaseFacts): boolean {
  return (
    schema !== undefined &&
    schema.pending.length === 0 &&
    schema.unknown.length === 0 &&
    missing.every(({ right, commands }) => right !== 'select' || commands !== null)
  );
}
