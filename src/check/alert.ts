import { accessSync, constants, statSync } from 'node:fs';
import { targetText } from '../alert/delivery.ts';
import type { Config } from '../config/schema.ts';
import { formatDuration } from '../config/units.ts';
import { errorMessage } from '../errors.ts';
import { type Finding, sectionOf } from './finding.ts';

const section = sectionOf('Configuration');

/** Who is told of trouble, and whether what tells them is there; nothing is sent (`mailcase alert-test` does). */
export function alertFindings({ alert }: Pick<Config, 'alert'>): Finding[] {
  if (alert === undefined) return [];
  const { command, on, repeat } = alert;
  const again = repeat === 'never' ? 'once' : `once, and again every ${formatDuration(repeat)}`;
  const target = targetText(alert);
  const [program] = command ?? [];
  const problem = program === undefined ? undefined : problemOf(program);
  if (program !== undefined && problem !== undefined) {
    return [
      section.warning(
        'alert_command',
        `alarms cannot go out: ${program} ${problem}`,
        'install it, or name another program in `alert.command`; `mailcase alert-test` tries it',
      ),
    ];
  }
  const found = `alarms (${[...on].join(', ')}) go to ${target}, ${again}`;
  return [section.ok('alert', found, ['`mailcase alert-test` sends one for a test'])];
}

/** What is wrong with a program for whoever runs this, which is not always the daemon's user. */
function problemOf(program: string): string | undefined {
  try {
    if (!statSync(program).isFile()) return 'is no file';
    accessSync(program, constants.X_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return 'is not there';
    if (code === 'EACCES') return 'cannot be executed';
    return `cannot be looked at: ${errorMessage(error)}`;
  }
}
