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

export interface RunnerEvents {
  onSkipped(reason: 'polling' | 'resting'): void;
  onFailed(error: unknown, failures: number, restMs: number): void;
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
  private failures = 0;
  private stopped = false;
  private tried = false;
  private failingSince: Date | undefined;
  /** When the poll under way began, by performance.now(), which goes on evenly whatever is done to the clock. */
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
    const { tried, failingSince, pollBegan } = this;
    return { tried, failingSince, pollingMs: pollBegan === undefined ? 0 : performance.now() - pollBegan };
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
      while (!this.stopped && (await this.pollNoting()).more) this.failures = 0;
      this.failures = 0;
    } catch (error) {
      if (this.stopped) return;
      this.failures += 1;
      const restMs = backoffMs(this.backoff, this.failures);
      this.events.onFailed(error, this.failures, restMs);
      this.rest = setTimeout(() => {
        this.rest = undefined;
        this.start();
      }, restMs);
    }
  }

  private async pollNoting(): Promise<PollOutcome> {
    this.pollBegan = performance.now();
    let isGood = false;
    try {
      const outcome = await this.poll();
      isGood = outcome.problem === undefined;
      return outcome;
    } finally {
      this.pollBegan = undefined;
      this.tried = true;
      this.failingSince = isGood ? undefined : (this.failingSince ?? new Date());
    }
  }
}
