import cron from 'node-cron';
import { meansTheSameInUtc, notPassingOver, offsetsIn } from './clock-change.ts';

export interface Schedule {
  /** How long it is until the next time, in milliseconds; undefined where there is none. */
  msToNext(): number | undefined;
  end(): Promise<void>;
}

/** No sleep is longer, in milliseconds: when it is over the clock is looked at, which people set. */
const LONGEST_SLEEP_MS = 60_000;

/**
 * Calls back at each time of a cron pattern (seconds allowed), in the time zone of the machine.
 *
 * node-cron reads the pattern and finds its times; the timer is ours. In the hour that is there twice when clocks go
 * back, node-cron's own takes the second for the first, and wakes nobody until the hour is over.
 */
export function every(pattern: string, onTick: () => void): Schedule {
  const allowed = cron.parse(pattern);
  const isUtc = meansTheSameInUtc(allowed, offsetsIn(new Date().getFullYear()));
  const times = cron.createTask(pattern, () => {}, isUtc ? { timezone: 'UTC' } : {});

  function nextTime(): number | undefined {
    const next = nextIn(times)?.getTime();
    if (next === undefined || isUtc) return next;
    return notPassingOver(allowed, Date.now(), next, (moment) => times.match(moment));
  }

  let timer: NodeJS.Timeout;
  function sleep(): void {
    const due = nextTime();
    const ms = due === undefined ? LONGEST_SLEEP_MS : Math.max(0, due - Date.now());
    timer = setTimeout(() => wake(due), Math.min(ms, LONGEST_SLEEP_MS));
  }
  function wake(due: number | undefined): void {
    // Before the clock is asked: a time that comes in between is called twice at worst, never passed over.
    sleep();
    if (due !== undefined && Date.now() >= due) onTick();
  }

  sleep();
  return {
    msToNext: () => {
      const next = nextTime();
      return next === undefined ? undefined : Math.max(0, next - Date.now());
    },
    end: async () => {
      clearTimeout(timer);
      await times.destroy();
    },
  };
}

/** node-cron throws after a century without a time. */
function nextIn(times: ReturnType<typeof cron.createTask>): Date | undefined {
  try {
    return times.getNextRuns(1)[0];
  } catch {
    return undefined;
  }
}
