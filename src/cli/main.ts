#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { errorMessage } from '../errors.ts';
import { version } from '../version.ts';
import { EXIT, exitCodeFor, printError } from './context.ts';

/** How long what is left open may keep the process after its work is done, in milliseconds. */
const LINGER_MS = 1_000;

type Options = Record<string, string | boolean | undefined>;

/** Commands are loaded when they are called, so that --version and --help answer at once. */
function program(setCode: (code: number) => void): Command {
  const cli = new Command('mailcase')
    .description('Turns the support mailbox you already have into customer history in Postgres.')
    .version(version(), '-V, --version')
    .option(
      '-c, --config <file>',
      'the configuration (default: ./mailcase.yaml, /etc/mailcase/mailcase.yaml)',
    )
    .exitOverride()
    .showHelpAfterError('(mailcase --help says more)');
  const options = (command: Command) => command.optsWithGlobals<Options>();

  cli
    .command('run')
    .description('poll the mailboxes by their schedule until stopped')
    .option('--once', 'poll every mailbox once and end')
    .addHelpText('after', '\nExample:\n  mailcase --config mailcase.yaml run --once')
    .action(async (_: unknown, command: Command) => {
      const { runCommand } = await import('./run.ts');
      setCode(await runCommand(options(command)));
    });

  const migrate = cli.command('migrate').description("prepare the database's tables, or see how they stand");
  for (const [action, description] of [
    ['up', 'apply all pending migrations'],
    ['down', 'take the last migration back'],
    ['status', 'list what is applied and what is pending'],
  ] as const) {
    const command = migrate.command(action).description(description);
    if (action === 'down') command.option('--drop-data', 'even where customer history goes with it');
    command
      .addHelpText('after', `\nExample:\n  mailcase migrate ${action} --config mailcase.yaml`)
      .action(async (_: unknown, self: Command) => {
        const { migrateCommand } = await import('./migrate.ts');
        setCode(await migrateCommand(action, options(self)));
      });
  }

  cli
    .command('demo')
    .description('turn a small mailbox into customer history here and now, on parts that come along')
    .option('--keep', "go on polling, and print the database's URL")
    .addHelpText('after', '\nExample:\n  mailcase demo')
    .action(async (_: unknown, command: Command) => {
      const { demoCommand } = await import('./demo.ts');
      setCode(await demoCommand(options(command)));
    });
  return cli;
}

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
    printError(`mailcase: ${errorMessage(error)}`);
    code = exitCodeFor(error);
  }
}
process.exitCode = code;
// A connection that was given up may keep its socket for a minute more; nobody waits for it.
setTimeout(() => process.exit(), LINGER_MS).unref();
