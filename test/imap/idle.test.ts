import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { openFolder } from '../../src/imap/folder.ts';
import { canIdle, FolderWatch, type WatchTimes } from '../../src/imap/idle.ts';
import { openSession, type Session } from '../../src/imap/session.ts';
import { type Piece, startTapProxy } from '../faults/tap-proxy.ts';
import { messageFor, until } from '../support/daemon.ts';
import { deliver } from '../support/deliver.ts';
import { startDovecot } from '../support/dovecot.ts';
import { withClient } from '../support/imap-client.ts';
import { loadMailbox } from '../support/mailcase.ts';

const server = inject('dovecot');
const never = new AbortController().signal;
const LONG: WatchTimes = { renewMs: 60_000, answerMs: 10_000 };

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** A server that tells what it hears, and says something of its own where it is asked to. */
class Line {
  idles = 0;
  examines = 0;
  /** What becomes of what the client says; 'drop' keeps it from the server. */
  onClient: (piece: Piece) => 'pass' | 'drop' = () => 'pass';
  onServer: (piece: Piece) => 'pass' | 'drop' = () => 'pass';
  say: (text: string) => void = () => {};
  port = 0;

  async start(): Promise<this> {
    const proxy = await startTapProxy({ host: server.host, port: server.imapPort }, (piece) => {
      if (piece.from === 'server') {
        this.say = (text) => piece.forward(Buffer.from(text));
        return this.onServer(piece);
      }
      if (/ IDLE\r\n/.test(piece.text)) this.idles += 1;
      if (/ EXAMINE /.test(piece.text)) this.examines += 1;
      return this.onClient(piece);
    });
    undo.push(proxy.close);
    this.port = proxy.port;
    return this;
  }

  /** Says this to IDLE in the server's stead. */
  answersIdle(answer: (tag: string) => string): void {
    this.onClient = (piece) => {
      const tag = tagOf(piece);
      if (tag === undefined) return 'pass';
      this.say(answer(tag));
      return 'drop';
    };
  }
}

async function sessionOf(user: string, imap: Record<string, unknown> = {}): Promise<Session> {
  const mailbox = await loadMailbox(user, { imap });
  const session = await openSession(mailbox.imap, mailbox.message_bytes, () => {}, never);
  undo.push(() => session.close());
  return session;
}

async function watchOf(user: string, line: Line, times: WatchTimes) {
  const session = await sessionOf(user, { port: line.port });
  const { uidValidity, uidNext } = await openFolder(session, 'INBOX');
  const told: number[] = [];
  const isWanted = (flags: ReadonlySet<string>) => !flags.has('\\Seen');
  const watched = { path: 'INBOX', known: { uidValidity, uidNext }, isWanted };
  const watch = new FolderWatch(session, watched, () => told.push(performance.now()), times);
  undo.push(() => watch.leave());
  return { session, watch, told };
}

const tagOf = ({ text }: Piece) => /^(\S+) IDLE\r\n/.exec(text)?.[1];

