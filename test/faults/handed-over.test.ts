import { expect, inject, it } from 'vitest';
import { createDatabase, dropDatabase } from '../support/database.ts';
import { mailboxSection } from '../support/mailcase.ts';
import { SEED } from '../support/seed.ts';
import { type Evidence, withEvidence } from './evidence.ts';
import { noteFault } from './fault-table.ts';
import { type Fleet, type Member, startFleet } from './fleet.ts';
import { FAULT_MAILBOX } from './history.ts';
import { type LogLine, waitFor } from './log-watch.ts';
import { type MailSource, mailSource } from './mail-source.ts';
import { scaled } from './scaled.ts';
import { assertOnce, readState } from './state.ts';
import { StepWatch } from './steps.ts';
import { startTapProxy, type TapProxy } from './tap-proxy.ts';

const timeout = 180_000;

/** A poll each second, and what polls take beside other tests, in milliseconds. */
const SLACK_MS = scaled({ short: 15_000, long: 6_000 });

const LEASE_MS = 1_000;

const isDone = ({ msg }: LogLine) => msg === 'poll done';

let stages = 0;

interface Stage {
  readonly fleet: Fleet;
  readonly source: MailSource;
  /** The first daemon's ways. */
  readonly imap: TapProxy;
  readonly postgres: TapProxy;
  first(): Promise<Member>;
  second(): Promise<Member>;
}

/** @param play @returns the time until another daemon had done the work, in milliseconds */
function onStage(fault: string, play: (stage: Stage, evidence: Evidence) => Promise<number>): Promise<void> {
  const name = fault.replaceAll(' ', '-');
  return withEvidence(name, async (evidence) => {
    const database = await createDatabase(name);
    const { host, imapPort } = inject('dovecot');
    const url = new URL(database.url);
    const imap = await startTapProxy({ host, port: imapPort });
    const postgres = await startTapProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(postgres.port);
    const fleet = startFleet(database.url, evidence);
    stages += 1;
    const user = `${name}-${stages}@example.com`;
    const source = mailSource(database.db, user, SEED);
    const section = (port: number) =>
      mailboxSection(user, { ...FAULT_MAILBOX, batch: { messages: 3 }, imap: { port } });
    try {
      const longest = await play(
        {
          ...{ fleet, source, imap, postgres },
          first: () => fleet.start('first', [section(imap.port)], { database: { url: url.href } }),
          second: () => fleet.start('second', [section(imapPort)]),
        },
        evidence,
      );
      const state = await readState(database.db, { mails: source.delivered, user });
      const { messages, lost, doubled } = state;
      const longestUntilPollingMs = Math.round(longest);
      await noteFault({ fault, tried: 1, messages, lost, doubled, longestUntilPollingMs });
      assertOnce(state);
    } finally {
      await fleet.close();
      await Promise.all([imap.close(), postgres.close()]);
      await database.db.destroy();
    }
    await dropDatabase(database.url);
  });
}

async function drain(source: MailSource, { log }: Member): Promise<void> {
  await waitFor(async () => ((await source.waiting()) === 0 ? true : undefined), 'all is recorded');
  await log.until((line) => isDone(line) && line.found === 0, 'nothing is left', performance.now());
}

it(
  `a daemon that cannot reach the mail server leaves the mailbox to one that can (FUZZ_SEED=${SEED})`,
  {
    timeout,
  },
  () =>
    onStage('no way to the mail server', async ({ source, imap, first, second }) => {
      const broken = await first();
      await broken.log.until(isDone, 'the first one polls');
      const good = await second();
      await good.log.until(({ msg }) => /standing by/.test(msg), 'the second one stands by');
      await imap.refuse(true);
      imap.cutAll();
      await source.deliver(10);
      const at = performance.now();
      const took = await good.log.until(isDone, 'the second one polls', at);
      await drain(source, good);
      await broken.log.until(({ msg }) => /standing by/.test(msg), 'the first one stands by', at);
      // It is not for want of trying that the first one has not polled.
      expect(
        broken.log.find(({ msg, err }) => msg === 'poll failed' && err?.code === 'imap_connect', at),
      ).toBeDefined();
      expect(took.at - at).toBeLessThan(LEASE_MS + SLACK_MS);
      return took.at - at;
    }),
);

/** Where locks are held that the one who takes over needs. */
const INSERTED = 'after postgres insert interactions';
const AT = scaled({
  short: [INSERTED],
  long: [INSERTED, 'before postgres commit after insert receipts'],
});

it.each(AT)(
  `a daemon that is paused in a transaction (%s) holds up no other beyond its lease (FUZZ_SEED=${SEED})`,
  {
    timeout,
  },
  (moment) =>
    onStage('paused in a transaction', async ({ source, postgres, first, second }) => {
      const paused = await first();
      await paused.log.until(isDone, 'the first one polls');
      const good = await second();
      await good.log.until(({ msg }) => /standing by/.test(msg), 'the second one stands by');
      const watch = new StepWatch();
      let pausedAt: number | undefined;
      postgres.tap((piece) => {
        const step = watch.see('postgres', piece);
        if (pausedAt === undefined && step !== undefined && `${step.side} ${step.name}` === moment) {
          paused.running.child.kill('SIGSTOP');
          pausedAt = performance.now();
          // What was on its way when the process stopped is lost with it.
          return new Promise(() => {});
        }
        return 'pass';
      });
      await source.deliver(20);
      const at = await waitFor(() => pausedAt, 'the first one is in a transaction');
      await waitFor(
        async () => ((await source.waiting()) === 0 ? true : undefined),
        'the second one records all',
      );
      const took = performance.now() - at;
      paused.running.child.kill('SIGCONT');
      await paused.log.until(({ msg }) => /standing by|taken the mailbox over/.test(msg), 'it notices', at);
      await drain(source, good);
      expect(took).toBeLessThan(LEASE_MS + SLACK_MS);
      const ended = good.log.lines.map(({ endedSessions }) => endedSessions).find(Boolean);
      expect(ended).toBeGreaterThan(0);
      return took;
    }),
);
