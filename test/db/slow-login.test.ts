import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { endingWith } from '../../src/db/ending.ts';
import { type Fate, startTapProxy } from '../faults/tap-proxy.ts';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';

const database = useDatabase();

/** A second is meant; on a busy machine it may take longer, but an attempt to connect has 15 until it is given up. */
const AT_ONCE_MS = 5_000;

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** A database that lets nobody in before a time, in milliseconds. */
async function slowDatabase(loginMs: number): Promise<{ db: Database; logins: () => number }> {
  const target = new URL(database.url);
  const begun = new Set<number>();
  const proxy = await startTapProxy(
    { host: target.hostname, port: Number(target.port) },
    async (piece): Promise<Fate> => {
      if (piece.from === 'client' && !begun.has(piece.connection)) {
        begun.add(piece.connection);
        await sleep(loginMs);
      }
      return 'pass';
    },
  );
  target.host = `${proxy.host}:${proxy.port}`;
  const db = connectDatabase(target.href, 2);
  undo.push(proxy.close, () => db.destroy());
  return { db, logins: () => begun.size };
}

const within = (db: Database, ms: number): Promise<unknown> =>
  endingWith(AbortSignal.timeout(ms), () => db.raw('select 1'));

it('a login that takes longer than the work may is there for the next attempt', async () => {
  const { db, logins } = await slowDatabase(3_000);
  await expect(within(db, 1_000)).rejects.toMatchObject({ code: 'database_cut' });
  // Nobody waits for it.
  await sleep(4_000);
  await within(db, 2_000);
  expect(logins()).toBe(1);
});

it('also for an attempt that begins meanwhile, which has less time than a login takes', async () => {
  const { db } = await slowDatabase(8_000);
  await expect(within(db, 4_000)).rejects.toMatchObject({ code: 'database_cut' });
  await within(db, 7_000);
});

it('an attempt that fails late forgets no connection that has come through since', {
  timeout: 60_000,
}, async () => {
  const proxy = await startDatabaseProxy(database.url);
  await proxy.open();
  const db = connectDatabase(proxy.url, 2);
  undo.push(proxy.close, () => db.destroy());
  const backend = async () =>
    ((await db.raw('select pg_backend_pid() as pid')) as { rows: unknown[] }).rows[0];
  proxy.stall();
  await expect(within(db, 500)).rejects.toMatchObject({ code: 'database_cut' });
  proxy.flow();
  const first = await backend();
  const { pool } = db.client as { pool: { numPendingCreates(): number } };
  expect(pool.numPendingCreates()).toBe(1);
  await expect.poll(() => pool.numPendingCreates(), { timeout: 30_000, interval: 100 }).toBe(0);
  expect(await backend()).toEqual(first);
});

it('the end of the pool does not wait for a login, nor does who waits for one', async () => {
  const { db, logins } = await slowDatabase(10_000);
  const waits = expect(db.raw('select 1')).rejects.toMatchObject({ code: 'database_unavailable' });
  await expect.poll(logins).toBe(1);
  const began = performance.now();
  await db.destroy();
  await waits;
  expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
});
