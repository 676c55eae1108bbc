#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { errorText } from '../db/refusal.ts';
import { errorCode } from '../errors.ts';
import { version } from '../version.ts';
import type { SetCode } from './commands/declare.ts';
import { declareDesk } from './commands/desk.ts';
import { declareMail } from './commands/mail.ts';
import { declareService } from './commands/service.ts';
import { EXIT, exitCodeFor, printError } from './context.ts';

/** How long what is left open may keep the process after its work is done, in milliseconds. */
const LINGER_MS = 1_000;

/** Commands are loaded when they are called, so that --version and --help answer at once. */
function program(setCode: SetCode): Command {
  const cli = new Command('mailcase')
    .description('Turns the support mailbox you already have into customer history in Postgres.')
    .version(version(), '-V, --version')
    .option(
      '-c, --config <file>',
      'the configuration (default: MAILCASE_CONFIG, ./mailcase.yaml, /etc/mailcase/mailcase.yaml)',
    )
    .exitOverride()
    .showHelpAfterError('(mailcase --help says more)');
  declareService(cli, setCode);
  declareMail(cli, setCode);
  declareDesk(cli, setCode);
  return cli;
}

// Whoever reads our output may have seen enough (`| head`). What has to know of it listens too.
process.stdout.on('error', (error) => {
  if (errorCode(error) !== 'EPIPE') throw error;
});

let code: number = EXIT.done;
try {
  await program((given) => {
    code = given;
  }).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed it; help and version are no errors.
    code = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    printError(`mailcase: ${errorText(error)}`);
    code = exitCodeFor(error);
  }
}
process.exitCode = code;
// A pager takes its time: all of the output has to have gone before the rest is counted out.
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
// A connection that was given up may keep its socket for a minute more; nobody waits for it.
setTimeout(() => process.exit(), LINGER_MS).unref();
