import type { Database } from '../../src/db/connect.ts';
import { rows } from '../support/poll.ts';

/** Each table that a message is blamed in, and when. */
const BLAMED: readonly (readonly [table: string, events: string, when: string])[] = [
  ['quarantine', 'insert or update', 'true'],
  ['awaited_messages', 'insert or update', 'true'],
  [
    'receipts',
    'insert or update',
    `new.last_error is not null or new.outcome not in ('recorded', 'duplicate')`,
  ],
];

/** From now on the database itself notes whenever a message is blamed, also where that is taken back later. */
export async function watchBlame(db: Database): Promise<void> {
  await db.raw(`
    create table blamed (at timestamptz not null default clock_timestamp(), what text not null, blamed_row jsonb not null);
    create function note_blame() returns trigger language plpgsql security definer as $$
      begin
        insert into blamed (what, blamed_row) values (tg_table_name, to_jsonb(new));
        return new;
      end $$`);
  for (const [table, events, when] of BLAMED) {
    await db.raw(
      `create trigger blame after ${events} on ${table} for each row when (${when}) execute function note_blame()`,
    );
  }
}

/** @returns a line for each time that a message was blamed */
export async function blamed(db: Database): Promise<string[]> {
  const found = await rows<{ what: string; blamed_row: Record<string, unknown> }>(
    db,
    'select what, blamed_row from blamed order by at',
  );
  return found.map(
    ({ what, blamed_row: { content: _content, ...row } }) => `${what}: ${JSON.stringify(row)}`,
  );
}
