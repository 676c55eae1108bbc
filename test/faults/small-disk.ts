import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../../src/errors.ts';

/** A disk of a test's own, in memory. */
export interface SmallDisk {
  readonly folder: string;
  /** Leaves not a byte free. */
  fill(): Promise<void>;
  /** Takes away what filled it. */
  free(): Promise<void>;
  remove(): Promise<void>;
}

/** Tried once: it needs root, and a sandbox that allows it. */
export const CAN_MOUNT = canMount();

function canMount(): boolean {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') return false;
  const folder = mkdtempSync(join(tmpdir(), 'mailcase-mount-'));
  const isMounted = spawnSync('mount', mountArguments(folder, 1)).status === 0;
  if (isMounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
  return isMounted;
}

function mountArguments(folder: string, megabytes: number): string[] {
  return ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder];
}

export async function mountSmallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = mkdtempSync(join(tmpdir(), 'mailcase-small-disk-'));
  await promisify(execFile)('mount', mountArguments(folder, megabytes));
  await chmod(folder, 0o755);
  // Lazily: whatever a server still holds open on it goes with the server.
  const onExit = () => spawnSync('umount', ['-l', folder]);
  process.on('exit', onExit);
  const filling = join(folder, 'filling');
  return {
    folder,
    fill: () => fill(filling),
    free: () => rm(filling, { force: true }),
    remove: async () => {
      await promisify(execFile)('umount', ['-l', folder]);
      process.off('exit', onExit);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'a');
  try {
    // Large pieces first, then what they have left.
    for (const size of [1024 * 1024, 4096, 1]) {
      const piece = Buffer.alloc(size);
      while (await hasRoom(() => file.write(piece))) {}
    }
  } finally {
    await file.close();
  }
}

async function hasRoom(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOSPC') return false;
    throw error;
  }
}
