import { execFile } from 'node:child_process';
import { harmless } from '../terminal/harmless.ts';
import type { Log } from './log.ts';

/** What is told to the service manager: names and values of sd_notify(3). */
export type Notice = Readonly<Record<string, string>>;

export interface ServiceManager {
  /** Whether there is one that wants to hear. */
  readonly listens: boolean;
  /** Within this time it wants a sign of life, in milliseconds; undefined where it wants none. */
  readonly watchdogMs: number | undefined;
  /** Tells it. Returns at once, never throws; what fails is logged once. */
  notify(notice: Notice): void;
}

/** systemd-notify itself waits 5 s until its message was read; what takes longer hangs. In milliseconds. */
const SAY_MS = 10_000;

/** A line of `systemctl status`. */
const LONGEST_VALUE = 300;

/** What must stay in order and each for itself: RELOADING=1 and READY=1 in one message would be one of the two. */
const TURNS = ['READY', 'RELOADING', 'STOPPING'];

/**
 * The service manager that has started us, if it asked to be told how things stand: Type=notify of systemd.service(5).
 * Node has no datagram sockets of AF_UNIX, so that the program systemd-notify does the telling. The variables are
 * taken out of the environment: no other child of ours shall speak for us.
 */
export function serviceManagerOf(env: NodeJS.ProcessEnv, log: Log): ServiceManager {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  if (!NOTIFY_SOCKET) return { listens: false, watchdogMs: undefined, notify: () => {} };
  const isForUs = !WATCHDOG_PID || Number(WATCHDOG_PID) === process.pid;
  const watchdogMs = Number(WATCHDOG_USEC) / 1_000;
  const queue = new NoticeQueue((notice) => say(notice, NOTIFY_SOCKET, env.PATH), log);
  return {
    listens: true,
    watchdogMs: isForUs && watchdogMs > 0 && Number.isFinite(watchdogMs) ? watchdogMs : undefined,
    notify: (notice) => queue.add(notice),
  };
}

/** One message after the other, in order; what waits meanwhile becomes one where that changes no meaning. */
class NoticeQueue {
  private readonly waiting: Notice[] = [];
  private readonly tell: (notice: Notice) => Promise<void>;
  private readonly log: Log;
  private isBusy = false;
  private hasComplained = false;

  constructor(tell: (notice: Notice) => Promise<void>, log: Log) {
    this.tell = tell;
    this.log = log;
  }

  add(notice: Notice): void {
    const isTurn = TURNS.some((name) => name in notice);
    const last = isTurn ? undefined : this.waiting.pop();
    this.waiting.push({ ...last, ...notice });
    if (!this.isBusy) void this.work();
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      try {
        await this.tell(next);
      } catch (error) {
        this.complain(error);
      }
    }
    this.isBusy = false;
  }

  private complain(err: unknown): void {
    if (this.hasComplained) return;
    this.hasComplained = true;
    const cure = 'see that systemd-notify is installed, and that the unit has NotifyAccess=all';
    this.log.warn({ err, cure }, 'systemd could not be told how things stand');
  }
}

function say(notice: Notice, socket: string, path = '/usr/bin:/bin'): Promise<void> {
  // A line end in a value would begin another assignment.
  const words = Object.entries(notice).map(
    ([name, value]) => `${name}=${harmless(value).slice(0, LONGEST_VALUE)}`,
  );
  const env = { PATH: path, NOTIFY_SOCKET: socket };
  return new Promise((resolve, reject) => {
    execFile('systemd-notify', words, { env, timeout: SAY_MS, killSignal: 'SIGKILL' }, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
