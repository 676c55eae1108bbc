import type { Complaint } from './problems.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Milliseconds in each unit, the largest first. */
const DURATION_UNITS: readonly (readonly [name: string, milliseconds: number])[] = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
  ['ms', 1],
];

/** Bytes in each unit, the largest first. 1 KB is 1024 bytes, as mail servers count their limits. */
const SIZE_UNITS: readonly (readonly [name: string, bytes: number])[] = [
  ['GB', 1024 ** 3],
  ['MB', 1024 ** 2],
  ['KB', 1024],
  ['B', 1],
];

/**
 * Reads `30s`, `10m`, `500ms`, `1h`, `2d`. A number without a unit is refused: people mean seconds as often as
 * milliseconds by it.
 *
 * @returns milliseconds, or what is wrong
 */
export function parseDuration(text: string): number | Complaint {
  const [, digits, unit] = /^(\d+) ?(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const factor = DURATION_UNITS.find(([name]) => name === unit)?.[1];
  const milliseconds = Number(digits) * (factor ?? Number.NaN);
  if (Number.isSafeInteger(milliseconds)) return milliseconds;
  return {
    message: /^\d+$/.test(text.trim()) ? 'a duration without its unit' : 'not a duration',
    cure: 'write a whole number and its unit, one of ms, s, m, h, d: `30s`, `10m`, `1h`',
  };
}

/**
 * Reads `16MB`, `500KB`, `1GB`, in any letter case, or a plain number of bytes.
 *
 * @returns bytes, or what is wrong
 */
export function parseSize(text: string): number | Complaint {
  const [, digits, unit] = /^(\d+) ?([KMG]?B)?$/i.exec(text.trim()) ?? [];
  const factor = SIZE_UNITS.find(([name]) => name === (unit ?? 'B').toUpperCase())?.[1];
  const bytes = Number(digits) * (factor ?? Number.NaN);
  if (Number.isSafeInteger(bytes)) return bytes;
  return {
    message: 'not a size',
    cure: 'write a whole number and its unit, one of KB, MB, GB, or a plain number of bytes: `16MB`',
  };
}

/**
 * Reads a date (`2026-01-31`, which begins at midnight UTC) or a moment with its zone (`2026-01-31T08:00:00Z`,
 * `2026-01-31T08:00+01:00`). A time without a zone is refused: it would mean another moment on another machine.
 *
 * @returns the moment, or undefined when it is none
 */
export function parseMoment(text: string): Date | undefined {
  const [, date, time] =
    /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/i.exec(text.trim()) ??
    [];
  if (date === undefined) return undefined;
  // V8 reads 31 February as a day in March.
  const midnight = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, date.length) !== date)
    return undefined;
  const moment = time === undefined ? midnight : new Date(`${date}${time.toUpperCase()}`);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}

/** The shortest way to write a duration: 900000 is `15m`. */
export function formatDuration(milliseconds: number): string {
  return inLargestUnit(milliseconds, DURATION_UNITS);
}

/** The shortest way to write a size: 16777216 is `16MB`. */
export function formatSize(bytes: number): string {
  return inLargestUnit(bytes, SIZE_UNITS);
}

function inLargestUnit(amount: number, units: readonly (readonly [name: string, factor: number])[]): string {
  const [name, factor] = units.find(([, size]) => amount >= size && amount % size === 0) ?? ['', 1];
  return `${amount / factor}${name}`;
}
