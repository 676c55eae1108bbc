/**
 * A real PostgreSQL 18 of one's own, for trying the daemon out and for its tests, run from the binaries that
 * npm has installed.
 *
 * The wrapper package around these binaries is not used: it stops the server on the first SIGTERM, while the
 * daemon still finishes its batch, and it cannot run in a folder that only root can enter.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Binaries, prepareBinaries } from './embedded-binaries.ts';
import {
  clusterFolder,
  ensureCluster,
  logPath,
  openDataFolder,
  openLog,
  readPassword,
  runningPort,
  SUPERUSER,
  tryConnection,
} from './embedded-cluster.ts';
import {
  chooseServerUser,
  embeddedError,
  makeTempFolder,
  type ServerUser,
  spawnSettings,
} from './embedded-user.ts';

export interface EmbeddedPostgres {
  /** A connection string; without a name, of the database `postgres`. */
  url(database?: string): string;
  readonly dataDir: string;
  readonly port: number;
  /** false when a server already ran on the data folder and we only use it. */
  readonly started: boolean;
  /** Ends the server if we started it, and removes what was put into temporary folders. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** An absolute path. The folder gets `postgres/` (the cluster), `password` and `postgres.log`. */
  readonly dataDir: string;
  /** What to do when the server's user cannot get at the folder. `elsewhere` is for data nobody will miss. */
  readonly whenLocked?: 'fail' | 'elsewhere';
  /** Server settings, as with `postgres -c name=value`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly onNotice?: (text: string) => void;
}

const START_MS = 60_000;
const FAST_STOP_MS = 20_000;
const PORT_ATTEMPTS = 5;

/** Everything one start has settled, for the steps that follow. */
interface Launch {
  readonly binaries: Binaries;
  readonly dataDir: string;
  readonly user: ServerUser | undefined;
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly tempFolders: string[];
  readonly deadline: number;
}

export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const tempFolders: string[] = [];
  try {
    const user = await chooseServerUser(clusterFolder(options.dataDir));
    const dataDir = await settleDataFolder(options, user, tempFolders);
    const deadline = Date.now() + START_MS;
    const attached = await attach(dataDir, deadline, tempFolders);
    if (attached !== undefined) return attached;
    const binaries = await prepareBinaries(user, tempFolders);
    const settings = options.settings ?? {};
    const password = await ensureCluster(binaries, dataDir, user, settings.fsync !== 'off');
    return await launch({ binaries, dataDir, user, password, settings, tempFolders, deadline });
  } catch (error) {
    await removeAll(tempFolders);
    throw error;
  }
}

/** The folder asked for, or a temporary one in its place if that was allowed. */
async function settleDataFolder(
  options: EmbeddedOptions,
  user: ServerUser | undefined,
  tempFolders: string[],
): Promise<string> {
  const problem = await openDataFolder(options.dataDir, user);
  if (problem === undefined) return options.dataDir;
  if (options.whenLocked !== 'elsewhere') {
    const why = user === undefined ? '' : ` (PostgreSQL refuses to run as root, so it runs as ${user.name})`;
    throw embeddedError(
      `The embedded database cannot use ${options.dataDir}: ${problem}${why}. Move the folder to where that user ` +
        'can enter, allow it in with chmod o+x on the parent folders, or set database.url to a server of your own.',
    );
  }
  const folder = await makeTempFolder(user, 'mailcase-postgres-data-');
  tempFolders.push(folder);
  options.onNotice?.(
    `The embedded database is kept in ${folder} and removed at the end, because ${options.dataDir} cannot be ` +
      `used: ${problem}.`,
  );
  const dataDir = join(folder, 'data');
  const stillClosed = await openDataFolder(dataDir, user);
  if (stillClosed === undefined) return dataDir;
  throw embeddedError(
    `The embedded database cannot use ${dataDir} either: ${stillClosed}. Set database.url.`,
  );
}

async function attach(
  dataDir: string,
  deadline: number,
  tempFolders: string[],
): Promise<EmbeddedPostgres | undefined> {
  const port = await runningPort(dataDir, deadline);
  const password = await readPassword(dataDir);
  if (port === undefined || password === undefined) return undefined;
  // What this start may have copied is of no use to a server that runs already.
  await removeAll(tempFolders);
  return describe(dataDir, port, password, false, async () => undefined);
}

