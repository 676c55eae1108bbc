import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf, withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import {
  type ConfigFile,
  mailboxSection,
  runMailcase,
  startMailcase,
  writeConfig,
} from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();
const server = inject('dovecot');
const written: ConfigFile[] = [];
afterAll(() => Promise.all(written.map((file) => file.remove())));
let users = 0;

function newUser(): string {
  users += 1;
  return `import${users}@example.com`;
}

async function configFor(
  user: string,
  more: Record<string, unknown> = {},
  { url } = database,
): Promise<string> {
  const file = await writeConfig({
    database: { url },
    mailboxes: [mailboxSection(user, { own: ['example.com'], ...more })],
  });
  written.push(file);
  return file.file;
}

const idOf = (user: string, id: string) => `<${id}.${user.replace('@', '.at.')}@mail.example>`;
const customerOf = (user: string) => `c-${user.split('@')[0]}@customer.example`;

/** Mail of one customer's, with the day on which it came. */
async function lying(
  user: string,
  path: string,
  ...mails: [id: string, day: string, fields?: Record<string, string>][]
): Promise<void> {
  await withClient(user, async (client) => {
    if (path !== 'INBOX') await client.mailboxCreate(path);
    for (const [id, day, fields = {}] of mails) {
      const source = mail({
        ...{ From: customerOf(user), To: user, Subject: id, 'Message-ID': idOf(user, id) },
        ...fields,
      });
      await client.append(path, source, ['\\Seen'], new Date(day));
    }
  });
}

const recorded = (user: string) =>
  rows<{ subject: string; status: string; case_id: number }>(
    database.db,
    `select i.subject, c.status, i.case_id from interactions i join cases c on c.id = i.case_id
     join folders f on f.id = i.folder_id where f.account = ? order by i.id`,
    [`${user}@127.0.0.1`],
  );
const subjects = async (user: string) => (await recorded(user)).map(({ subject }) => subject);

/** Until an import has listed what there is and looks, four times a second, whether it may go on. */
async function untilImportWaits(): Promise<void> {
  const deadline = Date.now() + 30_000;
  const looks = () =>
    rows<{ n: number }>(
      database.db,
      `select count(*) as n from pg_stat_activity where datname = current_database() and query like '%busy_until > now()%'
         and pid <> pg_backend_pid()`,
    );
  while ((await looks())[0]?.n !== 1 && Date.now() < deadline) await sleep(50);
}

/** New mail in INBOX, and a copy of it in All Mail beside an old one. */
async function freshWithCopy(user: string): Promise<void> {
  const fresh = mail({
    From: customerOf(user),
    To: user,
    Subject: 'fresh',
    'Message-ID': idOf(user, 'fresh'),
  });
  await deliver(server, user, [fresh]);
  await lying(user, 'All Mail', ['also old', '2024-01-02']);
  await withClient(user, (client) => client.append('All Mail', fresh));
}

