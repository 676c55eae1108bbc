import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for something, but not longer than that. @returns whether it ended in time */
export async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const limit = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  const ended = await Promise.race([work.then(() => true), limit]);
  timer.abort();
  return ended;
}

/** Resolves when a signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * Waits for something until a signal is aborted, and leaves nothing on the signal, which may live as long as we do.
 *
 * @returns undefined where the signal was first
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const done = new AbortController();
  const abortion = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([work, abortion]);
  } finally {
    done.abort();
  }
}

/** A signal of one piece of work, to be released with it. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  /** Takes it off its sources, which may live as long as the daemon. */
  release(): void;
}

/** What aborts a linked signal after a time. */
export interface TimeLimit {
  /** In milliseconds. */
  readonly ms: number;
  /** What the signal is aborted with then. */
  reason(): unknown;
}

/**
 * A signal that is aborted with the first of its sources, for that one's reason, or after a time. Not AbortSignal.any,
 * which keeps something of each of thousands of polls as long as the daemon's own signal lives.
 */
export function linkedSignal(sources: readonly AbortSignal[], limit?: TimeLimit): LinkedSignal {
  const controller = new AbortController();
  const undo: (() => void)[] = [];
  for (const source of sources) {
    const abort = () => controller.abort(source.reason);
    if (source.aborted) abort();
    source.addEventListener('abort', abort, { once: true });
    undo.push(() => source.removeEventListener('abort', abort));
  }
  if (limit) {
    const timer = setTimeout(() => controller.abort(limit.reason()), limit.ms);
    undo.push(() => clearTimeout(timer));
  }
  return {
    signal: controller.signal,
    release: () => {
      for (const each of undo) each();
    },
  };
}
