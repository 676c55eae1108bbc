import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FolderWatcher } from '../../src/daemon/folder-watcher.ts';
import { openSession } from '../../src/imap/session.ts';
import { type LogLine, LogWatch, waitFor } from '../faults/log-watch.ts';
import { messageFor, subjectsOf, useDaemons } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { GMAIL_SAYS } from '../support/gmail-like.ts';
import { mailboxSection } from '../support/mailcase.ts';
import {
  type ExchangeLike,
  type GmailLike,
  type ServerLike,
  startExchangeLike,
  startGmailLike,
} from '../support/providers.ts';

const database = useDatabase();
const { start } = useDaemons(database);
let gmail: GmailLike;
let exchange: ExchangeLike;

beforeAll(async () => {
  [gmail, exchange] = await Promise.all([startGmailLike(), startExchangeLike()]);
});
afterAll(() => Promise.all([gmail, exchange].map((like) => like?.stop())));

/** A poll by the schedule would come too late for any test: what is recorded, IDLE has told. */
const SELDOM = '0 0 1 1 *';

async function watched(like: ServerLike, name: string, schedule = SELDOM) {
  const user = `${name}@example.com`;
  const section = mailboxSection(user, { name, imap: like.imapOf() });
  const log = new LogWatch(await start([section], { config: { schedule, log: { level: 'debug' } } }));
  const recorded = async (subject: string) => {
    await deliver(like.dovecot, user, [messageFor(user, subject)]);
    const isThere = async () =>
      (await subjectsOf(database, name)).some((row) => (row as { subject: string }).subject === subject);
    await waitFor(async () => ((await isThere()) ? true : undefined), `${subject} is recorded`);
  };
  return { log, recorded };
}

const idles = (like: ServerLike) => like.proxy.said(/^IDLE$/).length;
const isIdle = (like: ServerLike) =>
  waitFor(async () => (like.proxy.connections.some((each) => each.isIdle) ? true : undefined), 'it waits');

/** Everything that an operator would be alarmed by. */
const alarms = ({ lines }: LogWatch): LogLine[] =>
  lines.filter(({ level }) => level === 'error' || level === 'warn');

test('Exchange ends an IDLE with BYE at once: the schedule goes on, and nobody is alarmed', async () => {
  exchange.ways.idleMs = 100;
  const { log, recorded } = await watched(exchange, 'bye', '*/5 * * * * *');
  await waitFor(async () => (idles(exchange) > 0 ? true : undefined), 'it waits');
  for (const subject of ['one', 'two']) await recorded(subject);
  expect(alarms(log)).toEqual([]);
});

test.each([
  ['that has lasted is followed by another one soon', 61_000, 2],
  ['that has not lasted says that we come too often, and is not', 0, 1],
])('a session at Exchange %s', async (_, agoMs, sessions) => {
  exchange.ways.idleMs = 200;
  const name = `lasting-${sessions}@example.com`;
  const mailbox = await exchange.mailbox(name);
  let opened = 0;
  const watcher = new FolderWatcher({
    open: async (signal) => {
      const session = await openSession(mailbox.imap, mailbox.message_bytes, () => {}, signal);
      opened += 1;
      // The next one is ended by nobody.
      if (opened > 1) exchange.ways.idleMs = undefined;
      return { ...session, since: performance.now() - agoMs };
    },
    onMail: () => {},
    onRefused: () => {},
    onRejected: () => {},
    log: pino({ level: 'silent' }),
  });
  exchange.proxy.forget();
  watcher.begin(() => ({ path: 'INBOX', known: undefined, isWanted: () => false }));
  try {
    await waitFor(async () => (idles(exchange) >= 1 ? true : undefined), 'it waits');
    if (sessions > 1) await waitFor(async () => (idles(exchange) >= 2 ? true : undefined), 'it waits again');
    // Without a rest the next one comes after a second or so.
    else await sleep(2_500);
    expect(opened).toBe(sessions);
  } finally {
    await watcher.end();
    exchange.ways.idleMs = undefined;
  }
});

test('Gmail ends a session when its token is over: another one is opened, and nobody is alarmed', async () => {
  const { log, recorded } = await watched(gmail, 'over');
  await isIdle(gmail);
  await recorded('one');
  for (const subject of ['two', 'three']) {
    await isIdle(gmail);
    for (const connection of gmail.proxy.connections) connection.bye(GMAIL_SAYS.sessionOver);
    await recorded(subject);
  }
  expect(alarms(log)).toEqual([]);
});
