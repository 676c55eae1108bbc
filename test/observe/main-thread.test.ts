import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { Beats } from '../../src/observe/beats.ts';
import { until } from '../support/daemon.ts';

const WATCHED = fileURLToPath(new URL('./watched.ts', import.meta.url));

const MODULES: Readonly<Record<string, () => string>> = {
  'from the checkout': () => new URL('../../src/observe/main-thread.ts', import.meta.url).href,
  compiled: () => pathToFileURL(join(dirname(inject('program')), '../observe/main-thread.js')).href,
};

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

interface Watched {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts a process whose main thread is watched. */
function start(work: string, { hangMs = 2_000, module = MODULES.compiled, isRead = true } = {}): Watched {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', WATCHED, module?.() ?? '', work, String(hangMs)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  let output = '';
  if (isRead) child.stdout?.on('data', (chunk) => (output += String(chunk)));
  const ended = once(child, isRead ? 'close' : 'exit').then(
    ([code, signal]) => (signal ?? code) as number | string,
  );
  return { child, output: () => output, ended };
}

describe.each(Object.entries(MODULES))('a main thread that is watched, %s', (_, module) => {
  it('and hangs for ever is ended, with a last line in the form of the log', async () => {
    const began = Date.now();
    const { ended, output } = start('hang', { module });
    expect(await ended).toBe('SIGKILL');
    expect(output()).toMatch(/^\{.*\}\n$/);
    const { doing, time, ...rest } = JSON.parse(output()) as Record<string, string>;
    expect(rest).toEqual({
      level: 'fatal',
      name: 'mailcase',
      hungMs: 2_000,
      msg: 'the main thread hangs, ending the process',
    });
    expect(Date.parse(time ?? '')).toBeGreaterThan(began);
    // Without what drives a terminal, and cut between two characters.
    expect(doing).toMatch(/^polling "support" \uFFFD\[31mä{400,}$/);
    expect(Buffer.byteLength(doing ?? '')).toBeLessThanOrEqual(1_024);
  });

  it('and is slow goes on', async () => {
    const { ended, output } = start('be slow', { module, hangMs: 6_000 });
    expect(await ended).toBe(0);
    expect(output()).toBe('went on\n');
  });

  it('and has no more to do is not kept running, nor when it exits', async () => {
    const done = start('nothing', { module });
    expect(await done.ended).toBe(0);
    const exiting = start('exit', { module });
    expect(await exiting.ended).toBe(7);
    expect(done.output() + exiting.output()).toBe('');
  });
});

describe('a main thread', () => {
  it('that was stopped for longer, with all of its process, goes on', async () => {
    const { child, ended, output } = start('answer');
    await until(() => output() === 'ready\n', 'ready');
    for (let round = 0; round < 2; round += 1) {
      child.kill('SIGSTOP');
      await sleep(4_000);
      child.kill('SIGCONT');
      await sleep(1_000);
    }
    child.stdin?.end('you\n');
    expect(await ended).toBe(0);
    expect(output()).toBe('ready\nheard you\n');
  });

  it('that hangs because nobody takes its output is ended too', async () => {
    const { ended } = start('hang at writing what nobody reads', { isRead: false });
    expect(await ended).toBe('SIGKILL');
  });

  it('that is watched no more may take its time', async () => {
    const { ended, output } = start('end, then hang');
    expect(await ended).toBe(0);
    expect(output()).toBe('went on\n');
  });

  it('is watched for little memory and time', async () => {
    const { ended, output } = start('say what another watch takes');
    expect(await ended).toBe(0);
    const [bytes = Number.NaN, cpuMicroseconds = Number.NaN] = output().split(' ').map(Number);
    expect(bytes).toBeLessThan(24 * 1024 * 1024);
    // Of three seconds.
    expect(cpuMicroseconds).toBeLessThan(300_000);
  });
});

describe('beats', () => {
  it('are seen by whoever has the memory', () => {
    const mine = new Beats();
    const others = new Beats(mine.memory);
    expect(others.doing).toBe('');
    const before = others.count;
    mine.beat('one thing');
    expect(others.doing).toBe('one thing');
    expect(others.count).not.toBe(before);
    mine.beat('');
    expect(others.doing).toBe('');
    expect(others.waitForEnd(1)).toBe(false);
    mine.end();
    expect(others.waitForEnd(60_000)).toBe(true);
  });
});
