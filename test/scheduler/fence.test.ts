import { afterEach, describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { applicationName, IDENTITY } from '../../src/db/identity.ts';
import { claimLease } from '../../src/scheduler/lease.ts';
import { type LeaseEvents, Leases } from '../../src/scheduler/leases.ts';
import { until } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();
const NEW_HOLDER = 'desk-2:4711:a1b2c3';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A pool as the daemon has it. @param name its application's, where it is not this process's */
function open(name?: string): Database {
  const url = new URL(database.url);
  if (name !== undefined) url.searchParams.set('application_name', name);
  const db = connectDatabase(url.href, 3);
  closing.push(() => db.destroy());
  return db;
}

async function begin(db: Database) {
  const transaction = await db.transaction();
  // One that was ended from outside says so here too.
  closing.push(() => Promise.resolve(transaction.rollback()).catch(() => {}));
  return transaction;
}

const LOCK = `select id from customers where external_id = 'C-1' for update`;
const ALIVE = 'select 1 as alive';

const HEEDLESS: LeaseEvents = { onLost() {}, onFailed() {}, onRenewedAgain() {}, onNotEnded() {} };

/** Another daemon on a mailbox whose holder, this process, was not heard of. */
async function takeOver(mailbox: string, db: Database) {
  await claimLease(database.db, mailbox, IDENTITY, 60_000);
  await rows(database.db, `update mailboxes set leased_until = now() where name = ?`, [mailbox]);
  const failed: unknown[] = [];
  const onNotEnded = (holder: string, error: unknown) => failed.push({ holder, error });
  const leases = new Leases(db, 60_000, { ...HEEDLESS, onNotEnded }, NEW_HOLDER);
  closing.push(() => leases.close());
  const claim = await leases.claim(mailbox);
  return { claim, failed };
}

describe('who takes a mailbox over', () => {
  it('ends the old holder’s transactions, one that waits for a lock too, and has the rows at once', async () => {
    await rows(database.db, `insert into customers (external_id) values ('C-1')`);
    const old = open();
    const idle = await begin(old);
    await idle.raw(LOCK);
    const waiting = await begin(old);
    // The end of the first transaction gives it the lock: it may be told of its rows before it is ended too.
    const waited = Promise.allSettled([waiting.raw(LOCK)]);
    const isWaiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await until(async () => (await rows(database.db, isWaiting)).length > 0, 'it waits for the lock');
    const started = performance.now();
    const taker = open('mailcase new');
    const { claim, failed } = await takeOver('paused', taker);
    expect(failed).toEqual([]);
    expect(claim).toMatchObject({ isOurs: true, takenFrom: IDENTITY, endedSessions: 2 });
    expect((await taker.raw(LOCK)).rows).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(10_000);
    await waited;
    for (const ended of [idle, waiting]) {
      await expect(ended.raw(ALIVE)).rejects.toMatchObject({ code: 'database_unavailable' });
    }
    expect((await old.raw(ALIVE)).rows).toEqual([{ alive: 1 }]);
  });

  it('leaves alone other daemons, other applications, and what is in no transaction', async () => {
    const others = await Promise.all(
      [applicationName('desk-1:1:ffffff'), 'mailcase', 'psql', applicationName(NEW_HOLDER)].map(
        async (name) => begin(open(name)),
      ),
    );
    const pidOf = async (db: Database) =>
      (await db.raw('select pg_backend_pid() as pid')).rows as { pid: number }[];
    const old = open();
    const before = await pidOf(old);
    const { claim, failed } = await takeOver('dead', open('mailcase new'));
    expect(claim).toMatchObject({ takenFrom: IDENTITY, endedSessions: 0 });
    expect(failed).toEqual([]);
    for (const each of others) expect((await each.raw(ALIVE)).rows).toEqual([{ alive: 1 }]);
    expect(await pidOf(old)).toEqual(before);
  });

  it('ends nothing of one that has given the mailbox back', async () => {
    const transaction = await begin(open());
    await claimLease(database.db, 'given back', IDENTITY, 60_000);
    await rows(database.db, `update mailboxes set lease_holder = null, leased_until = null`);
    const leases = new Leases(open('mailcase new'), 60_000, HEEDLESS, NEW_HOLDER);
    closing.push(() => leases.close());
    expect(await leases.claim('given back')).toMatchObject({ takenFrom: undefined, endedSessions: 0 });
    expect((await transaction.raw(ALIVE)).rows).toEqual([{ alive: 1 }]);
  });

  it('has the mailbox also where no sessions can be ended', async () => {
    // As with a role that may not, or a pooler that knows no such function: found before the server's own.
    await rows(database.db, 'create schema broken');
    await rows(
      database.db,
      `create function broken.pg_terminate_backend(int) returns boolean language plpgsql as
       $$ begin raise exception 'permission denied' using errcode = '42501'; end $$`,
    );
    const taker = open('mailcase new');
    const old = await begin(open());
    const path = `alter database ${new URL(database.url).pathname.slice(1)} set search_path`;
    await rows(database.db, `${path} = broken, pg_catalog, public`);
    closing.push(() => rows(database.db, `${path} = default`));
    const { claim, failed } = await takeOver('not ended', taker);
    expect(claim).toMatchObject({ isOurs: true, takenFrom: IDENTITY, endedSessions: 0 });
    expect(failed).toEqual([{ holder: IDENTITY, error: expect.objectContaining({ code: '42501' }) }]);
    expect((await old.raw(ALIVE)).rows).toEqual([{ alive: 1 }]);
  });
});

describe('the application’s name', () => {
  it('is what PostgreSQL keeps, and tells two processes of a long host apart', async () => {
    const host = `${'pod-'.repeat(15)}ü x`;
    const names = [`${host}:1:a1b2c3`, `${host}:1:a1b2c4`].map(applicationName);
    expect(new Set(names).size).toBe(2);
    for (const name of [...names, applicationName('desk:1:a1b2c3')]) {
      expect(name).toMatch(/^mailcase \S/);
      const [row] = (await open(name).raw('show application_name')).rows;
      expect(row).toEqual({ application_name: name });
    }
    const [own] = (await open().raw('show application_name')).rows;
    expect(own).toEqual({ application_name: applicationName(IDENTITY) });
  });
});
