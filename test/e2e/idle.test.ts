import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, it } from 'vitest';
import { type LogLine, LogWatch, waitFor } from '../faults/log-watch.ts';
import { startTapProxy, type TapProxy } from '../faults/tap-proxy.ts';
import { messageFor, subjectsOf as recordedSubjects, useDaemons } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { startDovecot } from '../support/dovecot.ts';
import { withClient } from '../support/imap-client.ts';
import { mailboxSection } from '../support/mailcase.ts';
import { startScriptedImap } from '../support/scripted-imap.ts';

const database = useDatabase();
const { start, holdUp, rewrite, undo } = useDaemons(database);
const server = inject('dovecot');

/** A poll by the schedule would come too late for any test: what is recorded, IDLE has told. */
const SELDOM = { schedule: '0 0 1 1 *', log: { level: 'debug' } };

/** Dovecot waits for half a second before it tells, to see whether there is more to tell. */
const AT_ONCE_MS = 1_000;

/** The tests run beside others on two cores: it is `npm run bench:idle` that measures. */
const SLACK_MS = 1_000;

const until = (look: () => Promise<boolean> | boolean, what: string) =>
  waitFor(async () => ((await look()) ? true : undefined), what);

const subjectsOf = async (name: string) =>
  (await recordedSubjects(database, name)).map((row) => (row as { subject: string }).subject);

async function watched(section: Record<string, unknown>, config: Record<string, unknown> = SELDOM) {
  // All tests write in the name of one customer.
  const running = await start([section], { config: { flood: { messages: 1_000 }, ...config } });
  const log = new LogWatch(running);
  return { ...running, log };
}

/** Everything that an operator would be alarmed by. */
const alarms = ({ lines }: LogWatch): LogLine[] =>
  lines.filter(({ level }) => level === 'error' || level === 'warn');

/** A poll each second, of which each is in the log. */
const OFTEN = { log: { level: 'debug' } };

const begunIdle = (text: string) => / IDLE\r\n/.test(text);

/** A line to Dovecot that tells how many have begun to wait, and how often somebody has logged in. */
async function tapped(target: { host: string; imapPort: number } = server) {
  const heard = { idles: 0, logins: 0, logouts: 0 };
  /** Connections up to this one are dead: nothing comes through, and nobody is told. */
  let deadUpTo = 0;
  let last = 0;
  const proxy = await startTapProxy({ host: target.host, port: target.imapPort }, (piece) => {
    const { from, text, connection } = piece;
    last = Math.max(last, connection);
    if (connection <= deadUpTo) return 'drop';
    if (from === 'client' && begunIdle(text)) heard.idles += 1;
    if (from === 'client' && / (AUTHENTICATE|LOGIN) /.test(text)) heard.logins += 1;
    if (from === 'client' && / LOGOUT\r\n/.test(text)) heard.logouts += 1;
    return 'pass';
  });
  undo.push(proxy.close);
  const die = () => {
    deadUpTo = last;
  };
  return { heard, proxy, die };
}

async function deliverTimed(user: string, subject: string, name: string): Promise<number> {
  await deliver(server, user, [messageFor(user, subject)]);
  const accepted = performance.now();
  await until(async () => (await subjectsOf(name)).includes(subject), `${subject} is recorded`);
  return performance.now() - accepted;
}

