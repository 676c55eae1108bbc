import { type Backoff, backoffMs } from './backoff.ts';

/** What a poll says to the scheduler. */
export interface PollOutcome {
  /** Whether there is more to do now: then the next poll begins at once. */
  readonly more: boolean;
  /** What could not be done while the rest went on. */
  readonly problem?: Error | undefined;
}

export interface RunnerState {
  /** Whether a poll has ended, well or not. */
  readonly tried: boolean;
  /** When the first of the failures ended that no good poll has followed. */
  readonly failingSince: Date | undefined;
  /** How long the poll under way has taken, in milliseconds; 0 where there is none. */
  readonly pollingMs: number;
}

/** Failures that followed each other, and ended. */
export interface Outage {
  /** Whether polls failed; otherwise they went on, each with a part that did not. */
  readonly kind: 'poll' | 'part';
  readonly failures: number;
  /** From the end of the first of them to the end of the good poll, in milliseconds. */
  readonly lastedMs: number;
}

export interface RunnerEvents {
  onSkipped(reason: 'polling' | 'resting'): void;
  onFailed(error: unknown, failures: number, restMs: number): void;
  /** Once after each outage, with the poll that ended it. */
  onRecovered(outage: Outage): void;
}

/** Failures that no good poll has followed yet. */
interface Streak {
  readonly since: Date;
  /** The same by performance.now(), which goes on evenly whatever is done to the clock. */
  readonly began: number;
  readonly failures: number;
}

/**
 * Runs the polls of one mailbox, never two at once. A tick while a poll runs is skipped, and so is one while the
 * mailbox rests after a failure; when the rest is over it polls again without waiting for a tick.
 */
export class MailboxRunner {
  private readonly poll: () => Promise<PollOutcome>;
  private readonly backoff: Backoff;
  private readonly events: RunnerEvents;
  private running: Promise<void> | undefined;
  private rest: NodeJS.Timeout | undefined;
  private stopped = false;
  private tried = false;
  /** Polls that failed. */
  private failed: Streak | undefined;
  /** Polls that failed, or went on with a problem. */
  private troubled: Streak | undefined;
  /** When the poll under way began, by performance.now(). */
  private pollBegan: number | undefined;

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

  state(): RunnerState {
    const { tried, troubled, pollBegan } = this;
    return {
      tried,
      failingSince: troubled?.since,
      pollingMs: pollBegan === undefined ? 0 : performance.now() - pollBegan,
    };
  }

  /** No new polls; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.rest);
    this.rest = undefined;
    await this.running;
  }

  private start(): void {
    this.running = this.pollUntilDone().finally(() => {
      this.running = undefined;
    });
  }

  private async pollUntilDone(): Promise<void> {
    try {
      let more = true;
      while (more && !this.stopped) more = (await this.pollNoting()).more;
    } catch (error) {
      if (this.stopped) return;
      const failures = this.failed?.failures ?? 1;
      const restMs = backoffMs(this.backoff, failures);
      this.events.onFailed(error, failures, restMs);
      this.rest = setTimeout(() => {
        this.rest = undefined;
        this.start();
      }, restMs);
    }
  }

  private async pollNoting(): Promise<PollOutcome> {
    this.pollBegan = performance.now();
    try {
      const outcome = await this.poll();
      this.noteOutcome(outcome);
      return outcome;
    } catch (error) {
      this.failed = longer(this.failed);
      this.troubled = longer(this.troubled);
      throw error;
    } finally {
      this.pollBegan = undefined;
      this.tried = true;
    }
  }

  private noteOutcome({ problem }: PollOutcome): void {
    const { failed, troubled } = this;
    this.failed = undefined;
    this.troubled = problem === undefined ? undefined : longer(troubled);
    if (failed) this.events.onRecovered(outageOf('poll', failed));
    else if (troubled && !this.troubled) this.events.onRecovered(outageOf('part', troubled));
  }
}

function longer(streak: Streak | undefined): Streak {
  const { since, began, failures } = streak ?? { since: new Date(), began: performance.now(), failures: 0 };
  return { since, began, failures: failures + 1 };
}

function outageOf(kind: Outage['kind'], { began, failures }: Streak): Outage {
  return { kind, failures, lastedMs: Math.round(performance.now() - began) };
}
