import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { until } from '../support/daemon.ts';
import type { Fault, Scene } from './disturbed.ts';
import { type OwnDatabase, ROLE } from './own-database.ts';
import type { OwnPostgres } from './own-postgres.ts';

/** What a fault of the server is made with. */
export interface Server {
  readonly postgres: OwnPostgres;
  readonly database: OwnDatabase;
}

/** So many polls fail of a fault that lasts, before it ends. */
const FAILURES = 2;

/** Tables that a batch writes to, from the first to the last: a lock on one holds it up there. */
const WRITTEN = ['interactions', 'case_events', 'receipts'];

const MINE = `pid <> pg_backend_pid() and usename = '${ROLE}'`;
const THROW_OUT = `select pg_terminate_backend(pid) from pg_stat_activity where ${MINE}`;

/** Each way in which a server fails its clients, as the table calls it. */
export const POSTGRES_FAULTS = {
  anyMoment: 'Postgres restarted (immediate) at any moment',
  inTransaction: 'Postgres restarted (immediate) in a transaction',
  atCommit: 'Postgres restarted (immediate) about a COMMIT',
  noSlots: 'Postgres out of connections',
  roleLimit: 'its role out of connections',
  readOnly: 'the database read-only',
  readOnlyServer: 'Postgres read-only, connections kept',
} as const;

export type PostgresFault = keyof typeof POSTGRES_FAULTS;

export function postgresFault(kind: PostgresFault, server: Server): Fault {
  return { name: POSTGRES_FAULTS[kind], isTold: true, make: makersFor(server)[kind] };
}

function makersFor(server: Server): Readonly<Record<PostgresFault, Fault['make']>> {
  const { database } = server;
  return {
    anyMoment: ({ luck }) => restart(server, luck.between(0, 800)),
    inTransaction: async ({ luck, arrivals }) => {
      const held = await holdUp(database, luck.pick(WRITTEN));
      arrivals.bring(5);
      await until(held.hasCaught, 'a batch waits for the table');
      await restart(server, luck.between(0, 800));
      await held.gone;
    },
    atCommit: async ({ luck, arrivals }) => {
      arrivals.bring(30);
      await untilInTransaction(database);
      await restart(server, luck.between(0, 800));
    },
    noSlots: (scene) => withoutSlots(server, scene),
    roleLimit: lasting(server, {
      begin: [`alter role ${ROLE} connection limit 0`, THROW_OUT],
      end: [`alter role ${ROLE} connection limit -1`],
    }),
    readOnly: lasting(server, {
      begin: [`alter database ${database.name} set default_transaction_read_only = on`, THROW_OUT],
      end: [`alter database ${database.name} reset default_transaction_read_only`, THROW_OUT],
    }),
    readOnlyServer: lasting(server, {
      begin: ['alter system set default_transaction_read_only = on', 'select pg_reload_conf()'],
      end: ['alter system reset default_transaction_read_only', 'select pg_reload_conf()'],
    }),
  };
}

/** A fault that lasts until polls have failed of it. */
function lasting(
  { database }: Server,
  { begin, end }: Record<'begin' | 'end', readonly string[]>,
): Fault['make'] {
  // One by one: not all of them may be within a transaction.
  const run = async (statements: readonly string[]) => {
    for (const sql of statements) await database.admin(sql);
  };
  return async (scene) => {
    await run(begin);
    try {
      await untilFailing(scene);
    } finally {
      await run(end);
    }
  };
}

/** Waits until polls have failed, with mail waiting for them. */
export async function untilFailing({ log, arrivals }: Scene): Promise<void> {
  const began = Date.now();
  arrivals.bring();
  await until(() => log.failuresSince(began) >= FAILURES, `${FAILURES} polls have failed`);
}

async function restart({ postgres }: Server, downMs: number): Promise<void> {
  await postgres.end('immediate');
  await sleep(downMs);
  await postgres.start();
}

/** Waits for a moment at which the daemon's transaction has written something, and is not over. */
async function untilInTransaction({ adminUrl }: OwnDatabase): Promise<void> {
  const client = await connect(adminUrl);
  try {
    const look = `select 1 from pg_stat_activity where ${MINE} and backend_xid is not null`;
    await until(async () => (await client.query(look)).rows.length > 0, 'a transaction is under way', 1);
  } finally {
    await client.end();
  }
}

interface Held {
  hasCaught(): Promise<boolean>;
  /** When the server that held it has gone. */
  readonly gone: Promise<void>;
}

/** Nobody writes to a table as long as the server lives. */
async function holdUp({ adminUrl, admin }: OwnDatabase, table: string): Promise<Held> {
  const client = await connect(adminUrl);
  const gone = new Promise<void>((resolve) => client.once('end', () => resolve()));
  await client.query('begin');
  await client.query(`lock table ${table} in share mode`);
  const look = `select 1 from pg_stat_activity where ${MINE} and wait_event_type = 'Lock'`;
  return { hasCaught: async () => (await admin(look)).length > 0, gone };
}

/** Other clients take every connection that the server has for ordinary users, until polls have failed. */
async function withoutSlots({ database }: Server, { log, arrivals }: Scene): Promise<void> {
  const others: pg.Client[] = [];
  let began = Date.now();
  arrivals.bring();
  try {
    // The daemon may be faster than others with a connection that has become free, and one that it has just begun has no
    // name yet by which it could be thrown out: again, until polls fail for want of any.
    const throwOut = `${THROW_OUT} and application_name like 'mailcase %'`;
    await until(async () => {
      await takeSlots(database, others);
      if ((await database.admin(throwOut)).length > 0) began = Date.now();
      return log.failuresSince(began) >= FAILURES;
    }, 'polls have failed for want of a connection');
  } finally {
    await Promise.all(others.map((client) => client.end()));
  }
}

async function takeSlots({ url }: OwnDatabase, taken: pg.Client[]): Promise<void> {
  for (;;) {
    try {
      taken.push(await connect(url));
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === '53300') return;
      throw error;
    }
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}
