import type { Command } from 'commander';
import { aboutWith, actCommand, example, optionsOf, type SetCode } from './declare.ts';

/** What people do with cases beside the mail: subcommands of `mailcase case`. */
export function declareCaseActs(caseCommand: Command, setCode: SetCode): void {
  declareCaseSet(caseCommand, setCode);
  declareCaseMerge(caseCommand, setCode);
  declareCaseMove(caseCommand, setCode);
}

/** `mailcase customer …` */
export function declareCustomerActs(cli: Command, setCode: SetCode): void {
  const customer = cli
    .command('customer')
    .description('what is done with customers by hand')
    .addHelpText(
      'after',
      example('mailcase customer merge joe@example.com joe.customer@gmail.example --dry-run'),
    );
  actCommand(customer, 'merge')
    .description('make one customer of two: B goes into A')
    .argument('<a>', 'who stays: a number of customers, or an address')
    .argument('<b>', 'who goes into A, named likewise')
    .addHelpText(
      'after',
      aboutWith(
        `
A keeps its fields, and takes from B what it lacks, with B's addresses, cases and interactions. B stays as a row with its
external id and merged_into = A: mail with that id goes on to A. A's own addresses stay the first. Two names of one
customer are nothing to change.`,
        'mailcase customer merge joe@example.com joe.customer@gmail.example --dry-run',
        'mailcase customer merge 7 12 --by "Ann Agent"',
      ),
    )
    .action(async (a: string, b: string, _: unknown, command: Command) => {
      const { customerMergeCommand } = await import('../customer-merge.ts');
      setCode(await customerMergeCommand(a, b, optionsOf(command)));
    });
}

function declareCaseSet(caseCommand: Command, setCode: SetCode): void {
  actCommand(caseCommand, 'set')
    .usage('[options] ID FIELD=VALUE…')
    .description('set fields of a case')
    .argument('[words...]', "the case's number (or --external-id), then FIELD=VALUE, as many as you like")
    .option('--external-id <id>', 'the case by its external id, instead of its number')
    .addHelpText(
      'after',
      aboutWith(
        `
Fields: status, priority, language, subject, external_id, labels, custom.KEY, and customer (an address, or a number of
customers). labels=a,b replaces them all, labels+=a adds, labels-=a takes away. An empty value empties the field, except
status. Values are read as those of the header fields are. A case never becomes new again. customer= changes whose case it
is, and nothing else: its mail stays in the history of whom it was with (mailcase customer merge joins histories).
An external id whose case was merged away means the case that stands for it.`,
        'mailcase case set 3 status=pending priority=8 labels+=vip',
        'mailcase case set --external-id ORDER-10423 custom.tier=gold language= --dry-run',
      ),
    )
    .action(async (words: string[], _: unknown, command: Command) => {
      const { caseSetCommand } = await import('../case-set.ts');
      setCode(await caseSetCommand(words, optionsOf(command)));
    });
}

function declareCaseMerge(caseCommand: Command, setCode: SetCode): void {
  actCommand(caseCommand, 'merge')
    .description('make one case of two: B goes into A')
    .argument('<a>', 'the number of the case that stays')
    .argument('<b>', 'the number of the case that goes into A')
    .addHelpText(
      'after',
      aboutWith(
        `
A keeps its fields, and takes from B what it lacks, with B's labels, interactions and participants. A resolved or closed
A takes B's status where B was not done. B stays as a closed row with its external id and merged_into = A: mail with that
id or B's number, and answers to B's mail, go on to A. What is one case already is nothing to change.`,
        'mailcase case merge 3 5 --dry-run',
      ),
    )
    .action(async (a: string, b: string, _: unknown, command: Command) => {
      const { caseMergeCommand } = await import('../case-merge.ts');
      setCode(await caseMergeCommand(a, b, optionsOf(command)));
    });
}

function declareCaseMove(caseCommand: Command, setCode: SetCode): void {
  actCommand(caseCommand, 'move')
    .description('put an interaction into another case, or into a new one')
    .argument('<interaction>', 'its number in the table interactions')
    .argument('<case>', 'the number of the case where it belongs, or new')
    .addHelpText(
      'after',
      aboutWith(
        `
The case's status stays as it is; a case that is left empty is closed. The interaction is no outsider's any more, and its
people get a part in the case. A new case begins as the mail would have begun it: new, pending where the mail went out,
closed where it is automatic.`,
        'mailcase case move 17 3',
        'mailcase case move 17 new --dry-run',
      ),
    )
    .action(async (interaction: string, target: string, _: unknown, command: Command) => {
      const { caseMoveCommand } = await import('../case-move.ts');
      setCode(await caseMoveCommand(interaction, target, optionsOf(command)));
    });
}
