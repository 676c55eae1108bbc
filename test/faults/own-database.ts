import pg from 'pg';
import { connectDatabase } from '../../src/db/connect.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import type { OwnPostgres } from './own-postgres.ts';

/** An ordinary user as the daemon should be one: a superuser is let in where nobody else is. */
export const ROLE = 'daemon_role';

/** A migrated database of one test, on a server of its own. */
export interface OwnDatabase {
  readonly name: string;
  /** For the daemon. */
  readonly url: string;
  /** For a superuser. */
  readonly adminUrl: string;
  /** Runs statements as a superuser, over a connection of their own. @returns the rows of the last one */
  admin(sql: string): Promise<Record<string, unknown>[]>;
}

/** @param options.tablespace where its tables lie, in a folder of the server's that is empty */
export async function createOwnDatabase(
  server: OwnPostgres,
  name: string,
  { tablespace }: { tablespace?: { name: string; folder: string } } = {},
): Promise<OwnDatabase> {
  const password = new URL(server.url('postgres')).password;
  const role = `
    do $$ begin
      if not exists (select from pg_roles where rolname = '${ROLE}') then
        create role ${ROLE} login password '${password}';
      end if;
    end $$`;
  await query(server.url('postgres'), role);
  if (tablespace) {
    await query(
      server.url('postgres'),
      `create tablespace ${tablespace.name} location '${tablespace.folder}'`,
    );
  }
  const place = tablespace ? `tablespace ${tablespace.name}` : '';
  await query(server.url('postgres'), `create database ${name} owner ${ROLE} ${place}`);
  const url = server.url(name, ROLE);
  const adminUrl = server.url(name);
  const db = connectDatabase(url, 2, { patient: true });
  await migrateUp(db).finally(() => db.destroy());
  return { name, url, adminUrl, admin: (sql) => query(adminUrl, sql) };
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  // It mends what it has broken: the server may be read-only for everybody else.
  const options = '-c default_transaction_read_only=off';
  const client = new pg.Client({ connectionString: url, options });
  client.on('error', () => {});
  await client.connect();
  try {
    const results = (await client.query(sql)) as unknown as pg.QueryResult | pg.QueryResult[];
    return ([results].flat().at(-1)?.rows ?? []) as Record<string, unknown>[];
  } finally {
    await client.end().catch(() => {});
  }
}
