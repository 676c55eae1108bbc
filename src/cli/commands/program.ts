import { Command } from 'commander';
import { version } from '../../version.ts';
import { example, hintAtOwnHelp, type SetCode } from './declare.ts';
import { declareDesk } from './desk.ts';
import { declareMail } from './mail.ts';
import { declareQuarantine } from './quarantine.ts';
import { declareService } from './service.ts';

/** Commands are loaded when they are called, so that --version and --help answer at once. */
export function program(setCode: SetCode): Command {
  const cli = new Command('mailcase')
    .description('Turns the support mailbox you already have into customer history in Postgres.')
    .version(version(), '-V, --version')
    .option(
      '-c, --config <file>',
      'the configuration (default: MAILCASE_CONFIG, ./mailcase.yaml, /etc/mailcase/mailcase.yaml)',
    )
    .addHelpText(
      'after',
      example(
        'mailcase init --provider imap',
        'mailcase check --sample',
        'mailcase run --once',
        'mailcase history joe@example.com',
      ),
    )
    .exitOverride();
  declareService(cli, setCode);
  declareMail(cli, setCode);
  declareQuarantine(cli, setCode);
  declareDesk(cli, setCode);
  hintAtOwnHelp(cli);
  return cli;
}
