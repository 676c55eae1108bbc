import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Patience } from '../../src/check/patience.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('is at an end when nothing was answered for so long, counted from the last answer', () => {
  const patience = new Patience(1000);
  vi.advanceTimersByTime(999);
  patience.renew();
  vi.advanceTimersByTime(999);
  expect(patience.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(patience.signal.aborted).toBe(true);
});

it('is over with the work', () => {
  const patience = new Patience(1000);
  patience.renew();
  patience.end();
  vi.advanceTimersByTime(5000);
  expect(patience.signal.aborted).toBe(false);
});
