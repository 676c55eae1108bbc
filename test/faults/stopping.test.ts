import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, it } from 'vitest';
import { createDatabase, dropDatabase, type TestDatabase } from '../support/database.ts';
import { mailboxSection } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';
import { SEED } from '../support/seed.ts';
import { withEvidence } from './evidence.ts';
import { noteFault } from './fault-table.ts';
import { type Member, startFleet } from './fleet.ts';
import { FAULT_MAILBOX } from './history.ts';
import { waitFor } from './log-watch.ts';
import { mailSource } from './mail-source.ts';
import { chance } from './random.ts';
import { scaled } from './scaled.ts';
import { assertOnce, readState } from './state.ts';
import { startTapProxy, type Tap } from './tap-proxy.ts';

/** How a daemon is stopped: in good order, cut off because its batch takes longer than it may, or by a second signal. */
const WAYS = ['in order', 'cut off', 'at once'] as const;
type Way = (typeof WAYS)[number];

const ROUNDS = scaled({ short: 2, long: 25 });
const timeout = scaled({ short: 240_000, long: 3_600_000 });

const LEASE_MS = 1_000;
const STOP_TIMEOUT_MS = { 'in order': 60_000, 'cut off': 200, 'at once': 60_000 } as const;

/** What comes to stop_timeout: closing what is left, and whatever else the machine does. In milliseconds. */
const SLACK_MS = scaled({ short: 12_000, long: 8_000 });

/** How soon a process is gone that does nothing any more, in milliseconds. */
const AT_ONCE_MS = scaled({ short: 3_000, long: 1_000 });

const name = `stopped at any moment, each message is recorded once, and the next start goes on (FUZZ_SEED=${SEED})`;

it(name, { timeout }, () =>
  withEvidence('stopping', async (evidence) => {
    const luck = chance(SEED);
    const database = await createDatabase('stopping');
    const { host, imapPort } = inject('dovecot');
    const farewells = new Farewells();
    const proxy = await startTapProxy({ host, port: imapPort }, farewells.tap);
    const fleet = startFleet(database.url, evidence);
    const user = 'stopping@example.com';
    const source = mailSource(database.db, user, SEED);
    const section = mailboxSection(user, {
      ...FAULT_MAILBOX,
      ...{ name: 'stopped', batch: { messages: 3 }, imap: { port: proxy.port } },
    });
    const start = (way: Way) =>
      fleet.start(way, [section], { stop_timeout: `${STOP_TIMEOUT_MS[way]}ms`, lease: `${LEASE_MS}ms` });
    const plan = luck.shuffle(Array.from({ length: ROUNDS }, () => WAYS).flat());
    let longestMs = 0;
    let diedAt: number | undefined;
    let before: Way | undefined;
    try {
      for (const way of [...plan, undefined]) {
        if (way !== undefined) await source.deliver(luck.between(10, 40));
        const daemon = await start(way ?? 'in order');
        const begun = await daemon.log.until(({ msg }) => msg === 'polling', 'it polls');
        await seeItGoOn(daemon, before, begun.at);
        if (diedAt !== undefined) longestMs = Math.max(longestMs, begun.at - diedAt);
        if (way === undefined) {
          await waitFor(async () => ((await source.waiting()) === 0 ? true : undefined), 'all is recorded');
          await daemon.log.until(
            ({ msg, found }) => msg === 'poll done' && found === 0,
            'all is done',
            performance.now(),
          );
        } else {
          await sleep(luck.between(0, 700));
        }
        if (way === 'cut off') farewells.stall();
        if (way === 'cut off') await sleep(luck.between(0, 50));
        await stop(daemon, { way: way ?? 'in order', before }, database, farewells);
        diedAt = performance.now();
        before = way;
        farewells.reset();
      }
      const state = await readState(database.db, { mails: source.delivered, user });
      const { messages, lost, doubled } = state;
      const longestUntilPollingMs = Math.round(longestMs);
      await noteFault({
        fault: 'stopped',
        tried: plan.length,
        messages,
        lost,
        doubled,
        longestUntilPollingMs,
      });
      assertOnce(state);
    } finally {
      await fleet.close();
      await proxy.close();
      await database.db.destroy();
    }
    await dropDatabase(database.url);
  }),
);

/** What was given back is taken at once; the lease of one that ended without a word is waited for. */
async function seeItGoOn({ log }: Member, before: Way | undefined, startedAt: number): Promise<void> {
  const isStandby = ({ msg }: { msg: string }) => /standing by/.test(msg);
  if (before !== 'at once') return;
  const took = await log.until(
    ({ msg }) => msg === 'poll done' || /is taken over$/.test(msg),
    'it polls after the lease of the one before',
  );
  expect(took.at - startedAt).toBeLessThan(LEASE_MS + SLACK_MS);
  if (log.find(isStandby)) expect(log.find(({ msg }) => /is taken over$/.test(msg))).toBeDefined();
}

async function stop(
  { running, log }: Member,
  { way, before }: { readonly way: Way; readonly before: Way | undefined },
  { db }: TestDatabase,
  farewells: Farewells,
): Promise<void> {
  const { child, finished } = running;
  const askedAt = performance.now();
  child.kill('SIGTERM');
  if (way === 'at once') {
    await Promise.race([log.until(({ msg }) => /^stopping after/.test(msg), 'it stops'), finished]);
    const secondAt = performance.now();
    child.kill('SIGTERM');
    const { code, signal } = await finished;
    expect(performance.now() - secondAt).toBeLessThan(AT_ONCE_MS);
    // A process that has done all of it and is on its way out listens to no signal any more: this one ends it as any.
    const isOnItsWayOut = log.find(({ msg }) => msg === 'stopped') !== undefined;
    expect(isOnItsWayOut ? ['SIGTERM', 0, 1] : [0, 1]).toContain(signal ?? code);
    return;
  }
  const { code, stdout, stderr } = await finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(performance.now() - askedAt).toBeLessThan(Math.min(STOP_TIMEOUT_MS[way], 5_000) + SLACK_MS);
  const [box] = await rows(db, 'select lease_holder, leased_until from mailboxes');
  if (box !== undefined) expect(box).toEqual({ lease_holder: null, leased_until: null });
  if (way === 'cut off') return;
  expect(stdout).not.toContain('cut off');
  expect(farewells.missing()).toEqual([]);
  // It may have been stopped before it could do what another one left undone.
  if (before !== undefined && before !== 'in order') return;
  expect(stdout).not.toContain('standing by');
  expect(await rows(db, 'select uid from receipts where processed_at is null')).toEqual([]);
}

/** Sees who of those that logged in has logged out; and can hold everything up. */
class Farewells {
  private readonly opened = new Set<number>();
  private readonly said = new Set<number>();
  private isStalled = false;

  readonly tap: Tap = ({ connection, from, text }) => {
    if (from === 'client' && / SELECT /.test(text)) this.opened.add(connection);
    if (from === 'client' && / LOGOUT\r\n/.test(text)) this.said.add(connection);
    return this.isStalled ? new Promise(() => {}) : 'pass';
  };

  /** Connections in which a folder was opened, and that nobody took leave of. */
  missing(): number[] {
    return [...this.opened].filter((connection) => !this.said.has(connection));
  }

  stall(): void {
    this.isStalled = true;
  }

  reset(): void {
    this.isStalled = false;
    this.opened.clear();
    this.said.clear();
  }
}