describe('a watch', () => {
  it('tells of mail, gives the session back as it was, and tells nothing afterwards', async () => {
    const user = 'watch@example.com';
    const line = await new Line().start();
    const { session, watch, told } = await watchOf(user, line, LONG);
    await until(() => line.idles === 1, 'it waits');
    expect(told).toEqual([]);
    await deliver(server, user, [messageFor(user, 'one')]);
    await until(() => told.length > 0, 'it tells');
    expect(await watch.release(never)).toBe(true);
    expect(await watch.ended).toEqual({ kind: 'released' });
    const count = told.length;
    expect(await openFolder(session, 'INBOX')).toMatchObject({ uidNext: 2 });
    await deliver(server, user, [messageFor(user, 'two')]);
    await sleep(700);
    await session.keepAlive();
    expect(told).toHaveLength(count);
  });

  it('tells of what has come between the last poll and its own beginning', async () => {
    const user = 'watch-between@example.com';
    const session = await sessionOf(user);
    const { uidValidity, uidNext } = await openFolder(session, 'INBOX');
    await deliver(server, user, [messageFor(user, 'between')]);
    let told = 0;
    const watched = { path: 'INBOX', known: { uidValidity, uidNext }, isWanted: () => false };
    const watch = new FolderWatch(session, watched, () => {
      told += 1;
    });
    await until(() => told > 0, 'it tells');
    await watch.leave();
    expect(session.isOpen()).toBe(false);
  });

  it('tells of flags that make a mail one for a poll, and of no others', async () => {
    const user = 'watch-flags@example.com';
    await deliver(server, user, [messageFor(user, 'one')]);
    await withClient(user, (client) => client.messageFlagsAdd('1', ['\\Seen']));
    const line = await new Line().start();
    const { told } = await watchOf(user, line, LONG);
    await until(() => line.idles === 1, 'it waits');
    await withClient(user, (client) => client.messageFlagsAdd('1', ['\\Flagged', 'urgent']));
    await sleep(1_000);
    expect(told).toEqual([]);
    await withClient(user, (client) => client.messageFlagsRemove('1', ['\\Seen']));
    await until(() => told.length > 0, 'it tells');
  });

  it('renews IDLE again and again, and opens the folder each time: what the server has not told is noticed', async () => {
    const user = 'watch-renews@example.com';
    const line = await new Line().start();
    // As Exchange does after a while: the connection is there, and says nothing of what happens.
    line.onServer = ({ text }) => (/^\* \d+ (EXISTS|RECENT)\r\n/.test(text) ? 'drop' : 'pass');
    const { told, watch } = await watchOf(user, line, { renewMs: 300, answerMs: 10_000 });
    await until(() => line.idles >= 3, 'it has renewed');
    expect(line.examines).toBeGreaterThanOrEqual(3);
    expect(told).toEqual([]);
    await deliver(server, user, [messageFor(user, 'untold')]);
    await until(() => told.length > 0, 'it tells');
    expect(await watch.release(never)).toBe(true);
  });

  it('is over when a line has died without a word, at the renewal that is not answered', async () => {
    const line = await new Line().start();
    const { session, watch } = await watchOf('watch-dead@example.com', line, {
      renewMs: 500,
      answerMs: 300,
    });
    await until(() => line.idles >= 1, 'it waits');
    const died = performance.now();
    line.onClient = () => 'drop';
    line.onServer = () => 'drop';
    expect(await watch.ended).toMatchObject({ kind: 'broken' });
    expect(performance.now() - died).toBeLessThan(5_000);
    expect(session.isOpen()).toBe(false);
    expect(await watch.release(never)).toBe(false);
  });

  it.each([
    ['is not answered in time', 300, 60_000],
    ['is cut short', 60_000, 300],
  ])('gives no session back where the line has died, and the question %s', async (_, answerMs, cutMs) => {
    const line = await new Line().start();
    const { session, watch } = await watchOf(`watch-gives-${answerMs}@example.com`, line, LONG);
    await until(() => line.idles === 1, 'it waits');
    line.onClient = () => 'drop';
    line.onServer = () => 'drop';
    const began = performance.now();
    expect(await watch.release(AbortSignal.timeout(cutMs), answerMs)).toBe(false);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(session.isOpen()).toBe(false);
    expect(await watch.ended).toEqual({ kind: 'released' });
  });

  it.each(['NO not now', 'BAD unknown command'])(
    'is over where the server says %s to IDLE',
    async (answer) => {
      const line = await new Line().start();
      line.answersIdle((tag) => `${tag} ${answer}\r\n`);
      const { session, watch } = await watchOf(`watch-no-${answer.length}@example.com`, line, LONG);
      expect(await watch.ended).toEqual({ kind: 'refused' });
      expect(line.idles).toBe(1);
      expect(session.isOpen()).toBe(true);
    },
  );

  it.each([
    [
      'NO Request is throttled. Suggested Backoff Time: 5000 milliseconds',
      'imap_throttled',
      { retryAfterMs: 5_000 },
    ],
    [
      'BAD Request is throttled. Suggested Backoff Time: 5000 milliseconds',
      'imap_throttled',
      { retryAfterMs: 5_000 },
    ],
    ['NO [UNAVAILABLE] Internal error occurred, try again later', 'imap_connect', {}],
  ])('is over for the moment alone where the server says %s', async (answer, code, fields) => {
    const line = await new Line().start();
    line.answersIdle((tag) => `${tag} ${answer}\r\n`);
    const { watch } = await watchOf(`watch-passing-${answer.length}@example.com`, line, LONG);
    expect(await watch.ended).toMatchObject({ kind: 'broken', error: { code, fields } });
    expect(line.idles).toBe(1);
  });

  it('does not begin anew without a pause where the server ends each IDLE at once', async () => {
    const line = await new Line().start();
    line.answersIdle((tag) => `+ idling\r\n${tag} OK that was it\r\n`);
    const { watch } = await watchOf('watch-short@example.com', line, LONG);
    await until(() => line.idles === 1, 'it waits');
    await sleep(2_500);
    expect(line.idles).toBeGreaterThan(1);
    expect(line.idles).toBeLessThanOrEqual(4);
    // It is asked half as often each time.
    await sleep(6_000);
    expect(line.idles).toBeLessThanOrEqual(4);
    expect(await watch.release(never)).toBe(true);
  });

  it('is over with the reason where the folder has gone', async () => {
    const user = 'watch-gone@example.com';
    await withClient(user, (client) => client.mailboxCreate('Gone'));
    const session = await sessionOf(user);
    const { uidValidity, uidNext } = await openFolder(session, 'Gone');
    await withClient(user, (client) => client.mailboxDelete('Gone'));
    const watched = { path: 'Gone', known: { uidValidity, uidNext }, isWanted: () => false };
    const watch = new FolderWatch(session, watched, () => {});
    expect(await watch.ended).toEqual({
      kind: 'broken',
      error: expect.objectContaining({
        message: expect.stringContaining('cannot open the folder "Gone"'),
      }),
    });
  });
});

it('a server without IDLE is known by what it says of itself', async () => {
  expect(canIdle(await sessionOf('can-idle@example.com'))).toBe(true);
  const bare = await startDovecot({ extraConfig: 'imap_capability = IMAP4rev1 LITERAL+\n' });
  undo.push(() => bare.stop());
  const without = await sessionOf('cannot-idle@example.com', {
    port: bare.imapPort,
    password: bare.password,
  });
  expect(canIdle(without)).toBe(false);
});
