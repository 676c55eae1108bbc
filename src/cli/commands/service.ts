import type { Command } from 'commander';
import { aboutWith, example, optionsOf, type SetCode } from './declare.ts';

/** What installs the daemon, looks after it and runs it. */
export function declareService(cli: Command, setCode: SetCode): void {
  cli
    .command('init')
    .description('write a short configuration to begin with, and say the next steps')
    .option('-p, --provider <name>', 'whose mailbox it is: gmail, exchange or imap')
    .option(
      '-l, --login <way>',
      'how is logged in; gmail: app-password, person or service-account; exchange: app, person or password',
    )
    .option('-o, --output <file>', 'a new file (default: ./mailcase.yaml), or - for standard output')
    .option('--json', 'answer as JSON')
    .addHelpText(
      'after',
      aboutWith(
        `
It never writes over a file. What is yours to set stands in it as <…>, and nothing runs before it is set.`,
        'mailcase init --provider gmail',
        'mailcase init --provider exchange --login person',
        'mailcase init --provider imap --output /etc/mailcase/mailcase.yaml',
      ),
    )
    .action(async (_: unknown, command: Command) => {
      const { initCommand } = await import('../init.ts');
      setCode(await initCommand(optionsOf(command)));
    });

  cli
    .command('check')
    .description('say whether the daemon would do what you want, each finding with its cure; changes nothing')
    .option('-m, --mailbox <name>', 'this mailbox alone (default: all of them)')
    .option(
      '--sample [number]',
      'read the headers of the last messages, 200 where no number is given: what x-headers would do, and whose mail it is',
    )
    .option('--json', 'answer as JSON')
    .addHelpText(
      'after',
      aboutWith(
        `
Nothing is marked or recorded. The exit code is 1 where something would keep the daemon from working, 2 where the
configuration cannot be understood; warnings alone are 0.`,
        'mailcase check',
        'mailcase check --mailbox support --sample 500',
      ),
    )
    .action(async (_: unknown, command: Command) => {
      const { checkCommand } = await import('../check.ts');
      setCode(await checkCommand(optionsOf(command)));
    });

  cli
    .command('run')
    .description('poll the mailboxes by their schedule until stopped')
    .option('--once', 'poll every mailbox once and end')
    .addHelpText(
      'after',
      aboutWith(
        `
SIGTERM and SIGINT end it after the batch in hand. SIGHUP loads the configuration anew; if that is wrong, the one in
force stays. On a terminal, which sends SIGHUP when it is closed, it ends it too. SIGUSR2 writes into the log what is
being done for each mailbox.`,
        'mailcase --config mailcase.yaml run --once',
      ),
    )
    .action(async (_: unknown, command: Command) => {
      const { runCommand } = await import('../run.ts');
      setCode(await runCommand(optionsOf(command)));
    });

  cli
    .command('login')
    .description(
      'have a person consent that a mailbox is read, where it logs in with OAuth2 (flow: refresh_token)',
    )
    .usage('[options] MAILBOX')
    .argument('[mailbox]', 'its name, where the configuration has several')
    .option(
      '--device',
      'by a code that is typed on any device (the default where the provider has it: Exchange)',
    )
    .option('--loopback', 'in a browser on this machine (the default elsewhere: Gmail)')
    .option('--paste', 'in any browser; the address that it ends at is pasted here')
    .option('--port <number>', 'where the browser comes back to on 127.0.0.1 (default: any that is free)')
    .option('--json', 'answer as JSON')
    .addHelpText(
      'after',
      aboutWith(
        `
What the person consented to is tried at the mail server, then stored encrypted in the database; a daemon that runs takes it
by itself. Nothing is stored where it does not open the mailbox: then the exit code is 1. It opens no browser by
itself. With --loopback the browser may be on another machine, from which \`ssh -L PORT:127.0.0.1:PORT\` leads here; --port
says which it is. With --json, what the person has to do goes to standard error.`,
        'mailcase login support',
        'mailcase login support --loopback --port 8421',
        'mailcase login support --paste',
      ),
    )
    .action(async (mailbox: string | undefined, _: unknown, command: Command) => {
      const { loginCommand } = await import('../login.ts');
      setCode(await loginCommand(mailbox, optionsOf(command)));
    });

  cli
    .command('alert-test')
    .description('send an alarm for a test to the command or webhook of `alert`, and say what came back')
    .option('--json', 'answer as JSON')
    .addHelpText(
      'after',
      aboutWith(
        `
It is sent by whoever types this, and the daemon may have less rights: as a service it runs in a sandbox. The exit code is 1
where it was not taken.`,
        'mailcase alert-test',
      ),
    )
    .action(async (_: unknown, command: Command) => {
      const { alertTestCommand } = await import('../alert-test.ts');
      setCode(await alertTestCommand(optionsOf(command)));
    });

  const migrate = cli
    .command('migrate')
    .description("prepare the database's tables, or see how they stand")
    .addHelpText('after', example('mailcase migrate status', 'mailcase migrate up'));
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
