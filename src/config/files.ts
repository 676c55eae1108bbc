import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { errorCode } from '../errors.ts';
import type { Sources } from './interpolate.ts';
import type { Complaint } from './problems.ts';

/** 1 MB: ten thousand mailboxes. What is larger is some other file, and must not fill the memory. */
const MAX_CONFIG_BYTES = 1024 * 1024;

/** 64 KB: no password or key is larger. */
const MAX_VALUE_BYTES = 64 * 1024;

/** What became of a file that the configuration names. */
export type ReadNamed = (
  name: string,
  options: { readonly limit: number; readonly cureIfMissing: string },
) => Promise<Buffer | Complaint>;

/** Reads the configuration file, or says why it cannot be read. */
export function readConfigFile(file: string): Promise<string | Complaint> {
  return readTextFile(file, MAX_CONFIG_BYTES, 'name the right one with --config');
}

/** The environment, and files for `${file:NAME}`. */
export function sourcesFrom(env: NodeJS.ProcessEnv, folder: string): Sources {
  const readNamed = namedFilesFrom(env, folder);
  return {
    // hasOwn: `${constructor}` is no variable.
    variable: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    file: async (name) => {
      const cureIfMissing = 'create it, or correct the name in `${file:…}`';
      const bytes = await readNamed(name, { limit: MAX_VALUE_BYTES, cureIfMissing });
      const content = Buffer.isBuffer(bytes) ? decoded(bytes, resolve(folder, name)) : bytes;
      // One newline: what `echo` and editors add. A file written on Windows ends with two characters for it.
      return typeof content === 'string' ? content.replace(/\r?\n$/, '') : content;
    },
  };
}

/**
 * Files that the configuration names: systemd's credentials first (systemd.exec(5), LoadCredential=), then the folder of
 * the configuration.
 */
export function namedFilesFrom(env: NodeJS.ProcessEnv, folder: string): ReadNamed {
  const credentials = env.CREDENTIALS_DIRECTORY;
  return async (name, { limit, cureIfMissing }) => {
    const inFolder = resolve(folder, name);
    const isCredential = credentials !== undefined && credentials !== '' && !isAbsolute(name);
    const places = [...(isCredential ? [join(credentials, name)] : []), inFolder];
    const content = await readFirst(places, limit, cureIfMissing);
    return Buffer.isBuffer(content) || !isCredential ? content : withCredentialCure(content, name, inFolder);
  };
}

/** A service that has credentials is one of systemd's: what is not among them, its user cannot read as a rule. */
function withCredentialCure(complaint: Complaint, name: string, file: string): Complaint {
  const line = `LoadCredential=${name}:${file}`;
  return { ...complaint, cure: `${complaint.cure}; or add \`${line}\` to the unit and restart it` };
}

/** The first of the places that exists. One that exists and cannot be read is a problem: no other stands in for it. */
async function readFirst(
  [place = '', ...others]: readonly string[],
  limit: number,
  cureIfMissing: string,
): Promise<Buffer | Complaint> {
  const result = await readBytes(place, limit, cureIfMissing);
  const isElsewhere = !Buffer.isBuffer(result) && result.isMissing === true && others.length > 0;
  return isElsewhere ? readFirst(others, limit, cureIfMissing) : result;
}

interface ReadComplaint extends Complaint {
  readonly isMissing?: true;
}

async function readTextFile(
  file: string,
  limit: number,
  cureIfMissing: string,
): Promise<string | ReadComplaint> {
  const bytes = await readBytes(file, limit, cureIfMissing);
  return Buffer.isBuffer(bytes) ? decoded(bytes, file) : bytes;
}

function decoded(bytes: Buffer, file: string): string | Complaint {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { message: `the file ${file} is not UTF-8`, cure: 'save it as UTF-8' };
  }
}

async function readBytes(
  file: string,
  limit: number,
  cureIfMissing: string,
): Promise<Buffer | ReadComplaint> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const bytes = await readUpTo(handle, limit + 1);
    if (bytes.length > limit) {
      return {
        message: `the file ${file} is larger than ${limit / 1024} KB`,
        cure: 'check that it is the right one',
      };
    }
    return bytes;
  } catch (error) {
    return explainFailure(error, file, cureIfMissing);
  } finally {
    await handle?.close();
  }
}

/** Reads to the end or to the limit: the size that stat gives is 0 for a pipe, as in `--config <(…)`. */
async function readUpTo(handle: FileHandle, limit: number): Promise<Buffer> {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await handle.read(buffer, length, limit - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function explainFailure(error: unknown, file: string, cureIfMissing: string): ReadComplaint {
  const code = errorCode(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { message: `the file ${file} does not exist`, cure: cureIfMissing, isMissing: true };
    case 'EISDIR':
      return { message: `${file} is a folder, not a file`, cure: 'add the name of the file to it' };
    case 'EACCES':
    case 'EPERM':
      return {
        message: `the file ${file} must not be read by this user`,
        cure: 'give the user who runs mailcase the right to read it, and to enter the folders above it',
      };
    default:
      return {
        message: `the file ${file} cannot be read (${code ?? 'unknown error'})`,
        cure: 'check the file',
      };
  }
}
