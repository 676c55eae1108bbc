import type { Command } from 'commander';
import { MailcaseError } from '../../errors.ts';

/** Hands over the exit code that a command answers with. */
export type SetCode = (code: number) => void;

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

/** Examples, as they stand at the end of a command's help. */
export function example(...lines: string[]): string {
  return `\n${lines.length > 1 ? 'Examples' : 'Example'}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
