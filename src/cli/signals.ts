import { isatty } from 'node:tty';
import type { Log } from '../observe/log.ts';
import { EXIT } from './context.ts';

/** One keypress does not come twice within this time, in milliseconds. */
const ECHO_MS = 300;

const STDIN = 0;

let dump = () => {};

/** From now on SIGUSR2, which asks what a process is doing, does not end it any more. */
export function endureDumpSignal(): void {
  process.on('SIGUSR2', () => dump());
}

/** Says what is being done at each SIGUSR2. */
export function onDumpSignal(say: () => void): void {
  dump = say;
}

/** The first SIGTERM or SIGINT (or the terminal's hang-up) asks for a stop; a second one ends the process at once. */
export function stopOnSignals(log: Log): AbortSignal {
  const { stop, onStopSignal } = stopper(log);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onStopSignal);
  return stop;
}

export interface DaemonSignals {
  readonly stop: AbortSignal;
  readonly reloads: ReloadRequests;
}

/** What a daemon is told by signals: as stopOnSignals, but without a terminal SIGHUP asks for a reload. */
export function daemonSignals(log: Log): DaemonSignals {
  const { stop, onStopSignal } = stopper(log);
  const reloads = new ReloadRequests(stop);
  // Asked now: after a hang-up, nobody knows what standard input was.
  const hasTerminal = isatty(STDIN);
  process.on('SIGTERM', onStopSignal);
  process.on('SIGINT', onStopSignal);
  process.on('SIGHUP', (signal) => (hasTerminal ? onStopSignal(signal) : reloads.add()));
  return { stop, reloads };
}

function stopper(log: Log): { stop: AbortSignal; onStopSignal: (signal: NodeJS.Signals) => void } {
  const stop = new AbortController();
  let askedAt = 0;
  const onStopSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) {
      // On a terminal, npm and tsx pass on the Ctrl-C that has reached us already.
      const isEcho = signal === 'SIGINT' && process.stdin.isTTY && Date.now() - askedAt < ECHO_MS;
      if (isEcho) return;
      log.warn({ signal }, 'second signal, stopping at once');
      process.exit(EXIT.failed);
    }
    log.info({ signal }, 'stopping after the batch in hand');
    askedAt = Date.now();
    stop.abort();
  };
  return { stop: stop.signal, onStopSignal };
}

/** Requests to load the configuration anew. What comes while one is worked on is kept, several as one. */
export class ReloadRequests {
  private readonly stop: AbortSignal;
  private isAsked = false;
  private wake: () => void = () => {};

  constructor(stop: AbortSignal) {
    this.stop = stop;
    stop.addEventListener('abort', () => this.wake(), { once: true });
  }

  add(): void {
    this.isAsked = true;
    this.wake();
  }

  /** Takes the request that there is. @returns whether there was one */
  take(): boolean {
    const wasAsked = this.isAsked;
    this.isAsked = false;
    return wasAsked;
  }

  /** Resolves when there is a request, or when it is time to stop. One waits at a time. */
  wait(): Promise<void> {
    if (this.isAsked || this.stop.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
