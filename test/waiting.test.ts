import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { onAbort, unlessAborted } from '../src/waiting.ts';

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

test('many wait for one signal with one listener, and are all told', () => {
  const controller = new AbortController();
  const told: number[] = [];
  const forgets = Array.from({ length: 20 }, (_, i) => onAbort(controller.signal, () => told.push(i)));
  expect(listenersOf(controller.signal)).toBe(1);
  forgets[3]?.();
  forgets[3]?.();
  controller.abort();
  expect(told).toEqual(Array.from({ length: 20 }, (_, i) => i).filter((i) => i !== 3));
  expect(listenersOf(controller.signal)).toBe(0);
});

test('nothing is left on a signal that nobody waits for any more, and it can be waited for again', () => {
  const controller = new AbortController();
  const told: string[] = [];
  const act = () => told.push('told');
  const forgets = [onAbort(controller.signal, act), onAbort(controller.signal, act)];
  forgets[0]?.();
  expect(listenersOf(controller.signal)).toBe(1);
  forgets[1]?.();
  expect(listenersOf(controller.signal)).toBe(0);
  onAbort(controller.signal, act);
  forgets[0]?.();
  controller.abort();
  expect(told).toEqual(['told']);
});

test('one that another one takes back at the abortion is not done', () => {
  const controller = new AbortController();
  const told: string[] = [];
  let forget = () => {};
  onAbort(controller.signal, () => forget());
  forget = onAbort(controller.signal, () => told.push('told'));
  controller.abort();
  expect(told).toEqual([]);
});

test('a signal that is aborted already acts at once', () => {
  const told: string[] = [];
  onAbort(AbortSignal.abort(), () => told.push('told'));
  expect(told).toEqual(['told']);
});

test('what ends before the signal is handed on, whatever it is', async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(5), signal)).toBe(5);
  await expect(unlessAborted(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
  expect(listenersOf(signal)).toBe(0);
});

test('the signal is not waited for longer than the work, nor the work longer than the signal', async () => {
  const controller = new AbortController();
  const waits = unlessAborted(new Promise(() => {}), controller.signal);
  await sleep(10);
  expect(listenersOf(controller.signal)).toBe(1);
  controller.abort();
  expect(await waits).toBeUndefined();
  expect(await unlessAborted(new Promise(() => {}), controller.signal)).toBeUndefined();
});
