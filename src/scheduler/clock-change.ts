import type { parse } from 'node-cron';

/** What a cron pattern allows. */
export type Allowed = Pick<
  ReturnType<typeof parse>,
  'second' | 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek'
>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How far is looked for a time that was passed over, in milliseconds. */
const AHEAD_MS = 24 * HOUR_MS;

/**
 * Whether a pattern means the same times in UTC as in a zone with these offsets: it leaves each hour of each day alone,
 * and its minutes are the same ones after the offset as before.
 *
 * @param offsets of the zone, in minutes, as Date.getTimezoneOffset() says them
 */
export function meansTheSameInUtc(
  { minute, hour, dayOfMonth, month, dayOfWeek }: Allowed,
  offsets: readonly number[],
): boolean {
  const isEachDay = countOf(dayOfMonth) === 31 && countOf(month) === 12 && countOf(dayOfWeek) === 7;
  if (!isEachDay || countOf(hour) < 24) return false;
  // The offset may be negative, and so may the rest of a division.
  return offsets.every((offset) =>
    minute.every((each) => minute.includes((((each + offset) % 60) + 60) % 60)),
  );
}

/** The offsets of the machine's zone in a year, winter's and summer's, in minutes. */
export function offsetsIn(year: number): number[] {
  return [0, 6].map((month) => new Date(year, month, 1).getTimezoneOffset());
}

/**
 * The next time of a pattern in local time, where node-cron says a later one: it passes over the hour that is there
 * twice when clocks go back. Where no hour follows another, as in `30 2 * * *`, once is meant, and it stays so.
 *
 * @param now and `next` as Date.now() says them
 * @param matches whether the pattern allows a moment; it knows the moment's local time
 */
export function notPassingOver(
  { second, hour }: Pick<Allowed, 'second' | 'hour'>,
  now: number,
  next: number,
  matches: (moment: Date) => boolean,
): number {
  if (offsetAt(now - HOUR_MS) === offsetAt(next)) return next;
  if (!hour.some((each) => hour.includes((each + 1) % 24))) return next;
  const [first = 0] = second;
  const end = Math.min(next, now + AHEAD_MS);
  for (let minute = now - (now % MINUTE_MS); minute < end; minute += MINUTE_MS) {
    if (!matches(new Date(minute + first * 1_000))) continue;
    const times = second.map((each) => minute + each * 1_000).filter((time) => time > now);
    if (times.length > 0) return Math.min(next, ...times);
  }
  return next;
}

function offsetAt(time: number): number {
  return new Date(time).getTimezoneOffset();
}

function countOf(values: readonly unknown[]): number {
  return new Set(values).size;
}