describe('a mailbox that is watched', () => {
  it('has its mail recorded within a second of delivery, over one login, and logs out at the end', async () => {
    const user = 'idle@example.com';
    const { heard, proxy } = await tapped();
    const { child, finished, log } = await watched(
      mailboxSection(user, { name: 'idle', imap: { port: proxy.port } }),
    );
    await until(() => heard.idles === 1, 'it waits');
    const took: number[] = [];
    for (const subject of ['one', 'two', 'three']) took.push(await deliverTimed(user, subject, 'idle'));
    expect(Math.min(...took)).toBeLessThan(AT_ONCE_MS + SLACK_MS);
    await until(() => heard.idles === 4, 'it waits again');
    expect(heard).toEqual({ idles: 4, logins: 1, logouts: 0 });
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
    expect(heard).toEqual({ idles: 4, logins: 1, logouts: 1 });
    expect(alarms(log)).toEqual([]);
    expect(proxy.connections()).toBe(0);
  });

  it('polls for a mail that comes in the middle of a poll, which has looked already', async () => {
    const user = 'idle-meanwhile@example.com';
    const { heard, proxy } = await tapped();
    await watched(mailboxSection(user, { name: 'meanwhile', imap: { port: proxy.port } }));
    await until(() => heard.idles === 1, 'it waits');
    const lock = await holdUp('interactions');
    await deliver(server, user, [messageFor(user, 'first')]);
    await until(lock.waiting, 'the first is being recorded');
    await deliver(server, user, [messageFor(user, 'second')]);
    await sleep(700);
    await lock.release();
    await until(async () => (await subjectsOf('meanwhile')).length === 2, 'both are recorded');
  });

  it('sees that a person has made an old mail unread, and nothing in other flags', async () => {
    const user = 'idle-unread@example.com';
    await deliver(server, user, [messageFor(user, 'read before')]);
    await withClient(user, (client) => client.messageFlagsAdd('1', ['\\Seen']));
    const { heard, proxy } = await tapped();
    const { log } = await watched(mailboxSection(user, { name: 'unread', imap: { port: proxy.port } }));
    await until(() => heard.idles === 1, 'it waits');
    await withClient(user, (client) => client.messageFlagsAdd('1', ['\\Flagged']));
    await sleep(1_200);
    expect(heard.idles).toBe(1);
    await withClient(user, (client) => client.messageFlagsRemove('1', ['\\Seen']));
    await until(async () => (await subjectsOf('unread')).length === 1, 'it is recorded');
    expect(alarms(log)).toEqual([]);
  });

  it('has each folder watched, up to five, and the others polled by the schedule, which is said once', async () => {
    const user = 'idle-folders@example.com';
    const folders = ['INBOX', ...[1, 2, 3, 4, 5].map((n) => `Box ${n}`)];
    await withClient(user, async (client) => {
      for (const path of folders.slice(1)) await client.mailboxCreate(path);
    });
    const { heard, proxy } = await tapped();
    const { log, child } = await watched(
      mailboxSection(user, { name: 'folders', folders, imap: { port: proxy.port } }),
    );
    await until(() => heard.idles === 5, 'five are watched');
    await withClient(user, (client) => client.append('Box 4', messageFor(user, 'in the last'), []));
    await until(async () => (await subjectsOf('folders')).includes('in the last'), 'it is recorded');
    await withClient(user, (client) => client.append('Box 5', messageFor(user, 'unwatched'), []));
    await sleep(1_500);
    expect(await subjectsOf('folders')).toEqual(['in the last']);
    // Whatever else wakes it, all folders are polled.
    await deliver(server, user, [messageFor(user, 'in the first')]);
    await until(async () => (await subjectsOf('folders')).length === 3, 'all is recorded');
    const waits = async () => {
      const at = performance.now();
      child.kill('SIGUSR2');
      const asked = await log.until(({ msg }) => msg === 'what the mailbox is doing', 'it says so', at);
      return [...((asked.waitsForMailIn as string[] | undefined) ?? [])].sort().join();
    };
    await until(async () => (await waits()) === folders.slice(0, 5).sort().join(), 'it waits in five');
    expect(heard.logins).toBe(5);
    expect(log.lines.filter(({ msg }) => msg.startsWith('more folders'))).toEqual([
      expect.objectContaining({ level: 'info', folders: ['Box 5'] }),
    ]);
    expect(alarms(log)).toEqual([]);
  });

  it('is left as it is in shadow mode', async () => {
    const user = 'idle-shadow@example.com';
    const { heard, proxy } = await tapped();
    await watched(mailboxSection(user, { name: 'shadow', processed: 'none', imap: { port: proxy.port } }));
    await until(() => heard.idles === 1, 'it waits');
    await deliverTimed(user, 'looked at', 'shadow');
    await withClient(
      user,
      async (client) => {
        const [row] = await client.fetchAll('1', { flags: true });
        expect([...(row?.flags ?? [])].sort()).toEqual(['\\Recent']);
      },
      { readOnly: true },
    );
  });
});

