import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import {
  assertSchemaCurrent,
  knownMigrations,
  migrateDown,
  migrateUp,
  schemaState,
} from '../../src/db/migrate.ts';
import { createEmptyDatabase, dropDatabase, type TestDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';

let database: TestDatabase;
let known: string[];

beforeEach(async () => {
  database = await createEmptyDatabase('migrate');
  known = await knownMigrations();
});

afterEach(async () => {
  await database.db.destroy();
  await dropDatabase(database.url);
});

async function insertInteraction(db: Database): Promise<void> {
  await db.raw(`
    with new_case as (insert into cases (received_at) values (now()) returning id)
    insert into interactions (case_id, direction, kind, trusted, dedupe_key, received_at)
    select id, 'in', 'mail', false, decode(repeat('00', 33), 'hex'), now() from new_case`);
}

function tables(db: Database): Promise<{ name: string }[]> {
  return rows(
    db,
    `select table_name as name from information_schema.tables
     where table_schema = 'public' and table_name not like 'schema_migrations%' order by 1`,
  );
}

/** As after a later version has run. */
async function pretendNewer(db: Database): Promise<void> {
  await db('schema_migrations').insert({ name: '9999_future', batch: 99, migration_time: new Date() });
}

describe('migrations', () => {
  it('are known in order, by names without extension', () => {
    expect(known[0]).toBe('0001_customer_history');
    expect(known).toEqual([...known].sort());
    for (const name of known) expect(name).toMatch(/^\d{4}_\w+$/);
  });

  it('go from pending to applied, and a second time there is nothing to do', async () => {
    const { db } = database;
    expect(await schemaState(db)).toEqual({ applied: [], pending: known, unknown: [] });
    expect(await tables(db)).toEqual([]);

    expect(await migrateUp(db)).toEqual(known);
    expect(await schemaState(db)).toEqual({ applied: known, pending: [], unknown: [] });
    expect(await tables(db)).toContainEqual({ name: 'interactions' });
    expect(await rows(db, 'select name from schema_migrations order by id')).toEqual(
      known.map((name) => ({ name })),
    );

    expect(await migrateUp(db)).toEqual([]);
  });

  it('goes down one at a time, to an empty database, and up again', async () => {
    const { db } = database;
    await migrateUp(db);
    for (const name of [...known].reverse()) expect(await migrateDown(db)).toEqual([name]);
    expect(await tables(db)).toEqual([]);
    expect(await migrateDown(db)).toEqual([]);
    expect(await migrateUp(db)).toEqual(known);
  });

  it('does not go down over customer history unless told to', async () => {
    const { db } = database;
    await migrateUp(db);
    await insertInteraction(db);
    await expect(migrateDown(db)).rejects.toMatchObject({
      code: 'would_drop_data',
      message: expect.stringMatching(/1 interactions.*migrate down --drop-data/),
      fields: { interactions: 1 },
    });
    expect(await rows(db, 'select count(*) as count from interactions')).toEqual([{ count: 1 }]);
    expect(await schemaState(db)).toMatchObject({ applied: known });

    expect(await migrateDown(db, { dropData: true })).toEqual(known.slice(-1));
    expect(await schemaState(db)).toMatchObject({ applied: known.slice(0, -1), pending: known.slice(-1) });
  });

  it('of two at the same time, one does the work and the other finds it done', async () => {
    const other = connectDatabase(database.url, 2, { patient: true });
    try {
      const results = await Promise.all([migrateUp(database.db), migrateUp(other)]);
      expect(results.sort((a, b) => a.length - b.length)).toEqual([[], known]);
      expect(await schemaState(database.db)).toMatchObject({ applied: known });
    } finally {
      await other.destroy();
    }
  });

  it('goes on after a migration was killed and left its lock behind', async () => {
    const { db } = database;
    await migrateUp(db);
    await migrateDown(db);
    await db('schema_migrations_lock').update({ is_locked: 1 });
    expect(await rows(db, 'select is_locked from schema_migrations_lock')).toEqual([{ is_locked: 1 }]);
    expect(await migrateUp(db)).toEqual(known.slice(-1));
    expect(await rows(db, 'select is_locked from schema_migrations_lock')).toEqual([{ is_locked: 0 }]);
  });

  it('leaves nothing behind when one fails', async () => {
    const { db } = database;
    await db.raw('create table quarantine (id bigint)');
    await expect(migrateUp(db)).rejects.toThrow(/quarantine.*already exists/s);
    expect(await tables(db)).toEqual([{ name: 'quarantine' }]);
    expect(await schemaState(db)).toMatchObject({ applied: [], pending: known });
    await db.raw('drop table quarantine');
    expect(await migrateUp(db)).toEqual(known);
  });
});

describe('assertSchemaCurrent', () => {
  it('is content with what it knows', async () => {
    await migrateUp(database.db);
    await expect(assertSchemaCurrent(database.db)).resolves.toBeUndefined();
  });

  it('names the pending migrations and the command that applies them', async () => {
    await expect(assertSchemaCurrent(database.db)).rejects.toMatchObject({
      code: 'schema_older',
      message: expect.stringMatching(/0001_customer_history.*`mailcase migrate up`/),
    });
    expect(await tables(database.db)).toEqual([]);
  });

  it('names what is newer, and how to go back; up and down refuse as well and change nothing', async () => {
    const { db } = database;
    await migrateUp(db);
    await pretendNewer(db);
    const newer = {
      code: 'schema_newer',
      message: expect.stringMatching(/9999_future.*install that version.*`mailcase migrate down`/),
    };
    await expect(assertSchemaCurrent(db)).rejects.toMatchObject(newer);
    await expect(migrateUp(db)).rejects.toMatchObject(newer);
    await expect(migrateDown(db, { dropData: true })).rejects.toMatchObject(newer);
    expect(await schemaState(db)).toEqual({ applied: known, pending: [], unknown: ['9999_future'] });
  });
});

it('0002 knows of the mail that was recorded before: who took part, what it refers to, and that all of it counted', async () => {
  const { db } = database;
  await migrateUp(db);
  while ((await migrateDown(db))[0] !== '0002_whole_contract');
  await db.raw(`
    insert into mailboxes (name) values ('support');
    insert into folders (mailbox_id, account, path, uid_validity) values (1, 'a@h', 'INBOX', 7);
    insert into customers (first_name) values ('Ann');
    insert into customer_emails (customer_id, address, address_key) values
      (1, 'Ann@Asker.example', 'ann@asker.example'), (1, 'ann@home.example', 'ann@home.example');
    insert into cases (received_at) values (now());
    insert into interactions (case_id, customer_id, direction, kind, trusted, dedupe_key, received_at,
        in_reply_to, reference_ids, to_addresses, cc_addresses)
      values (1, 1, 'out', 'mail', false, decode(repeat('00', 33), 'hex'), now(),
        'b@x', array['a@x', 'b@x'], array['Ann@Asker.example'], array['Bob@B.example']),
      (1, 1, 'in', 'auto_reply', false, decode(repeat('01', 33), 'hex'), now(), null, '{}', array['eve@e.example'], '{}');
  `);
  expect((await migrateUp(db))[0]).toBe('0002_whole_contract');
  expect(await rows(db, 'select address_key as key from case_participants order by 1')).toEqual([
    { key: 'ann@asker.example' },
    { key: 'ann@home.example' },
    { key: 'bob@b.example' },
  ]);
  expect(
    await rows(db, 'select message_id, interaction_id as i from interaction_references order by 1'),
  ).toEqual([
    { message_id: 'a@x', i: 1 },
    { message_id: 'b@x', i: 1 },
  ]);
  expect(await rows(db, 'select start_at, start_uid, swept_uid from folders')).toEqual([
    { start_at: null, start_uid: null, swept_uid: null },
  ]);
});

it('0007 goes down over a folder that was restored, and leaves what the version before can live with', async () => {
  const { db } = database;
  await migrateUp(db);
  while ((await schemaState(db)).applied.at(-1) !== '0007_restored_folders') await migrateDown(db);
  const kept = 2 ** 32 + 7;
  await db.raw(`
    insert into mailboxes (name) values ('support');
    insert into folders (mailbox_id, account, path, uid_validity, swept_uid, swept_uid_validity)
      values (1, 'a@h', 'INBOX', ${kept}, 4, ${kept}), (1, 'a@h', 'Shop', 8, 4, 8);
    insert into receipts (folder_id, uid_validity, uid, outcome)
      values (1, 7, 1, 'skipped'), (1, ${kept}, 1, 'skipped'), (2, 8, 1, 'skipped');
  `);
  expect(await migrateDown(db)).toEqual(['0007_restored_folders']);
  expect(
    await rows(db, 'select uid_validity as v, swept_uid_validity as s from folders order by id'),
  ).toEqual([
    { v: null, s: null },
    { v: 8, s: 8 },
  ]);
  expect(await rows(db, 'select folder_id as f, uid_validity as v from receipts order by 1, 2')).toEqual([
    { f: 1, v: 7 },
    { f: 2, v: 8 },
  ]);
  expect((await migrateUp(db))[0]).toBe('0007_restored_folders');
});
