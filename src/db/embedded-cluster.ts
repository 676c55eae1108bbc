import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import {
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { errorCode, errorMessage } from '../errors.ts';
import type { Binaries } from './embedded-binaries.ts';
import { canAccess, closedFolder, embeddedError, type ServerUser, spawnSettings } from './embedded-user.ts';

const run = promisify(execFile);

export const SUPERUSER = 'mailcase';

/** Half-made clusters older than this are leftovers of an interrupted start, not of one under way. */
const LEFTOVER_MS = 10 * 60_000;
const HALF_MADE = 'initialising-';
const OUR_NAMES = /^(postgres|password.*|postgres\.log.*|initialising-.*)$/;

export const clusterFolder = (dataDir: string): string => join(dataDir, 'postgres');
export const logPath = (dataDir: string): string => join(dataDir, 'postgres.log');

/**
 * Makes the data folder and says why the server could not use it, or undefined when all is well.
 *
 * As root the folder stays root's and is only enterable for the server's user: whatever we write beside the
 * cluster (password, log) cannot then be swapped for a link by that user.
 */
export async function openDataFolder(
  dataDir: string,
  user: ServerUser | undefined,
): Promise<string | undefined> {
  try {
    if (user === undefined) return await openOwnFolder(dataDir);
    const closedParent = await closedFolder(user, dirname(dataDir));
    if (closedParent !== undefined) return `the user ${user.name} cannot enter ${closedParent}`;
    await makeFolder(dataDir, 0o711);
    const closed = await closedFolder(user, dataDir);
    return closed === undefined ? undefined : `the user ${user.name} cannot enter ${closed}`;
  } catch (error) {
    return errorMessage(error);
  }
}

async function openOwnFolder(dataDir: string): Promise<string | undefined> {
  await makeFolder(dataDir, 0o700);
  if (!canAccess(undefined, dataDir, 'w') || !canAccess(undefined, dataDir, 'x')) {
    return `this user cannot write to ${dataDir}`;
  }
  const owner = (await statIfThere(clusterFolder(dataDir)))?.uid;
  if (owner === undefined || owner === process.getuid?.()) return undefined;
  return `${clusterFolder(dataDir)} belongs to another user (uid ${owner})`;
}

async function makeFolder(dataDir: string, mode: number): Promise<void> {
  const parent = dirname(dataDir);
  const topmost = await mkdir(parent, { recursive: true });
  // Folders we have just made on the way must not be closed by a strict umask.
  for (let folder = parent; topmost !== undefined; folder = dirname(folder)) {
    await chmod(folder, 0o755);
    if (folder === topmost) break;
  }
  const made = await mkdir(dataDir, { mode }).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    },
  );
  if (made || (mode === 0o711 && (await isOursToOpen(dataDir)))) await chmod(dataDir, mode);
}

/** An existing folder gets opened only if it is root's and holds nothing but an embedded database. */
async function isOursToOpen(dataDir: string): Promise<boolean> {
  const { uid, mode } = await stat(dataDir);
  if (uid !== 0 || (mode & 0o777) !== 0o700) return false;
  return (await readdir(dataDir)).every((name) => OUR_NAMES.test(name));
}

/** Makes the cluster if there is none yet; gives the superuser's password. */
export async function ensureCluster(
  binaries: Binaries,
  dataDir: string,
  user: ServerUser | undefined,
  sync: boolean,
): Promise<string> {
  const cluster = clusterFolder(dataDir);
  const version = await readIfThere(join(cluster, 'PG_VERSION'));
  if (version === undefined) {
    const password = await keptPassword(dataDir);
    await removeLeftovers(dataDir);
    await makeCluster(binaries, dataDir, user, password, sync);
    return password;
  }
  if (version.trim() !== binaries.major) {
    throw embeddedError(
      `${cluster} was made by PostgreSQL ${version.trim()}, and the installed one is ${binaries.major}. Dump it ` +
        'with the old version and move the folder away, or set database.url to a server of the old version.',
    );
  }
  const password = await readPassword(dataDir);
  if (password !== undefined) return password;
  throw embeddedError(
    `${cluster} is a database, but its password file ${join(dataDir, 'password')} is missing or empty. Put the ` +
      'file back, or move the database away to start with an empty one.',
  );
}

export async function readPassword(dataDir: string): Promise<string | undefined> {
  return (await readIfThere(join(dataDir, 'password')))?.trim() || undefined;
}

/** The password is settled before the cluster exists, so two starts at once make clusters with the same one. */
async function keptPassword(dataDir: string): Promise<string> {
  const kept = await readPassword(dataDir);
  if (kept !== undefined) return kept;
  const file = join(dataDir, 'password');
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // A link never replaces what the other start has put there; some file systems have none.
    await link(draft, file).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') return rename(draft, file);
    });
  } finally {
    await rm(draft, { force: true });
  }
  const password = await readPassword(dataDir);
  if (password !== undefined) return password;
  throw embeddedError(`${file} is empty. Delete it and start again.`);
}