describe('a connection that ends', () => {
  it.each([
    [
      'by a BYE in IDLE',
      (proxy: TapProxy, say: (text: string) => void) => {
        say('* BYE Session expired, please login again.\r\n');
        setTimeout(() => proxy.cutAll(), 20);
      },
    ],
    ['without a word', (proxy: TapProxy) => proxy.cutAll('reset')],
  ])('%s is opened anew, and no line of the log alarms anybody', async (how, end) => {
    const name = `ends-${how.length}`;
    const user = `${name}@example.com`;
    const heard = { idles: 0 };
    let say = (_text: string) => {};
    const proxy = await startTapProxy({ host: server.host, port: server.imapPort }, (piece) => {
      if (piece.from === 'client' && begunIdle(piece.text)) heard.idles += 1;
      if (piece.from === 'server') say = (text) => piece.forward(Buffer.from(text));
      return 'pass';
    });
    undo.push(proxy.close);
    const { log, child, finished } = await watched(
      mailboxSection(user, { name, imap: { port: proxy.port } }),
    );
    await until(() => heard.idles > 0, 'it waits');
    for (const round of [1, 2, 3]) {
      const before = heard.idles;
      end(proxy, say);
      // What comes in between is found when there is a connection again.
      await deliver(server, user, [messageFor(user, `gap ${round}`)]);
      await until(async () => (await subjectsOf(name)).length === round, 'it is recorded');
      await until(() => heard.idles > before + 1, 'it waits again, after the poll as well');
    }
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
    expect(alarms(log)).toEqual([]);
    expect(log.lines.filter(({ msg }) => msg === 'poll failed')).toEqual([]);
  });

  it('in the middle of a poll is replaced, and the poll is made once more over a new one', async () => {
    const user = 'idle-middle@example.com';
    const heard = { idles: 0, cut: 0 };
    const proxy = await startTapProxy({ host: server.host, port: server.imapPort }, (piece) => {
      if (piece.from !== 'client') return 'pass';
      if (begunIdle(piece.text)) heard.idles += 1;
      // As a provider ends it whose token has run out; a new session has a new one.
      if (heard.idles !== 1 || heard.cut > 0 || !/ UID FETCH .*BODY/.test(piece.text)) return 'pass';
      heard.cut += 1;
      return 'cut';
    });
    undo.push(proxy.close);
    const { log } = await watched(mailboxSection(user, { name: 'middle', imap: { port: proxy.port } }));
    await until(() => heard.idles === 1, 'it waits');
    await deliverTimed(user, 'fetched twice', 'middle');
    expect(heard.cut).toBe(1);
    await until(() => heard.idles === 2, 'it waits again');
    expect(alarms(log)).toEqual([]);
  });

  it('silently, with all that is said on it, is noticed by the next poll, which has a new one', async () => {
    const user = 'idle-dead@example.com';
    const { heard, proxy, die } = await tapped();
    const { log, child, finished } = await watched(
      // A quarter of it is what a poll gives the old one.
      mailboxSection(user, { name: 'dead', poll_timeout: '20s', imap: { port: proxy.port } }),
      OFTEN,
    );
    await until(() => heard.idles > 1, 'it waits');
    die();
    await deliverTimed(user, 'over another line', 'dead');
    await until(() => heard.logins === 2, 'there is a new one');
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
    expect(alarms(log)).toEqual([]);
  });

  it('and is rejected when it is opened anew: a poll finds out at once, says so, and nobody hammers', async () => {
    const user = 'idle-rejected@example.com';
    const folders = ['INBOX', 'Second', 'Third'];
    await withClient(user, async (client) => {
      for (const path of folders.slice(1)) await client.mailboxCreate(path);
    });
    const proxy = await startScriptedImap(server);
    undo.push(() => proxy.close());
    const idling = () => proxy.connections.filter(({ isIdle }) => isIdle);
    const section = mailboxSection(user, { name: 'rejected', imap: { port: proxy.imapPort }, folders });
    const { log } = await watched(section);
    await until(() => idling().length === 3, 'they wait');
    proxy.forget();
    // Somebody has changed the password: sessions go on, and none can be opened any more.
    const login = /^(LOGIN|AUTHENTICATE)/;
    proxy.add({ command: login, act: { reply: 'NO [AUTHENTICATIONFAILED] Invalid credentials' } });
    const [, second, third] = idling();
    second?.cut();
    third?.cut();
    await until(() => alarms(log).length > 0, 'a poll says so');
    await sleep(3_000);
    expect(alarms(log)).toMatchObject([{ err: { code: 'imap_credentials' } }]);
    expect(idling()).toEqual([]);
    // Each of the two, at most, and the poll.
    expect(proxy.said(login).length).toBeLessThanOrEqual(3);
  });

  it('with its server, which starts again, is opened anew by itself', async () => {
    const dovecot = await startDovecot();
    undo.push(() => dovecot.stop());
    const user = 'idle-restart@example.com';
    const { heard, proxy } = await tapped(dovecot);
    const { log } = await watched(
      mailboxSection(user, {
        name: 'restart',
        imap: { port: proxy.port, password: dovecot.password },
      }),
    );
    await until(() => heard.idles === 1, 'it waits');
    await dovecot.halt();
    await sleep(1_000);
    await dovecot.start();
    await deliver(dovecot, user, [messageFor(user, 'after the restart')]);
    await until(async () => (await subjectsOf('restart')).length === 1, 'it is recorded');
    expect(alarms(log)).toEqual([]);
  });

  it('and does not answer holds up no stop', async () => {
    const user = 'idle-stop@example.com';
    const { heard, proxy, die } = await tapped();
    const { child, finished, log } = await watched(
      mailboxSection(user, { name: 'stop', imap: { port: proxy.port } }),
      { ...SELDOM, stop_timeout: '400ms' },
    );
    await until(() => heard.idles === 1, 'it waits');
    die();
    const before = performance.now();
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(alarms(log)).toEqual([]);
  });
});

