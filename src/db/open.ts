import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseConfig } from '../config/schema.ts';
import { assertReachable, connectDatabase, type Database } from './connect.ts';
import { startEmbeddedPostgres } from './embedded.ts';

export interface OpenDatabase {
  readonly db: Database;
  /** With its password: for a program's own use, never for the log. */
  readonly url: string;
  close(): Promise<void>;
}

/** A statement that hangs, on a lock or on a dead connection, keeps the end no longer than this. */
const CLOSE_GRACE_MS = 5_000;

/** Opens the configured database, starting the embedded server where that is the one. Nothing is asked of it yet. */
export async function openDatabase(
  config: DatabaseConfig,
  options: { patient?: boolean } = {},
): Promise<OpenDatabase> {
  if (config.url !== undefined) {
    const db = connectDatabase(config.url, config.pool, options);
    return { db, url: config.url, close: () => closePool(db) };
  }
  const server = await startEmbeddedPostgres({ dataDir: config.embedded });
  const db = connectDatabase(server.url('postgres'), config.pool, options);
  const close = async () => {
    await closePool(db);
    await server.stop();
  };
  try {
    await assertReachable(db);
  } catch (error) {
    await close();
    throw error;
  }
  return { db, url: server.url('postgres'), close };
}

/** knex waits for every statement under way, and the server may take a minute to end one. */
async function closePool(db: Database): Promise<void> {
  const timer = new AbortController();
  const limit = sleep(CLOSE_GRACE_MS, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([db.destroy(), limit]);
  timer.abort();
}
