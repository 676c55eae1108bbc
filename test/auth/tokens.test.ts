import { describe, expect, it } from 'vitest';
import { refreshStanding } from '../../src/auth/standing.ts';
import { accessToken, isGood } from '../../src/auth/tokens.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

describe('an access token', () => {
  it.each([
    // It is used until two minutes before its end, or for four fifths of a short life.
    [60 * MINUTE, 58 * MINUTE],
    [10 * MINUTE, 8 * MINUTE],
    [5 * MINUTE, 4 * MINUTE],
    [10 * SECOND, 8 * SECOND],
    // Nobody said how long: it is taken for five minutes.
    [undefined, 4 * MINUTE],
  ])('that lives %s ms is used for %s ms', (lives, used) => {
    const token = accessToken('t', lives, 1_000_000);
    expect(isGood(token, 1_000_000 + used - 1)).toBe(true);
    expect(isGood(token, 1_000_000 + used)).toBe(false);
    expect(token.endsAt.getTime()).toBe(1_000_000 + (lives ?? 5 * MINUTE));
  });
});

describe('a refresh token', () => {
  const now = Date.UTC(2026, 10, 28);
  const ago = (days: number) => new Date(now - days * DAY);
  const inDays = (days: number) => new Date(now + days * DAY);
  it.each([
    [
      'of which nothing is known',
      1,
      undefined,
      undefined,
      { diesAt: undefined, isPutOff: false, isNear: false },
    ],
    ['that lives 90 days unused', 1, 90, undefined, { diesAt: inDays(89), isPutOff: true, isNear: false }],
    [
      'that was not used for 80 of its 90 days',
      80,
      90,
      undefined,
      { diesAt: inDays(10), isPutOff: true, isNear: true },
    ],
    [
      'that lives 7 days whatever is done',
      0,
      undefined,
      7,
      { diesAt: inDays(7), isPutOff: false, isNear: true },
    ],
    ['that has 15 days left', 1, undefined, 15, { diesAt: inDays(15), isPutOff: false, isNear: false }],
    [
      'that would die of disuse before its end',
      80,
      90,
      300,
      { diesAt: inDays(10), isPutOff: true, isNear: true },
    ],
    ['whose end comes before', 1, 90, 20, { diesAt: inDays(20), isPutOff: false, isNear: false }],
    // Each use puts a short life off: to warn all the time would tell nothing.
    [
      'that lives but 7 days unused, and was used today',
      0,
      7,
      undefined,
      { diesAt: inDays(7), isPutOff: true, isNear: false },
    ],
    ['the same, unused for 4 days', 4, 7, undefined, { diesAt: inDays(3), isPutOff: true, isNear: true }],
  ])('%s', (_, usedDaysAgo, lifetimeDays, endsInDays, expected) => {
    const times = {
      loggedInAt: ago(100),
      refreshedAt: ago(usedDaysAgo),
      refreshEndsAt: endsInDays === undefined ? undefined : inDays(endsInDays),
    };
    const lifetime = lifetimeDays === undefined ? undefined : lifetimeDays * DAY;
    expect(refreshStanding(times, lifetime, now)).toMatchObject(expected);
  });
});
