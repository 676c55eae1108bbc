import type { Command } from 'commander';
import { declareCaseActs, declareCustomerActs } from './acts.ts';
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
    .option('--json', 'answer as JSON')
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

  const supportCase = cli
    .command('case')
    .description('show a case: its fields, its mails, its changes, and where each field came from')
    .argument('[id]', 'its number')
    .option('--external-id <id>', 'its external id, instead of its number')
    .option('--why', 'where each field came from, and why each mail is in this case')
    .option('--limit <number>', 'the largest number of interactions and of changes, the latest (default: 50)')
    .option('--text', 'the texts of the mails too')
    .option('--json', 'answer as JSON')
    .addHelpText('after', example('mailcase case 3 --why', 'mailcase case --external-id ORDER-10423'))
    .action(async (id: string | undefined, _: unknown, command: Command) => {
      const { caseCommand } = await import('../case.ts');
      setCode(await caseCommand(id, optionsOf(command)));
    });
  declareCaseActs(supportCase, setCode);
  declareCustomerActs(cli, setCode);
}
