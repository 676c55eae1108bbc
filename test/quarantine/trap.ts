import { inject } from 'vitest';
import type { TestDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { rows } from '../support/poll.ts';

export interface Trap {
  /** What the server raises: an SQLSTATE. */
  readonly code?: string;
  readonly message?: string;
  /** Which interactions it refuses, by a condition on `new`. */
  readonly when?: string;
}

/** Sets a trigger that refuses some mail, as a defect of ours would that mail provokes. @returns what takes it away */
export async function setTrap(
  { db }: TestDatabase,
  { code = 'P0001', message = 'not this one', when = `new.subject like 'Trap%'` }: Trap = {},
): Promise<() => Promise<unknown>> {
  await db.raw(`create or replace function trap() returns trigger language plpgsql as $$
    begin
      if ${when} then raise exception '${message}' using errcode = '${code}'; end if;
      return new;
    end $$`);
  await db.raw('create trigger trap before insert on interactions for each row execute function trap()');
  return async () => {
    await db.raw('drop trigger if exists trap on interactions');
  };
}

export const from = (user: string, subject: string, more: Record<string, string> = {}) =>
  mail({ From: `Ann Asker <ann@${user.split('@')[0]}.example>`, To: user, Subject: subject, ...more });

export const deliverTo = (user: string, ...subjects: string[]) =>
  deliver(
    inject('dovecot'),
    user,
    subjects.map((subject) => from(user, subject)),
  );

/** Makes a folder anew, as a server that was restored from a backup would: the same mail, another UIDVALIDITY. */
export async function makeAnew(user: string, path: string, mails: readonly string[]): Promise<void> {
  await withClient(user, async (client) => {
    if ((await client.list()).some((folder) => folder.path === path)) await client.mailboxDelete(path);
    // Dovecot's UIDVALIDITY is made of the time: a folder made in the same second may get the same one.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await client.mailboxCreate(path);
    for (const each of mails) await client.append(path, each);
  });
}

/** Receipts of one account with what became of their messages, in the order of their UIDs. */
export const receiptsOf = ({ db }: TestDatabase, user: string) =>
  rows<{ uid: number; outcome: string; subject: string | null; marked: boolean; has_key: boolean }>(
    db,
    `select r.uid, r.outcome, i.subject, r.processed_at is not null as marked, r.dedupe_key is not null as has_key
     from receipts r join folders f on f.id = r.folder_id left join interactions i on i.id = r.interaction_id
     where f.account = ? and r.uid_validity = f.uid_validity order by f.id, r.uid`,
    [`${user}@127.0.0.1`],
  );

/** Entries of one account, in the order of their numbers. */
export const entriesOf = <T = Record<string, unknown>>({ db }: TestDatabase, user: string) =>
  rows<T>(
    db,
    `select q.* from quarantine q join folders f on f.id = q.folder_id where f.account = ? order by q.id`,
    [`${user}@127.0.0.1`],
  );
