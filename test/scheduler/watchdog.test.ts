import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watchdog } from '../../src/scheduler/watchdog.ts';

const TIMES = { checkMs: 1_000, graceMs: 5_000, lateMs: 60_000 };

/** A mailbox in whatever state, and a watchdog over it. */
class Bench {
  readonly said: string[] = [];
  begun = 0;
  restsUntil: Date | undefined;
  msToNext: number | undefined = 30_000;
  private beganAt: number | undefined;
  readonly watchdog = new Watchdog(
    [
      {
        pollTimeoutMs: 10_000,
        state: () => ({ begun: this.begun, pollingMs: this.pollingMs(), restsUntil: this.restsUntil }),
        msToNextTick: () => this.msToNext,
        onStuck: (ms) => this.said.push(`stuck ${Math.floor(ms / 1_000)}`),
        onMissed: (ms) => this.said.push(`missed ${Math.floor(ms / 1_000)}`),
      },
    ],
    TIMES,
  );

  begin(): void {
    this.begun += 1;
    this.beganAt = performance.now() - 1;
  }

  finish(): void {
    this.beganAt = undefined;
  }

  private pollingMs(): number {
    return this.beganAt === undefined ? 0 : performance.now() - this.beganAt;
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const seconds = (count: number) => vi.advanceTimersByTime(count * 1_000);

describe('a poll', () => {
  it('is left alone as long as its time is not over, and while it ends', () => {
    const { watchdog, said, ...bench } = watched();
    bench.begin();
    seconds(14);
    expect(said).toEqual([]);
    bench.finish();
    seconds(60);
    watchdog.end();
    expect(said).toEqual([]);
  });

  it('that goes on although it was cut off is stuck, and said to be so again after the same time', () => {
    const { watchdog, said, begin } = watched();
    begin();
    seconds(17);
    expect(said).toEqual(['stuck 15']);
    seconds(6);
    expect(said).toEqual(['stuck 15', 'stuck 21']);
    watchdog.end();
  });

  it('does not inherit the time of the one before', () => {
    const { watchdog, said, begin } = watched();
    for (let count = 0; count < 5; count += 1) {
      begin();
      seconds(13);
    }
    watchdog.end();
    expect(said).toEqual([]);
  });

  it('of a process that was stopped for an hour has its grace from then on', () => {
    const { watchdog, said, begin } = watched();
    begin();
    seconds(2);
    // The clock goes on, and no timer runs.
    const now = performance.now.bind(performance);
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + 3_600_000);
    seconds(3);
    expect(said).toEqual([]);
    seconds(4);
    expect(said).toEqual([expect.stringMatching(/^stuck 36\d\d$/)]);
    spy.mockRestore();
    watchdog.end();
  });
});

describe('a schedule', () => {
  it('that wakes the mailbox is left alone', () => {
    const { watchdog, said, begin, finish } = watched();
    for (let count = 0; count < 10; count += 1) {
      begin();
      finish();
      seconds(30);
    }
    watchdog.end();
    expect(said).toEqual([]);
  });

  it('that does not is noticed a minute after its time', () => {
    const { watchdog, said, begin, finish } = watched();
    begin();
    finish();
    seconds(90);
    expect(said).toEqual([]);
    seconds(3);
    expect(said).toEqual(['missed 61']);
    watchdog.end();
  });

  it('is not waited for while the mailbox rests, nor where it has no next time', () => {
    const bench = watched();
    bench.set({ restsUntil: new Date(Date.now() + 900_000) });
    seconds(600);
    bench.set({ restsUntil: undefined, msToNext: undefined });
    seconds(600);
    bench.watchdog.end();
    expect(bench.said).toEqual([]);
  });
});

function watched() {
  const bench = new Bench();
  return {
    watchdog: bench.watchdog,
    said: bench.said,
    begin: () => bench.begin(),
    finish: () => bench.finish(),
    set: (state: Partial<Pick<Bench, 'restsUntil' | 'msToNext'>>) => Object.assign(bench, state),
  };
}