describe('a mailbox that is not watched', () => {
  /** Each poll logs in, and what comes is recorded all the same. */
  async function expectSchedule(name: string, line: Awaited<ReturnType<typeof tapped>>, deliverTo = server) {
    const user = `${name}@example.com`;
    await until(() => line.heard.logins >= 3, 'each poll logs in');
    await deliver(deliverTo, user, [messageFor(user, 'by the schedule')]);
    await until(async () => (await subjectsOf(name)).length === 1, 'it is recorded');
  }

  it('because its server has no IDLE: the schedule goes on, and that is said once', async () => {
    const dovecot = await startDovecot({
      extraConfig: 'imap_capability = IMAP4rev1 LITERAL+ UIDPLUS MOVE\n',
    });
    undo.push(() => dovecot.stop());
    const line = await tapped(dovecot);
    const imap = { port: line.proxy.port, password: dovecot.password };
    const { log } = await watched(
      mailboxSection('idle-none@example.com', { name: 'idle-none', imap }),
      OFTEN,
    );
    await expectSchedule('idle-none', line, dovecot);
    expect(log.lines.filter(({ msg }) => msg.startsWith('the server has no IDLE'))).toHaveLength(1);
    expect(line.heard.idles).toBe(0);
    expect(alarms(log)).toEqual([]);
  });

  it('because its server refuses IDLE: it is asked once, and not by each poll', async () => {
    const heard = { idles: 0, logins: 0, logouts: 0 };
    let say = (_text: string) => {};
    const proxy = await startTapProxy({ host: server.host, port: server.imapPort }, (piece) => {
      const { from, text } = piece;
      if (from === 'server') say = (answer) => piece.forward(Buffer.from(answer));
      if (from === 'client' && / (AUTHENTICATE|LOGIN) /.test(text)) heard.logins += 1;
      const tag = from === 'client' ? /^(\S+) IDLE\r\n/.exec(text)?.[1] : undefined;
      if (tag === undefined) return 'pass';
      heard.idles += 1;
      say(`${tag} NO IDLE is switched off\r\n`);
      return 'drop';
    });
    undo.push(proxy.close);
    const imap = { port: proxy.port };
    const { log } = await watched(
      mailboxSection('idle-refused@example.com', { name: 'idle-refused', imap }),
      OFTEN,
    );
    await expectSchedule('idle-refused', { heard, proxy, die: () => {} });
    expect(log.lines.filter(({ msg }) => msg.startsWith('the server refuses IDLE'))).toHaveLength(1);
    expect(heard.idles).toBe(1);
    expect(alarms(log)).toEqual([]);
  });

  it('because `idle` is false: each poll logs in and out; a reload switches it on, and off again', async () => {
    const user = 'idle-off@example.com';
    const line = await tapped();
    const section = (idle: boolean) =>
      mailboxSection(user, { name: 'idle-off', idle, imap: { port: line.proxy.port } });
    const { child, file, log } = await watched(section(false), OFTEN);
    await expectSchedule('idle-off', line);
    expect(line.heard.idles).toBe(0);
    await rewrite(file, [section(true)], SELDOM);
    child.kill('SIGHUP');
    await until(() => line.heard.idles > 0, 'it waits');
    const { logins, logouts } = line.heard;
    expect(logouts).toBe(logins - 1);
    await rewrite(file, [section(false)], SELDOM);
    child.kill('SIGHUP');
    await until(
      () => line.heard.logouts === line.heard.logins && line.proxy.connections() === 0,
      'it is off',
    );
    expect(alarms(log)).toEqual([]);
  });

  it('because another daemon has it: a standby watches nothing until it takes over', async () => {
    const user = 'idle-standby@example.com';
    const lines = [await tapped(), await tapped()] as const;
    const [first, second] = [
      await watched(mailboxSection(user, { name: 'standby', imap: { port: lines[0].proxy.port } })),
      await watched(mailboxSection(user, { name: 'standby', imap: { port: lines[1].proxy.port } })),
    ];
    await until(() => lines[0].heard.idles + lines[1].heard.idles === 1, 'one of them waits');
    const isFirst = lines[0].heard.idles === 1;
    const [holder, standby] = isFirst ? [first, second] : [second, first];
    const [held, stood] = isFirst ? lines : [lines[1], lines[0]];
    await standby.log.until(({ msg }) => /standing by/.test(msg), 'the other one stands by');
    await deliverTimed(user, 'by the holder', 'standby');
    expect(stood.heard).toEqual({ idles: 0, logins: 0, logouts: 0 });
    await until(() => held.heard.idles > 1, 'it waits again');
    // Paused, it is not heard of; when it goes on, the mailbox is not its own any more.
    holder.child.kill('SIGSTOP');
    await until(() => stood.heard.idles > 0, 'the other one has taken over');
    holder.child.kill('SIGCONT');
    await until(() => held.heard.logouts === 1, 'the first one watches no more');
    await deliverTimed(user, 'by the other one', 'standby');
    expect(held.heard.logins).toBe(1);
  });
});
