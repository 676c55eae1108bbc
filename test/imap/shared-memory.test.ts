import { expect, test } from 'vitest';
import { SharedMemory } from '../../src/imap/shared-memory.ts';

test('what is given back is used again, where it is long enough', () => {
  const memory = new SharedMemory();
  const first = memory.take(100);
  const second = memory.take(50);
  expect(second.buffer).not.toBe(first.buffer);
  memory.release(second);
  memory.release(first);
  // The longest is kept.
  const third = memory.take(80);
  expect(third.buffer).toBe(first.buffer);
  expect(third).toHaveLength(80);
  expect(memory.take(10).buffer).not.toBe(first.buffer);
});

test('what is too short is not used, and memory of others is never taken', () => {
  const memory = new SharedMemory();
  const short = memory.take(10);
  memory.release(short.subarray(2, 5));
  expect(memory.take(11).buffer).not.toBe(short.buffer);
  const others = Buffer.alloc(1_000);
  memory.release(others);
  expect(memory.take(10).buffer).not.toBe(others.buffer);
});
