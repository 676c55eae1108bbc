import type { AddHelpTextContext, Command } from 'commander';
import { MailcaseError } from '../../errors.ts';
import { wrap } from '../../terminal/width.ts';

/** Hands over the exit code that a command answers with. */
export type SetCode = (code: number) => void;

/** Columns where the output is no terminal; commander takes the same for the options. */
const DEFAULT_WIDTH = 80;

/** Narrower terminals are left to break the lines themselves, as commander leaves the options to them. */
const NARROWEST = 40;

/**
 * The options of a command, those of the program among them.
 *
 * @throws MailcaseError `usage` where one was given that is the group's own (`case --why` beside `case merge`): commander
 *   takes it, and whoever has typed it believes that it means something
 */
export function optionsOf<T extends object>(command: Command): T {
  for (let group = command.parent; group?.parent; group = group.parent) {
    const own = new Set(command.options.map((option) => option.attributeName()));
    const foreign = group.options.find(
      (option) =>
        !own.has(option.attributeName()) && group?.getOptionValueSource(option.attributeName()) === 'cli',
    );
    if (foreign) {
      throw new MailcaseError(
        'usage',
        `${foreign.long} is for \`mailcase ${group.name()}\`, not for \`mailcase ${group.name()} ${command.name()}\`: leave it out`,
      );
    }
  }
  return command.optsWithGlobals<T>();
}

/** A subcommand with the options of every act. */
export function actCommand(parent: Command, name: string): Command {
  return parent
    .command(name)
    .option('--by <name>', 'who does it, as it is kept (default: SUDO_USER, else the user)')
    .option('--dry-run', 'only tell what would change')
    .option('--json', 'answer as JSON');
}

/** Examples, as they stand at the end of a command's help. They are there to be copied: none is cut or broken. */
export function example(...lines: string[]): string {
  return `\n${lines.length > 1 ? 'Examples' : 'Example'}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/**
 * What a command's help says after the options: a paragraph as wide as the terminal, then the examples.
 *
 * @param about line breaks in it are those of the source, and mean nothing
 */
export function aboutWith(about: string, ...examples: string[]): (context: AddHelpTextContext) => string {
  const words = about.trim().replace(/\s+/g, ' ');
  return ({ error, command }) => {
    const width = helpWidth(command, error);
    const lines = width < NARROWEST ? [words] : wrap(words, width);
    return `\n${lines.join('\n')}\n${example(...examples)}`;
  };
}

/** @param error whether the help goes to standard error */
function helpWidth(command: Command, error: boolean): number {
  const { getOutHelpWidth, getErrHelpWidth } = command.configureOutput();
  // On a terminal that does not know its width, it is 0.
  return (error ? getErrHelpWidth?.() : getOutHelpWidth?.()) || DEFAULT_WIDTH;
}

/** Lets the hint after an error name the help of the very command that was typed. */
export function hintAtOwnHelp(command: Command, words: readonly string[] = [command.name()]): void {
  command.showHelpAfterError(helpHint(words.join(' ')));
  for (const each of command.commands) hintAtOwnHelp(each, [...words, each.name()]);
}

/** @param command as one types it, e.g. `mailcase case set` */
export function helpHint(command: string): string {
  return `(${command} --help says more)`;
}
