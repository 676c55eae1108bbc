import cron from 'node-cron';

/**
 * Calls back at each time of a cron pattern (seconds allowed).
 *
 * @returns how to end it
 */
export function every(pattern: string, onTick: () => void): () => Promise<void> {
  const task = cron.schedule(pattern, onTick, { suppressMissedWarning: true, logger: silent });
  return async () => {
    await task.destroy();
  };
}

/** A tick that came late is not worth a line of its own on the console: the next one does the same work. */
const silent = { info() {}, warn() {}, error() {}, debug() {} };
