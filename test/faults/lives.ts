import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import type { TestDatabase } from '../support/database.ts';
import { mailboxSection, type Running, startMailcase, writeConfig } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';
import type { Evidence } from './evidence.ts';
import { FAULT_MAILBOX, NO_FLOOD } from './history.ts';
import type { MailSource } from './mail-source.ts';
import { POLL_BEGINS, type Step, StepWatch, type Wire } from './steps.ts';
import { startTapProxy, type TapProxy } from './tap-proxy.ts';

/** When a daemon is killed. */
export type Moment =
  | { readonly after: 'start' | 'polling'; readonly ms: number }
  /** At the occurrence so many (from 1) of a step since its start. */
  | (Step & { readonly occurrence: number });

/** The daemon, killed and started again, as often as wanted. */
export interface Lives {
  /** Starts it, kills it at the moment, and sees to it that mail is waiting all the while. */
  killAt(moment: Moment): Promise<void>;
  /** Starts it, lets it work until nothing waits, and stops it. @returns how often each step came */
  drain(): Promise<ReadonlyMap<string, number>>;
  /** The longest time from a kill until the next daemon polled, in milliseconds. */
  longestUntilPollingMs(): number;
  close(): Promise<void>;
}

export interface LivesOptions {
  readonly database: TestDatabase;
  readonly user: string;
  readonly source: MailSource;
  readonly evidence: Evidence;
}

/** How the daemon runs: polls that follow each other closely, and small batches, so that a few mails are many steps. */
const CONFIG = {
  schedule: '* * * * * *',
  backoff: { first: '100ms', longest: '200ms', credentials: '1s', throttled: '1s' },
  lease: '1s',
  flood: { messages: NO_FLOOD.messages },
};

const BATCH = { messages: 3 };

/** Whoever is not at a step by then, or has not drained the mailbox, hangs. In milliseconds. */
const PATIENCE_MS = 60_000;

/** How often it is looked whether mail is waiting, in milliseconds. */
const LOOK_MS = 100;

/** One daemon from its start to its end. */
interface Life {
  readonly running: Running;
  readonly watch: StepWatch;
  readonly seen: Map<string, number>;
  readonly moment: Moment | undefined;
  /** Where its wait for the first poll began: at the death of the one before it. */
  readonly waitedSince: number | undefined;
  polls: boolean;
}

export async function startLives({ database, user, source, evidence }: LivesOptions): Promise<Lives> {
  const { host, imapPort } = inject('dovecot');
  const postgres = new URL(database.url);
  const proxies: Record<Wire, TapProxy> = {
    imap: await startTapProxy({ host, port: imapPort }),
    postgres: await startTapProxy({ host: postgres.hostname, port: Number(postgres.port) }),
  };
  postgres.hostname = proxies.postgres.host;
  postgres.port = String(proxies.postgres.port);
  const config = await writeConfig({
    ...CONFIG,
    database: { url: postgres.href },
    mailboxes: [mailboxSection(user, { ...FAULT_MAILBOX, batch: BATCH, imap: { port: proxies.imap.port } })],
  });
  let life: Life | undefined;
  let diedAt: number | undefined;
  let longestUntilPollingMs = 0;

  for (const wire of ['imap', 'postgres'] as const) {
    // What is still on its way of a daemon that is dead is none of the next one's steps.
    const owners = new Map<number, Life | undefined>();
    proxies[wire].tap(async (piece) => {
      if (!owners.has(piece.connection)) owners.set(piece.connection, life);
      const owner = owners.get(piece.connection);
      if (owner === undefined || owner !== life) return 'pass';
      const step = owner.watch.see(wire, piece);
      if (step === undefined) return 'pass';
      noteStep(owner, step);
      if (!isAt(owner, step)) return 'pass';
      await kill(owner, `at ${step.name}, ${step.side} it`);
      return 'cut';
    });
  }

  function noteStep(owner: Life, { name, side }: Step): void {
    const key = keyOf({ name, side });
    owner.seen.set(key, (owner.seen.get(key) ?? 0) + 1);
    if (owner.polls || name !== POLL_BEGINS) return;
    owner.polls = true;
    if (owner.waitedSince === undefined) return;
    const waitedMs = Math.round(performance.now() - owner.waitedSince);
    evidence.note(`polls again ${waitedMs} ms after the kill`);
    longestUntilPollingMs = Math.max(longestUntilPollingMs, waitedMs);
  }

  function start(moment?: Moment): Life {
    const running = startMailcase(['run', '--config', config.file]);
    life = {
      ...{ running, moment, watch: new StepWatch(), seen: new Map(), waitedSince: diedAt, polls: false },
    };
    return life;
  }

  async function kill({ running }: Life, why: string): Promise<void> {
    running.child.kill('SIGKILL');
    diedAt = performance.now();
    const { stdout, stderr } = await running.finished;
    evidence.note(`${stdout}${stderr}killed ${why}`);
  }

  /** Waits until something is so, while mail keeps waiting where `source` is given. */
  async function during(one: Life, look: () => boolean | Promise<boolean>, what: string, feed: boolean) {
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await look())) {
      if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
      if (feed) await source.keepWaiting();
      await Promise.race([sleep(LOOK_MS), one.running.finished]);
    }
  }

  const killAt: Lives['killAt'] = async (moment) => {
    const one = start(moment);
    const { child, finished } = one.running;
    const isOver = () => child.exitCode !== null || child.signalCode !== null;
    if ('ms' in moment) {
      if (moment.after === 'polling') await during(one, () => one.polls || isOver(), 'it polls', true);
      await Promise.race([sleep(moment.ms), finished]);
      if (!isOver()) await kill(one, `${moment.ms} ms after its ${moment.after}`);
    } else {
      await during(
        one,
        isOver,
        `the daemon at ${moment.name} (${moment.side}) no. ${moment.occurrence}`,
        true,
      );
    }
    const { signal, code, stdout, stderr } = await finished;
    if (signal !== 'SIGKILL') throw new Error(`it ended by itself, with ${code}:\n${stdout}\n${stderr}`);
  };

  const drain: Lives['drain'] = async () => {
    const one = start();
    const isDrained = async () =>
      one.polls && (await source.waiting()) === 0 && (await unmarked(database)) === 0;
    await during(one, isDrained, 'nothing waits any more', false);
    one.running.child.kill('SIGTERM');
    const { code, stdout, stderr } = await one.running.finished;
    evidence.note(`${stdout}${stderr}stopped`);
    // Nobody waits for the next one.
    diedAt = undefined;
    if (code !== 0) throw new Error(`stopped with ${code}`);
    return one.seen;
  };

  return {
    killAt,
    drain,
    longestUntilPollingMs: () => longestUntilPollingMs,
    close: async () => {
      if (life && life.running.child.exitCode === null && life.running.child.signalCode === null) {
        await kill(life, 'with the test');
      }
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
      await config.remove();
    },
  };
}

/** A step as a word. */
export function keyOf({ name, side }: Step): string {
  return `${side} ${name}`;
}

function isAt({ moment, seen }: Life, step: Step): boolean {
  if (moment === undefined || 'ms' in moment) return false;
  if (step.name !== moment.name || step.side !== moment.side) return false;
  return seen.get(keyOf(step)) === moment.occurrence;
}

async function unmarked({ db }: TestDatabase): Promise<number> {
  return (await rows(db, 'select uid from receipts where processed_at is null')).length;
}
