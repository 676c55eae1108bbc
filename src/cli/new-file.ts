import { existsSync } from 'node:fs';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';
import { harmless } from '../terminal/harmless.ts';
import { shellWord } from './here.ts';

/** A configuration is for its owner alone: sooner or later somebody writes a password into it. */
const FILE_MODE = 0o600;

/** Writes a file that must not be there yet; a link is not followed. Nothing is left behind where it fails. */
export async function writeNewFile(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE).catch(async (error: unknown) => {
    throw new MailcaseError('usage', await whyNot(path, error), { cause: error });
  });
  try {
    await writeAndClose(file, content);
  } catch (error) {
    await rm(path, { force: true });
    throw new MailcaseError('usage', `${harmless(path)} cannot be written: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

async function writeAndClose(file: FileHandle, content: string): Promise<void> {
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

/** Where, what, and the cure. */
async function whyNot(path: string, error: unknown): Promise<string> {
  const [shown, folder] = [harmless(path), shellWord(dirname(path))];
  switch (errorCode(error)) {
    case 'EEXIST':
    case 'EISDIR':
      return occupied(path);
    case 'ENOENT':
      // Some file systems say so of a folder that is there and takes no files.
      if (existsSync(dirname(path))) break;
      return `${shown}: its folder does not exist: make it (\`mkdir -p ${folder}\`), or give another place with --output FILE`;
    case 'ENOTDIR':
      return `${shown}: what stands before its name is no folder: give another place with --output FILE`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `${shown}: this user must not write into its folder (${shellWord(dirname(resolve(path)))}): run it as a user who may, or give another place with --output FILE`;
  }
  return `${shown} cannot be made: ${errorMessage(error)}; give another place with --output FILE`;
}

async function occupied(path: string): Promise<string> {
  const shown = harmless(path);
  const there = await lstat(path).catch(() => undefined);
  if (there?.isDirectory()) {
    return `${shown} is a folder: name a file in it, e.g. --output ${shellWord(`${path.replace(/\/+$/, '')}/mailcase.yaml`)}`;
  }
  const what = there?.isSymbolicLink() ? 'is there already, as a symbolic link,' : 'is there already';
  return `${shown} ${what} and is not written over: go on with it, give another place with --output FILE, or move it away first`;
}
