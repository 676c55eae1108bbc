#!/usr/bin/env node
import { CommanderError } from 'commander';
import { errorText } from '../db/refusal.ts';
import { cureOf, errorCode, errorMessage } from '../errors.ts';
import { program } from './commands/program.ts';
import { EXIT, exitCodeFor, printError } from './context.ts';
import { endureDumpSignal } from './signals.ts';

/** How long what is left open may keep the process after its work is done, in milliseconds. */
const LINGER_MS = 1_000;

endureDumpSignal();

let code: number = EXIT.done;
let isOutputLost = false;

// Whoever reads our output may have seen enough (`| head`). What has to know of it listens too. A disk that is full ends
// no daemon, which has mail to record.
process.stdout.on('error', (error) => {
  if (errorCode(error) === 'EPIPE' || isOutputLost) return;
  isOutputLost = true;
  printError(`mailcase: the output cannot be written: ${errorMessage(error)}`);
});

try {
  await program((given) => {
    code = given;
  }).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed it; help and version are no errors.
    code = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    const cure = cureOf(error);
    printError(`mailcase: ${errorText(error)}${cure === undefined ? '' : `\n→ ${cure}`}`);
    code = exitCodeFor(error);
  }
}
process.exitCode = code;
// A pager takes its time: all of the output has to have gone before the rest is counted out.
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
if (isOutputLost && code === EXIT.done) process.exitCode = EXIT.failed;
// A connection that was given up may keep its socket for a minute more; nobody waits for it.
setTimeout(() => process.exit(), LINGER_MS).unref();
