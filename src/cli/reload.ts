import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { ConfigProblems } from '../config/problems.ts';
import type { DatabaseConfig } from '../config/schema.ts';
import { assertReachable, type Database } from '../db/connect.ts';
import { endingWith } from '../db/ending.ts';
import { assertSchemaCurrent } from '../db/migrate.ts';
import { type OpenDatabase, openDatabase } from '../db/open.ts';
import type { ChangingMask, Log } from '../observe/log.ts';

/** A configuration, and the database that it names. */
export interface Setup {
  readonly loaded: LoadedConfig;
  readonly database: OpenDatabase;
}

/**
 * Loads the configuration anew and opens its database, beside the one in force, which nothing is done to. From here on
 * the log masks the secrets of both, and goes on so after a change: what ends late may still quote one of the old.
 *
 * @param current.isReached whether the database in force was reached: then another one must be reached too
 * @param stop ends the waiting for the other one: the caller closes what was opened
 * @returns undefined where it is refused; the log says everything that is wrong
 */
export async function prepareReload(
  current: Setup & { readonly isReached: boolean },
  log: Log,
  mask: ChangingMask,
  stop: AbortSignal,
): Promise<Setup | undefined> {
  const { file, secrets } = current.loaded;
  log.info({ config: file }, 'loading the configuration anew');
  try {
    const loaded = await loadConfig(file);
    mask.set([...secrets, ...loaded.secrets]);
    const database = await databaseFor(loaded.config.database, current, stop);
    return { loaded, database };
  } catch (error) {
    logRefusal(log, error);
    mask.set(secrets);
    return undefined;
  }
}

/** The one in force, where it is the same: it may be away for a moment, and its server must not be restarted. */
async function databaseFor(
  config: DatabaseConfig,
  { loaded, database, isReached }: Setup & { readonly isReached: boolean },
  stop: AbortSignal,
): Promise<OpenDatabase> {
  const { url, embedded, pool } = loaded.config.database;
  const isSameServer = config.url === url && config.embedded === embedded;
  if (isSameServer) return config.pool === pool ? database : database.withPool(config.pool);
  const opened = await openDatabase(config);
  if (!isReached) return opened;
  try {
    // A server that keeps silent must not hold up the end.
    await endingWith(stop, () => assertUsable(opened.db));
    return opened;
  } catch (error) {
    if (stop.aborted) return opened;
    await opened.close();
    throw error;
  }
}

async function assertUsable(db: Database): Promise<void> {
  await assertReachable(db);
  await assertSchemaCurrent(db);
}

function logRefusal(log: Log, error: unknown): void {
  const refusal = 'the new configuration is refused, the one in force stays';
  if (!(error instanceof ConfigProblems)) {
    log.error({ err: error }, refusal);
    return;
  }
  for (const { file, line, path, message, cure } of error.problems) {
    log.error(
      { file, line, option: path || undefined, problem: message, cure },
      'wrong in the configuration',
    );
  }
  log.error({ problems: error.problems.length }, refusal);
}
