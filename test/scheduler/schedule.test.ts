import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const probe = fileURLToPath(new URL('./schedule-probe.ts', import.meta.url));

interface Probed {
  readonly woken: readonly boolean[];
  readonly moments: number;
  readonly wrong: readonly unknown[];
}

async function probeIn(TZ: string): Promise<Probed> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', probe], {
    env: { ...process.env, TZ },
  });
  return JSON.parse(stdout) as Probed;
}

describe('the next time of a pattern, before, in and after the hour that is there twice or not at all', () => {
  it.each([
    ['Europe/Berlin', 2],
    ['America/New_York', 2],
    ['Australia/Sydney', 2],
    // Half an hour.
    ['Australia/Lord_Howe', 2],
    ['Asia/Kolkata', 1],
    ['Asia/Kathmandu', 1],
  ])('%s', async (zone, changes) => {
    const probed = await probeIn(zone);
    expect(probed.wrong).toEqual([]);
    expect(probed).toMatchObject({ woken: [true, true, true], moments: changes * 72 * 4 });
  });
});
