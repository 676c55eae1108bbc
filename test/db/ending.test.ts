import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { endingWith } from '../../src/db/ending.ts';
import { transact } from '../../src/db/transact.ts';
import { until } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { type DatabaseProxy, startDatabaseProxy } from '../support/database-proxy.ts';

const database = useDatabase();

/** A second is meant; on a busy machine it may take longer, but all else that ends a statement takes at least five. */
const AT_ONCE_MS = 3_000;

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

beforeAll(async () => {
  await database.db.raw(`insert into mailboxes (name) values ('a')`);
});

interface Place {
  readonly db: Database;
  readonly proxy: DatabaseProxy;
}

async function connected(pool = 3): Promise<Place> {
  const proxy = await startDatabaseProxy(database.url);
  await proxy.open();
  const db = connectDatabase(proxy.url, pool);
  undo.push(proxy.close, () => db.destroy());
  return { db, proxy };
}

interface Pool {
  numUsed(): number;
  numPendingAcquires(): number;
}

const poolOf = (db: Database): Pool => (db.client as { pool: Pool }).pool;

/** How many connections the server has, beside the one that asks. */
async function backends(): Promise<number> {
  const { rows } = (await database.db.raw(
    `select count(*) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
  )) as { rows: [{ count: number }] };
  return rows[0].count;
}

/** A promise, and what resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Runs work, which says when it hangs, and aborts it then. @returns what it failed of, and after how long */
async function cutWhereItHangs(work: (hangs: () => void) => Promise<unknown>) {
  const cut = new AbortController();
  const { opened, open } = gate();
  const ended = endingWith(cut.signal, () => work(open)).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await opened;
  // It is really under way.
  await sleep(300);
  const began = performance.now();
  cut.abort();
  const outcome = await ended;
  return { ...outcome, ms: performance.now() - began, listeners: getEventListeners(cut.signal, 'abort') };
}

const WAYS: readonly [string, (place: Place, hangs: () => void) => Promise<unknown>][] = [
  [
    'in the middle of a statement',
    async ({ db, proxy }, hangs) => {
      await db.raw('select 1');
      proxy.stall();
      hangs();
      await db.raw('select 2');
    },
  ],
  [
    'in the middle of a transaction',
    async ({ db, proxy }, hangs) => {
      await transact(db, async (trx) => {
        await trx.raw(`update mailboxes set last_error = 'x'`);
        proxy.stall();
        hangs();
        await trx.raw('select 2');
      });
    },
  ],
  [
    'between two statements of a transaction',
    async ({ db, proxy }, hangs) => {
      await transact(db, async (trx) => {
        await trx.raw(`update mailboxes set last_error = 'x'`);
        proxy.stall();
        hangs();
        await sleep(500);
        await trx.raw('select 2');
      });
    },
  ],
  [
    'at COMMIT',
    async ({ db, proxy }, hangs) => {
      await transact(db, async (trx) => {
        await trx.raw(`update mailboxes set last_error = 'x'`);
        proxy.stall();
        hangs();
      });
    },
  ],
  [
    'at BEGIN',
    async ({ db, proxy }, hangs) => {
      await db.raw('select 1');
      proxy.stall();
      hangs();
      await transact(db, async (trx) => {
        await trx.raw('select 1');
      });
    },
  ],
  [
    'at ROLLBACK',
    async ({ db, proxy }, hangs) => {
      await transact(db, async (trx) => {
        await trx.raw(`update mailboxes set last_error = 'x'`);
        proxy.stall();
        hangs();
        throw new Error('a reason to roll back');
      });
    },
  ],
  [
    'while connecting',
    async ({ db, proxy }, hangs) => {
      proxy.stall();
      hangs();
      await db.raw('select 1');
    },
  ],
];

describe('a database that has stopped answering', () => {
  it.each(WAYS)('%s: it ends at once, and is used again', async (_, work) => {
    const place = await connected();
    const { db, proxy } = place;
    let attempts = 0;
    const cut = await cutWhereItHangs((hangs) => {
      attempts += 1;
      return work(place, hangs);
    });
    expect(cut).toMatchObject({ error: { code: 'database_cut', temporary: true }, listeners: [] });
    expect(cut.ms).toBeLessThan(AT_ONCE_MS);
    expect(attempts).toBe(1);
    await until(() => poolOf(db).numUsed() === 0, 'all given back');
    proxy.flow();
    await db.raw('select 1');
    expect(poolOf(db).numUsed()).toBe(0);
    // What is still being made at the end does not hold it up.
    const began = performance.now();
    await db.destroy();
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    await proxy.close();
    await until(async () => (await backends()) === 0, 'all closed');
  });

  it('while all connections are taken', async () => {
    const { db } = await connected(1);
    const { opened, open } = gate();
    const holder = db.transaction(async (trx) => {
      await trx.raw('select 1');
      await opened;
      await trx.raw('select 2');
      return 'done';
    });
    await until(() => poolOf(db).numUsed() === 1, 'taken');
    const cut = await cutWhereItHangs(async (hangs) => {
      hangs();
      await db.raw('select 3');
    });
    expect(cut).toMatchObject({ error: { code: 'database_cut' }, listeners: [] });
    expect(cut.ms).toBeLessThan(AT_ONCE_MS);
    open();
    // Nobody else is disturbed, and what comes too late goes back.
    expect(await holder).toBe('done');
    await until(() => poolOf(db).numUsed() === 0 && poolOf(db).numPendingAcquires() === 0, 'all given back');
    await db.raw('select 4');
  });
});

describe('endingWith', () => {
  it('leaves what runs outside alone', async () => {
    const { db } = await connected();
    const outside = db.raw('select pg_sleep(1), 5 as number');
    outside.catch(() => {});
    const cut = await cutWhereItHangs(async (hangs) => {
      hangs();
      await db.raw('select pg_sleep(5)');
    });
    expect(cut).toMatchObject({ error: { code: 'database_cut' } });
    expect(await outside).toMatchObject({ rows: [{ number: 5 }] });
  });

  it('closes a connection that is between two statements, so that the server takes all of them back', async () => {
    const { db } = await connected();
    const { opened, open } = gate();
    const cut = new AbortController();
    const work = endingWith(cut.signal, () =>
      transact(db, async (trx) => {
        await trx.raw(`update mailboxes set last_error = 'not kept'`);
        open();
        await sleep(60_000, undefined, { signal: cut.signal }).catch(() => {});
      }),
    );
    work.catch(() => {});
    await opened;
    cut.abort();
    await expect(work).rejects.toMatchObject({ code: 'database_cut' });
    // The lock is free.
    const { rows } = (await database.db.raw('select last_error from mailboxes for update')) as {
      rows: unknown[];
    };
    expect(rows).toEqual([{ last_error: null }]);
  });

  it('asks nothing once it is over, and a statement on a transaction from outside ends too', async () => {
    const { db } = await connected();
    await expect(endingWith(AbortSignal.abort(), () => db.raw('select 1'))).rejects.toMatchObject({
      code: 'database_cut',
    });
    expect(poolOf(db).numUsed()).toBe(0);
    const outside = db.transaction(async (trx) => {
      const cut = await cutWhereItHangs(async (hangs) => {
        hangs();
        await trx.raw('select pg_sleep(5)');
      });
      expect(cut).toMatchObject({ error: { code: 'database_cut' }, listeners: [] });
      expect(cut.ms).toBeLessThan(AT_ONCE_MS);
      await trx.raw('select 1');
    });
    await expect(outside).rejects.toMatchObject({ code: 'database_cut' });
  });

  it('ends with the signal of a scope around it, and with its own', async () => {
    const { db } = await connected();
    const never = new AbortController();
    const inner = await cutWhereItHangs((hangs) =>
      endingWith(never.signal, async () => {
        hangs();
        await db.raw('select pg_sleep(5)');
      }),
    );
    expect(inner).toMatchObject({ error: { code: 'database_cut' }, listeners: [] });
    const outer = await endingWith(never.signal, () =>
      cutWhereItHangs(async (hangs) => {
        hangs();
        await db.raw('select pg_sleep(5)');
      }),
    );
    expect(outer).toMatchObject({ error: { code: 'database_cut' }, listeners: [] });
    expect(getEventListeners(never.signal, 'abort')).toEqual([]);
  });

  it('has one listener while it waits, and none afterwards, whatever came of it', async () => {
    const { db } = await connected();
    const { signal } = new AbortController();
    const counts: number[] = [];
    const count = () => counts.push(getEventListeners(signal, 'abort').length);
    await endingWith(signal, async () => {
      const both = Promise.all([db.raw('select pg_sleep(0.2)'), db.raw('select pg_sleep(0.2)')]);
      await sleep(50);
      count();
      await both;
      count();
      await db.raw('select nonsense').catch(() => {});
      count();
      await transact(db, async (trx) => {
        await trx.raw('select 1');
        count();
      });
    });
    count();
    expect(counts).toEqual([1, 0, 0, 1, 0]);
  });

  it('leaks no connection, whenever it ends', async () => {
    const { db, proxy } = await connected(4);
    for (let round = 0; round < 60; round += 1) {
      const cut = new AbortController();
      const works = Array.from({ length: 6 }, (_, i) =>
        endingWith(cut.signal, () =>
          i % 2 === 0
            ? db.raw('select pg_sleep(0.003)')
            : transact(db, async (trx) => {
                await trx.raw('select 1');
                await trx.raw('select pg_sleep(0.003)');
              }),
        ),
      );
      const ended = Promise.allSettled(works);
      await sleep((round * 7) % 30);
      cut.abort();
      for (const each of await ended) {
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'database_cut' });
      }
      expect(getEventListeners(cut.signal, 'abort')).toEqual([]);
    }
    await until(() => poolOf(db).numUsed() === 0 && poolOf(db).numPendingAcquires() === 0, 'all given back');
    await until(async () => (await backends()) <= 4, 'no more than the pool');
    await db.destroy();
    await until(async () => (await backends()) === 0, 'all closed');
    await proxy.close();
  });
});
