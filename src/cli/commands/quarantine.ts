import type { Command } from 'commander';
import { aboutWith, actCommand, example, optionsOf, type SetCode } from './declare.ts';

/** `mailcase quarantine …`: what could not be recorded. */
export function declareQuarantine(cli: Command, setCode: SetCode): void {
  const quarantine = cli
    .command('quarantine')
    .description('look into mail that could not be recorded, try it again, or drop it')
    .addHelpText('after', example('mailcase quarantine list', 'mailcase quarantine retry --all'));
  declareList(quarantine, setCode);
  declareShow(quarantine, setCode);
  declareRetry(quarantine, setCode);
  declareDrop(quarantine, setCode);
}

function declareList(quarantine: Command, setCode: SetCode): void {
  quarantine
    .command('list')
    .description('list what waits, the oldest first')
    .option('-m, --mailbox <name>', 'of this mailbox alone')
    .option('--all', 'also what was dealt with')
    .option('--limit <number>', 'the largest number of entries (default: 20)')
    .option('--json', 'answer as JSON')
    .addHelpText(
      'after',
      example('mailcase quarantine list', 'mailcase quarantine list --mailbox support --all'),
    )
    .action(async (_: unknown, command: Command) => {
      const { quarantineListCommand } = await import('../quarantine-list.ts');
      setCode(await quarantineListCommand(optionsOf(command)));
    });
}

function declareShow(quarantine: Command, setCode: SetCode): void {
  quarantine
    .command('show')
    .description('say everything that is known of one, and what to do about it')
    .argument('<id>', 'its number')
    .option('--raw', 'the bytes of the mail instead, secrets overwritten')
    .option(
      '-o, --output <file>',
      'with --raw: a new file, or - for standard output (the default, where that is no terminal)',
    )
    .option('--json', 'answer as JSON')
    .addHelpText(
      'after',
      example('mailcase quarantine show 3', 'mailcase quarantine show 3 --raw --output 3.eml'),
    )
    .action(async (id: string, _: unknown, command: Command) => {
      const { quarantineShowCommand } = await import('../quarantine-show.ts');
      setCode(await quarantineShowCommand(id, optionsOf(command)));
    });
}

function declareRetry(quarantine: Command, setCode: SetCode): void {
  actCommand(quarantine, 'retry')
    .description('record what can be recorded now, as if it had just come')
    .argument('[ids...]', 'numbers of entries')
    .option('--all', 'all that wait, the oldest first')
    .option('-m, --mailbox <name>', 'with --all: of this mailbox alone')
    .addHelpText(
      'after',
      aboutWith(
        `
The bytes that were kept are read with the program and the configuration of today, by the verdict of trust that the mail had
when it came. The next poll then marks the mail like any other. Bytes that were never fetched are asked of the mailbox
again. What fails again stays, the others go on, and the exit code is 1; an outage ends the command, and it goes on when it
is typed again.`,
        'mailcase quarantine retry 3 7',
        'mailcase quarantine retry --all --mailbox support --dry-run',
      ),
    )
    .action(async (ids: string[], _: unknown, command: Command) => {
      const { quarantineRetryCommand } = await import('../quarantine-retry.ts');
      setCode(await quarantineRetryCommand(ids, optionsOf(command)));
    });
}

function declareDrop(quarantine: Command, setCode: SetCode): void {
  actCommand(quarantine, 'drop')
    .usage('[options] ID…')
    .description('take junk out of it: all of those that are named, or none')
    .argument('[ids...]', 'numbers of entries')
    .addHelpText(
      'after',
      aboutWith(
        `
The bytes that were kept are deleted, and the mail is never recorded, under no other UID either: a copy of it that comes
later is skipped. In the mailbox it stays as it is.`,
        'mailcase quarantine drop 3 --by "Ann Agent"',
      ),
    )
    .action(async (ids: string[], _: unknown, command: Command) => {
      const { quarantineDropCommand } = await import('../quarantine-drop.ts');
      setCode(await quarantineDropCommand(ids, optionsOf(command)));
    });
}
