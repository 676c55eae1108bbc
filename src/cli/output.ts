import { open, rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';

/** What comes from strangers is for the operator alone. */
const FILE_MODE = 0o600;

/** Where bytes of a mail are written to. */
export interface Output {
  /** As it is told to the operator. */
  readonly name: string;
  readonly sink: Writable;
  /** Takes back what was written, where that can be done. */
  discard(): Promise<void>;
}

/**
 * Reads where bytes go to: a new file, or standard output where that is no terminal.
 *
 * @param what they are of, e.g. `an attachment`
 * @throws MailcaseError `usage` where they would go to a terminal
 */
export function outputFor(file: string | undefined, what: string): () => Promise<Output> {
  if (file !== undefined && file !== '-') return () => newFile(file);
  if (file === undefined && process.stdout.isTTY) {
    throw new MailcaseError(
      'usage',
      `the bytes of ${what} are not for a terminal: give --output FILE, or send them into a pipe`,
    );
  }
  return async () => standardOutput();
}

/** Writes whole chunks and waits for each, so that a slow reader holds back the database too. */
function standardOutput(): Output {
  // The write that failed says so as well; without a listener, the process would end here.
  process.stdout.on('error', () => {});
  const sink = new Writable({ write: (chunk, _encoding, done) => void process.stdout.write(chunk, done) });
  return { name: 'standard output', sink, discard: async () => {} };
}

/** Never a name from the mail, and never over something that is there. */
async function newFile(path: string): Promise<Output> {
  const file = await open(path, 'wx', FILE_MODE).catch((error: unknown) => {
    throw new MailcaseError(
      'usage',
      errorCode(error) === 'EEXIST'
        ? `${path} is there already and is not written over: give another --output, or remove it first`
        : `cannot make the file of --output: ${errorMessage(error)}`,
      { cause: error },
    );
  });
  const discard = async () => {
    await file.close().catch(() => {});
    await rm(path, { force: true });
  };
  return { name: path, sink: file.createWriteStream(), discard };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Writes bytes to an output. When that fails, or somebody stops it, no half of them is left behind.
 *
 * @param what they are of, e.g. `the attachment`
 * @param write writes all, and ends the output
 * @returns the output that was written
 */
export async function writeOutput(
  makeOutput: () => Promise<Output>,
  what: string,
  write: (sink: Writable, signal: AbortSignal) => Promise<void>,
): Promise<Output> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  // Before there is a file that would be left behind.
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const output = await makeOutput();
    try {
      await write(output.sink, stop.signal);
      return output;
    } catch (error) {
      await output.discard();
      if (stop.signal.aborted) throw new MailcaseError('stopped', `stopped before the end of ${what}`);
      if (errorCode(error) !== 'EPIPE') throw error;
      throw new MailcaseError('stopped', `${output.name} was closed before the end of ${what}`);
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** `1 byte`, `1,200 bytes` */
export function bytesWords(size: number): string {
  return size === 1 ? '1 byte' : `${size.toLocaleString('en-US')} bytes`;
}
