import { expect, inject, it } from 'vitest';
import { createDatabase, dropDatabase, useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { loadMailbox, mailboxSection } from '../support/mailcase.ts';
import { poll } from '../support/poll.ts';
import { SEED } from '../support/seed.ts';
import { withEvidence } from './evidence.ts';
import { faultMails } from './fault-mails.ts';
import { noteFault } from './fault-table.ts';
import { startFleet } from './fleet.ts';
import { FAULT_MAILBOX } from './history.ts';
import { type LogLine, waitFor } from './log-watch.ts';
import { mailSource } from './mail-source.ts';
import { IS_LONG, scaled } from './scaled.ts';
import { assertOnce, readState } from './state.ts';
import { startTapProxy } from './tap-proxy.ts';

const database = useDatabase();

const POLL_TIMEOUT_MS = 2_000;
const GRACE_MS = 10_000;
/** The longest rest after a failure, and what a poll takes beside other tests, in milliseconds. */
const AGAIN_MS = scaled({ short: 15_000, long: 5_000 });

/** The step, or which of the servers it cannot be done with. */
const NAMED = /\(for \d+\.\d s\)|did not answer within \d+ ms, it was to: \w+|cannot reach the database/;

const timeout = 120_000;

const WAYS = scaled({
  short: ['postgres and imap'],
  long: ['postgres', 'imap', 'postgres and imap'],
});

it.each(WAYS)(
  `while nothing comes through to %s, polls end and begin anew (FUZZ_SEED=${SEED})`,
  {
    timeout,
  },
  (servers) =>
    withEvidence('all-hangs', async (evidence) => {
      const own = await createDatabase('all hangs');
      const { host, imapPort } = inject('dovecot');
      const postgres = new URL(own.url);
      const proxies = {
        imap: await startTapProxy({ host, port: imapPort }),
        postgres: await startTapProxy({ host: postgres.hostname, port: Number(postgres.port) }),
      };
      const hanging = Object.entries(proxies).flatMap(([name, proxy]) =>
        servers.includes(name) ? [proxy] : [],
      );
      postgres.port = String(proxies.postgres.port);
      const fleet = startFleet(postgres.href, evidence);
      const user = `all-hangs-${servers.replaceAll(' ', '-')}@example.com`;
      const source = mailSource(own.db, user, SEED);
      const section = mailboxSection(user, {
        ...FAULT_MAILBOX,
        ...{
          batch: { messages: 3 },
          poll_timeout: `${POLL_TIMEOUT_MS}ms`,
          imap: { port: proxies.imap.port },
        },
      });
      try {
        const { running, log } = await fleet.start('daemon', [section]);
        await log.until(({ msg }) => msg === 'poll done', 'it polls');
        const isFailure = ({ msg }: LogLine) => msg === 'poll failed';
        await source.deliver(40);
        await waitFor(async () => ((await source.waiting()) < 40 ? true : undefined), 'it is at work');
        const hungAt = performance.now();
        for (const proxy of hanging) proxy.tap(() => new Promise(() => {}));
        const failed = await log.until(isFailure, 'the poll ends', hungAt);
        const ended = failed.at - hungAt;
        expect(ended).toBeLessThan(POLL_TIMEOUT_MS + GRACE_MS);
        const next = IS_LONG ? await log.until(isFailure, 'the next one ends', failed.at) : failed;
        for (const { err } of [failed, next]) expect(err?.message).toMatch(NAMED);
        const freeAt = performance.now();
        for (const proxy of hanging) proxy.tap(() => 'pass');
        const good = await log.until(({ msg }) => msg === 'poll done', 'a poll is done', freeAt);
        // What hung goes on hanging: it ends by its own deadline at the latest.
        expect(good.at - freeAt).toBeLessThan(POLL_TIMEOUT_MS + AGAIN_MS);
        await waitFor(async () => ((await source.waiting()) === 0 ? true : undefined), 'all is recorded');
        await log.until(
          ({ msg, found }) => msg === 'poll done' && found === 0,
          'all is done',
          performance.now(),
        );
        running.child.kill('SIGTERM');
        expect(await running.finished).toMatchObject({ code: 0 });
        const state = await readState(own.db, { mails: source.delivered, user });
        const { messages, lost, doubled } = state;
        await noteFault({
          ...{
            fault: `nothing comes through to ${servers}`,
            tried: 1,
            messages,
            lost,
            doubled,
          },
          longestUntilPollingMs: Math.round(good.at - freeAt),
        });
        assertOnce(state);
      } finally {
        await fleet.close();
        await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
        await own.db.destroy();
      }
      await dropDatabase(own.url);
    }),
);

it(`a server that never answers LOGOUT holds up nothing (FUZZ_SEED=${SEED})`, { timeout }, async () => {
  const user = 'no-farewell@example.com';
  const { host, imapPort } = inject('dovecot');
  let isAsked = false;
  const proxy = await startTapProxy({ host, port: imapPort }, ({ from, text }) => {
    isAsked ||= from === 'client' && / LOGOUT\r\n/.test(text);
    return isAsked ? new Promise(() => {}) : 'pass';
  });
  try {
    const mails = faultMails(SEED, 3, user).map(({ raw }) => raw);
    await deliver(inject('dovecot'), user, mails);
    const mailbox = await loadMailbox(user, { ...FAULT_MAILBOX, imap: { port: proxy.port } });
    const began = performance.now();
    const { found, problem } = await poll(database.db, mailbox);
    expect({ found, problem }).toEqual({ found: 3, problem: undefined });
    expect(isAsked).toBe(true);
    expect(performance.now() - began).toBeLessThan(3_000 + AGAIN_MS);
  } finally {
    await proxy.close();
  }
});
