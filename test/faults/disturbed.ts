import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { connectDatabase } from '../../src/db/connect.ts';
import type { Dovecot } from '../support/dovecot.ts';
import { type Running, startMailcase, writeConfig } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';
import { SEED } from '../support/seed.ts';
import { Arrivals } from './arrivals.ts';
import { blamed, watchBlame } from './blame.ts';
import { DaemonLog } from './daemon-log.ts';
import { type Evidence, withEvidence } from './evidence.ts';
import { noteFault } from './fault-table.ts';
import { FAULT_MAILBOX, NO_FLOOD, readHistory, undisturbedHistory } from './history.ts';
import { MarkWatch } from './marks.ts';
import { type Chance, chance } from './random.ts';
import { scaled } from './scaled.ts';
import { assertOnce, readState } from './state.ts';

/** Polls follow each other closely, and batches are small, so that a fault meets one at work. */
const SCHEDULE = '* * * * * *';
const BACKOFF = { first: '100ms', longest: '500ms' };
const BATCH = { messages: 5 };

/** From the end of a poll to the beginning of the next one: the next second, or the rest after a failure. */
const BETWEEN_POLLS_MS = 1_000;

/** The machine of the tests is busy with other tests: a wait may be so much longer than it must be. */
const BUSY_MS = 8_000;

/** So much later than poll_timeout a poll has ended, whatever hangs. */
const CUT_MS = 10_000;

/** Mail that waits when the daemon starts. */
const WAITING = scaled({ short: 10, long: 30 });

/** Until then the daemon has started, and polled. */
const STARTED_MS = 30_000;

/** With nothing amiss any more, the mailbox is drained by then. */
const DRAINED_MS = 90_000;

/** A fault that is made, once, and is over. */
export interface Fault {
  readonly name: string;
  /** Whether the program is told of it, by an error or an end of its connection; otherwise it has to find out. */
  readonly isTold: boolean;
  /** How long the server may hold on to what it was left with, in milliseconds: a transaction's locks. */
  readonly heldMs?: number;
  /** Makes it; resolves when it is over, with false where there was no occasion. */
  make(scene: Scene): Promise<unknown>;
}

/** A daemon at work, with mail coming in all the while. */
export interface Scene {
  readonly daemon: Running;
  readonly log: DaemonLog;
  readonly luck: Chance;
  readonly arrivals: Arrivals;
  note(text: string): void;
  /** Makes a fault, and waits until polling is back. @returns whether it was made. @throws where it does not come back in time */
  strike(fault: Fault): Promise<boolean>;
}

export interface Setting {
  /** What stands in the table. */
  readonly fault: string;
  readonly user: string;
  readonly dovecot: Dovecot;
  /** What the daemon connects to: the servers, or proxies in front of them. */
  readonly databaseUrl: string;
  readonly imapPort: number;
  /** The database itself, for a superuser. */
  readonly adminUrl: string;
  readonly pollTimeoutMs: number;
}

/**
 * Lets a daemon work while it is disturbed, and then looks whether all is as if it had not been: each message once, none
 * blamed, none marked before its record, no poll longer than it may be, and the history of an undisturbed run.
 *
 * @param disturb does so by `strike`
 */
export function disturbing(setting: Setting, disturb: (scene: Scene) => Promise<void>): Promise<void> {
  return withEvidence(setting.fault.replaceAll(/\W+/g, '-'), async (evidence) => {
    const stage = await setUp(setting, evidence);
    try {
      stage.arrivals.bring(WAITING);
      stage.arrivals.start(stage.luck);
      expect(await stage.scene.log.goodPollAfter(0, STARTED_MS), 'it polls at all').toBeDefined();
      await disturb(stage.scene);
      await stage.arrivals.stop();
      await untilDrained(setting, stage.arrivals);
      await finish(setting, stage);
    } finally {
      await stage.close();
    }
  });
}

interface Stage {
  readonly scene: Scene;
  readonly luck: Chance;
  readonly arrivals: Arrivals;
  readonly marks: MarkWatch;
  /** From the end of each fault to the end of the next good poll, in milliseconds. */
  readonly recoveries: number[];
  close(): Promise<void>;
}

