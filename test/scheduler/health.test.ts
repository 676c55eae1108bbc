import { expect, it } from 'vitest';
import { isUnhealthy } from '../../src/scheduler/health.ts';
import { firstTimeBetween } from '../../src/scheduler/missed.ts';

const MINUTE = 60_000;
const LIMITS = { polls: 5, after: 15 * MINUTE };

it.each<[failures: number, forMs: number, is: boolean]>([
  [0, 0, false],
  // Nothing has failed: how long ago that was is no matter.
  [0, 60 * MINUTE, false],
  [1, 0, false],
  [4, 15 * MINUTE - 1, false],
  [5, 0, true],
  [1, 15 * MINUTE, true],
  [100, 1, true],
])('%d failures for %d ms: unhealthy %s', (failures, forMs, is) => {
  expect(isUnhealthy({ failures, forMs }, LIMITS)).toBe(is);
});

/** In the zone of the machine, as schedules are. */
const local = (text: string) => new Date(text);

it.each<[pattern: string, after: string, until: string, found: string | undefined]>([
  ['*/30 * * * * *', '2026-11-28T10:00:00', '2026-11-28T10:00:29', undefined],
  ['*/30 * * * * *', '2026-11-28T10:00:00', '2026-11-28T10:00:30', '2026-11-28T10:00:30'],
  ['*/30 * * * * *', '2026-11-28T10:00:31', '2026-11-28T12:00:00', '2026-11-28T10:01:00'],
  ['0 * * * *', '2026-11-28T10:00:02', '2026-11-28T10:59:59', undefined],
  ['0 * * * *', '2026-11-28T10:00:02', '2026-11-28T11:00:00', '2026-11-28T11:00:00'],
  // On Friday evening until Monday morning, nothing is missed.
  ['*/5 9-17 * * 1-5', '2026-11-27T17:55:01', '2026-11-30T08:59:59', undefined],
  ['*/5 9-17 * * 1-5', '2026-11-27T17:55:01', '2026-12-30T10:00:00', '2026-11-30T09:00:00'],
  ['30 2 1 1 *', '2026-01-01T02:30:00', '2026-12-31T23:59:59', undefined],
  ['30 2 1 1 *', '2026-01-01T02:30:00', '2027-06-01T00:00:00', '2027-01-01T02:30:00'],
  ['0 0 29 2 1', '2026-01-01T00:00:00', '2036-01-01T00:00:00', undefined],
  // A clock that was set back.
  ['*/30 * * * * *', '2026-11-28T10:00:00', '2026-11-28T09:00:00', undefined],
])('%s after %s until %s: %s', (pattern, after, until, found) => {
  expect(firstTimeBetween(pattern, local(after), local(until))).toEqual(
    found === undefined ? undefined : local(found),
  );
});
