import cron from 'node-cron';
import { describe, expect, it } from 'vitest';
import { meansTheSameInUtc, offsetsIn } from '../../src/scheduler/clock-change.ts';

const BERLIN = [-60, -120];
const NEW_YORK = [300, 240];
const KOLKATA = [-330, -330];
const KATHMANDU = [-345, -345];
const LORD_HOWE = [-660, -630];

describe('a pattern means the same in UTC', () => {
  it.each([
    ['*/30 * * * * *', BERLIN, true],
    ['*/30 * * * * *', KATHMANDU, true],
    ['* * * * *', NEW_YORK, true],
    ['7 * * * *', BERLIN, true],
    ['7 * * * *', NEW_YORK, true],
    ['7 * * * *', KOLKATA, false],
    ['*/5 * * * *', KOLKATA, true],
    ['*/30 * * * *', KOLKATA, true],
    ['*/30 * * * *', KATHMANDU, false],
    ['*/15 * * * *', KATHMANDU, true],
    // The same after one offset only.
    ['20 * * * *', LORD_HOWE, false],
    ['@hourly', BERLIN, true],
    ['0 */1 * * *', BERLIN, true],
    ['0 0-23 * * 0-7', BERLIN, true],
    ['*/5 9-17 * * *', BERLIN, false],
    ['*/5 * 1 * *', BERLIN, false],
    ['*/5 * * 1-11 *', BERLIN, false],
    ['*/5 * * * 1-5', BERLIN, false],
    ['*/5 * L * *', BERLIN, false],
    ['*/5 * * * 1#2', BERLIN, false],
    ['*/5 9-17 * * *', [0, 0], false],
  ])('%s at %j: %s', (pattern, offsets, is) => {
    expect(meansTheSameInUtc(cron.parse(pattern), offsets)).toBe(is);
  });
});

it("the offsets of a year are the machine's, in winter and in summer", () => {
  const zone = process.env.TZ;
  process.env.TZ = 'Australia/Lord_Howe';
  try {
    expect(offsetsIn(2027)).toEqual([-660, -630]);
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});
