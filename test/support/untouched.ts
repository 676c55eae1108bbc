import type { Database } from '../../src/db/connect.ts';
import { contentOf } from './imap-client.ts';
import { rows } from './poll.ts';

/** All rows of all tables and the state of all sequences, to be compared. */
export async function dumpOf(db: Database): Promise<string> {
  const tables = await rows<{ name: string }>(
    db,
    `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  const dumps = await Promise.all(
    tables.map(async ({ name }) => {
      const content = await rows<{ row: string }>(
        db,
        `select to_jsonb(t)::text as row from ${name} t order by 1`,
      );
      return [name, ...content.map(({ row }) => row)].join('\n');
    }),
  );
  const sequences = await rows(db, 'select sequencename, last_value from pg_sequences order by 1');
  return [...dumps, JSON.stringify(sequences)].join('\n\n');
}

/** The messages of folders, with their flags. */
export async function flagsOf(user: string, paths: readonly string[] = ['INBOX']): Promise<string> {
  const contents: string[] = [];
  for (const path of paths) contents.push(`${path} ${JSON.stringify(await contentOf(user, { path }))}`);
  return contents.join('\n');
}