async function removeLeftovers(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(HALF_MADE)) continue;
    const folder = join(dataDir, name);
    const made = (await statIfThere(folder))?.mtimeMs ?? Date.now();
    if (Date.now() - made > LEFTOVER_MS) await rm(folder, { recursive: true, force: true });
  }
}

/** initdb works in a folder of its own; only a finished cluster gets the name the server is started on. */
async function makeCluster(
  binaries: Binaries,
  dataDir: string,
  user: ServerUser | undefined,
  password: string,
  sync: boolean,
): Promise<void> {
  const workshop = await mkdtemp(join(dataDir, HALF_MADE));
  try {
    if (user !== undefined) await chmod(workshop, 0o711);
    const draft = join(workshop, 'cluster');
    const passwordFile = join(workshop, 'pwfile');
    await mkdir(draft, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    if (user !== undefined) {
      await chown(draft, user.uid, user.gid);
      await chown(passwordFile, user.uid, user.gid);
    }
    await runInitdb(binaries.initdb, draft, passwordFile, user, sync);
    await moveIntoPlace(draft, clusterFolder(dataDir));
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function runInitdb(
  initdb: string,
  folder: string,
  passwordFile: string,
  user: ServerUser | undefined,
  sync: boolean,
): Promise<void> {
  // The builtin provider sorts and folds case the same on every system, whatever locales are installed.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = ['-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const rest = sync ? ['--no-instructions'] : ['--no-instructions', '--no-sync'];
  try {
    await run(initdb, ['-D', folder, ...locale, ...access, ...rest], spawnSettings(user));
  } catch (error) {
    throw embeddedError(`The embedded database could not be made by initdb: ${errorMessage(error)}`, error);
  }
}

async function moveIntoPlace(draft: string, cluster: string): Promise<void> {
  try {
    await rename(draft, cluster);
  } catch (error) {
    // Another start was faster; its cluster has the same password.
    if ((await readIfThere(join(cluster, 'PG_VERSION'))) !== undefined) return;
    throw embeddedError(
      `${cluster} is in the way: it is no PostgreSQL database (it has no PG_VERSION). Move it away, or choose ` +
        `another folder. (${errorMessage(error)})`,
      error,
    );
  }
}

/**
 * The port of a server that really runs on this cluster, or undefined. A lock file that names a process which
 * is not our server (the number was given away again after a crash) would keep PostgreSQL from starting for
 * ever, so it is removed.
 */
export async function runningPort(dataDir: string, deadline: number): Promise<number | undefined> {
  const cluster = clusterFolder(dataDir);
  const pidFile = join(cluster, 'postmaster.pid');
  for (;;) {
    const lines = (await readIfThere(pidFile))?.split('\n') ?? [];
    const pid = Number(lines[0]);
    if (!Number.isInteger(pid) || pid <= 0 || !processExists(pid)) return undefined;
    if (!(await isServerOf(pid, cluster))) {
      await rm(pidFile, { force: true });
      return undefined;
    }
    const port = Number(lines[3]);
    const password = await readPassword(dataDir);
    const problem = await tryConnection(port, password ?? '', cluster);
    if (problem === undefined) return port;
    if (Date.now() > deadline) {
      throw embeddedError(
        `A PostgreSQL server (process ${pid}) runs on ${cluster} but does not let us in: ${problem}. End it with ` +
          `kill -INT ${pid} and start again.`,
      );
    }
    // It may be starting, or stopping.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** A server works in its cluster's folder and is started with it on its command line. */
async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  const folder = await realpath(cluster);
  if ((await readlink(`/proc/${pid}/cwd`).catch(() => undefined)) === folder) return true;
  const command =
    (await readIfThere(`/proc/${pid}/cmdline`)) ??
    (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).then(
      ({ stdout }) => stdout,
      // Nobody can tell; PostgreSQL's own checks decide then.
      () => `postgres ${cluster}`,
    ));
  return command.includes('postgres') && (command.includes(cluster) || command.includes(folder));
}

/** Connects once; says what is wrong, or undefined when the server of this very cluster answered. */
export async function tryConnection(
  port: number,
  password: string,
  cluster: string,
): Promise<string | undefined> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string }>(
      `select current_setting('data_directory') as folder`,
    );
    const folder = rows[0]?.folder ?? '';
    const same = (await realpath(folder)) === (await realpath(cluster));
    return same ? undefined : `port ${port} belongs to the server of ${folder}`;
  } catch (error) {
    return errorMessage(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Opens the log for appending, never through a link, and keeps it from growing for ever. */
export async function openLog(dataDir: string) {
  const path = logPath(dataDir);
  if (((await statIfThere(path))?.size ?? 0) > 10_000_000) await rename(path, `${path}.old`);
  const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;
  return open(path, flags, 0o600);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
