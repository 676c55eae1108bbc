import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';

const UNIT = readFileSync(fileURLToPath(new URL('../../config/mailcase.service', import.meta.url)), 'utf8');

/** What systemd calls 1.5; 0 is a service that can do nothing, 10 one that can do everything. */
const MOST_EXPOSED = 1.5;

/** --offline came with 250. */
const OLDEST = 250;
const version = /^systemd (\d+)/.exec(
  spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout ?? '',
);
const canAnalyze = Number(version?.[1] ?? 0) >= OLDEST;
if (!canAnalyze) {
  process.stderr.write(
    `Not tested: config/mailcase.service (no systemd-analyze ${OLDEST} or later is installed).\n`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'mailcase-unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the unit under its name, which is how systemd-analyze knows it. */
function unitFile(text: string): string {
  const file = join(folder, 'mailcase.service');
  writeFileSync(file, text);
  return file;
}

/** Where mailcase is not installed, its program is not there. */
const installed = UNIT.replace(/^ExecStart=\/usr\/bin\/env mailcase /m, `ExecStart=${process.execPath} `);

/** What systemd-analyze has to say about the unit; about others of the machine, it may say what it likes. */
function complaintsAbout(text: string): string[] {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unitFile(text)], {
    encoding: 'utf8',
  });
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('mailcase'));
  return status === 0 || lines.length > 0 ? lines : [`mailcase.service: status ${status}`];
}

function exposureOf(text: string): number {
  const { stdout } = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', '--no-pager', unitFile(text)],
    { encoding: 'utf8' },
  );
  const [, level] = /Overall exposure level for mailcase\.service: ([\d.]+)/.exec(stdout) ?? [];
  return Number(level);
}

describe.skipIf(!canAnalyze)('config/mailcase.service', () => {
  it('is a unit about which systemd has nothing to say', () => {
    expect(installed).not.toBe(UNIT);
    expect(complaintsAbout(installed)).toEqual([]);
  });

  it('shuts itself in as far as node can live with', () => {
    expect(exposureOf(installed)).toBeLessThanOrEqual(MOST_EXPOSED);
  });

  it.each([
    ['a setting that there is not', 'DynamicUser=yes', 'DynamicUsers=yes'],
    ['a value that cannot be', 'WatchdogSec=5min', 'WatchdogSec=soon'],
    ['a program that is not there', /^ExecReload=\S+/m, 'ExecReload=/nowhere/kill'],
    ['a unit without a program', /^ExecStart=.*$/m, ''],
    ['a system call that there is not', '=~@privileged', '=~@privilege'],
  ])('would be found wrong with %s', (_, from, to) => {
    const worse = installed.replace(from, to);
    expect(worse).not.toBe(installed);
    expect(complaintsAbout(worse)).not.toEqual([]);
  });

  it.each(['DynamicUser', 'CapabilityBoundingSet', 'SystemCallFilter', 'RestrictAddressFamilies'])(
    'would be found too open without %s',
    (setting) => {
      const worse = installed.replaceAll(new RegExp(`^${setting}=.*\n`, 'gm'), '');
      expect(worse).not.toBe(installed);
      expect(exposureOf(worse)).toBeGreaterThan(MOST_EXPOSED);
    },
  );
});

describe('config/mailcase.service, for the daemon', () => {
  const settingOf = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(UNIT)?.[1];

  it.each([
    ['Type', 'notify'],
    ['NotifyAccess', 'all'],
    ['Restart', 'on-failure'],
    ['ExecReload', '/bin/kill -HUP $MAINPID'],
    ['StateDirectory', 'mailcase'],
    // Exit code 2 is a wrong configuration, 243 systemd's own for credentials.
    ['RestartPreventExitStatus', '2 127 243'],
  ])('has %s=%s', (name, value) => {
    expect(settingOf(name)).toBe(value);
  });

  it('waits longer for the end than the daemon for its batch, by default', () => {
    expect(settingOf('TimeoutStopSec')).toBe('90s');
    const stopTimeout = configSchema.parse({
      database: { url: 'postgres://localhost/x' },
      mailboxes: [{ name: 'x', imap: { host: 'x.example', user: 'x@example.com', password: 'x' } }],
    }).stop_timeout;
    expect(stopTimeout).toBeLessThanOrEqual(60_000);
  });
});
