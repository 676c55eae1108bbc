import type { RunnerState } from './mailbox-runner.ts';

/** A mailbox that the watchdog looks after. */
export interface Watched {
  /** How long a poll may take, in milliseconds: then it has been cut off, and ends at once. */
  readonly pollTimeoutMs: number;
  state(): Pick<RunnerState, 'begun' | 'pollingMs' | 'restsUntil'>;
  /** How long it is until the schedule wakes it, in milliseconds; undefined where it never does. */
  msToNextTick(): number | undefined;
  /** A poll goes on although it was cut off. */
  onStuck(pollingMs: number): void;
  /** The schedule did not wake the mailbox when it should have. */
  onMissed(lateMs: number): void;
}

export interface WatchdogTimes {
  /** How often is looked, in milliseconds. */
  readonly checkMs: number;
  /**
   * How long a poll may take to end that was cut off, in milliseconds: its connections are closed, so nothing waits, and
   * what is said of its end in the database has a short limit of its own.
   */
  readonly graceMs: number;
  /** How late the schedule may be, in milliseconds: it goes by the clock, which people set. */
  readonly lateMs: number;
}

const TIMES: WatchdogTimes = { checkMs: 1_000, graceMs: 10_000, lateMs: 60_000 };

/** What is remembered of a mailbox from one look to the next. */
interface Memory {
  begun: number;
  /** For how long a poll has been going on that was cut off, in milliseconds of looks. */
  overdueMs: number;
  /** When the schedule wakes it, by performance.now(). */
  dueAt: number | undefined;
}

/**
 * Sees to it that each mailbox gets on: that a poll ends when its time is over, and that one begins when it should. It
 * counts time by its own looks, so that a process that was stopped or a machine that slept is not taken for one that
 * hangs.
 */
export class Watchdog {
  private readonly memories = new Map<Watched, Memory>();
  private readonly times: WatchdogTimes;
  private readonly timer: NodeJS.Timeout;

  constructor(watched: readonly Watched[], times: Partial<WatchdogTimes> = {}) {
    for (const each of watched) this.memories.set(each, { begun: 0, overdueMs: 0, dueAt: undefined });
    this.times = { ...TIMES, ...times };
    this.timer = setInterval(() => this.look(), this.times.checkMs).unref();
  }

  end(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    for (const [watched, memory] of this.memories) {
      const state = watched.state();
      if (state.begun !== memory.begun)
        Object.assign(memory, { begun: state.begun, overdueMs: 0, dueAt: undefined });
      if (state.pollingMs > 0) this.lookAtPoll(watched, memory, state.pollingMs);
      else if (state.restsUntil === undefined) this.lookAtSchedule(watched, memory);
    }
  }

  private lookAtPoll(watched: Watched, memory: Memory, pollingMs: number): void {
    memory.dueAt = undefined;
    if (pollingMs <= watched.pollTimeoutMs) return;
    memory.overdueMs += this.times.checkMs;
    if (memory.overdueMs <= this.times.graceMs) return;
    memory.overdueMs = 0;
    watched.onStuck(pollingMs);
  }

  private lookAtSchedule(watched: Watched, memory: Memory): void {
    const now = performance.now();
    if (memory.dueAt === undefined) {
      const ms = watched.msToNextTick();
      if (ms !== undefined) memory.dueAt = now + ms;
      return;
    }
    const late = now - memory.dueAt;
    if (late <= this.times.lateMs) return;
    memory.dueAt = undefined;
    watched.onMissed(late);
  }
}
