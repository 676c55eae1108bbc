import { pino } from 'pino';
import { describe, expect, inject, it, test } from 'vitest';
import { Allowance, countFitting, fitsFrom } from '../src/allowance.ts';
import { Logins } from '../src/auth/logins.ts';
import { importMail } from '../src/import-mail.ts';
import { Progress } from '../src/observe/progress.ts';
import { createOnce, Suspects } from '../src/poll-context.ts';
import { addDownload, findDownloads } from '../src/record/downloads.ts';
import { useDatabase } from './support/database.ts';
import { deliver } from './support/deliver.ts';
import { contentOf, seenUids } from './support/imap-client.ts';
import { startImapProxy } from './support/imap-proxy.ts';
import { mail } from './support/mail.ts';
import { loadMailbox } from './support/mailcase.ts';
import { judges, poll, RECORDING, rows } from './support/poll.ts';

const MB = 1024 * 1024;
const at = (hour: number) => new Date(Date.UTC(2026, 10, 9, hour));

describe('what fits into a day', () => {
  it.each<[used: number, limit: number, costs: number[], count: number]>([
    [0, 100, [], 0],
    [0, 100, [40, 60], 2],
    [0, 100, [40, 61], 1],
    [50, 100, [51, 1], 0],
    [100, 100, [1], 0],
    [0, 100, [500, 1], 1],
    [1, 100, [500], 0],
  ])('%d of %d used, %o', (used, limit, costs, count) => {
    expect(countFitting(used, limit, costs)).toBe(count);
  });

  it.each<[hours: [hour: number, bytes: number][], bytes: number, from: number | undefined]>([
    [[], 1, undefined],
    [[[8, 50]], 50, undefined],
    [[[8, 50]], 51, 33],
    [
      [
        [8, 30],
        [10, 70],
      ],
      30,
      33,
    ],
    [
      [
        [10, 70],
        [8, 30],
      ],
      31,
      35,
    ],
    // More than a day has: when nothing else counts.
    [
      [
        [8, 30],
        [10, 70],
      ],
      500,
      35,
    ],
    [[], 500, undefined],
  ])('%o of 100, and %d more', (hours, bytes, from) => {
    const found = hours.map(([hour, each]) => ({ hour: at(hour), bytes: each }));
    expect(fitsFrom(found, 100, bytes)).toEqual(from === undefined ? undefined : at(from));
  });
});

const database = useDatabase();
const server = inject('dovecot');

const accountOf = (user: string) => `${user}@127.0.0.1`;
const downloaded = async (user: string) =>
  (await findDownloads(database.db, accountOf(user))).reduce((sum, { bytes }) => sum + bytes, 0);
/** Makes a day and two hours go by for what was downloaded. */
const aDayLater = (user: string) =>
  database.db.raw(`update downloads set hour = hour - interval '26 hours' where account = ?`, [
    accountOf(user),
  ]);
const large = (user: string, subject: string, bytes: number) =>
  mail(
    { From: `a@${user.split('@')[0]}.example`, To: user, Subject: subject },
    'x'
      .repeat(70)
      .concat('\r\n')
      .repeat(bytes / 72),
  );
const subjectsOf = async (user: string) =>
  (
    await rows<{ subject: string }>(
      database.db,
      `select i.subject from interactions i join folders f on f.id = i.folder_id where f.account = ? order by i.id`,
      [accountOf(user)],
    )
  ).map(({ subject }) => subject);

test('what a poll downloads is counted; without a limit nothing is', async () => {
  const user = 'allowance-count@example.com';
  await deliver(server, user, [large(user, 'one', 100_000)]);
  const limited = await loadMailbox(user, { message_bytes: '1MB', daily_download: '10MB' });
  expect(await poll(database.db, limited)).toMatchObject({ recorded: 1, heldBack: 0, waitsUntil: undefined });
  const count = await downloaded(user);
  expect(count).toBeGreaterThan(100_000);
  expect(count).toBeLessThan(105_000);
  expect(await poll(database.db, limited)).toMatchObject({ found: 0 });
  expect(await downloaded(user)).toBe(count);

  const other = 'allowance-none@example.com';
  await deliver(server, other, [large(other, 'two', 100_000)]);
  await poll(database.db, await loadMailbox(other));
  expect(await downloaded(other)).toBe(0);
});

