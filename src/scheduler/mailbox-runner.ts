import { kindOf, retryAfterMs } from '../errors.ts';
import { type Backoff, restMs } from './backoff.ts';

/** What a poll says to the scheduler. */
export type PollOutcome =
  | {
      /** Whether there is more to do now: then the next poll begins at once. */
      readonly more: boolean;
      /** What could not be done while the rest went on. */
      readonly problem?: Error | undefined;
      /** The server did what it was asked to, and asks to slow down. */
      readonly isSlowed?: boolean;
    }
  | { readonly heldBy: Holder };

/** Another daemon, which polls the mailbox. */
export interface Holder {
  readonly name: string;
  /** When to ask again whether it still does, in milliseconds from now. */
  readonly leftMs: number;
}

export interface RunnerState {
  /** Whether a poll has ended, well or not, or another daemon does the polling. */
  readonly tried: boolean;
  /** When the first of the failures ended that no good poll has followed. */
  readonly failingSince: Date | undefined;
  /** For how long that has been so, in milliseconds, whatever was done to the clock; 0 where none has. */
  readonly failingMs: number;
  /** How many have failed since then, or went on with a problem; 0 where none has. */
  readonly failures: number;
  /** Why the last of them did. */
  readonly lastError: unknown;
  /** How many polls have begun. */
  readonly begun: number;
  /** How long ago the last of them began, in milliseconds; 0 where none has. */
  readonly msSinceBegun: number;
  /** How long the poll under way has taken, in milliseconds; 0 where there is none. */
  readonly pollingMs: number;
  /** When a poll last ended well. */
  readonly lastGoodAt: Date | undefined;
  /** When the rest after a failure is over. */
  readonly restsUntil: Date | undefined;
  /** The daemon that polls instead of us. */
  readonly heldBy: string | undefined;
}

/** Failures that followed each other, and ended. */
export interface Outage {
  /**
   * What failed: polls, or a part of each while the rest went on. Or how it ended: another daemon polls the mailbox.
   */
  readonly kind: 'poll' | 'part' | 'elsewhere';
  readonly failures: number;
  /** From the end of the first of them to the end of the good poll, in milliseconds. */
  readonly lastedMs: number;
}

export interface RunnerEvents {
  onSkipped(reason: 'polling' | 'resting'): void;
  onFailed(error: unknown, failures: number, restMs: number): void;
  /** The mailbox rests although the poll was good. */
  onSlowed(restMs: number): void;
  /** Once after each outage, with the poll that ended it. */
  onRecovered(outage: Outage): void;
}

/** Failures that no good poll has followed yet. */
interface Streak {
  readonly since: Date;
  /** The same by performance.now(), which goes on evenly whatever is done to the clock. */
  readonly began: number;
  readonly failures: number;
  /** The last one. */
  readonly error: unknown;
}

/** A standby asks a moment after the holder's time is over, in milliseconds: the database's clock decides. */
const ASK_AFTER_MS = 50;

/** Whatever is said of the holder's time, it is asked so often, in milliseconds. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Polls for which somebody has woken us begin no sooner after each other than this, in milliseconds: a person who flags a
 * hundred mails one by one costs two polls a second, and a mail that comes right behind another one is still recorded
 * within a second. After a silence, the first one begins at once.
 */
const WAKE_GAP_MS = 500;

/**
 * Runs the polls of one mailbox, never two at once. A tick while a poll runs is skipped, and so is one while the
 * mailbox rests; when the rest is over it polls again without waiting for a tick.
 */
export class MailboxRunner {
  private readonly poll: () => Promise<PollOutcome>;
  private readonly backoff: Backoff;
  private readonly events: RunnerEvents;
  private running: Promise<void> | undefined;
  private rest: { readonly timer: NodeJS.Timeout; readonly until: Date } | undefined;
  private standby: { readonly timer: NodeJS.Timeout; readonly holder: string } | undefined;
  /** Whether somebody has woken us since the last poll began. */
  private isWoken = false;
  /** When the last poll began for which somebody had, by performance.now(). */
  private wokenAt = Number.NEGATIVE_INFINITY;
  private wakeTimer: NodeJS.Timeout | undefined;
  private stopped = false;
  private tried = false;
  private begun = 0;
  /** Polls that failed. */
  private failed: Streak | undefined;
  /** Good polls in a row after which the server asked to slow down. */
  private slowed = 0;
  /** Polls that failed, or went on with a problem. */
  private troubled: Streak | undefined;
  /** When the poll under way began, by performance.now(). */
  private pollBegan: number | undefined;
  private lastBegan: number | undefined;
  private lastGoodAt: Date | undefined;
  /** Leaves the poll under way behind. */
  private leave: ((error: Error) => void) | undefined;

  constructor(poll: () => Promise<PollOutcome>, backoff: Backoff, events: RunnerEvents) {
    this.poll = poll;
    this.backoff = backoff;
    this.events = events;
  }

  /** The scheduler wakes. */
  tick(): void {
    if (this.stopped) return;
    if (this.running) this.events.onSkipped('polling');
    else if (this.rest) this.events.onSkipped('resting');
    else this.start();
  }

  /**
   * There is something to poll for. Unlike a tick it is kept for later where a poll runs, which may have looked already;
   * a rest after a failure is not cut short.
   */
  wake(): void {
    if (this.stopped || this.rest) return;
    this.isWoken = true;
    if (!this.running) this.startWoken();
  }

