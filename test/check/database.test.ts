import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type DatabaseFacts, type Looked, lookAtDatabase } from '../../src/check/database.ts';
import { databaseFindings } from '../../src/check/database-findings.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { createDatabase, createEmptyDatabase, dropDatabase, useDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';
import { grantsOf, withRole } from './role.ts';

const database = useDatabase();

/** Looks at a database and closes it again. */
async function look(config: Parameters<typeof lookAtDatabase>[0]) {
  const { looked, db, close } = await lookAtDatabase(config);
  await close();
  return { looked, isReadable: db !== undefined, findings: databaseFindings(looked, 'host/db') };
}

const at = (url: string) => look({ url, pool: 3 });

const codes = (findings: readonly { level: string; code: string }[]) =>
  findings.map(({ level, code }) => `${level} ${code}`);

const FINE = ['ok database_reached', 'ok schema_current', 'ok rights_complete', 'ok quarantine_empty'];

describe('a database', () => {
  it('in which all is well', async () => {
    const { findings, isReadable } = await at(database.url);
    expect(codes(findings)).toEqual(FINE);
    expect(findings[0]?.message).toMatch(/^PostgreSQL \d+\.\d+ at host\/db, as \w+$/);
    expect(isReadable).toBe(true);
  });

  it('that is away: the reason, and no password', async () => {
    const { findings, isReadable } = await at('postgres://u:canary-password@127.0.0.1:1/d');
    expect(codes(findings)).toEqual(['problem database_unreachable']);
    expect(findings[0]).toMatchObject({
      message: expect.stringMatching(/^host\/db cannot be used: .*ECONNREFUSED/),
      cure: expect.stringMatching(/^is PostgreSQL running there/),
    });
    expect(JSON.stringify(findings)).not.toContain('canary');
    expect(isReadable).toBe(false);
  });

  it('without tables, with some, and with those of a newer version: each has its command', async () => {
    const empty = await createEmptyDatabase('check');
    try {
      const fresh = await at(empty.url);
      expect(codes(fresh.findings)).toEqual(['ok database_reached', 'problem schema_older']);
      expect(fresh.findings[1]).toMatchObject({
        message: expect.stringContaining('no tables'),
        cure: expect.stringContaining('migrate up'),
      });
      expect(fresh.isReadable).toBe(false);
      await migrateUp(empty.db);
      const [last] = await rows<{ name: string }>(
        empty.db,
        'select name from schema_migrations order by id desc limit 1',
      );
      await empty.db.raw('delete from schema_migrations where name = ?', [last?.name ?? '']);
      const behind = await at(empty.url);
      expect(codes(behind.findings)).toEqual(['ok database_reached', 'problem schema_older']);
      expect(behind.findings[1]?.message).toContain(`lacks ${last?.name}`);
      await migrateUpAgain(empty.db, last?.name ?? '');
      await empty.db.raw(
        `insert into schema_migrations (name, batch, migration_time) values ('9999_later', 9, now())`,
      );
      const ahead = await at(empty.url);
      expect(codes(ahead.findings)).toContain('problem schema_newer');
      expect(ahead.isReadable).toBe(false);
    } finally {
      await empty.db.destroy();
      await dropDatabase(empty.url);
    }
  });

  it('with messages in quarantine', async () => {
    const other = await createDatabase('check_quarantine');
    try {
      await other.db.raw(`
        with m as (insert into mailboxes (name) values ('m') returning id),
          f as (insert into folders (mailbox_id, account, path, role) select id, 'a', 'INBOX', 'inbox' from m returning id)
        insert into quarantine (folder_id, uid_validity, uid, stage, error, resolved_at)
          select id, 1, uid, 'parse', 'bad', case when uid = 3 then now() end from f, generate_series(1, 3) as uid`);
      const { findings } = await at(other.url);
      expect(findings.at(-1)).toMatchObject({
        level: 'warning',
        code: 'quarantined',
        message: expect.stringContaining('2 messages'),
        cure: expect.stringContaining('`mailcase quarantine list`'),
      });
    } finally {
      await other.db.destroy();
      await dropDatabase(other.url);
    }
  });

  it('to which nothing can be written', async () => {
    await withRole(
      database,
      (role) => [...grantsOf(role), `alter role ${role} set default_transaction_read_only = on`],
      async (url) => {
        const { findings } = await at(url);
        expect(codes(findings)).toEqual([FINE[0], 'problem database_read_only', ...FINE.slice(1)]);
      },
    );
  });
});

async function migrateUpAgain(db: typeof database.db, name: string): Promise<void> {
  await db.raw('insert into schema_migrations (name, batch, migration_time) values (?, 1, now())', [name]);
}

describe('what a server can be', () => {
  const FACTS: DatabaseFacts = {
    server: {
      ...{ versionNumber: 150_004, version: '15.4 (Debian 15.4-1)', database: 'd', role: 'mailcase' },
      ...{ encoding: 'UTF8', isReadOnly: false, isStandby: false, schemaName: 'public' },
    },
    missing: [],
    schema: { applied: ['1'], pending: [], unknown: [] },
    quarantined: 0,
  };
  const found = (server: Partial<DatabaseFacts['server']>, more: Partial<DatabaseFacts> = {}): Looked => ({
    kind: 'found',
    facts: { ...FACTS, ...more, server: { ...FACTS.server, ...server } },
  });

  it.each<[string, Looked, string, RegExp]>([
    ['too old', found({ versionNumber: 140_009, version: '14.9' }), 'database_too_old', /15 or later/],
    ['a standby', found({ isStandby: true, isReadOnly: true }), 'database_read_only', /primary/],
    ['without UTF-8', found({ encoding: 'SQL_ASCII' }), 'database_encoding', /UTF8/],
    [
      'without a schema to use',
      found({ schemaName: null }, { schema: undefined }),
      'schema_unusable',
      /grant usage/,
    ],
    ['embedded and not made', { kind: 'not_made', folder: '/x' }, 'database_not_made', /migrate up/],
  ])('%s', (_, looked, code, cure) => {
    const problems = databaseFindings(looked, 'h/d').filter(({ level }) => level === 'problem');
    expect(problems).toEqual([expect.objectContaining({ code, cure: expect.stringMatching(cure) })]);
  });

  it('of the oldest version, and of nothing wrong', () => {
    expect(codes(databaseFindings(found({ versionNumber: 150_000 }), 'h/d'))).toEqual(FINE);
  });
});

describe('the embedded database', () => {
  const folders: string[] = [];
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  it('is not made by looking at it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mailcase-check-'));
    folders.push(folder);
    const { looked, isReadable } = await look({ embedded: join(folder, 'data'), pool: 2 });
    expect(looked.kind).toBe('not_made');
    expect(isReadable).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });
});
