import type { Command } from 'commander';
import { example, optionsOf, type SetCode } from './declare.ts';

/** What those need who answer customers: a customer's history, a case. */
export function declareDesk(cli: Command, setCode: SetCode): void {
  cli
    .command('history')
    .description("show a customer's whole history, in and out, across cases")
    .argument('[address]', 'any address of the customer')
    .option('--external-id <id>', "the customer's external id, instead of an address")
    .option('--since <date>', 'received on this day (UTC) or later, or a moment: 2026-01-31T08:00+01:00')
    .option('--until <date>', 'received on this day (UTC) or earlier, or before a moment')
    .option('--limit <number>', 'the largest number of interactions, the latest ones (default: 20)')
    .option('--text', 'the texts of the mails too')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example(
        'mailcase history joe@example.com',
        'mailcase history --external-id C-20077 --since 2026-01-01 --limit 100',
      ),
    )
    .action(async (address: string | undefined, _: unknown, command: Command) => {
      const { historyCommand } = await import('../history.ts');
      setCode(await historyCommand(address, optionsOf(command)));
    });
}
