import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseConfig } from '../config/schema.ts';
import { MailcaseError } from '../errors.ts';
import { assertReachable, connectDatabase, type Database } from './connect.ts';
import { startEmbeddedPostgres } from './embedded.ts';

export interface OpenDatabase {
  readonly db: Database;
  /** With its password: for a program's own use, never for the log. */
  readonly url: string;
  /** Another pool on the same server. */
  withPool(pool: number): OpenDatabase;
  /** Closes the pool, and ends the embedded server with the last pool on it. */
  close(): Promise<void>;
}

/** What the pools on one server share. */
interface Server {
  readonly url: string;
  readonly options: { patient?: boolean; folder?: string };
  pools: number;
  stop(): Promise<void>;
}

/** A statement that hangs, on a lock or on a dead connection, keeps the end no longer than this. */
const CLOSE_GRACE_MS = 5_000;

/**
 * Opens the configured database, starting the embedded server where that is the one. Nothing is asked of it yet.
 *
 * @param options.existing for whoever only reads: an embedded database that was never made is not made for that
 */
export async function openDatabase(
  config: DatabaseConfig,
  options: { patient?: boolean; existing?: boolean } = {},
): Promise<OpenDatabase> {
  if (config.url !== undefined) {
    return openPool({ url: config.url, options, pools: 0, stop: async () => {} }, config.pool);
  }
  if (options.existing && !isEmbeddedMade(config.embedded)) {
    throw new MailcaseError(
      'schema_older',
      `there is no database in ${config.embedded} yet: \`mailcase migrate up\` makes it`,
    );
  }
  const { url, stop } = await startEmbeddedPostgres({ dataDir: config.embedded });
  const opened = openPool(
    { url: url('postgres'), options: { ...options, folder: config.embedded }, pools: 0, stop },
    config.pool,
  );
  try {
    await assertReachable(opened.db);
  } catch (error) {
    await opened.close();
    throw error;
  }
  return opened;
}

/** Whether an embedded database was made in a folder already. */
export function isEmbeddedMade(folder: string): boolean {
  return existsSync(join(folder, 'postgres', 'PG_VERSION'));
}

function openPool(server: Server, pool: number): OpenDatabase {
  const db = connectDatabase(server.url, pool, server.options);
  server.pools += 1;
  return {
    db,
    url: server.url,
    withPool: (size) => openPool(server, size),
    close: async () => {
      await closePool(db);
      server.pools -= 1;
      if (server.pools === 0) await server.stop();
    },
  };
}

/** knex waits for every statement under way, and the server may take a minute to end one. */
async function closePool(db: Database): Promise<void> {
  const timer = new AbortController();
  const limit = sleep(CLOSE_GRACE_MS, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([db.destroy(), limit]);
  timer.abort();
}
