import { readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { MailcaseError } from '../errors.ts';
import type { Database } from './connect.ts';

/** The same place from a checkout (src/db/ beside migrations/) and from the package (both below dist/). */
const FOLDER = new URL('../../migrations/', import.meta.url);

const TABLE = 'schema_migrations';

/** Any number that no other program takes: one migration at a time on a database. */
const ADVISORY_LOCK = 7_245_301_842;

/** Reads migrations by names without extension, so that .ts in a checkout and .js in the package are the same. */
const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: knownMigrations,
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    return (await import(
      pathToFileURL(fileURLToPath(new URL(`${name}.${extension}`, FOLDER))).href
    )) as Knex.Migration;
  },
};

const settings: Knex.MigratorConfig = {
  migrationSource,
  tableName: TABLE,
  // A migration known to the database and not to us is said by schemaState, in words of our own.
  disableMigrationsListValidation: true,
};

/** The names of all migrations that this version brings, in order. */
export async function knownMigrations(): Promise<string[]> {
  const names = (await readdir(FOLDER))
    .filter((file) => /^\d{4}_\w+\.(ts|js)$/.test(file))
    .map((file) => file.replace(/\.(ts|js)$/, ''));
  return [...new Set(names)].sort();
}

export interface SchemaState {
  /** Applied and known. */
  readonly applied: string[];
  /** Known, not applied: the database is older than this program. */
  readonly pending: string[];
  /** Applied, not known: the database is newer than this program. */
  readonly unknown: string[];
}

/** Compares what is applied with what this version knows. Reads only. */
export async function schemaState(db: Database): Promise<SchemaState> {
  const known = await knownMigrations();
  const exists = await db.schema.hasTable(TABLE);
  const done: string[] = exists ? await db(TABLE).orderBy('id').pluck('name') : [];
  return {
    applied: done.filter((name) => known.includes(name)),
    pending: known.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !known.includes(name)),
  };
}

/** Applies all pending migrations. @returns their names */
export async function migrateUp(db: Database): Promise<string[]> {
  return alone(db, async () => {
    await refuseNewer(db);
    const [, names] = (await db.migrate.latest(settings)) as [number, string[]];
    return names;
  });
}

/**
 * Takes the last migration back.
 *
 * @param dropData must be true where customer history would go with it
 * @returns its name, none where nothing is applied
 */
export async function migrateDown(db: Database, { dropData = false } = {}): Promise<string[]> {
  return alone(db, async () => {
    await refuseNewer(db);
    const { applied } = await schemaState(db);
    if (applied.length === 0) return [];
    const last = applied.at(-1) ?? '';
    const { count } = (await db('interactions').count('* as count').first()) as { count: number };
    if (count > 0 && !dropData) {
      const { losesOnDown } = (await migrationSource.getMigration(last)) as { losesOnDown?: string };
      throw new MailcaseError(
        'would_drop_data',
        `with ${last} goes ${losesOnDown ?? 'all that it holds'} (of ${count} interactions); make a backup, then say ` +
          '`migrate down --drop-data`',
        { fields: { interactions: count } },
      );
    }
    const [, names] = (await db.migrate.down(settings)) as [number, string[]];
    return names;
  });
}

/** @throws MailcaseError `schema_older` or `schema_newer`, each with the command that mends it */
export async function assertSchemaCurrent(db: Database): Promise<void> {
  await refuseNewer(db);
  const { pending } = await schemaState(db);
  if (pending.length === 0) return;
  throw new MailcaseError(
    'schema_older',
    `the database lacks ${pending.length} of mailcase's migrations (${pending.join(', ')}): run \`mailcase migrate up\``,
  );
}

async function refuseNewer(db: Database): Promise<void> {
  const { unknown } = await schemaState(db);
  if (unknown.length === 0) return;
  throw new MailcaseError(
    'schema_newer',
    `the database was migrated by a newer mailcase (${unknown.join(', ')}): install that version, or take it back ` +
      'with `mailcase migrate down` of that version',
  );
}

/**
 * Runs one migration command at a time. knex's own lock stays behind when a migration is killed; under the advisory
 * lock, which goes with its connection, it can be freed.
 */
async function alone<T>(db: Database, run: () => Promise<T>): Promise<T> {
  return db.transaction(async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(?)', [ADVISORY_LOCK]);
    if (await db.schema.hasTable(`${TABLE}_lock`)) await db.migrate.forceFreeMigrationsLock(settings);
    return run();
  });
}
