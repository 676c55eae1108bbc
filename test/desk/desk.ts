import { type Act, type Acting, perform } from '../../src/desk/act.ts';
import { recordTogether } from '../../src/record/record-batch.ts';
import { TABLES } from '../record/stored-story.ts';
import { incoming, type Telling, type Told } from '../record/story.ts';
import type { TestDatabase } from '../support/database.ts';
import { RECORDING, rows } from '../support/poll.ts';

export const ANN: Acting = { actor: 'Ann Agent', dryRun: false };

/** The desk of a database: mail comes in as the daemon records it, and people act in between. */
export function deskOn(database: TestDatabase) {
  const query = <T = Record<string, unknown>>(sql: string) => rows<T>(database.db, sql);
  return {
    query,
    /** Empties the tables, and makes the folder that mail is recorded from. */
    clear: async () => {
      await database.db.raw(`truncate ${TABLES} restart identity cascade`);
      await database.db.raw(`insert into mailboxes (name) values ('support');
        insert into folders (mailbox_id, account, path, uid_validity) values (1, 'a', 'INBOX', 1)`);
    },
    /** Records mails one after the other, a transaction each. */
    record: async (mails: readonly Told[], telling: Telling = {}) => {
      for (const told of mails) {
        const policy = { flood: RECORDING.flood, ...telling.policy };
        await recordTogether(database.db, [await incoming(told, telling)], policy);
      }
    },
    act: (work: (act: Act) => Promise<unknown>, acting: Partial<Acting> = {}) =>
      perform(database.db, { ...ANN, ...acting }, async (act) => {
        await work(act);
      }),
    /** Where the mails lie, in the order of their recording. */
    casesOfMails: async () =>
      (await query<{ case_id: number }>('select case_id from interactions order by id')).map(
        (row) => row.case_id,
      ),
    /** What people did to a case: `field: old -> new by actor`. */
    deeds: async (of: 'case' | 'customer', id: number) =>
      (
        await query<{ line: string }>(
          `select concat(field, ': ', coalesce(old, '-'), ' -> ', coalesce(new, '-'), ' by ', actor) as line
           from ${of}_events where ${of}_id = ${id} and actor is not null order by id`,
        )
      ).map((row) => row.line),
    /** Every row of every table. */
    dump: async () => {
      const content: Record<string, unknown[]> = {};
      for (const table of TABLES.split(', ')) {
        content[table] = await query(`select to_jsonb(t) as row from ${table} t order by to_jsonb(t)::text`);
      }
      return content;
    },
  };
}

/** What was changed, a short line each. */
export function lines(changes: Awaited<ReturnType<typeof perform>>): string[] {
  return changes.map((change) => {
    const subject = `${change.of} ${change.id}`;
    return 'field' in change
      ? `${subject} ${change.field}: ${change.old ?? '-'} -> ${change.new ?? '-'}`
      : `${subject} +${change.count} ${change.gained} of ${change.from}`;
  });
}
