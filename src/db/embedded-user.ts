import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { errorCode, MailcaseError } from '../errors.ts';

/** The account PostgreSQL runs under when the daemon itself is root, which PostgreSQL refuses. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Accounts that exist already, best first: trying the daemon out must not add users to the system. */
const CANDIDATES = ['postgres', '_postgres', 'nobody'];

/** An error of the embedded database. */
export function embeddedError(message: string, cause?: unknown): MailcaseError {
  return new MailcaseError('database_embedded', message, cause === undefined ? {} : { cause });
}

/** Another user than ours, or undefined when PostgreSQL can run as the user we are. */
export async function chooseServerUser(clusterDir: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await readAccounts();
  // PostgreSQL starts a cluster only for the owner of its folder, whoever would be our first choice.
  const owner = await stat(clusterDir).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) {
    const name = accounts.find(({ uid }) => uid === owner.uid)?.name ?? `uid ${owner.uid}`;
    return { name, uid: owner.uid, gid: owner.gid };
  }
  for (const name of CANDIDATES) {
    const account = accounts.find((candidate) => candidate.name === name && candidate.uid !== 0);
    if (account !== undefined) return account;
  }
  throw embeddedError(
    'PostgreSQL refuses to run as root, and /etc/passwd has neither a user "postgres" nor "nobody" to run it ' +
      'as. Run mailcase as an ordinary user, add a user postgres, or set database.url to a server of your own.',
  );
}

async function readAccounts(): Promise<ServerUser[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    if (name === undefined || !/^-?\d+$/.test(uid ?? '') || !/^-?\d+$/.test(gid ?? '')) return [];
    // macOS writes nobody as -2; chown wants the unsigned number.
    return [{ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }];
  });
}

/** What every PostgreSQL process is started with. The working folder is one that every user can enter. */
export function spawnSettings(user: ServerUser | undefined) {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: process.env.TZ };
  const common = { cwd: '/', env };
  return user === undefined ? common : { ...common, uid: user.uid | 0, gid: user.gid | 0 };
}

/**
 * Whether the server's user has this kind of access. Asked of the kernel as that user rather than worked out
 * from mode bits, which know nothing of access lists or of mounts.
 */
export function canAccess(user: ServerUser | undefined, path: string, kind: 'r' | 'w' | 'x'): boolean {
  if (user !== undefined) {
    return spawnSync('/bin/sh', ['-c', `test -${kind} "$1"`, 'sh', path], spawnSettings(user)).status === 0;
  }
  try {
    accessSync(path, { r: constants.R_OK, w: constants.W_OK, x: constants.X_OK }[kind]);
    return true;
  } catch {
    return false;
  }
}

/** The topmost folder on the way to `path` that the user cannot enter; what does not exist yet is no obstacle. */
export async function closedFolder(user: ServerUser | undefined, path: string): Promise<string | undefined> {
  const folders: string[] = [];
  for (let folder = path; ; folder = dirname(folder)) {
    const missing = await stat(folder).then(
      () => false,
      (error: unknown) => errorCode(error) === 'ENOENT',
    );
    if (!missing) folders.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  const deepest = folders.at(-1);
  if (deepest === undefined || canAccess(user, deepest, 'x')) return undefined;
  return folders.find((folder) => !canAccess(user, folder, 'x')) ?? deepest;
}

/** A new folder under the system's temporary folder that the server's user can enter. */
export async function makeTempFolder(user: ServerUser | undefined, prefix: string): Promise<string> {
  const closed = await closedFolder(user, tmpdir());
  if (closed !== undefined) {
    throw embeddedError(
      `The user PostgreSQL runs as (${user?.name ?? 'you'}) cannot enter ${closed}, which is on the way to the ` +
        `temporary folder ${tmpdir()}. Point TMPDIR at a folder everyone can enter (such as /tmp), or set database.url.`,
    );
  }
  const folder = await mkdtemp(join(tmpdir(), prefix));
  try {
    await chmod(folder, 0o755);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return folder;
}
