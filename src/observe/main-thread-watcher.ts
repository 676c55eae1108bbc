import { write } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { Beats } from './beats.ts';

/*
 * The whole thread that watches the main one; see main-thread.ts. What it knows is that so many of its own checks in a
 * row have seen no beat. It does not look at a clock: a process that was stopped, or a machine that slept, wakes with
 * one check that is late, not with many.
 */

export interface WatcherSetup {
  readonly memory: SharedArrayBuffer;
  readonly checkMs: number;
  /** This many checks in a row without a beat are a main thread that hangs. */
  readonly checks: number;
}

/** How long the last line may take, in milliseconds: that nobody takes our output may be the very reason of the hang. */
const LAST_WORDS_MS = 2_000;

/** A pipe that is full is tried again after this time, in milliseconds. */
const AGAIN_MS = 50;

const STANDARD_OUTPUT = 1;

const setup = workerData as WatcherSetup;
const beats = new Beats(setup.memory);
if (waitForHang()) endProcess();

/** @returns whether it hangs; false when there is nothing to watch any more */
function waitForHang(): boolean {
  let seen = beats.count;
  let missed = 0;
  while (!beats.waitForEnd(setup.checkMs)) {
    missed = beats.count === seen ? missed + 1 : 0;
    seen = beats.count;
    if (missed >= setup.checks) return true;
  }
  return false;
}

/** Nothing can be put in order any more: what is under way is done again by the next process. */
function endProcess(): void {
  setTimeout(kill, LAST_WORDS_MS);
  say(Buffer.from(`${JSON.stringify(lastWords())}\n`));
}

/** Not synchronously, which might never come back. */
function say(line: Buffer): void {
  write(STANDARD_OUTPUT, line, (error, written) => {
    if (error?.code === 'EAGAIN') setTimeout(say, AGAIN_MS, line);
    else if (error || written === line.length) kill();
    else say(line.subarray(written));
  });
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** A line of the log, whose thread writes no more. */
function lastWords(): Record<string, unknown> {
  return {
    level: 'fatal',
    time: new Date().toISOString(),
    name: 'mailcase',
    hungMs: setup.checks * setup.checkMs,
    doing: beats.doing,
    msg: 'the main thread hangs, ending the process',
  };
}
