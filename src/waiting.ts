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

/** What is to be done when a signal is aborted, with the one listener that does it. */
class Abortion {
  private static readonly all = new WeakMap<AbortSignal, Abortion>();

  private readonly signal: AbortSignal;
  private readonly acts = new Set<() => void>();

  private constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  static of(signal: AbortSignal): Abortion {
    const abortion = Abortion.all.get(signal) ?? new Abortion(signal);
    Abortion.all.set(signal, abortion);
    return abortion;
  }

  add(act: () => void): void {
    this.acts.add(act);
    // Adding it again changes nothing.
    this.signal.addEventListener('abort', this.actAll);
  }

  delete(act: () => void): void {
    this.acts.delete(act);
    if (this.acts.size === 0) this.signal.removeEventListener('abort', this.actAll);
  }

  private readonly actAll = (): void => {
    for (const act of this.acts) {
      this.delete(act);
      act();
    }
  };
}

/**
 * Does something when a signal is aborted; at once, where it is. However many wait for a signal, it has one listener,
 * for Node warns of the eleventh, and it keeps nothing of those that wait no more.
 *
 * @param act must not throw
 * @returns what takes it back
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) {
    act();
    return () => {};
  }
  const abortion = Abortion.of(signal);
  // The same may be asked for twice.
  const once = () => act();
  abortion.add(once);
  return () => abortion.delete(once);
}

/**
 * Waits for something until a signal is aborted, and leaves nothing on the signal, which may live as long as we do.
 *
 * @returns undefined where the signal was first
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let forget = () => {};
  const abortion = new Promise<undefined>((resolve) => {
    forget = onAbort(signal, () => resolve(undefined));
  });
  try {
    return await Promise.race([work, abortion]);
  } finally {
    forget();
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
    undo.push(onAbort(source, () => controller.abort(source.reason)));
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
