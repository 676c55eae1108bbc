import type { DatabaseConfig } from '../config/schema.ts';
import { assertReachable, connectDatabase, type Database } from './connect.ts';
import { startEmbeddedPostgres } from './embedded.ts';

export interface OpenDatabase {
  readonly db: Database;
  /** With its password: for a program's own use, never for the log. */
  readonly url: string;
  close(): Promise<void>;
}

/** Opens the configured database, starting the embedded server where that is the one. Nothing is asked of it yet. */
export async function openDatabase(
  config: DatabaseConfig,
  options: { patient?: boolean } = {},
): Promise<OpenDatabase> {
  if (config.url !== undefined) {
    const db = connectDatabase(config.url, config.pool, options);
    return { db, url: config.url, close: () => db.destroy() };
  }
  const server = await startEmbeddedPostgres({ dataDir: config.embedded });
  const db = connectDatabase(server.url('postgres'), config.pool, options);
  const close = async () => {
    await db.destroy();
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
