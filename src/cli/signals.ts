import type { Log } from '../observe/log.ts';
import { EXIT } from './context.ts';

/** One keypress does not come twice within this time, in milliseconds. */
const ECHO_MS = 300;

/** The first SIGTERM or SIGINT (or the terminal's hang-up) asks for a stop; a second one ends the process at once. */
export function stopOnSignals(log: Log): AbortSignal {
  const stop = new AbortController();
  let askedAt = 0;
  const onSignal = (signal: NodeJS.Signals) => {
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
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  process.on('SIGINT', onSignal);
  return stop.signal;
}
