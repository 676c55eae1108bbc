import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, type Failure, restMs } from '../../src/scheduler/backoff.ts';

const MOST = 1 - Number.EPSILON;

test.each([
  // first, longest, failures, random, expected
  [1000, 60_000, 1, 0, 500],
  [1000, 60_000, 1, 0.5, 750],
  [1000, 60_000, 1, MOST, 1000],
  [1000, 60_000, 2, MOST, 2000],
  [1000, 60_000, 3, 0, 2000],
  [1000, 60_000, 6, MOST, 32_000],
  [1000, 60_000, 7, MOST, 60_000],
  [1000, 60_000, 7, 0, 30_000],
  [1000, 60_000, 5000, MOST, 60_000],
  [1000, 1000, 4, MOST, 1000],
  [100, 86_400_000, 2000, MOST, 86_400_000],
])(
  'first %d, longest %d, after %d failures, random %d: %d ms',
  (first, longest, failures, random, expected) => {
    expect(backoffMs({ first, longest }, failures, random)).toBe(expected);
  },
);

test('it lies between half and the whole of what doubling gives, and is never longer than the longest', () => {
  const failures = fc.integer({ min: 1, max: 5000 });
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 3_600_000 }), failures, (first, count) => {
      const longest = first * 50;
      const whole = Math.min(longest, first * 2 ** (count - 1));
      const rest = backoffMs({ first, longest }, count);
      expect(rest).toBeGreaterThanOrEqual(Math.floor(whole / 2));
      expect(rest).toBeLessThanOrEqual(whole);
    }),
  );
});

test('mailboxes that failed together come back apart', () => {
  const rests = Array.from({ length: 50 }, () => backoffMs({ first: 10_000, longest: 900_000 }, 3));
  expect(new Set(rests).size).toBeGreaterThan(25);
});

const BACKOFF = { first: 10_000, longest: 900_000, credentials: 900_000, throttled: 60_000 };

test.each<[what: string, failure: Failure, failures: number, random: number, ms: number]>([
  ['the network, as ever', { kind: 'network' }, 1, 0, 5_000],
  ['the network, as ever', { kind: 'network' }, 3, MOST, 40_000],
  ['anything else as the network', { kind: 'other' }, 3, MOST, 40_000],
  // Never less than is configured, at once and for ever: a lock-out counts attempts in a window.
  ['a rejected login', { kind: 'credentials' }, 1, 0, 900_000],
  ['a rejected login', { kind: 'credentials' }, 1, MOST, 990_000],
  ['a rejected login', { kind: 'credentials' }, 500, 0, 900_000],
  ['throttled, for an unknown time', { kind: 'throttled' }, 1, 0, 60_000],
  ['throttled, for an unknown time', { kind: 'throttled' }, 3, 0, 240_000],
  ['throttled, for an unknown time', { kind: 'throttled' }, 50, MOST, 990_000],
  ['throttled, as long as it says', { kind: 'throttled', retryAfterMs: 300_000 }, 1, 0, 300_000],
  ['throttled, as long as it says', { kind: 'throttled', retryAfterMs: 300_000 }, 1, MOST, 330_000],
  ['throttled for less than we would wait', { kind: 'throttled', retryAfterMs: 1_000 }, 1, 0, 60_000],
  ['throttled for more than the longest', { kind: 'throttled', retryAfterMs: 86_400_000 }, 9, 0, 86_400_000],
])('%s: %o after %d failures', (_what, failure, failures, random, ms) => {
  expect(restMs(BACKOFF, failure, failures, random)).toBe(ms);
});
