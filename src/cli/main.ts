#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { errorMessage } from '../errors.ts';
import { version } from '../version.ts';
import { EXIT, exitCodeFor, printError } from './context.ts';

/** How long what is left open may keep the process after its work is done, in milliseconds. */
const LINGER_MS = 1_000;

/** Commands are loaded when they are called, so that --version and --help answer at once. */
function program(setCode: (code: number) => void): Command {
  const cli = new Command('mailcase')
    .description('Turns the support mailbox you already have into customer history in Postgres.')
    .version(version(), '-V, --version')
    .option(
      '-c, --config <file>',
      'the configuration (default: MAILCASE_CONFIG, ./mailcase.yaml, /etc/mailcase/mailcase.yaml)',
    )
    .exitOverride()
    .showHelpAfterError('(mailcase --help says more)');
  const options = <T extends object>(command: Command) => command.optsWithGlobals<T>();

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
    .command('import')
    .description('record old mail, the oldest first; the mailbox stays as it is')
    .option('-m, --mailbox <name>', 'the mailbox, where the configuration has several')
    .option('--folder <path...>', 'folders (default: all of the mailbox that are configured)')
    .option(
      '--since <date>',
      'received on this day (UTC) or later: 2026-01-31, or a moment: 2026-01-31T08:00+01:00',
    )
    .option('--until <date>', 'received on this day (UTC) or earlier, or before a moment')
    .option('--limit <number>', 'the largest number of messages, the oldest ones')
    .option(
      '--status <status>',
      'what the cases that it begins are: new, open, pending, resolved or closed',
      'closed',
    )
    .addHelpText(
      'after',
      `
What polls take as new mail is left to them, and what was recorded before is left out: when it was ended, the same
command goes on. It reopens no case, and gives way to new mail.

Example:
  mailcase import --mailbox support --since 2025-01-01 --until 2025-12-31`,
    )
    .action(async (_: unknown, command: Command) => {
      const { importCommand } = await import('./import.ts');
      setCode(await importCommand(options(command)));
    });

  cli
    .command('attachment')
    .description("write an attachment's bytes, taken out of the raw mail")
    .argument('<id>', 'its id in the table attachments')
    .option(
      '-o, --output <file>',
      'a new file, or - for standard output (the default, where that is no terminal)',
    )
    .addHelpText('after', '\nExample:\n  mailcase attachment 17 --output invoice.pdf')
    .action(async (id: string, _: unknown, command: Command) => {
      const { attachmentCommand } = await import('./attachment.ts');
      setCode(await attachmentCommand(id, options(command)));
    });

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