test('what is beyond waits unmarked, in its order, over restarts, and comes a day later', async () => {
  const user = 'allowance-beyond@example.com';
  const mailbox = await loadMailbox(user, {
    message_bytes: '1MB',
    daily_download: '1MB',
    folders: ['INBOX'],
  });
  await deliver(server, user, [
    large(user, 'one', 600_000),
    large(user, 'two', 600_000),
    large(user, 'small', 1_000),
  ]);
  const report = await poll(database.db, mailbox);
  expect(report).toMatchObject({ recorded: 1, heldBack: 2, left: 0, problem: undefined });
  const wait = (report.waitsUntil?.getTime() ?? 0) - Date.now();
  expect(wait).toBeGreaterThan(23.9 * 3_600_000);
  expect(wait).toBeLessThan(25.1 * 3_600_000);
  expect(await seenUids(user)).toEqual([1]);
  const before = await downloaded(user);
  expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 0, heldBack: 2 });
  expect(await downloaded(user)).toBe(before);
  await aDayLater(user);
  expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 2, heldBack: 0, waitsUntil: undefined });
  expect(await subjectsOf(user)).toEqual(['one', 'two', 'small']);
  expect(await seenUids(user)).toEqual([1, 2, 3]);
});

test('a mail that takes all that a day has comes when nothing else did', async () => {
  const user = 'allowance-larger@example.com';
  const mailbox = await loadMailbox(user, { message_bytes: '1MB', daily_download: '1MB' });
  await addDownload(database.db, accountOf(user), 1_000);
  await deliver(server, user, [large(user, 'giant', 3 * MB)]);
  expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 0, heldBack: 1 });
  await aDayLater(user);
  expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, heldBack: 0 });
});

test('a connection that breaks again and again is counted by what came, and ends at the limit', async () => {
  const user = 'allowance-breaks@example.com';
  await deliver(server, user, [large(user, 'poison', 700_000)]);
  // It breaks when half of the mail has come.
  let came = 0;
  const proxy = await startImapProxy(server, (text) => {
    came = text.includes('BODY[]') ? text.length : came && came + text.length;
    return came > 350_000 ? undefined : text;
  });
  try {
    const mailbox = await loadMailbox(user, {
      ...{ imap: { port: proxy.port }, message_bytes: '1MB', daily_download: '1MB' },
    });
    const outcomes: unknown[] = [];
    for (let i = 0; i < 6; i += 1) {
      came = 0;
      outcomes.push(
        await poll(database.db, mailbox).then(
          ({ heldBack }) => heldBack,
          () => 'broke',
        ),
      );
    }
    expect(outcomes).toContain('broke');
    expect(outcomes.at(-1)).toBe(1);
    expect(await downloaded(user)).toBeLessThanOrEqual(MB);
  } finally {
    await proxy.close();
  }
});

test('an import leaves a fifth to polls, says when it can go on, and goes on then', async () => {
  const user = 'allowance-import@example.com';
  const mailbox = await loadMailbox(user, {
    message_bytes: '1MB',
    daily_download: '2MB',
    start: 'now',
    select: 'new',
    batch: { messages: 1 },
  });
  await deliver(
    server,
    user,
    [1, 2, 3].map((n) => large(user, `old ${n}`, 700_000)),
  );
  expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 0 });
  const never = new AbortController().signal;
  const context = {
    ...{ db: database.db, mailbox, recording: RECORDING, judges, log: pino({ level: 'silent' }) },
    ...{
      logins: new Logins({ config: { token_key: undefined }, db: database.db }),
      once: createOnce(),
      suspects: new Suspects(),
      progress: new Progress(),
      stopping: never,
      cutting: never,
    },
  };
  const request = {
    folders: [],
    since: undefined,
    until: undefined,
    limit: undefined,
    status: 'closed' as const,
  };
  const run = () => importMail(context, request, { onProgress: () => {}, onWaiting: () => {} });
  expect(await run()).toMatchObject({ recorded: 2, left: 1, waitsUntil: expect.any(Date) });
  await deliver(server, user, [large(user, 'new', 300_000)]);
  expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, heldBack: 0 });
  await aDayLater(user);
  expect(await run()).toMatchObject({ recorded: 1, left: 0, waitsUntil: undefined });
  expect(await contentOf(user)).toHaveLength(4);
});

test('two daemons count together, and old hours are taken away', async () => {
  const user = 'allowance-together@example.com';
  const account = accountOf(user);
  await Promise.all([1, 2, 3, 4].map(() => addDownload(database.db, account, 250_000)));
  expect(await downloaded(user)).toBe(1_000_000);
  await database.db.raw(`update downloads set hour = hour - interval '3 days' where account = ?`, [account]);
  await addDownload(database.db, account, 1);
  expect(await rows(database.db, 'select from downloads where account = ?', [account])).toHaveLength(1);
  const { imap, message_bytes } = await loadMailbox(user);
  const allowance = new Allowance(database.db, { imap, message_bytes, daily_download: 100 });
  expect(await allowance.used()).toEqual({ limit: 100, used: 1, waitsUntil: undefined });
});
