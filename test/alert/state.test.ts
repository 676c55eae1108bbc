import { describe, expect, it } from 'vitest';
import {
  type AlertState,
  dueMessage,
  FLAP_MS,
  NOTHING_KNOWN,
  notSent,
  type Observation,
  observed,
  reconciled,
  retryMs,
  sent,
} from '../../src/alert/state.ts';

const NOW = 1_000_000_000;
const HOUR = 3_600_000;
const UNKNOWN: Observation = { is: 'unknown' };
const CLEAR: Observation = { is: 'clear' };
const STANDING: Observation = { is: 'standing', since: NOW - 1_000, why: 'away' };

function state(more: Partial<AlertState>): AlertState {
  return { ...NOTHING_KNOWN, ...more };
}

describe('dueMessage', () => {
  const standing = { since: NOW - HOUR, why: 'away' };
  it.each<[string, Partial<AlertState>, Observation, number | 'never', string | undefined]>([
    ['nothing is wrong', {}, CLEAR, 6 * HOUR, undefined],
    ['it begins', standing, STANDING, 6 * HOUR, 'alarm'],
    ['it begins, and nothing is ever repeated', standing, STANDING, 'never', 'alarm'],
    ['it was told', { ...standing, isTold: true, lastSentAt: NOW - HOUR }, STANDING, 6 * HOUR, undefined],
    ['it goes on', { ...standing, isTold: true, lastSentAt: NOW - 6 * HOUR }, STANDING, 6 * HOUR, 'repeat'],
    [
      'it goes on, never repeated',
      { ...standing, isTold: true, lastSentAt: NOW - 600 * HOUR },
      STANDING,
      'never',
      undefined,
    ],
    [
      'it goes on, and nobody here sees it',
      { ...standing, isTold: true, lastSentAt: NOW - 7 * HOUR },
      UNKNOWN,
      6 * HOUR,
      undefined,
    ],
    ['an earlier process saw it and told nobody', standing, UNKNOWN, 6 * HOUR, undefined],
    ['it is over', { isTold: true, lastSentAt: NOW - 1 }, CLEAR, 6 * HOUR, 'all_clear'],
    [
      'it is over, as another daemon saw',
      { isTold: true, lastSentAt: NOW - 1 },
      UNKNOWN,
      6 * HOUR,
      'all_clear',
    ],
    [
      'it comes again at once',
      { ...standing, isTold: false, lastSentAt: NOW - FLAP_MS + 1 },
      STANDING,
      6 * HOUR,
      undefined,
    ],
    ['it comes again later', { ...standing, lastSentAt: NOW - FLAP_MS }, STANDING, 6 * HOUR, 'alarm'],
    [
      'it comes again, with a short repeat',
      { ...standing, lastSentAt: NOW - 60_000 },
      STANDING,
      60_000,
      'alarm',
    ],
    ['somebody is sending', { ...standing, notBefore: NOW + 1 }, STANDING, 6 * HOUR, undefined],
    [
      'the rest after a failure is over',
      { ...standing, notBefore: NOW, failures: 1 },
      STANDING,
      6 * HOUR,
      'alarm',
    ],
  ])('%s', (_what, given, observation, repeat, message) => {
    expect(dueMessage('stale', state(given), observation, NOW, { repeat })).toBe(message);
  });

  it('tells of header fields again only when more such mail came', () => {
    const sender = { reason: 'x', mails: 1, at: NOW - 7 * HOUR };
    const told = (at: number) =>
      state({
        since: NOW - 7 * HOUR,
        isTold: true,
        lastSentAt: NOW - 6 * HOUR,
        details: { senders: { 'shop@example.com': { ...sender, at } } },
      });
    const due = (at: number) =>
      dueMessage('headers_not_applied', told(at), STANDING, NOW, { repeat: 6 * HOUR });
    expect(due(NOW - 7 * HOUR)).toBeUndefined();
    expect(due(NOW - HOUR)).toBe('repeat');
  });
});

describe('a flapping mailbox', () => {
  it('rings once in ten minutes, with one all-clear', () => {
    const out: string[] = [];
    let now = NOW;
    let is = state({});
    // Bad for a minute, good for a minute, for an hour, looked at each 2 s.
    for (; now < NOW + HOUR; now += 2_000) {
      const isBad = Math.floor((now - NOW) / 60_000) % 2 === 0;
      const observation: Observation = isBad ? { is: 'standing', since: now, why: 'x' } : CLEAR;
      is = observed(is, observation);
      const message = dueMessage('stale', is, observation, now, { repeat: 6 * HOUR });
      if (message === undefined) continue;
      out.push(message);
      is = sent(is, message, now);
    }
    expect(new Set(out)).toEqual(new Set(['alarm', 'all_clear']));
    expect(out.length).toBeGreaterThanOrEqual(8);
    expect(out.length).toBeLessThanOrEqual(12);
    for (const [index, message] of out.entries()) expect(message).toBe(index % 2 ? 'all_clear' : 'alarm');
  });
});

describe('observed', () => {
  it('begins, goes on with the reason of now, and ends', () => {
    const began = observed(NOTHING_KNOWN, STANDING);
    expect(began).toMatchObject({ since: NOW - 1_000, why: 'away' });
    const later = observed(began, { is: 'standing', since: NOW - 900, why: 'still away' });
    expect(later).toMatchObject({ since: NOW - 1_000, why: 'still away' });
    expect(observed(later, { is: 'standing', since: NOW - HOUR, why: 'x' }).since).toBe(NOW - HOUR);
    expect(observed(later, UNKNOWN)).toBe(later);
    expect(observed(later, CLEAR).since).toBeUndefined();
  });
});

describe('notSent', () => {
  it('waits longer each time, up to a quarter of an hour', () => {
    expect([1, 2, 3, 7, 8, 2_000].map(retryMs)).toEqual([10_000, 20_000, 40_000, 640_000, 900_000, 900_000]);
    expect(notSent(notSent(NOTHING_KNOWN, NOW), NOW)).toMatchObject({ failures: 2, notBefore: NOW + 20_000 });
  });
});

describe('reconciled', () => {
  it('goes by who told last', () => {
    const own = state({ since: 5, isTold: true, lastSentAt: 20, why: 'own' });
    const stored = state({ isTold: false, lastSentAt: 10, details: { toldId: 3 } });
    expect(reconciled(stored, own)).toMatchObject({
      ...{ since: 5, isTold: true, lastSentAt: 20, details: { toldId: 3 } },
    });
    expect(reconciled({ ...stored, lastSentAt: 30 }, own)).toMatchObject({ isTold: false, lastSentAt: 30 });
    expect(reconciled(undefined, own)).toBe(own);
  });
});
