import { type ChildProcess, spawn } from 'node:child_process';
import { errorMessage } from '../errors.ts';
import { onAbort, within } from '../waiting.ts';
import type { Delivery } from './outcome.ts';
import type { Report } from './report.ts';

/** So much of what it writes is kept, in bytes: enough for the error of a script. */
const MOST_OUTPUT = 2_000;

/** Between SIGTERM and SIGKILL, in milliseconds. */
const GRACE_MS = 2_000;

/** What it has written may still be on its way when it has ended; what holds its output open longer is not waited for. */
const OUTPUT_MS = 500;

/**
 * What of our environment a program needs to find its way. Nothing else goes on: passwords stand in the environment, and
 * the service manager's socket.
 */
const HANDED_ON = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

/** Longest value of a variable, in UTF-16 code units. */
const LONGEST_VALUE = 2_000;

/**
 * Starts a program with a report: as JSON on its standard input, and as variables. No shell has a part in it, so whatever
 * a mail or a server says stays a value. Exit code 0 is success. At the end of its time it is ended with all that it has
 * started.
 */
export async function runCommand(
  command: readonly string[],
  report: Report,
  timeoutMs: number,
  cut: AbortSignal,
): Promise<Delivery> {
  const [program = '', ...args] = command;
  let output = '';
  let isLate = false;
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      cwd: '/',
      env: environmentOf(report, process.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: what it has started is ended with it, and the terminal's signals are not for it.
      detached: true,
    });
  } catch (error) {
    return failed(`it could not be started: ${errorMessage(error)}`);
  }
  const take = (text: string) => {
    output = (output + text).slice(0, MOST_OUTPUT);
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream
      ?.setEncoding('utf8')
      .on('data', take)
      .on('error', () => {});
  }
  // A program that reads nothing closes its standard input.
  child.stdin?.on('error', () => {});
  child.stdin?.end(`${JSON.stringify(report)}\n`);
  const ended = new Promise<string | number | Error>((resolve) => {
    child.once('error', resolve).once('exit', (code, signal) => resolve(code ?? signal ?? 'no exit code'));
  });
  const closed = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  const timer = setTimeout(() => {
    isLate = true;
    void endGroup(child, ended);
  }, timeoutMs);
  const forget = onAbort(cut, () => void endGroup(child, ended));
  const end = await ended;
  clearTimeout(timer);
  forget();
  if (!(end instanceof Error)) await within(closed, OUTPUT_MS);
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (end instanceof Error) return failed(`it could not be started: ${errorMessage(end)}`);
  if (isLate) return { ...failed(`it did not end within ${timeoutMs} ms and was ended`), answer: output };
  const outcome = typeof end === 'number' ? `it ended with exit code ${end}` : `it was ended by ${end}`;
  return { hasArrived: end === 0, isCut: cut.aborted && end !== 0, outcome, answer: output };
}

function failed(outcome: string): Delivery {
  return { hasArrived: false, isCut: false, outcome, answer: '' };
}

async function endGroup(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  signalGroup(child, 'SIGTERM');
  await within(ended, GRACE_MS);
  // What it has started may go on without it.
  signalGroup(child, 'SIGKILL');
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}

/** The environment of the program. */
export function environmentOf(report: Report, ours: NodeJS.ProcessEnv): Record<string, string> {
  const handedOn = HANDED_ON.flatMap((name) => {
    const value = ours[name];
    return value === undefined ? [] : [[name, value]];
  });
  const told = Object.entries(report).map(([name, value]) => [
    `MAILCASE_ALERT_${name.toUpperCase()}`,
    (value ?? '').slice(0, LONGEST_VALUE),
  ]);
  return Object.fromEntries([...handedOn, ...told]);
}
