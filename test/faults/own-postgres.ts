import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Binaries, prepareBinaries } from '../../src/db/embedded-binaries.ts';
import {
  clusterFolder,
  ensureCluster,
  openDataFolder,
  openLog,
  SUPERUSER,
  tryConnection,
} from '../../src/db/embedded-cluster.ts';
import { chooseServerUser, type ServerUser, spawnSettings } from '../../src/db/embedded-user.ts';

/** How PostgreSQL ends: in good order, its clients thrown out; or as by `pg_ctl -m immediate`, to recover at its start. */
export type Shutdown = 'fast' | 'immediate';

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** A PostgreSQL that a test ends and starts as it likes, each time at the same port. */
export interface OwnPostgres {
  url(database: string, user?: string): string;
  readonly dataDir: string;
  /** Makes a folder the server's, with all that is in it. */
  give(folder: string): Promise<void>;
  isRunning(): boolean;
  end(how: Shutdown): Promise<void>;
  /** Starts it again. @throws where it ends, or takes no connection within a minute */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

const START_MS = 60_000;

/**
 * What is committed has to be there after a crash of the server, so it is written before the answer; a crash of the
 * machine costs nothing here.
 */
const SETTINGS = {
  synchronous_commit: 'on',
  fsync: 'off',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '16MB',
};

interface Parts {
  readonly binaries: Binaries;
  readonly dataDir: string;
  readonly user: ServerUser | undefined;
  readonly password: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** @param parent where its folder is made: on a disk of the test's own, perhaps */
export async function startOwnPostgres({
  parent = tmpdir(),
  settings = {},
}: {
  parent?: string;
  settings?: Readonly<Record<string, string>>;
} = {}): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(parent, 'mailcase-own-postgres-'));
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'data');
  const tempFolders: string[] = [];
  const removeFolders = async () => {
    for (const each of [folder, ...tempFolders]) await rm(each, { recursive: true, force: true });
  };
  try {
    const user = await chooseServerUser(clusterFolder(dataDir));
    const problem = await openDataFolder(dataDir, user);
    if (problem !== undefined) throw new Error(`PostgreSQL cannot use ${dataDir}: ${problem}`);
    const binaries = await prepareBinaries(user, tempFolders);
    const password = await ensureCluster(binaries, dataDir, user, false);
    const port = await freePort();
    const all = { ...SETTINGS, ...settings, port: String(port) };
    const parts = { binaries, dataDir, user, password, port, settings: all };
    return describe(parts, await launch(parts), removeFolders);
  } catch (error) {
    await removeFolders();
    throw error;
  }
}

function describe(parts: Parts, first: ChildProcess, removeFolders: () => Promise<void>): OwnPostgres {
  const { dataDir, user, password, port } = parts;
  let server = first;
  const onExit = () => server.kill('SIGQUIT');
  const isStillThere = (error: unknown) => {
    if (!hasEnded(server)) throw error;
    return false;
  };
  process.on('exit', onExit);
  return {
    url: (database, role = SUPERUSER) => `postgres://${role}:${password}@127.0.0.1:${port}/${database}`,
    dataDir,
    give: async (folder) => {
      if (user) await promisify(execFile)('chown', ['-R', `${user.uid}:${user.gid}`, folder]);
    },
    isRunning: () => !hasEnded(server),
    end: (how) => end(server, how),
    start: async () => {
      // After a PANIC it starts again by itself, or finds that it cannot.
      if (!hasEnded(server) && (await untilReady(server, parts).then(() => true, isStillThere))) return;
      server = await launch(parts);
    },
    remove: async () => {
      await end(server, 'immediate');
      process.off('exit', onExit);
      await removeFolders();
    },
  };
}

async function launch(parts: Parts): Promise<ChildProcess> {
  const { binaries, dataDir, user, settings } = parts;
  const parameters = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = await openLog(dataDir);
  const server = spawn(binaries.postgres, ['-D', clusterFolder(dataDir), ...parameters], {
    ...spawnSettings(user),
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  await once(server, 'spawn').finally(() => log.close());
  server.unref();
  await untilReady(server, parts);
  return server;
}

async function untilReady(server: ChildProcess, { port, password, dataDir, settings }: Parts): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const problem = await tryConnection(port, password, clusterFolder(dataDir));
    if (problem === undefined) return;
    if (hasEnded(server)) throw new Error(`PostgreSQL ended with ${server.exitCode ?? server.signalCode}`);
    if (Date.now() > deadline) throw new Error(`PostgreSQL at ${settings.port} takes nobody: ${problem}`);
    await sleep(50);
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function end(server: ChildProcess, how: Shutdown): Promise<void> {
  if (hasEnded(server)) return;
  server.ref();
  const ended = once(server, 'exit');
  server.kill(SIGNALS[how]);
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return address.port;
}