  /** What the mailbox rests for is mended, so it is polled now; without a rest, this does nothing. */
  endRest(): void {
    if (this.stopped || !this.rest) return;
    clearTimeout(this.rest.timer);
    this.rest = undefined;
    this.start();
  }

  state(): RunnerState {
    const { tried, begun, troubled, pollBegan, lastBegan, lastGoodAt, rest, standby } = this;
    const now = performance.now();
    return {
      tried,
      begun,
      failingSince: troubled?.since,
      failingMs: troubled === undefined ? 0 : now - troubled.began,
      failures: troubled?.failures ?? 0,
      lastError: troubled?.error,
      msSinceBegun: now - (lastBegan ?? now),
      pollingMs: pollBegan === undefined ? 0 : now - pollBegan,
      lastGoodAt,
      restsUntil: rest?.until,
      heldBy: standby?.holder,
    };
  }

  /**
   * Leaves a poll behind that does not end, and begins anew after the rest of a failure. What it may still do is as what
   * another daemon does: no message is recorded twice for it.
   *
   * @returns whether there was one
   */
  leaveBehind(error: Error): boolean {
    this.leave?.(error);
    return this.leave !== undefined;
  }

  /** No new polls; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.rest?.timer);
    clearTimeout(this.standby?.timer);
    clearTimeout(this.wakeTimer);
    this.rest = undefined;
    await this.running;
  }

  private start(): void {
    clearTimeout(this.standby?.timer);
    clearTimeout(this.wakeTimer);
    this.running = this.pollUntilDone().finally(() => {
      this.running = undefined;
      if (this.isWoken && !this.rest && !this.stopped) this.startWoken();
    });
  }

  private startWoken(): void {
    clearTimeout(this.wakeTimer);
    const waitMs = this.wokenAt + WAKE_GAP_MS - performance.now();
    if (waitMs > 0) {
      this.wakeTimer = setTimeout(() => this.startWoken(), waitMs);
      return;
    }
    this.wokenAt = performance.now();
    this.start();
  }

  private async pollUntilDone(): Promise<void> {
    try {
      let more = true;
      while (more && !this.stopped) more = await this.pollNoting();
    } catch (error) {
      if (this.stopped) return;
      const failures = this.failed?.failures ?? 1;
      const failure = { kind: kindOf(error), retryAfterMs: retryAfterMs(error) };
      const ms = restMs(this.backoff, failure, failures);
      this.events.onFailed(error, failures, ms);
      this.restFor(ms);
    }
  }

  private restFor(ms: number): void {
    const timer = setTimeout(() => this.endRest(), ms);
    this.rest = { timer, until: new Date(Date.now() + ms) };
  }

  /** @returns whether there is more */
  private async pollNoting(): Promise<boolean> {
    this.begun += 1;
    this.isWoken = false;
    this.pollBegan = performance.now();
    this.lastBegan = this.pollBegan;
    try {
      const outcome = await this.pollOrLeave();
      if ('heldBy' in outcome) {
        this.standBy(outcome.heldBy);
        return false;
      }
      this.noteOutcome(outcome);
      const isResting = this.slowDown(outcome);
      return outcome.more && !isResting;
    } catch (error) {
      this.standby = undefined;
      this.failed = longer(this.failed, error);
      this.troubled = longer(this.troubled, error);
      throw error;
    } finally {
      this.pollBegan = undefined;
      this.tried = true;
    }
  }

  private async pollOrLeave(): Promise<PollOutcome> {
    const left = new Promise<never>((_, reject) => {
      this.leave = reject;
    });
    try {
      return await Promise.race([this.poll(), left]);
    } finally {
      this.leave = undefined;
    }
  }

  /** What failed here is done elsewhere now. The holder's end is noticed when it comes, not only at the next tick. */
  private standBy({ name, leftMs }: Holder): void {
    const { failed } = this;
    this.failed = undefined;
    this.troubled = undefined;
    if (failed) this.events.onRecovered(outageOf('elsewhere', failed));
    if (this.stopped) return;
    const timer = setTimeout(() => this.tick(), Math.min(leftMs, LONGEST_WAIT_MS) + ASK_AFTER_MS);
    this.standby = { timer, holder: name };
  }

  /** A server that asks to slow down refuses what comes next. @returns whether it has */
  private slowDown({ isSlowed = false }: { readonly isSlowed?: boolean }): boolean {
    this.slowed = isSlowed ? this.slowed + 1 : 0;
    if (!isSlowed || this.stopped) return false;
    const ms = restMs(this.backoff, { kind: 'throttled' }, this.slowed);
    this.events.onSlowed(ms);
    this.restFor(ms);
    return true;
  }

  private noteOutcome({ problem }: { readonly problem?: Error | undefined }): void {
    const { failed, troubled } = this;
    this.standby = undefined;
    this.lastGoodAt = new Date();
    this.failed = undefined;
    this.troubled = problem === undefined ? undefined : longer(troubled, problem);
    if (failed) this.events.onRecovered(outageOf('poll', failed));
    else if (troubled && !this.troubled) this.events.onRecovered(outageOf('part', troubled));
  }
}

function longer(streak: Streak | undefined, error: unknown): Streak {
  const { since, began, failures } = streak ?? { since: new Date(), began: performance.now(), failures: 0 };
  return { since, began, failures: failures + 1, error };
}

function outageOf(kind: Outage['kind'], { began, failures }: Streak): Outage {
  return { kind, failures, lastedMs: Math.round(performance.now() - began) };
}
