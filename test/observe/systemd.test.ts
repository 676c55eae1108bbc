import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { type ServiceManager, serviceManagerOf } from '../../src/observe/systemd.ts';
import { until } from '../support/daemon.ts';

const log = pino({ level: 'silent' });

describe('serviceManagerOf', () => {
  it.each<[string, NodeJS.ProcessEnv, Pick<ServiceManager, 'listens' | 'watchdogMs'>]>([
    ['nobody', {}, { listens: false, watchdogMs: undefined }],
    [
      'an empty name',
      { NOTIFY_SOCKET: '', WATCHDOG_USEC: '1000' },
      { listens: false, watchdogMs: undefined },
    ],
    ['no watchdog', { NOTIFY_SOCKET: '/run/x' }, { listens: true, watchdogMs: undefined }],
    [
      'a watchdog',
      { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '300000000' },
      { listens: true, watchdogMs: 300_000 },
    ],
    [
      'a watchdog for us',
      { NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '2000000', WATCHDOG_PID: String(process.pid) },
      { listens: true, watchdogMs: 2_000 },
    ],
    [
      'a watchdog for another process',
      { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '2000000', WATCHDOG_PID: '1' },
      { listens: true, watchdogMs: undefined },
    ],
    [
      'a watchdog of 0',
      { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '0' },
      { listens: true, watchdogMs: undefined },
    ],
    [
      'no number',
      { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: 'soon' },
      { listens: true, watchdogMs: undefined },
    ],
  ])('knows %s, and takes the variables out of the environment', (_, given, expected) => {
    const env = { ...given, PATH: '/usr/bin' };
    expect(serviceManagerOf(env, log)).toMatchObject(expected);
    expect(env).toEqual({ PATH: '/usr/bin' });
  });
});

describe('notify', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  /** A systemd-notify that writes down what it is called with, the words of a call apart by `|`, and then waits. */
  async function slowProgram(): Promise<{ manager: ServiceManager; calls(): Promise<string[]> }> {
    const folder = await mkdtemp(join(tmpdir(), 'mailcase-notify-'));
    folders.push(folder);
    const file = join(folder, 'calls');
    const program = join(folder, 'systemd-notify');
    await writeFile(program, `#!/bin/sh\nIFS='|'\nprintf '%s\\n' "$*" >> ${file}\nexec /bin/sleep 0.3\n`);
    await chmod(program, 0o755);
    const calls = async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean);
    return { manager: serviceManagerOf({ PATH: folder, NOTIFY_SOCKET: '/run/x' }, log), calls };
  }

  it('tells in order, and makes one message of what waits, but for what changes the state', async () => {
    const { manager, calls } = await slowProgram();
    for (const notice of [
      { STATUS: 'one' },
      { STATUS: 'two' },
      { WATCHDOG: '1' },
      { STATUS: 'three' },
      { RELOADING: '1' },
      { STATUS: 'four' },
      { READY: '1' },
      { STOPPING: '1', STATUS: 'five' },
    ])
      manager.notify(notice);
    await until(async () => (await calls()).length >= 5, 'five calls');
    expect(await calls()).toEqual([
      'STATUS=one',
      'STATUS=three|WATCHDOG=1',
      'RELOADING=1|STATUS=four',
      'READY=1',
      'STOPPING=1|STATUS=five',
    ]);
  });

  it('lets no value begin a line of its own or give orders to a terminal, and none be endless', async () => {
    const { manager, calls } = await slowProgram();
    manager.notify({ STATUS: `a\nREADY=1\r\nMAINPID=1 \u001b[31m\0${'x'.repeat(1_000)}` });
    await until(async () => (await calls()).length > 0, 'a call');
    const [line = ''] = await calls();
    expect(line).toMatch(/^STATUS=a READY=1 MAINPID=1 \uFFFD\[31m\uFFFDx+$/);
    expect(line.length).toBeLessThanOrEqual('STATUS='.length + 300);
  });
});