describe('mailcase import', () => {
  test('brings old mail in, the oldest first over all folders; a thread is one closed case, and nothing is marked', async () => {
    const user = newUser();
    const config = await configFor(user, { folders: ['INBOX', { path: 'Sent', role: 'sent' }] });
    const answer = { From: user, To: customerOf(user), 'In-Reply-To': idOf(user, 'question') };
    // In the folder's order, which is not that of the time.
    await lying(
      user,
      'INBOX',
      ['thanks', '2024-03-03', { 'In-Reply-To': idOf(user, 'answer') }],
      ['question', '2024-03-01'],
    );
    await lying(user, 'Sent', ['answer', '2024-03-02', answer]);
    const before = await contentOf(user);
    const { code, stdout, stderr } = await runMailcase(['import', '--config', config]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('3 old messages: 3 recorded\n');
    const story = await recorded(user);
    expect(new Set(story.map(({ case_id }) => case_id)).size).toBe(1);
    expect(story.every(({ status }) => status === 'closed')).toBe(true);
    expect(story.map(({ subject }) => subject)).toEqual(['question', 'answer', 'thanks']);
    expect(await contentOf(user)).toEqual(before);
    // A poll afterwards has nothing to do: neither to record nor to mark.
    expect((await runMailcase(['run', '--once', '--config', config])).code).toBe(0);
    expect(await subjects(user)).toHaveLength(3);
    expect(await contentOf(user)).toEqual(before);
    // New mail in the old thread is a follow-up of the closed case.
    await deliver(server, user, [
      mail({ From: customerOf(user), To: user, Subject: 'again', 'In-Reply-To': idOf(user, 'answer') }),
    ]);
    await runMailcase(['run', '--once', '--config', config]);
    const [latest] = await rows(
      database.db,
      `select c.status, c.follow_up_of from cases c join interactions i on i.case_id = c.id where i.subject = 'again'`,
    );
    expect(latest).toEqual({ status: 'new', follow_up_of: story[0]?.case_id });
  });

  test('within --since and --until, whole days, no more than --limit; and resumes where it was', async () => {
    const user = newUser();
    const config = await configFor(user);
    const days = [
      '2024-01-01',
      '2024-02-01T00:00:00Z',
      '2024-02-15',
      '2024-02-29T23:59:59Z',
      '2024-03-01T00:00:00Z',
    ];
    await lying(user, 'INBOX', ...days.map((day): [string, string] => [day, day]));
    const range = ['import', '--config', config, '--since', '2024-02-01', '--until', '2024-02-29'];
    const first = await runMailcase([...range, '--limit', '1', '--status', 'resolved']);
    expect(first.stdout).toBe('1 old message: 1 recorded\n');
    expect(await recorded(user)).toMatchObject([{ subject: days[1], status: 'resolved' }]);
    const second = await runMailcase(range);
    expect(second.stdout).toBe('2 old messages (1 more were known): 2 recorded\n');
    expect(await subjects(user)).toEqual(days.slice(1, 4));
    const third = await runMailcase(range);
    expect(third.stdout).toBe('0 old messages (3 more were known): 0 recorded\n');
    // A moment is no day, however its T is written (RFC 3339, section 5.6).
    const moment = ['--since', '2024-03-01', '--until', '2024-03-01t00:00z'];
    const none = await runMailcase(['import', '--config', config, ...moment]);
    expect(none.stderr).toMatch(/--since is not before --until/);
  });

  test('leaves to the polls what they take: a new mail is never made an old one', async () => {
    const user = newUser();
    const config = await configFor(user);
    await lying(user, 'INBOX', ['old and read', '2024-01-01']);
    await deliver(server, user, [mail({ From: customerOf(user), To: user, Subject: 'unread' })]);
    await runMailcase(['import', '--config', config]);
    expect(await recorded(user)).toMatchObject([{ subject: 'old and read', status: 'closed' }]);
    await runMailcase(['run', '--once', '--config', config]);
    expect(await recorded(user)).toMatchObject([
      { subject: 'old and read' },
      { subject: 'unread', status: 'new' },
    ]);
  });

  test('a copy of new mail in a folder that is not polled does not make it old', async () => {
    const user = newUser();
    const config = await configFor(user);
    await lying(user, 'INBOX', ['old', '2024-01-01']);
    await runMailcase(['run', '--once', '--config', config]);
    await sleep(1_100);
    await freshWithCopy(user);
    await runMailcase(['import', '--config', config, '--folder', 'All Mail']);
    expect(await subjects(user)).toEqual(['also old']);
    await runMailcase(['run', '--once', '--config', config]);
    expect((await recorded(user)).at(-1)).toMatchObject({ subject: 'fresh', status: 'new' });
  });

  test('nor does it before the first poll, or with --until, or where the new mail is older than the first contact', async () => {
    const user = newUser();
    const config = await configFor(user);
    await freshWithCopy(user);
    await runMailcase(['import', '--config', config, '--folder', 'All Mail']);
    await runMailcase(['import', '--config', config, '--folder', 'All Mail', '--until', '2099-01-01']);
    expect(await subjects(user)).toEqual(['also old']);
    await runMailcase(['run', '--once', '--config', config]);
    expect((await recorded(user)).at(-1)).toMatchObject({ subject: 'fresh', status: 'new' });
  });

  test('an import settles nothing for a folder that is not polled yet', async () => {
    const user = newUser();
    await lying(user, 'Later', ['one', '2024-01-01'], ['two', '2024-01-02']);
    await runMailcase(['import', '--config', await configFor(user), '--folder', 'Later', '--limit', '1']);
    const polled = await configFor(user, { folders: ['Later'], select: 'new', start: 'all' });
    expect((await runMailcase(['run', '--once', '--config', polled])).code).toBe(0);
    expect(await recorded(user)).toMatchObject([
      { subject: 'one', status: 'closed' },
      { subject: 'two', status: 'new' },
    ]);
  });

  test('a folder that is not configured, by name', async () => {
    const user = newUser();
    const config = await configFor(user);
    await lying(user, 'Archive/2023 – done', ['archived', '2023-05-05']);
    const { stdout, code } = await runMailcase([
      'import',
      '--config',
      config,
      '--folder',
      'Archive/2023 – done',
    ]);
    expect({ stdout, code }).toEqual({ stdout: '1 old message: 1 recorded\n', code: 0 });
    const missing = await runMailcase(['import', '--config', config, '--folder', 'Archive/2022']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/cannot open the folder "Archive\/2022".*Archive\/2023 – done/);
  });

  test('killed in the middle, it goes on; every mail is one interaction', async () => {
    const user = newUser();
    const config = await configFor(user, { batch: { messages: 5 } });
    const mails = Array.from({ length: 60 }, (_, i): [string, string, Record<string, string>] => [
      `m${i}`,
      new Date(Date.UTC(2024, 0, 1, 0, i)).toISOString(),
      { From: `k${i % 7}@killed.example` },
    ]);
    await lying(user, 'INBOX', ...mails);
    const running = startMailcase(['import', '--config', config]);
    const deadline = Date.now() + 30_000;
    while ((await subjects(user)).length < 15 && Date.now() < deadline) await sleep(5);
    running.child.kill('SIGKILL');
    await running.finished;
    expect((await subjects(user)).length).toBeLessThan(60);
    // And once more in good order, by Ctrl-C.
    const stopped = startMailcase(['import', '--config', config]);
    const before = (await subjects(user)).length;
    while ((await subjects(user)).length <= before && Date.now() < deadline) await sleep(5);
    stopped.child.kill('SIGINT');
    const { code, stdout } = await stopped.finished;
    // A part must not be taken for the whole.
    expect(code).toBe(1);
    expect(stdout).toMatch(/old messages .*recorded, \d+ left: the same command goes on/);
    expect((await runMailcase(['import', '--config', config])).code).toBe(0);
    expect(await subjects(user)).toEqual(mails.map(([id]) => id));
  });

  test('gives way to new mail while a poll records it', async () => {
    const user = newUser();
    const config = await configFor(user);
    await lying(user, 'INBOX', ['waits', '2024-01-01']);
    await runMailcase(['run', '--once', '--config', config]);
    await database.db.raw(`update mailboxes set busy_until = now() + interval '1 minute'`);
    const running = startMailcase(['import', '--config', config]);
    await untilImportWaits();
    await sleep(1_000);
    expect(await subjects(user)).toEqual([]);
    await database.db.raw('update mailboxes set busy_until = null');
    expect((await running.finished).code).toBe(0);
    expect(await subjects(user)).toEqual(['waits']);
  });

  test('ends where the database goes away, says so, and goes on when it is back', async () => {
    const user = newUser();
    const proxy = await startDatabaseProxy(database.url);
    const config = await configFor(user, {}, { ...database, url: proxy.url });
    await lying(user, 'INBOX', ['waits', '2024-01-01']);
    await proxy.open();
    try {
      await runMailcase(['run', '--once', '--config', config]);
      await database.db.raw(`update mailboxes set busy_until = now() + interval '1 minute'`);
      const running = startMailcase(['import', '--config', config]);
      await untilImportWaits();
      await proxy.close();
      const { code, stderr } = await running.finished;
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^mailcase: cannot reach the database at 127\.0\.0\.1:\d+\/\w+: .*\)\nWhat was imported stays; the same command goes on from there\.$/m,
      );
      expect(stderr).not.toMatch(/select|busy_until/);
      await proxy.open();
      await database.db.raw('update mailboxes set busy_until = null');
      expect((await runMailcase(['import', '--config', config])).code).toBe(0);
      expect(await subjects(user)).toEqual(['waits']);
    } finally {
      await proxy.close();
    }
  });

  test('a folder that is made anew after it was listed ends the import; the next one reads it', async () => {
    const user = newUser();
    await lying(user, 'Archive', ['before', '2024-01-01']);
    const config = await configFor(user, { folders: ['Archive', 'INBOX'] });
    await runMailcase(['run', '--once', '--config', config]);
    await database.db.raw(`update mailboxes set busy_until = now() + interval '1 minute'`);
    const running = startMailcase(['import', '--config', config]);
    await untilImportWaits();
    await withClient(user, (client) => client.mailboxDelete('Archive'));
    await lying(user, 'Archive', ['another one with the same UID', '2024-01-02']);
    await database.db.raw('update mailboxes set busy_until = null');
    const { code, stderr } = await running.finished;
    expect(stderr).toMatch(/UIDVALIDITY of Archive changed meanwhile: run the import again/);
    expect(code).toBe(1);
    expect(await subjects(user)).toEqual([]);
    expect((await runMailcase(['import', '--config', config])).code).toBe(0);
    expect(await subjects(user)).toEqual(['another one with the same UID']);
  });

  test('two imports at once record each mail once', async () => {
    const user = newUser();
    const config = await configFor(user, { batch: { messages: 4 } });
    const mails = Array.from({ length: 24 }, (_, i): [string, string] => [
      `t${i}`,
      `2024-01-${String(i + 1).padStart(2, '0')}`,
    ]);
    await lying(user, 'INBOX', ...mails);
    const both = await Promise.all([1, 2].map(() => runMailcase(['import', '--config', config])));
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect((await subjects(user)).sort()).toEqual(mails.map(([id]) => id).sort());
  });

  test.each([
    [['--since', 'yesterday'], /--since is no date: write one such as 2026-01-31/],
    [['--until', '2024-02-31'], /--until is no date/],
    [['--since', '2024-03-01', '--until', '2024-02-01'], /--since is not before --until/],
    [['--limit', '0'], /--limit is no number of messages/],
    [['--limit', 'all', '--status', 'done'], /--limit is no number.*\n--status is none of new, open/],
    [['--mailbox', 'sales'], /there is no mailbox sales: give --mailbox with one of support/],
  ])('wrong usage: %o', async (args, message) => {
    const { code, stderr } = await runMailcase([
      'import',
      '--config',
      await configFor('nobody@example.com'),
      ...args,
    ]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  });
});
