import type { Command } from 'commander';
import { example, optionsOf, type SetCode } from './declare.ts';

/** What installs the daemon, looks after it and runs it. */
export function declareService(cli: Command, setCode: SetCode): void {
  cli
    .command('run')
    .description('poll the mailboxes by their schedule until stopped')
    .option('--once', 'poll every mailbox once and end')
    .addHelpText(
      'after',
      `
SIGTERM and SIGINT end it after the batch in hand. SIGHUP loads the configuration anew; if that is wrong, the one in
force stays. On a terminal, which sends SIGHUP when it is closed, it ends it too.
${example('mailcase --config mailcase.yaml run --once')}`,
    )
    .action(async (_: unknown, command: Command) => {
      const { runCommand } = await import('../run.ts');
      setCode(await runCommand(optionsOf(command)));
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
      .addHelpText('after', example(`mailcase migrate ${action} --config mailcase.yaml`))
      .action(async (_: unknown, self: Command) => {
        const { migrateCommand } = await import('../migrate.ts');
        setCode(await migrateCommand(action, optionsOf(self)));
      });
  }

  cli
    .command('demo')
    .description('turn a small mailbox into customer history here and now, on parts that come along')
    .option('--keep', "go on polling, and print the database's URL")
    .addHelpText('after', example('mailcase demo'))
    .action(async (_: unknown, command: Command) => {
      const { demoCommand } = await import('../demo.ts');
      setCode(await demoCommand(optionsOf(command)));
    });
}