function describe(
  dataDir: string,
  port: number,
  password: string,
  started: boolean,
  stop: () => Promise<void>,
): EmbeddedPostgres {
  const url = (database = 'postgres') =>
    `postgres://${SUPERUSER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  return { url, dataDir, port, started, stop };
}

/** Starts the server, on another port if somebody has taken ours in between. */
async function launch(plan: Launch): Promise<EmbeddedPostgres> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const log = await openLog(plan.dataDir);
    const logStart = (await log.stat()).size;
    const child = await spawnServer(plan, port, log.fd).finally(() => log.close());
    const onExit = stopAtExit(child, plan);
    const problem = await waitUntilReady(child, port, plan);
    if (problem === undefined) {
      const stop = stopOnce(child, onExit, plan.tempFolders);
      return describe(plan.dataDir, port, plan.password, true, stop);
    }
    await endServer(child);
    process.off('exit', onExit);
    const tail = await logTail(plan.dataDir, logStart);
    if (/lock file ".*" already exists/.test(tail)) {
      // Another start on this folder was faster than we.
      const attached = await attach(plan.dataDir, plan.deadline, plan.tempFolders);
      if (attached !== undefined) return attached;
    } else if (!/could not (bind|create any TCP\/IP sockets)/.test(tail) || attempt >= PORT_ATTEMPTS) {
      throw embeddedError(
        `The embedded database did not start: ${problem}. The end of ${logPath(plan.dataDir)}:\n${tail}`,
      );
    }
  }
}

async function spawnServer(plan: Launch, port: number, logFd: number): Promise<ChildProcess> {
  const settings = {
    ...plan.settings,
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
  };
  const parameters = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A process group of its own: Ctrl-C on the terminal ends the daemon, which then ends the server.
  const child = spawn(plan.binaries.postgres, ['-D', clusterFolder(plan.dataDir), ...parameters], {
    ...spawnSettings(plan.user),
    detached: true,
    stdio: ['ignore', logFd, logFd],
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    const who = plan.user === undefined ? '' : ` as the user ${plan.user.name}`;
    throw embeddedError(
      `${plan.binaries.postgres} could not be started${who}. Run mailcase as an ordinary user, or set database.url.`,
      error,
    );
  }
  child.unref();
  return child;
}

/** Waits for a connection to succeed; says what was wrong if the server ended or the time is over. */
async function waitUntilReady(child: ChildProcess, port: number, plan: Launch): Promise<string | undefined> {
  for (;;) {
    const problem = await tryConnection(port, plan.password, clusterFolder(plan.dataDir));
    if (hasEnded(child)) return `the server ended (${child.signalCode ?? child.exitCode})`;
    if (problem === undefined) return undefined;
    if (Date.now() > plan.deadline) return `no connection within ${START_MS / 1000} s (${problem})`;
    await pause(50);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** For a process that exits without stop(): no orphan stays, nor its temporary folders. */
function stopAtExit(child: ChildProcess, plan: Launch): () => void {
  const onExit = () => {
    if (hasEnded(child)) return;
    child.kill('SIGINT');
    if (plan.tempFolders.length === 0) return;
    // Nothing asynchronous runs any more here, and the folders are in use until the server's lock is gone.
    const lock = join(clusterFolder(plan.dataDir), 'postmaster.pid');
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    for (let waited = 0; waited < 3_000 && existsSync(lock); waited += 50) Atomics.wait(sleeper, 0, 0, 50);
    for (const folder of plan.tempFolders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.on('exit', onExit);
  return onExit;
}

function stopOnce(child: ChildProcess, onExit: () => void, tempFolders: string[]): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await endServer(child);
    process.off('exit', onExit);
    await removeAll(tempFolders);
  };
  return () => {
    stopping ??= stop();
    return stopping;
  };
}

/** Fast shutdown, which rolls back what is open; after a while the immediate one. */
async function endServer(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  const impatience = setTimeout(() => child.kill('SIGQUIT'), FAST_STOP_MS);
  await ended;
  clearTimeout(impatience);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw embeddedError('No free port on 127.0.0.1.');
  return address.port;
}

/** The last lines the server wrote since `from`. */
async function logTail(dataDir: string, from: number): Promise<string> {
  const file = await open(logPath(dataDir), 'r');
  try {
    const length = (await file.stat()).size - from;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(length, 0)), 0, length, from);
    return buffer.subarray(0, bytesRead).toString('utf8').trimEnd().split('\n').slice(-15).join('\n');
  } finally {
    await file.close();
  }
}

async function removeAll(folders: string[]): Promise<void> {
  for (const folder of folders.splice(0)) {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
