import cron from 'node-cron';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How far is looked, in milliseconds; a pattern may mean one day of a year. */
const MOST_MS = 400 * 24 * HOUR_MS;

/**
 * The first time that a cron pattern has after one moment and not after another, in the time zone of the machine: when
 * the poll should have been that never was.
 *
 * @returns undefined where there is none
 */
export function firstTimeBetween(pattern: string, after: Date, until: Date): Date | undefined {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = cron.parse(pattern);
  const isOfDay = (moment: Date) =>
    month.includes(moment.getMonth() + 1) &&
    dayOfMonth.includes(moment.getDate()) &&
    dayOfWeek.includes(moment.getDay()) &&
    hour.includes(moment.getHours());
  const end = Math.min(until.getTime(), after.getTime() + MOST_MS);
  let time = after.getTime() - (after.getTime() % MINUTE_MS);
  while (time <= end) {
    const moment = new Date(time);
    if (!isOfDay(moment)) {
      time += MINUTE_MS * (60 - moment.getMinutes());
      continue;
    }
    if (minute.includes(moment.getMinutes())) {
      const found = second
        .map((each) => time + each * 1_000)
        .find((each) => each > after.getTime() && each <= end);
      if (found !== undefined) return new Date(found);
    }
    time += MINUTE_MS;
  }
  return undefined;
}
