import { setTimeout as sleep } from 'node:timers/promises';
import type { Dovecot } from '../support/dovecot.ts';
import type { Fault, Scene } from './disturbed.ts';
import { untilFailing } from './postgres-faults.ts';
import { StepWatch } from './steps.ts';
import type { TapProxy } from './tap-proxy.ts';

/** Each way in which a mail server leaves its clients, as the table calls it. */
export const DOVECOT_FAULTS = {
  stopped: 'Dovecot stopped, and started again',
  killed: 'Dovecot killed with all its processes, and started again',
  killedInFetch: "Dovecot's process killed within FETCH",
  killedInStore: "Dovecot's process killed within STORE",
  asleep: "Dovecot's process of the session asleep (SIGSTOP)",
  allAsleep: 'all of Dovecot asleep (SIGSTOP)',
} as const;

export type DovecotFault = keyof typeof DOVECOT_FAULTS;

export interface MailServer {
  readonly dovecot: Dovecot;
  /** Between the daemon and it, to see what it is asked for. */
  readonly proxy: TapProxy;
  readonly pollTimeoutMs: number;
}

/** What is asked when the process is killed. */
const STEPS = { killedInFetch: 'imap UID FETCH bodies', killedInStore: 'imap UID STORE' } as const;

/** With mail coming in all the while, a step that does not come by then never does. */
const STEP_MS = 15_000;

export function dovecotFault(kind: DovecotFault, server: MailServer): Fault {
  const isTold = kind !== 'asleep' && kind !== 'allAsleep';
  return { name: DOVECOT_FAULTS[kind], isTold, make: (scene) => make(kind, server, scene) };
}

async function make(kind: DovecotFault, server: MailServer, scene: Scene): Promise<void> {
  const { dovecot, pollTimeoutMs } = server;
  switch (kind) {
    case 'stopped':
    case 'killed':
      await dovecot.halt(kind === 'stopped' ? 'SIGTERM' : 'SIGKILL');
      await untilFailing(scene);
      return dovecot.start();
    case 'killedInFetch':
    case 'killedInStore':
      return killWithin(STEPS[kind], server, scene);
    case 'asleep':
      scene.arrivals.bring(10);
      return putToSleep(dovecot, await sessionsOf(dovecot), scene.luck.between(200, pollTimeoutMs * 1.5));
    case 'allAsleep':
      return putToSleep(dovecot, dovecot.processes(), scene.luck.between(200, pollTimeoutMs * 1.5));
  }
}

/** Kills the process that serves the daemon when it has been asked for something, or has answered a part of it. */
async function killWithin(name: string, { dovecot, proxy }: MailServer, scene: Scene): Promise<void> {
  const { luck, arrivals } = scene;
  const side = luck.pick(['before', 'after'] as const);
  const watch = new StepWatch();
  const killed = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} to be killed within`)), STEP_MS);
    proxy.tap((piece) => {
      const step = watch.see('imap', piece);
      if (step?.name !== name || step.side !== side) return 'pass';
      clearTimeout(timer);
      const { length } = piece.bytes;
      piece.forward(piece.bytes.subarray(0, side === 'before' ? length : luck.between(0, length)));
      for (const pid of dovecot.processes('imap')) kill(pid, 'SIGKILL');
      proxy.tap(() => 'pass');
      resolve();
      return 'drop';
    });
  });
  arrivals.bring(10);
  await killed.finally(() => proxy.tap(() => 'pass'));
}

/** Processes that serve a client, once there are any: polls come and go. */
async function sessionsOf(dovecot: Dovecot): Promise<number[]> {
  const deadline = Date.now() + STEP_MS;
  for (;;) {
    const pids = dovecot.processes('imap');
    if (pids.length > 0) return pids;
    if (Date.now() > deadline) throw new Error('nobody is logged in');
    await sleep(5);
  }
}

async function putToSleep(dovecot: Dovecot, pids: readonly number[], ms: number): Promise<void> {
  for (const pid of pids) kill(pid, 'SIGSTOP');
  await sleep(ms);
  // Only what is still Dovecot's: a number may have been given away.
  const left = new Set(dovecot.processes());
  for (const pid of pids) if (left.has(pid)) kill(pid, 'SIGCONT');
}

/** The process may have ended by itself in this moment. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
