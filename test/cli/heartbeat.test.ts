import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Heartbeat } from '../../src/cli/heartbeat.ts';

const WATCHDOG_MS = 300_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** @param stuck from when to when each poll is beyond its poll_timeout, in seconds. @returns when signs of life came */
function pingsOf(stuck: readonly (readonly [from: number, to: number])[], seconds: number): number[] {
  const start = performance.now();
  const now = () => (performance.now() - start) / 1_000;
  const pings: number[] = [];
  const notify = (notice: Readonly<Record<string, string>>) => {
    if (notice.WATCHDOG === '1') pings.push(Math.round(now()));
  };
  const heartbeat = new Heartbeat({ listens: true, watchdogMs: WATCHDOG_MS, notify }, (text) => text);
  heartbeat.begin();
  heartbeat.polls(() =>
    stuck.map(([from, to], index) => ({
      name: `mailbox ${index}`,
      tried: true,
      failingSince: undefined,
      unhealthy: undefined,
      overdueMs: now() > from && now() < to ? (now() - from) * 1_000 : 0,
      heldBy: undefined,
    })),
  );
  vi.advanceTimersByTime(seconds * 1_000);
  heartbeat.end();
  return pings;
}

it.each<[what: string, stuck: [number, number][], pings: number[]]>([
  ['three times within the watchdog time where all is well', [], [100, 200, 300, 400, 500, 600, 700]],
  ['for the last time as a poll gets stuck', [[250, 9_999]], [100, 200, 251]],
  // At 450 the second has been stuck for 150 s only: it has the rest of its time.
  [
    'once more where another got stuck meanwhile',
    [
      [250, 450],
      [300, 9_999],
    ],
    [100, 200, 251, 450],
  ],
  ['again once it is over', [[250, 520]], [100, 200, 251, 520, 620]],
])('a sign of life comes %s', (_what, stuck, pings) => {
  expect(pingsOf(stuck, 700)).toEqual(pings);
});
