import type { Command } from 'commander';
import { aboutWith, example, optionsOf, type SetCode } from './declare.ts';

/** What is done with single mails, or with old ones. */
export function declareMail(cli: Command, setCode: SetCode): void {
  cli
    .command('explain')
    .description('say what a message would come to and why, step by step; nothing is changed')
    .argument('[file]', 'the raw message, or - for standard input')
    .option('-u, --uid <uid>', 'instead of a file: a message of the mailbox, by its UID in the folder')
    .option('-m, --mailbox <name>', 'whose rules count, where the configuration has several')
    .option('--folder <path>', 'the configured folder it lies in (default: the first)')
    .option('--received <date>', 'when the file was received (default: now): 2026-01-31T08:00:00Z')
    .option('--no-database', 'as if nothing were recorded yet')
    .option('--json', 'answer as JSON')
    .addHelpText(
      'after',
      aboutWith(
        `
It is the daemon's own way from the bytes to the decision: trust, direction, customer, case, and each header.`,
        'mailcase explain order.eml',
        'mailcase explain --mailbox support --uid 42',
      ),
    )
    .action(async (file: string | undefined, _: unknown, command: Command) => {
      const { explainCommand } = await import('../explain.ts');
      setCode(await explainCommand(file, optionsOf(command)));
    });

  cli
    .command('sign')
    .description(
      'sign the header fields of a mail, as a sending system does: the mail comes out with its signature',
    )
    .argument('<file>', 'the raw message, or - for standard input')
    .option('-m, --mailbox <name>', 'which mailbox it is for, where several trust signatures')
    .option('--key <id>', 'the key to sign with (default: the first one of trust.hmac.keys)')
    .option('--header', 'print the header field alone')
    .option(
      '-o, --output <file>',
      'a new file, or - for standard output (the default, where that is no terminal)',
    )
    .option('--at <date>', 'when it is signed (default: now): 2026-01-31T08:00:00Z')
    .option('--nonce <nonce>', 'instead of a new one: 16 to 64 letters, digits, - and _')
    .addHelpText(
      'after',
      aboutWith(
        `
From and all header fields that are instructions are signed, and a signature counts for one mail: sign each mail anew, and
nothing in it may change before it is sent. README.md has the same for Node, Python, PHP and Ruby.`,
        'mailcase sign order.eml | sendmail -t',
        'mailcase sign order.eml | mailcase explain -',
      ),
    )
    .action(async (file: string, _: unknown, command: Command) => {
      const { signCommand } = await import('../sign.ts');
      setCode(await signCommand(file, optionsOf(command)));
    });

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
      aboutWith(
        `
What polls take as new mail is left to them, and what was recorded before is left out: when it was ended, the same
command goes on. It reopens no case, and gives way to new mail.`,
        'mailcase import --mailbox support --since 2025-01-01 --until 2025-12-31',
      ),
    )
    .action(async (_: unknown, command: Command) => {
      const { importCommand } = await import('../import.ts');
      setCode(await importCommand(optionsOf(command)));
    });

  cli
    .command('replay')
    .description(
      'hold recorded mail against the header mapping and the rules of today; only tells, but with --apply',
    )
    .option('-m, --mailbox <name>', 'mail that was met in this mailbox first')
    .option(
      '--since <date>',
      'received on this day (UTC) or later: 2026-01-31, or a moment: 2026-01-31T08:00+01:00',
    )
    .option('--until <date>', 'received on this day (UTC) or earlier, or before a moment')
    .option('--case <case>', 'mail of this case: its number, or its external id')
    .option('--rule <name>', 'mail that this rule matches today, or matched when it was recorded')
    .option('--limit <number>', 'the largest number of mails, the oldest ones')
    .option('--apply', 'do it')
    .option('--by <name>', 'who does it, as it is kept (default: SUDO_USER, else the user)')
    .option('--json', 'answer as JSON')
    .addHelpText(
      'after',
      aboutWith(
        `
All that is said has to be so; without any of it, all recorded mail is meant. The verdict of trust that a mail had when it
came counts. What a person set last, and what newer mail has said, stays; what a rule says no more is not taken back. When it
was ended, the same command goes on; it gives way to new mail.`,
        'mailcase replay --since 2026-11-01 --rule jira',
        'mailcase replay --case ORDER-10423 --apply --by "Ann Agent"',
      ),
    )
    .action(async (_: unknown, command: Command) => {
      const { replayCommand } = await import('../replay.ts');
      setCode(await replayCommand(optionsOf(command)));
    });

  cli
    .command('attachment')
    .description("write an attachment's bytes, taken out of the raw mail")
    .argument('<id>', 'its id in the table attachments')
    .option(
      '-o, --output <file>',
      'a new file, or - for standard output (the default, where that is no terminal)',
    )
    .addHelpText('after', example('mailcase attachment 17 --output invoice.pdf'))
    .action(async (id: string, _: unknown, command: Command) => {
      const { attachmentCommand } = await import('../attachment.ts');
      setCode(await attachmentCommand(id, optionsOf(command)));
    });
}
