import cron from 'node-cron';

export interface Schedule {
  /** How long it is until the next time, in milliseconds; undefined where there is none. */
  msToNext(): number | undefined;
  end(): Promise<void>;
}

/** Calls back at each time of a cron pattern (seconds allowed). */
export function every(pattern: string, onTick: () => void): Schedule {
  const task = cron.schedule(pattern, onTick, { suppressMissedWarning: true, logger: silent });
  return {
    msToNext: () => {
      const next = task.getNextRun();
      return next === null ? undefined : Math.max(0, next.getTime() - Date.now());
    },
    end: async () => {
      await task.destroy();
    },
  };
}

/** A tick that came late is not worth a line of its own on the console: the next one does the same work. */
const silent = { info() {}, warn() {}, error() {}, debug() {} };
