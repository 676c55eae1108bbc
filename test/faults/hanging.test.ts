import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, it } from 'vitest';
import { createDatabase, dropDatabase } from '../support/database.ts';
import { mailboxSection } from '../support/mailcase.ts';
import { SEED } from '../support/seed.ts';
import { withEvidence } from './evidence.ts';
import { noteFault } from './fault-table.ts';
import { type Member, startFleet } from './fleet.ts';
import { FAULT_MAILBOX } from './history.ts';
import type { LogLine } from './log-watch.ts';
import { waitFor } from './log-watch.ts';
import { mailSource } from './mail-source.ts';
import { chance } from './random.ts';
import { scaled } from './scaled.ts';
import { assertOnce, readState } from './state.ts';
import { StepWatch, type Wire } from './steps.ts';
import { startTapProxy, type TapProxy } from './tap-proxy.ts';

/** A step at which everything hangs, and what the daemon says that it was doing. */
interface Hang {
  readonly at: string;
  readonly doing: RegExp;
}

/** At the server of one mailbox; the other mailbox's is another one. */
const AT_IMAP: readonly Hang[] = [
  { at: 'after imap connect', doing: /connect to 127\.0\.0\.1:\d+ and log in \(for/ },
  { at: 'before imap AUTHENTICATE', doing: /connect to 127\.0\.0\.1:\d+ and log in \(for/ },
  { at: 'before imap SELECT', doing: /open of INBOX \(for/ },
  { at: 'before imap UID SEARCH', doing: /search of INBOX \(for/ },
  { at: 'before imap UID FETCH sizes', doing: /ask for the sizes of \d+ messages of INBOX \(for/ },
  { at: 'after imap UID FETCH bodies', doing: /fetch \d+ messages from UID \d+ of INBOX \(for/ },
  { at: 'before imap UID STORE', doing: /mark \d+ messages of INBOX \(for/ },
  { at: 'after imap UID STORE', doing: /mark \d+ messages of INBOX \(for/ },
];

/** One connection of the database. */
const AT_DATABASE: readonly Hang[] = [
  { at: 'before postgres insert interactions', doing: /record \d+ messages of INBOX \(for/ },
  { at: 'after postgres commit after insert receipts', doing: /record \d+ messages of INBOX \(for/ },
  { at: 'before postgres insert receipts', doing: /record \d+ messages of INBOX \(for/ },
];

const POLL_TIMEOUT_MS = scaled({ short: 1_500, long: 2_000 });
/** By then a poll has ended, whatever hangs, in milliseconds. */
const GRACE_MS = 10_000;
/** The longest rest after a failure, and the time that it takes to begin anew beside other tests. */
const BACKOFF_MS = 200 + scaled({ short: 8_000, long: 3_000 });

const timeout = scaled({ short: 240_000, long: 1_800_000 });

const name = `what hangs is named, torn down and begun anew, wherever it hangs (FUZZ_SEED=${SEED})`;

it(name, { timeout }, () =>
  withEvidence('hanging', async (evidence) => {
    const luck = chance(SEED);
    const database = await createDatabase('hanging');
    const { host, imapPort } = inject('dovecot');
    const postgres = new URL(database.url);
    const proxies: Record<Wire, TapProxy> = {
      imap: await startTapProxy({ host, port: imapPort }),
      postgres: await startTapProxy({ host: postgres.hostname, port: Number(postgres.port) }),
    };
    postgres.port = String(proxies.postgres.port);
    const fleet = startFleet(postgres.href, evidence);
    const user = 'hangs@example.com';
    const source = mailSource(database.db, user, SEED);
    const wires = hangingWires(proxies);
    const sections = [
      mailboxSection(user, {
        ...FAULT_MAILBOX,
        // Each poll logs in, so that it can hang there.
        ...{ name: 'hangs', idle: false, poll_timeout: `${POLL_TIMEOUT_MS}ms` },
        imap: { port: proxies.imap.port },
      }),
      mailboxSection('hangs-not@example.com', { name: 'other' }),
    ];
    let longestMs = 0;
    const plan = [
      ...luck.shuffle(AT_IMAP).slice(0, scaled({ short: 2, long: AT_IMAP.length })),
      ...luck.shuffle(AT_DATABASE).slice(0, scaled({ short: 1, long: AT_DATABASE.length })),
    ];
    try {
      const daemon = await fleet.start('daemon', sections);
      await daemon.log.until(isOf('hangs', 'poll done'), 'it polls');
      for (const hang of plan) {
        evidence.note(`hangs ${hang.at}`);
        const hung = wires.hang(hang.at);
        await source.deliver(luck.between(1, 8));
        const hungAt = await waitFor(hung, `something hangs ${hang.at}`);
        longestMs = Math.max(longestMs, await seeItEnd(daemon, hang, hungAt));
        wires.release();
        await waitFor(async () => ((await source.waiting()) === 0 ? true : undefined), 'all is recorded');
        await daemon.log.until(isOf('hangs', 'poll done'), 'a poll is done', performance.now());
      }
      daemon.running.child.kill('SIGTERM');
      expect(await daemon.running.finished).toMatchObject({ code: 0 });
      expect((await daemon.running.finished).stdout).not.toContain(inject('dovecot').password);
      // A poll each second, and each hang took longer: the other mailbox was polled all the while.
      const polls = daemon.log.lines.filter(isOf('other', 'poll done'));
      expect(polls.length).toBeGreaterThan(plan.length);
      const state = await readState(database.db, { mails: source.delivered, user });
      const { messages, lost, doubled } = state;
      const longestUntilPollingMs = Math.round(longestMs);
      await noteFault({
        fault: 'a server that hangs',
        tried: plan.length,
        messages,
        lost,
        doubled,
        longestUntilPollingMs,
      });
      assertOnce(state);
    } finally {
      await fleet.close();
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
      await database.db.destroy();
    }
    await dropDatabase(database.url);
  }),
);

function isOf(mailbox: string, msg: string) {
  return (line: LogLine) => line.mailbox === mailbox && line.msg === msg;
}

/** @returns how long it took from the hang until the next poll had begun, in milliseconds */
async function seeItEnd({ running, log }: Member, { at, doing }: Hang, hungAt: number): Promise<number> {
  await sleep(POLL_TIMEOUT_MS / 3);
  for (let i = 0; i < 5; i += 1) running.child.kill('SIGUSR2');
  const dump = await log.until(
    isOf('hangs', 'what the mailbox is doing'),
    'it says what it is doing',
    hungAt,
  );
  const failed = await log.until(isOf('hangs', 'poll failed'), `the poll that hangs ${at} ends`, hungAt);
  expect(failed.at - hungAt).toBeLessThan(POLL_TIMEOUT_MS + GRACE_MS);
  expect(failed.err).toMatchObject({ code: 'poll_timeout', message: expect.stringMatching(doing) });
  if (dump.at < failed.at) {
    expect(dump.state).toBe('polling');
    const what = (dump.doing as { what: string }[]).map((each) => `${each.what} (for`).join('; ');
    // On a slow machine the poll may have been given up by then; that it knew what hung is in its failure, above.
    if (!what.includes('note that the poll failed')) expect(what).toMatch(doing);
  }
  const failedAgain = log.until(
    ({ mailbox, msg }) => mailbox === 'hangs' && (msg === 'poll done' || msg === 'poll failed'),
    'the next poll has begun',
    failed.at,
  );
  const next = await failedAgain;
  expect(next.at - failed.at).toBeLessThan(BACKOFF_MS + POLL_TIMEOUT_MS);
  return failed.at - hungAt;
}

/** Everything that comes on a connection from the step on waits, until it is released; once, and on one connection. */
function hangingWires(proxies: Readonly<Record<Wire, TapProxy>>) {
  let wanted: string | undefined;
  let hungAt: number | undefined;
  for (const wire of ['imap', 'postgres'] as const) {
    const watch = new StepWatch();
    proxies[wire].tap((piece) => {
      const step = watch.see(wire, piece);
      if (step === undefined || wanted !== `${step.side} ${step.name}`) return 'pass';
      wanted = undefined;
      hungAt = performance.now();
      return new Promise(() => {});
    });
  }
  return {
    hang: (at: string) => {
      hungAt = undefined;
      wanted = at;
      return () => hungAt;
    },
    release: () => {
      wanted = undefined;
    },
  };
}
