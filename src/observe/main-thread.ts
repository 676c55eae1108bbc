import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { harmless } from '../terminal/harmless.ts';
import { Beats } from './beats.ts';
import type { WatcherSetup } from './main-thread-watcher.ts';

export interface MainThreadOptions {
  /** A main thread that has done nothing for so long, in milliseconds, hangs. */
  readonly hangMs?: number;
  /** How often that is looked at, in milliseconds. */
  readonly checkMs?: number;
  /** What goes on, for the last line of the log; asked at each beat, so it is quick. Secrets are masked in it already. */
  readonly doing: () => string;
  /** The watch is lost, which harms nothing by itself. */
  readonly onLost?: (error: unknown) => void;
}

export interface MainThreadWatch {
  end(): Promise<void>;
}

const HANG_MS = 120_000;
const CHECK_MS = 1_000;

const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/** The file that the thread runs: compiled, or as it stands in a checkout. */
const WATCHER = new URL(`./main-thread-watcher${EXTENSION}`, import.meta.url);

/** In megabytes. In a checkout the thread has a compiler in it, and no limits. */
const LIMITS = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

/**
 * Watches this thread from another one: work that never gives the thread back, such as a library's loop, stops each of
 * its timers, and so whatever else would notice. When it hangs, the process says so in the log's form and is ended with
 * SIGKILL, so that the service manager starts it again. It does not keep the process running.
 */
export function watchMainThread({
  hangMs = HANG_MS,
  checkMs = CHECK_MS,
  doing,
  onLost = () => {},
}: MainThreadOptions): MainThreadWatch {
  const beats = new Beats();
  const beat = () => beats.beat(textOf(doing));
  beat();
  const timer = setInterval(beat, checkMs).unref();
  const worker = startWatcher({ memory: beats.memory, checkMs, checks: Math.ceil(hangMs / checkMs) });
  worker.on('error', onLost);
  const exited = once(worker, 'exit').catch(() => {});
  worker.unref();
  return {
    end: async () => {
      clearInterval(timer);
      worker.ref();
      beats.end();
      await exited;
    },
  };
}

function startWatcher(workerData: WatcherSetup): Worker {
  const options = { workerData, name: 'main-thread-watcher' };
  if (EXTENSION === '.js') {
    return new Worker(WATCHER, { ...options, env: {}, execArgv: [], resourceLimits: LIMITS });
  }
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(fromCheckout())}`), options);
}

/** In a checkout the process reads TypeScript by tsx, which a thread of it does not inherit. */
function fromCheckout(): string {
  const tsx = import.meta.resolve('tsx/esm/api');
  return `import { tsImport } from '${tsx}'; await tsImport('${WATCHER.href}', '${import.meta.url}');`;
}

function textOf(doing: () => string): string {
  try {
    return harmless(doing());
  } catch {
    // It serves a line that hopefully nobody ever reads.
    return '';
  }
}
