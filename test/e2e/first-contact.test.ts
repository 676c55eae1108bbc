import { pino } from 'pino';
import { describe, expect, inject, test } from 'vitest';
import { createOnce } from '../../src/poll-context.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';

const database = useDatabase();
const server = inject('dovecot');
let users = 0;

function newUser(): string {
  users += 1;
  return `contact${users}@example.com`;
}

const from = (user: string, subject: string) =>
  mail({ From: `${user.split('@')[0]}@customer.example`, To: user, Subject: subject });

/** Mail that lies in the mailbox, with the day on which it came. */
async function lying(user: string, ...mails: [subject: string, day: string][]): Promise<void> {
  await withClient(user, async (client) => {
    for (const [subject, day] of mails) await client.append('INBOX', from(user, subject), [], new Date(day));
  });
}

async function recorded(user: string): Promise<string[]> {
  const found = await rows<{ subject: string }>(
    database.db,
    'select i.subject from interactions i join folders f on f.id = i.folder_id where f.account = ? order by i.id',
    [`${user}@127.0.0.1`],
  );
  return found.map(({ subject }) => subject);
}

describe('start', () => {
  const OLD: [string, string][] = [
    ['of 2024', '2024-05-01T12:00:00Z'],
    ['of 2025', '2025-05-01T12:00:00Z'],
  ];

  test.each([
    ['unseen, by default: all', {}, ['of 2024', 'of 2025', 'fresh']],
    ['unseen, now', { start: 'now' }, ['fresh']],
    ['new, by default: now', { select: 'new' }, ['fresh']],
    ['new, all', { select: 'new', start: 'all' }, ['of 2024', 'of 2025', 'fresh']],
    ['keyword, by default: now', { select: 'keyword' }, ['fresh']],
    ['unseen, a date', { start: '2025-01-01' }, ['of 2025', 'fresh']],
    ['new, a date', { select: 'new', start: '2025-01-01' }, ['of 2025', 'fresh']],
    ['new, the very moment', { select: 'new', start: '2025-05-01T12:00:00Z' }, ['of 2025', 'fresh']],
    ['new, a second later', { select: 'new', start: '2025-05-01T12:00:01Z' }, ['fresh']],
  ])('%s', async (_, options, expected) => {
    const user = newUser();
    const mailbox = await loadMailbox(user, options);
    await lying(user, ...OLD);
    await poll(database.db, mailbox);
    await deliver(server, user, [from(user, 'fresh')]);
    await poll(database.db, mailbox);
    expect(await recorded(user)).toEqual(expected);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 0, duplicates: 0 });
  });

  test('it is remembered: what the configuration says later changes nothing, and that is said once', async () => {
    const user = newUser();
    await lying(user, ...OLD);
    await poll(database.db, await loadMailbox(user, { start: 'now' }));
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const once = createOnce();
    const changed = await loadMailbox(user, { start: 'all' });
    for (let i = 0; i < 3; i += 1) await poll(database.db, changed, { log, once });
    expect(await recorded(user)).toEqual([]);
    expect(lines.filter((line) => line.includes('settled at the first contact'))).toHaveLength(1);
    expect(lines.join()).toContain('mailcase import');
  });

  test('a mail that a person moves into the folder counts, however old it is', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { select: 'new' });
    await withClient(user, async (client) => {
      await client.mailboxCreate('Private');
      await client.append('Private', from(user, 'moved here'), ['\\Seen'], new Date('2020-01-01'));
    });
    await poll(database.db, mailbox);
    await withClient(user, (client) => client.messageMove('1', 'INBOX', { uid: true }), { path: 'Private' });
    await poll(database.db, mailbox);
    expect(await recorded(user)).toEqual(['moved here']);
  });

  test('after a UIDVALIDITY change INTERNALDATE decides, and nothing doubles', async () => {
    const user = newUser();
    const path = 'Support';
    const mailbox = await loadMailbox(user, { folders: [path], select: 'new' });
    const make = async (...mails: [source: string, day: Date][]) =>
      withClient(user, async (client) => {
        await client.mailboxCreate(path);
        for (const [source, day] of mails) await client.append(path, source, [], day);
      });
    const [old, kept, later] = ['before', 'kept', 'later'].map((subject) => from(user, subject)) as [
      string,
      string,
      string,
    ];
    const longAgo = new Date('2024-01-01');
    await make([old, longAgo]);
    await poll(database.db, mailbox);
    await withClient(user, (client) => client.append(path, kept));
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1 });
    await withClient(user, (client) => client.mailboxDelete(path));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await make([old, longAgo], [kept, new Date()], [later, new Date()]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, duplicates: 1 });
    expect(await recorded(user)).toEqual(['kept', 'later']);
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 0 });
  });
});
