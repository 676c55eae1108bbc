import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, inject, it, test } from 'vitest';
import type { Database } from '../../src/db/connect.ts';
import { migrateDown, migrateUp } from '../../src/db/migrate.ts';
import { createDatabase, dropDatabase, useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';

const database = useDatabase();

const PAGE = new URL('../../migrations/tables.md', import.meta.url);
const DEMO = new URL('../../config/demo/', import.meta.url);

/** What comes before is written by hand, what comes after by this test. */
const MARKER = /^<!-- What follows .*-->\n/m;

interface Column {
  readonly relation: string;
  readonly is_view: boolean;
  /** What the relation is for; null where nobody has said so. */
  readonly about: string | null;
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  /** The table that it points at. */
  readonly target: string | null;
  readonly meaning: string | null;
}

/** All columns of ours, relation by relation in the order of their names, tables first. */
function columnsOf(db: Database): Promise<Column[]> {
  return rows(
    db,
    `select c.relname as relation, c.relkind = 'v' as is_view, obj_description(c.oid, 'pg_class') as about,
       a.attname as name, format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable,
       (select t.relname from pg_constraint o join pg_class t on t.oid = o.confrelid
        where o.conrelid = c.oid and o.contype = 'f' and o.conkey = array[a.attnum]) as target,
       col_description(c.oid, a.attnum) as meaning
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
       and c.relnamespace = 'public'::regnamespace and c.relname not like 'schema_migrations%'
     order by c.relkind, c.relname collate "C", a.attnum`,
  );
}

/** The page's second half. */
function pageOf(columns: readonly Column[]): string {
  const names = [...new Set(columns.map(({ relation }) => relation))];
  const sections = names.map((name) => {
    const own = columns.filter(({ relation }) => relation === name);
    const lines = own.map((column) => `| \`${column.name}\` | ${typeOf(column)} | ${cell(column.meaning)} |`);
    return `### ${name}\n\n${own[0]?.about}\n\n| column | type | meaning |\n|---|---|---|\n${lines.join('\n')}\n`;
  });
  const firstView = names.indexOf(columns.find(({ is_view }) => is_view)?.relation ?? '');
  return `\n## Tables\n\n${sections.slice(0, firstView).join('\n')}\n## Views\n\n${sections.slice(firstView).join('\n')}`;
}

function typeOf({ type, nullable, is_view, target }: Column): string {
  const short = type.replace('timestamp with time zone', 'timestamptz');
  // PostgreSQL does not know which columns of a view can be null.
  return `${short}${target === null ? '' : ` → ${target}`}${nullable && !is_view ? ', or null' : ''}`;
}

/** A vertical bar would end the cell, and what looks like a tag would be one. */
function cell(text: string | null): string {
  return (text ?? '').replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

async function readPage(): Promise<[prose: string, reference: string]> {
  const text = await readFile(PAGE, 'utf8');
  const marker = MARKER.exec(text);
  if (marker === null) throw new Error('the page has lost the line behind which the reference begins');
  const end = marker.index + marker[0].length;
  return [text.slice(0, end), text.slice(end)];
}

test('every table, view and column says in the database what it means', async () => {
  const columns = await columnsOf(database.db);
  expect(columns.length).toBeGreaterThan(150);
  expect(columns.filter(({ about }) => about === null).map(({ relation }) => relation)).toEqual([]);
  const silent = columns.filter(({ meaning }) => meaning === null || meaning.trim() === '');
  expect(silent.map(({ relation, name }) => `${relation}.${name}`)).toEqual([]);
});

test('the page says of each column what the database says', async () => {
  const reference = pageOf(await columnsOf(database.db));
  const [prose, found] = await readPage();
  if (process.env.UPDATE_GOLDEN) await writeFile(PAGE, prose + reference);
  else expect(found).toBe(reference);
  expect(prose.split('\n').filter((line) => line.length > 150)).toEqual([]);
});

test('the page names every table in its drawing', async () => {
  const [prose] = await readPage();
  const drawing = /```text\n(.*?)```/s.exec(prose)?.[1] ?? '';
  const tables = (await columnsOf(database.db)).filter(({ is_view }) => !is_view);
  const words = new Set(drawing.split(/[^a-z0-9_]+/));
  expect([...new Set(tables.map(({ relation }) => relation))].filter((name) => !words.has(name))).toEqual([]);
});

test('the comments go with their migration, and come again', async () => {
  const { db, url } = await createDatabase('comments');
  const said = async () => (await columnsOf(db)).filter(({ about, meaning }) => (about ?? meaning) !== null);
  try {
    const before = await columnsOf(db);
    while ((await migrateDown(db))[0] !== '0004_comments');
    expect(await said()).toEqual([]);
    await migrateUp(db);
    expect(await columnsOf(db)).toEqual(before);
  } finally {
    await db.destroy();
    await dropDatabase(url);
  }
});

describe('a query of the page', () => {
  beforeAll(async () => {
    const user = 'tables@lindgren-lamps.example';
    const names = (await readdir(DEMO)).filter((name) => name.endsWith('.eml')).sort();
    const mails = await Promise.all(names.map((name) => readFile(fileURLToPath(new URL(name, DEMO)))));
    await deliver(inject('dovecot'), user, mails);
    const secret = { header: 'x-lindgren-secret', value: 'demo-only-not-a-real-secret' };
    const report = await poll(
      database.db,
      await loadMailbox(user, { own: ['lindgren-lamps.example'], trust: { secret } }),
    );
    expect(report).toMatchObject({ recorded: mails.length });
  });

  it('finds something in the demo’s history', async () => {
    const queries = await sqlOf('select');
    expect(queries.length).toBeGreaterThanOrEqual(5);
    for (const query of queries) expect(await rows(database.db, query), query).not.toEqual([]);
  });

  it('makes a role that can read and not write', async () => {
    const { db } = database;
    const [statements = ''] = await sqlOf('create role');
    const may = (what: string, role: string) =>
      `bool_and(has_table_privilege('${role}', c.oid, '${what}')) as may_${what}`;
    // Roles are the whole server's, which other tests use at the same time: so in a transaction that is taken back.
    const found = await db
      .transaction(async (trx) => {
        const name = `report_${process.pid}`;
        await trx.raw(statements.replaceAll(/\breport\b/g, name));
        const result = (await trx.raw(
          `select ${may('select', name)}, ${may('insert', name)}, ${may('update', name)}, ${may('delete', name)}
           from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')`,
        )) as { rows: unknown[] };
        throw Object.assign(new Error('taken back'), { rows: result.rows });
      })
      .catch((error: Error & { rows?: unknown[] }) => error.rows ?? Promise.reject(error));
    expect(found).toEqual([{ may_select: true, may_insert: false, may_update: false, may_delete: false }]);
  });
});

/** The page's blocks of SQL that begin with a word, or have it in a with query. */
async function sqlOf(beginning: 'select' | 'create role'): Promise<string[]> {
  const [prose] = await readPage();
  const blocks = [...prose.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql);
  const isReading = (sql: string) => /^(select|with)\b/.test(sql);
  return blocks.filter((sql) => isReading(sql) === (beginning === 'select'));
}
