import { inject } from 'vitest';
import type { MailboxConfig } from '../../src/config/schema.ts';
import type { Database } from '../../src/db/connect.ts';
import { Suspects } from '../../src/poll-context.ts';
import type { MailboxReport } from '../../src/poll-mailbox.ts';
import { contentOf, withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';
import { startTapProxy, type TapProxy } from './tap-proxy.ts';

/** A mailbox of its own behind a proxy, in which a person works beside the polls. */
export interface Scene {
  readonly user: string;
  /** The folder that is polled. */
  readonly path: string;
  readonly mailbox: MailboxConfig;
  readonly proxy: TapProxy;
  /** What the daemon keeps in memory from poll to poll. */
  readonly suspects: Suspects;
}

/** Every scene has it: mail that a person moved away, and that nobody polls. */
export const ELSEWHERE = 'Elsewhere';
/** Where `processed: {move}` puts mail. */
export const PROCESSED = 'Processed';

/** Nothing of what these tests send is a flood. */
const RECORDING = { flood: { messages: 1_000_000, window: 3_600_000 } };

let scenes = 0;

/** Runs a test in a mailbox of its own. */
export async function inScene(
  path: string,
  options: Record<string, unknown>,
  test: (scene: Scene) => Promise<void>,
): Promise<void> {
  scenes += 1;
  const user = `scene-${process.pid}-${scenes}@example.com`;
  const { host, imapPort } = inject('dovecot');
  const proxy = await startTapProxy({ host, port: imapPort });
  try {
    await withClient(user, async (client) => {
      for (const folder of [ELSEWHERE, PROCESSED, ...(path === 'INBOX' ? [] : [path])]) {
        await client.mailboxCreate(folder);
      }
    });
    const name = user.replace(/@.*/, '');
    const mailbox = await loadMailbox(user, {
      ...{ name, folders: [path], start: 'all', imap: { port: proxy.port } },
      ...options,
    });
    await test({ user, path, mailbox, proxy, suspects: new Suspects() });
  } finally {
    await proxy.close();
  }
}

/** One poll, which may fail. */
export function tryPoll(db: Database, { mailbox, suspects }: Scene): Promise<MailboxReport | Error> {
  return poll(db, mailbox, { recording: RECORDING, suspects }).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
}

/** Polls undisturbed until nothing is left to do, which must be soon. */
export async function pollToEnd(db: Database, { mailbox, proxy, suspects }: Scene): Promise<void> {
  proxy.tap(() => 'pass');
  for (let i = 0; i < 5; i += 1) {
    const report = await poll(db, mailbox, { recording: RECORDING, suspects });
    const { recorded, duplicates, quarantined, markedLate, notReady, left } = report;
    if (recorded + duplicates + quarantined + markedLate + notReady + left === 0) return;
  }
  throw new Error('five undisturbed polls still had something to do');
}

/** A mail with a subject that no other one has. */
export const mailOf = ({ user }: Pick<Scene, 'user'>, subject: string) =>
  mail({ From: `customer@${user.split('@')[0]}.example`, To: user, Subject: subject });

/** What a person does with mail, each with the folder open. */
export const person = (scene: Scene) => {
  const { user, path } = scene;
  const uid = { uid: true };
  return {
    append: (...mails: string[]) =>
      withClient(user, async (client) => {
        for (const each of mails) await client.append(path, each);
      }),
    read: (set: string) =>
      withClient(user, (client) => client.messageFlagsAdd(set, ['\\Seen'], uid), { path }),
    unread: (set: string) =>
      withClient(user, (client) => client.messageFlagsRemove(set, ['\\Seen'], uid), { path }),
    flag: (set: string) =>
      withClient(user, (client) => client.messageFlagsAdd(set, ['\\Flagged', 'later'], uid), { path }),
    expunge: (set: string) => withClient(user, (client) => client.messageDelete(set, uid), { path }),
    moveAway: (set: string) =>
      withClient(user, (client) => client.messageMove(set, ELSEWHERE, uid), { path }),
    /** The folder is deleted and made anew, with another UIDVALIDITY; the mails are put into it in this order. */
    remake: (...mails: string[]) =>
      withClient(user, async (client) => {
        await client.mailboxDelete(path);
        await client.mailboxCreate(path);
        for (const each of mails) await client.append(path, each);
      }),
  };
};

/** Subjects of what lies in a folder of the scene, by UID. */
export function subjectsIn({ user }: Scene, path: string): Promise<(string | undefined)[]> {
  return withClient(
    user,
    async (client) => {
      const messages = await client.fetchAll('1:*', { uid: true, envelope: true });
      return messages.map(({ envelope }) => envelope?.subject);
    },
    { path, readOnly: true },
  );
}

/** How many interactions there are of each subject. */
export async function interactionsOf(db: Database, { mailbox }: Scene): Promise<Record<string, number>> {
  const found = await rows<{ subject: string; n: number }>(
    db,
    `select i.subject, count(*) as n from interactions i join folders f on f.id = i.folder_id
     join mailboxes m on m.id = f.mailbox_id where m.name = ? group by 1 order by 1`,
    [mailbox.name],
  );
  return Object.fromEntries(found.map(({ subject, n }) => [subject, n]));
}

/** What a poll has left over: nothing, where all is well. */
export async function leftOver(db: Database, { mailbox }: Scene) {
  const [left] = await rows<{ quarantined: number; awaited: number; waiting: number; unmarked: number }>(
    db,
    `select (select count(*) from quarantine q where q.folder_id = any(f.ids)) as quarantined,
       (select count(*) from awaited_messages a where a.folder_id = any(f.ids)) as awaited,
       (select sum(cardinality(found_uids)) from folders where id = any(f.ids)) as waiting,
       (select count(*) from receipts r join folders o on o.id = r.folder_id
        where r.folder_id = any(f.ids) and r.uid_validity = o.uid_validity and r.processed_at is null) as unmarked
     from (select array_agg(f.id) as ids from folders f join mailboxes m on m.id = f.mailbox_id where m.name = ?) f`,
    [mailbox.name],
  );
  return left;
}

export const NOTHING_LEFT = { quarantined: 0, awaited: 0, waiting: 0, unmarked: 0 };

/** UIDs and flags in the folder that is polled. */
export const flagsOf = ({ user, path }: Scene) => contentOf(user, { path });
