import type { Command } from 'commander';
import { declareCaseActs, declareCustomerActs } from './acts.ts';
import type { SetCode } from './declare.ts';

/** What an agents' desk needs beside SQL. */
export function declareDesk(cli: Command, setCode: SetCode): void {
  declareCaseActs(cli.command('case').description('what is done with cases by hand'), setCode);
  declareCustomerActs(cli, setCode);
}
