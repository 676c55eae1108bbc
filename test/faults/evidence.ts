import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEED } from '../support/seed.ts';

export interface Evidence {
  /** Adds to the log of the test: what was done to the daemon, and what the daemon said itself. */
  note(text: string): void;
}

/**
 * Runs a test of faults with a log file. It goes with a test that passes (unless KEEP_TEST_FOLDERS is set); of one that fails it stays, and the error's
 * message begins with the seed and where the log is. (The database is kept by useDatabase.)
 */
export async function withEvidence<T>(label: string, test: (evidence: Evidence) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `mailcase-faults-${label}-`));
  const file = join(folder, 'log.txt');
  // Written at once and in order: what leads to a failure may be the last thing that happens.
  const note = (text: string) => appendFileSync(file, `${text.trimEnd()}\n`);
  note(`seed ${SEED}`);
  try {
    const result = await test({ note });
    if (!process.env.KEEP_TEST_FOLDERS) await rm(folder, { recursive: true, force: true });
    return result;
  } catch (error) {
    const where = `FUZZ_SEED=${SEED}; what happened, and the daemon's log: ${file}`;
    if (!(error instanceof Error)) throw new Error(`${where}\n${String(error)}`);
    error.message = `${where}\n${error.message}`;
    throw error;
  }
}
