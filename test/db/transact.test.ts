import { beforeAll, expect, it } from 'vitest';
import { transact } from '../../src/db/transact.ts';
import { MailcaseError } from '../../src/errors.ts';
import { useDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

beforeAll(async () => {
  await database.db.raw(`insert into mailboxes (name) values ('a'), ('b')`);
});

it('runs again what PostgreSQL ended as a deadlock, and both get through', async () => {
  const attempts = { one: 0, two: 0 };
  let isFirst = 0;
  const crossing = (who: 'one' | 'two', ids: readonly number[]) =>
    transact(database.db, async (trx) => {
      attempts[who] += 1;
      for (const [index, id] of ids.entries()) {
        await trx.raw(`update mailboxes set last_error = concat(last_error, ?::text) where id = ?`, [
          who,
          id,
        ]);
        // The first time, each waits until the other one has its first row too.
        if (index === 0 && attempts[who] === 1) {
          isFirst += 1;
          while (isFirst < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    });
  await Promise.all([crossing('one', [1, 2]), crossing('two', [2, 1])]);
  expect(attempts.one + attempts.two).toBe(3);
  const texts = (await rows<{ last_error: string }>(database.db, 'select last_error from mailboxes')).map(
    (row) => row.last_error,
  );
  for (const text of texts) expect(['onetwo', 'twoone']).toContain(text);
});

it('gives up after eight times, and says so', async () => {
  let attempts = 0;
  const work = async () => {
    attempts += 1;
    throw new MailcaseError('database_race', 'somebody was faster');
  };
  await expect(transact(database.db, work)).rejects.toMatchObject({
    code: 'database_race',
    message: 'other writers were faster 8 times',
  });
  expect(attempts).toBe(8);
});

it('throws on what is no race, at once, with nothing stored', async () => {
  let attempts = 0;
  const work = transact(database.db, async (trx) => {
    attempts += 1;
    await trx.raw(`insert into mailboxes (name) values ('c')`);
    await trx.raw(`insert into mailboxes (name) values ('a')`);
  });
  await expect(work).rejects.toMatchObject({ code: '23505' });
  expect(attempts).toBe(1);
  expect(await rows(database.db, `select from mailboxes where name = 'c'`)).toEqual([]);
});