async function setUp(setting: Setting, { note }: Evidence): Promise<Stage> {
  const { user, dovecot, pollTimeoutMs } = setting;
  await asAdmin(setting, watchBlame);
  const { password, host } = dovecot;
  const imap = { host, port: setting.imapPort, tls: 'none', user, password };
  const config = await writeConfig({
    database: { url: setting.databaseUrl },
    schedule: SCHEDULE,
    backoff: BACKOFF,
    flood: { messages: NO_FLOOD.messages },
    log: { level: 'debug' },
    mailboxes: [
      { name: 'support', imap, ...FAULT_MAILBOX, batch: BATCH, poll_timeout: `${pollTimeoutMs}ms` },
    ],
  });
  const maildir = dovecot.maildir(user);
  const luck = chance(SEED);
  const arrivals = new Arrivals(maildir, user, SEED);
  const marks = new MarkWatch(maildir);
  const daemon = startMailcase(['run', '--config', config.file]);
  const log = new DaemonLog(daemon, note);
  const recoveries: number[] = [];
  const scene: Scene = {
    ...{ daemon, log, luck, arrivals, note },
    strike: async (fault) => {
      await sleep(luck.between(0, 500));
      note(`fault: ${fault.name}`);
      if ((await fault.make(scene)) === false) return false;
      const overAt = Date.now();
      note(`over: ${fault.name}`);
      const limitMs = recoveryLimitMs(fault, pollTimeoutMs);
      const backAt = await log.goodPollAfter(overAt, limitMs);
      if (backAt === undefined)
        throw new Error(`${fault.name}: no good poll within ${limitMs} ms of its end`);
      note(`back after ${backAt - overAt} ms: ${fault.name}`);
      recoveries.push(backAt - overAt);
      return true;
    },
  };
  const close = async () => {
    await arrivals.stop();
    marks.stop();
    daemon.child.kill('SIGKILL');
    await daemon.finished;
    await config.remove();
  };
  return { scene, luck, arrivals, marks, recoveries, close };
}

/** How soon after the end of a fault a good poll has to be over, in milliseconds. */
function recoveryLimitMs({ isTold, heldMs = 0 }: Fault, pollTimeoutMs: number): number {
  return BETWEEN_POLLS_MS + BUSY_MS + heldMs + (isTold ? 0 : pollTimeoutMs + CUT_MS);
}

async function untilDrained(setting: Setting, { count }: Arrivals): Promise<void> {
  const deadline = Date.now() + DRAINED_MS;
  await asAdmin(setting, async (db) => {
    for (;;) {
      const [left] = await rows<{ receipts: number; unmarked: number }>(
        db,
        `select count(*)::int as receipts, (count(*) filter (where processed_at is null))::int as unmarked
         from receipts`,
      );
      if (left?.receipts === count && left.unmarked === 0) return;
      // What is not there then is lost, or hangs: the state says which.
      if (Date.now() > deadline) return;
      await sleep(100);
    }
  });
}

async function finish(setting: Setting, { scene, arrivals, marks, recoveries }: Stage): Promise<void> {
  const { fault, user, dovecot, pollTimeoutMs } = setting;
  const { daemon, log } = scene;
  const silenceMs = log.longestSilenceMs();
  expect(daemon.child.exitCode, 'the daemon is still there').toBeNull();
  daemon.child.kill('SIGTERM');
  const { code, stderr } = await daemon.finished;
  marks.stop();
  const mails = arrivals.inOrder();
  await asAdmin(setting, async (db) => {
    const state = await readState(db, { mails, user, folder: { server: dovecot } });
    const { messages, lost, doubled } = state;
    const longestUntilPollingMs = Math.max(...recoveries);
    await noteFault({ fault, tried: recoveries.length, messages, lost, doubled, longestUntilPollingMs });
    assertOnce(state);
    expect(await blamed(db)).toEqual([]);
    expect(await marks.tooEarly(db)).toEqual({ marked: mails.length, early: [] });
    expect(await readHistory(db)).toEqual(await undisturbedHistory(mails, `undisturbed-${user}`));
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(silenceMs, 'no poll outlives its deadline').toBeLessThan(
    pollTimeoutMs + CUT_MS + BETWEEN_POLLS_MS + BUSY_MS,
  );
}

async function asAdmin<T>(
  { adminUrl }: Pick<Setting, 'adminUrl'>,
  work: (db: ReturnType<typeof connectDatabase>) => Promise<T>,
): Promise<T> {
  const db = connectDatabase(adminUrl, 2);
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}
