import { expect, inject, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { mailboxSection } from '../support/mailcase.ts';
import { withEvidence } from './evidence.ts';
import { type Member, startFleet } from './fleet.ts';
import type { LogLine } from './log-watch.ts';
import { scaled } from './scaled.ts';
import { startTapProxy } from './tap-proxy.ts';

const database = useDatabase();

const timeout = 120_000;
const MANY = scaled({ short: 200, long: 5_000 });

const MAILBOX = 'what the mailbox is doing';
const DAEMON = 'what the daemon is doing';

/** Once an hour: what is to be seen comes of the first poll. */
const SELDOM = { schedule: '0 0 * * * *' };

/** Asks, and waits for the answer: for each mailbox a line. */
async function ask({ running, log }: Member): Promise<LogLine[]> {
  const askedAt = performance.now();
  running.child.kill('SIGUSR2');
  const first = await log.until(({ msg }) => msg === DAEMON, 'it says what it is doing', askedAt);
  const lines = () => log.lines.filter(({ at, msg }) => at >= first.at && msg === MAILBOX);
  await log.until(({ msg }) => msg === MAILBOX, 'it says what the mailboxes do', askedAt);
  return lines();
}

async function end({ running }: Member, passwords: readonly string[]): Promise<void> {
  running.child.kill('SIGTERM');
  const { code, stdout, stderr } = await running.finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const password of passwords) {
    expect(password).not.toBe('');
    expect(stdout).not.toContain(password);
  }
}

it('on SIGUSR2 each mailbox says that it polls, rests, waits or stands by', { timeout }, () =>
  withEvidence('dump', async (evidence) => {
    const fleet = startFleet(database.url, evidence);
    const { host, imapPort, password } = inject('dovecot');
    const silent = await startTapProxy({ host, port: imapPort }, () => new Promise(() => {}));
    const ofDatabase = decodeURIComponent(new URL(database.url).password);
    const backoff = { first: '1h', longest: '1h' };
    const sections = [
      mailboxSection('dump-polls@example.com', { name: 'polls', imap: { port: silent.port } }),
      mailboxSection('dump-rests@example.com', { name: 'rests', imap: { password: 'canary-wrong' } }),
      mailboxSection('dump-waits@example.com', { name: 'waits' }),
    ];
    const more = { ...SELDOM, backoff, lease: '1h', stop_timeout: '100ms' };
    try {
      const first = await fleet.start('first', sections, more);
      await first.log.until(
        ({ msg, mailbox }) => msg === 'poll failed' && mailbox === 'rests',
        'one has failed',
      );
      await first.log.until(({ msg, mailbox }) => msg === 'poll done' && mailbox === 'waits', 'one is done');
      const lines = await ask(first);
      expect(Object.fromEntries(lines.map(({ mailbox, state }) => [mailbox, state]))).toEqual({
        polls: 'polling',
        rests: 'resting after a failure',
        waits: 'waiting for its schedule',
      });
      const of = (name: string) => lines.find(({ mailbox }) => mailbox === name);
      const what = expect.stringMatching(/^connect to 127\.0\.0\.1:\d+ and log in$/);
      expect(of('polls')).toMatchObject({
        doing: [{ what, forMs: expect.any(Number) }],
        pollingMs: expect.any(Number),
      });
      expect(of('rests')).toMatchObject({ restsUntil: expect.any(String), failingSince: expect.any(String) });
      expect(of('waits')).toMatchObject({ nextTickMs: expect.any(Number), lastGoodAt: expect.any(String) });

      const second = await fleet.start('second', sections.slice(2), more);
      await second.log.until(({ msg }) => /standing by/.test(msg), 'the second one stands by');
      expect(await ask(second)).toEqual([
        expect.objectContaining({ state: 'standing by for another daemon', holder: first.holder() }),
      ]);
      // However often: it goes on.
      for (let i = 0; i < MANY; i += 1) second.running.child.kill('SIGUSR2');
      expect(await ask(second)).not.toEqual([]);
      for (const member of [second, first]) await end(member, [password, ofDatabase, 'canary']);
    } finally {
      await fleet.close();
      await silent.close();
    }
  }),
);

it('on SIGUSR2 a daemon that waits for its database says so, and goes on waiting', { timeout }, () =>
  withEvidence('dump-waiting', async (evidence) => {
    const proxy = await startDatabaseProxy(database.url);
    const fleet = startFleet(proxy.url, evidence);
    try {
      const daemon = await fleet.start('daemon', [mailboxSection('dump-late@example.com')]);
      const { log, running } = daemon;
      await log.until(({ msg }) => msg === 'database not reached', 'it waits');
      for (let i = 0; i < 10; i += 1) running.child.kill('SIGUSR2');
      await log.until(({ msg, waitsFor }) => msg === DAEMON && waitsFor === 'the database', 'it says so');
      await proxy.open();
      await log.until(({ msg }) => msg === 'poll done', 'it polls');
      const [line] = await ask(daemon);
      expect(line?.state).toMatch(/polling|waiting/);
      await end(daemon, [inject('dovecot').password]);
    } finally {
      await fleet.close();
      await proxy.close();
    }
  }),
);
