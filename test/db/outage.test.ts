import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { transact } from '../../src/db/transact.ts';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';

const database = useDatabase();

/** All else that ends a statement on a dead connection takes at least five seconds. */
const AT_ONCE_MS = 3_000;

/** Of a statement, instead of 70 s. */
const QUERY_TIMEOUT_MS = 1_000;

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function connected(pool: number) {
  const proxy = await startDatabaseProxy(database.url);
  await proxy.open();
  const db = connectDatabase(`${proxy.url}?query_timeout=${QUERY_TIMEOUT_MS}`, pool);
  undo.push(proxy.close, () => db.destroy());
  return { db, proxy };
}

/** The server's numbers of this many connections, all in use at the same time. */
async function pids(db: Database, count: number): Promise<number[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, () => db.raw('select pg_backend_pid() as pid, pg_sleep(0.3)')),
  );
  return answers.map(({ rows }) => (rows as { pid: number }[])[0]?.pid ?? 0).sort((a, b) => a - b);
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value?: T; error?: unknown }> {
  const began = performance.now();
  const outcome = await work().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return { ...outcome, ms: performance.now() - began };
}

describe('after an outage that nobody was told of', () => {
  it('the first statement works at once, and as many more as the pool has connections', async () => {
    const { db, proxy } = await connected(5);
    const before = await pids(db, 5);
    expect(new Set(before).size).toBe(5);
    proxy.stall();
    await expect(db.raw('select 1')).rejects.toMatchObject({
      code: 'database_unavailable',
      why: 'Query read timeout',
    });
    proxy.flow();
    const first = await timed(async () => db.raw('select 2 as number'));
    expect(first).toMatchObject({ value: { rows: [{ number: 2 }] } });
    expect(first.ms).toBeLessThan(AT_ONCE_MS);
    const after = await pids(db, 5);
    expect(new Set([...before, ...after]).size).toBe(10);
  });

  it('a transaction does not wait for its end on a dead connection, and says what it failed of', async () => {
    const { db, proxy } = await connected(2);
    const failed = await timed(() =>
      transact(db, async (trx) => {
        await trx.raw('select 1');
        proxy.stall();
        await trx.raw('select 2');
      }),
    );
    expect(failed).toMatchObject({ error: { code: 'database_unavailable', why: 'Query read timeout' } });
    expect(failed.ms).toBeLessThan(QUERY_TIMEOUT_MS + AT_ONCE_MS);
  });

  it('a connection that was in use is not handed out again either', async () => {
    const { db } = await connected(2);
    const { rows } = await db.transaction(async (trx) => {
      const mine = (await trx.raw('select pg_backend_pid() as pid')) as { rows: { pid: number }[] };
      await expect(db.raw('select pg_terminate_backend(pg_backend_pid())')).rejects.toMatchObject({
        code: 'database_unavailable',
      });
      return mine;
    });
    const after = await pids(db, 2);
    expect(after).not.toContain(rows[0]?.pid);
  });
});

describe('connections stay', () => {
  it.each([
    ['a constraint', `insert into mailboxes (name) values (null)`],
    ['syntax', 'selct 1'],
    ['a statement that took too long', `set statement_timeout = '50ms'; select pg_sleep(1)`],
    ['a value', 'select 1 / 0'],
  ])('after a failure of the ordinary kind: %s', async (_, sql) => {
    const { db } = await connected(3);
    const before = await pids(db, 3);
    await expect(db.raw(sql)).rejects.not.toMatchObject({ code: 'database_unavailable' });
    await expect(db.transaction((trx) => trx.raw(sql))).rejects.toBeInstanceOf(Error);
    expect(await pids(db, 3)).toEqual(before);
  });

  it('where the server has no more of them to give', async () => {
    const role = `outage_${process.pid}`;
    await database.db.raw(`create role ${role} login password 'x' connection limit 2`);
    undo.push(() => database.db.raw(`drop role ${role}`));
    const url = new URL(database.url);
    url.username = role;
    url.password = 'x';
    const db = connectDatabase(url.href, 3);
    undo.push(() => db.destroy());
    const before = await pids(db, 2);
    const refused = await Promise.allSettled([pids(db, 1), pids(db, 1), pids(db, 1)]);
    expect(refused.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { code: 'database_unavailable', why: expect.stringContaining('too many connections') } },
    ]);
    expect(await pids(db, 2)).toEqual(before);
  });
});

describe.runIf(process.platform === 'linux')('a connection without traffic', () => {
  it('is probed by the kernel after half a minute', async () => {
    const db = connectDatabase(database.url, 1);
    undo.push(() => db.destroy());
    const { rows } = (await db.raw('select inet_client_port() as port')) as { rows: [{ port: number }] };
    const port = rows[0].port.toString(16).toUpperCase().padStart(4, '0');
    const sockets = await readFile('/proc/net/tcp', 'utf8');
    // local address, remote address, state, queues, timer (02: keep-alive) and when it strikes, in 1/100 s.
    const [, timer, when = ''] =
      new RegExp(String.raw`^\s*\d+: \w+:${port} \S+ \S+ \S+ (\w+):(\w+)`, 'm').exec(sockets) ?? [];
    expect(timer).toBe('02');
    expect(Number.parseInt(when, 16) / 100).toBeGreaterThan(20);
    expect(Number.parseInt(when, 16) / 100).toBeLessThanOrEqual(30);
  });
});
