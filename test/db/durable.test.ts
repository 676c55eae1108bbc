import { afterEach, describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

const name = () => new URL(database.url).pathname.slice(1);

function connected(url = database.url): Database {
  const db = connectDatabase(url, 3);
  undo.push(() => db.destroy());
  return db;
}

/** What counts on each of three connections that are in use at the same time. */
async function commitsOn(db: Database): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: 3 }, () =>
      db.raw(`select current_setting('synchronous_commit') as setting, pg_sleep(0.2)`),
    ),
  );
  return answers.map(({ rows }) => (rows as { setting: string }[])[0]?.setting ?? '');
}

describe('what is committed outlives a crash of the server', () => {
  it.each([
    ['off', 'on'],
    ['on', 'on'],
    ['local', 'local'],
    ['remote_write', 'remote_write'],
    ['remote_apply', 'remote_apply'],
  ])('where the database says %s, %s counts', async (setting, expected) => {
    await database.db.raw(`alter database ${name()} set synchronous_commit = ${setting}`);
    undo.push(() => database.db.raw(`alter database ${name()} reset synchronous_commit`));
    expect(await commitsOn(connected())).toEqual([expected, expected, expected]);
  });

  it('where the role says off', async () => {
    const role = `durable_${process.pid}`;
    await database.db.raw(`create role ${role} login password 'x'`);
    undo.push(() => database.db.raw(`drop role ${role}`));
    await database.db.raw(`alter role ${role} set synchronous_commit = off`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'x';
    expect(await commitsOn(connected(url.href))).toEqual(['on', 'on', 'on']);
  });

  it('where the URL says off', async () => {
    const url = new URL(database.url);
    url.searchParams.set('options', '-c synchronous_commit=off');
    expect(await commitsOn(connected(url.href))).toEqual(['on', 'on', 'on']);
  });

  it('and also in a transaction, and after one that was rolled back', async () => {
    await database.db.raw(`alter database ${name()} set synchronous_commit = off`);
    undo.push(() => database.db.raw(`alter database ${name()} reset synchronous_commit`));
    const db = connected();
    const asked = `select current_setting('synchronous_commit') as setting`;
    await db
      .transaction(async (trx) => {
        expect(await trx.raw(asked)).toMatchObject({ rows: [{ setting: 'on' }] });
        throw new Error('rolled back');
      })
      .catch((error: Error) => expect(error.message).toBe('rolled back'));
    expect(await db.raw(asked)).toMatchObject({ rows: [{ setting: 'on' }] });
  });
});
