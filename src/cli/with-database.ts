import type { LoadedConfig } from '../config/load.ts';
import { assertReachable, type Database } from '../db/connect.ts';
import { assertSchemaCurrent } from '../db/migrate.ts';
import { openDatabase } from '../db/open.ts';
import { configFor } from './context.ts';

/** Does something with the configured database, which has to be there and to have the tables of this version. */
export async function withDatabase<T>(
  configOption: string | undefined,
  work: (db: Database, loaded: LoadedConfig) => Promise<T>,
): Promise<T> {
  const loaded = await configFor(configOption);
  return withDatabaseOf(loaded, (db) => work(db, loaded));
}

/** The same, where the configuration is loaded already. */
export async function withDatabaseOf<T>(
  { config }: LoadedConfig,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const { db, close } = await openDatabase(config.database, { existing: true });
  try {
    await assertReachable(db);
    await assertSchemaCurrent(db);
    return await work(db);
  } finally {
    await close();
  }
}
