// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the notation that operators write.
import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { errorCode } from '../errors.ts';
import type { Sources } from './interpolate.ts';
import type { Complaint } from './problems.ts';

/** 1 MB: ten thousand mailboxes. What is larger is some other file, and must not fill the memory. */
const MAX_CONFIG_BYTES = 1024 * 1024;

/** 64 KB: no password or key is larger. */
const MAX_VALUE_BYTES = 64 * 1024;

/** Reads the configuration file, or says why it cannot be read. */
export function readConfigFile(file: string): Promise<string | Complaint> {
  return readTextFile(file, MAX_CONFIG_BYTES, 'name the right one with --config');
}

/**
 * The environment, and files for `${file:NAME}`: systemd's credentials first (systemd.exec(5), LoadCredential=), then
 * the folder of the configuration.
 */
export function sourcesFrom(env: NodeJS.ProcessEnv, folder: string): Sources {
  return {
    // hasOwn: `${constructor}` is no variable.
    variable: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    file: async (name) => {
      const credentials = env.CREDENTIALS_DIRECTORY;
      const inFolder = resolve(folder, name);
      const isCredential = credentials !== undefined && credentials !== '' && !isAbsolute(name);
      const content = await readFirst([...(isCredential ? [join(credentials, name)] : []), inFolder]);
      if (typeof content !== 'string' && isCredential) return withCredentialCure(content, name, inFolder);
      // One newline: what `echo` and editors add. A file written on Windows ends with two characters for it.
      return typeof content === 'string' ? content.replace(/\r?\n$/, '') : content;
    },
  };
}

/** A service that has credentials is one of systemd's: what is not among them, its user cannot read as a rule. */
function withCredentialCure(complaint: Complaint, name: string, file: string): Complaint {
  const line = `LoadCredential=${name}:${file}`;
  return { ...complaint, cure: `${complaint.cure}; or add \`${line}\` to the unit and restart it` };
}

/** The first of the places that exists. One that exists and cannot be read is a problem: no other stands in for it. */
async function readFirst([place = '', ...others]: readonly string[]): Promise<string | Complaint> {
  const result = await readTextFile(place, MAX_VALUE_BYTES, 'create it, or correct the name in `${file:…}`');
  return typeof result === 'object' && result.isMissing && others.length > 0 ? readFirst(others) : result;
}

interface ReadComplaint extends Complaint {
  readonly isMissing?: true;
}

async function readTextFile(
  file: string,
  limit: number,
  cureIfMissing: string,
): Promise<string | ReadComplaint> {
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
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
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
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return { message: `the file ${file} is not UTF-8`, cure: 'save it as UTF-8' };
    default:
      return {
        message: `the file ${file} cannot be read (${code ?? 'unknown error'})`,
        cure: 'check the file',
      };
  }
}
