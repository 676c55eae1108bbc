import type { Command } from 'commander';

/** Hands over the exit code that a command answers with. */
export type SetCode = (code: number) => void;

/** The options of a command, those of the program among them. */
export function optionsOf<T extends object>(command: Command): T {
  return command.optsWithGlobals<T>();
}

/** Examples, as they stand at the end of a command's help. */
export function example(...lines: string[]): string {
  return `\n${lines.length > 1 ? 'Examples' : 'Example'}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
