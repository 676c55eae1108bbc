/**
 * A process of its own for each time zone (TZ): node-cron remembers the one that it saw first. Says, as JSON, at which
 * moments around the year's changes of clocks `msToNext` is not what a walk over all times comes to, and
 * whether a schedule wakes us in the hour that is there twice.
 */
import { every } from '../../src/scheduler/schedule.ts';

const RealDate = Date;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEAR = 2027;

/** Each pattern with what it means, said by the getters of Date. */
const PATTERNS: Readonly<Record<string, (local: Date) => boolean>> = {
  '*/30 * * * * *': (local) => local.getSeconds() % 30 === 0,
  '*/5 * * * *': (local) => local.getSeconds() === 0 && local.getMinutes() % 5 === 0,
  '7 * * * *': (local) => local.getSeconds() === 0 && local.getMinutes() === 7,
  '15,45 */10 0-6 * * *': (local) =>
    local.getSeconds() % 30 === 15 && local.getMinutes() % 10 === 0 && local.getHours() <= 6,
};

function at<T>(now: number, work: () => T): T {
  class Then extends RealDate {
    constructor(...given: [] | [number | string] | [number, number, number]) {
      if (given.length === 0) super(now);
      else if (given.length === 1) super(given[0]);
      else super(...given);
    }
    static override now = () => now;
  }
  globalThis.Date = Then as DateConstructor;
  try {
    return work();
  } finally {
    globalThis.Date = RealDate;
  }
}

const offset = (time: number) => new RealDate(time).getTimezoneOffset();

/** When the clocks change; a zone where they never do has a moment all the same. */
function changes(): number[] {
  const found: number[] = [];
  for (let time = Date.UTC(YEAR, 0, 1); time < Date.UTC(YEAR + 1, 0, 1); time += 15 * MINUTE)
    if (offset(time) !== offset(time - 1)) found.push(time);
  return found.length > 0 ? found : [Date.UTC(YEAR, 9, 31, 1)];
}

function byWalking(now: number, means: (local: Date) => boolean): number {
  // A quarter of a minute is the finest step of the patterns.
  let time = now - (now % 15_000) + 15_000;
  while (!means(new Date(time))) time += 15_000;
  return time - now;
}

/** How long a tick is waited for that comes each second, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Whether a schedule that begins a moment before a time wakes us after it. */
async function isWokenAcross(time: number): Promise<boolean> {
  const shift = time - 1_200 - Date.now();
  class Shifted extends RealDate {
    constructor(...given: [] | [number]) {
      if (given.length === 0) super(RealDate.now() + shift);
      else super(given[0]);
    }
    static override now = () => RealDate.now() + shift;
  }
  globalThis.Date = Shifted as DateConstructor;
  let end = async () => {};
  try {
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), PATIENCE_MS);
      const schedule = every('* * * * * *', () => {
        if (Date.now() < time) return;
        clearTimeout(timer);
        resolve(true);
      });
      end = () => schedule.end();
    });
  } finally {
    await end();
    globalThis.Date = RealDate;
  }
}

const wrong: { pattern: string; now: string; said: number; is: number }[] = [];
let moments = 0;
for (const change of changes())
  for (let now = change - 3 * HOUR + 123; now < change + 3 * HOUR; now += 5 * MINUTE)
    for (const [pattern, means] of Object.entries(PATTERNS)) {
      const said = await at(now, () => {
        const schedule = every(pattern, () => {});
        const ms = schedule.msToNext();
        return schedule.end().then(() => ms);
      });
      const is = byWalking(now, means);
      moments += 1;
      if (said !== is) wrong.push({ pattern, now: new Date(now).toISOString(), said: said ?? -1, is });
    }

// Within the hour that is there twice, into its second run, and in that. Lord Howe has half an hour of it.
const back = changes().find((time) => offset(time) >= offset(time - 1)) ?? Number.NaN;
const woken: boolean[] = [];
for (const minutes of [-25, 0, 20]) woken.push(await isWokenAcross(back + minutes * MINUTE));
process.stdout.write(JSON.stringify({ woken, moments, wrong }));
