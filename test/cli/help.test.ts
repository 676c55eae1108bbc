import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { program } from '../../src/cli/commands/program.ts';

const cli = program(() => {});

/** Every command that does something, by the words that one types. */
function* commandsOf(command: Command, words: readonly string[] = []): Generator<[string, Command]> {
  for (const each of command.commands) {
    const path = [...words, each.name()];
    // What has arguments or options does something itself; else it only groups others.
    if (each.registeredArguments.length + each.options.length > 0 || each.commands.length === 0) {
      yield [path.join(' '), each];
    }
    yield* commandsOf(each, path);
  }
}

/** All that has a help of its own: the program, groups and commands, by the words that one types. */
function* helpsOf(command: Command, words: readonly string[] = []): Generator<[string, Command]> {
  yield [words.join(' '), command];
  for (const each of command.commands) yield* helpsOf(each, [...words, each.name()]);
}

/** @param width columns of the terminal; undefined where there is none */
function helpOf(command: Command, width?: number): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    // As commander's own does: undefined makes it 80.
    getOutHelpWidth: () => width as number,
  });
  command.outputHelp();
  return text;
}

const commands = [...commandsOf(cli)];
const helps = [...helpsOf(cli)];

/** The examples at the end of a help. */
function examplesIn(help: string): string[] {
  const [, examples = ''] = /\nExamples?:\n([\s\S]*)$/.exec(help) ?? [];
  return examples.split('\n').filter((line) => line !== '');
}

describe('the help of each command', () => {
  it('is for all of them', () => {
    expect(commands.map(([name]) => name)).toEqual([
      ...[
        'init',
        'check',
        'run',
        'login',
        'alert-test',
        'migrate up',
        'migrate down',
        'migrate status',
        'demo',
        'explain',
        'sign',
        'import',
        'replay',
      ],
      ...['attachment', 'quarantine list', 'quarantine show', 'quarantine retry', 'quarantine drop'],
      ...['history', 'case', 'case set', 'case merge', 'case move', 'customer merge'],
    ]);
  });

  it.each(helps)('mailcase %s: has an example that begins with its words', (name, command) => {
    const lines = examplesIn(helpOf(command));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/^ {2}mailcase (--config \S+ )?/);
    expect(lines.join('\n')).toContain(name);
  });

  it.each(helps)(
    'mailcase %s: is as wide as the terminal, but for what is there to be copied',
    (_, command) => {
      const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
      const said = words(helpOf(command, 1000));
      for (const width of [40, 80, 120]) {
        const help = helpOf(command, width);
        expect(words(help)).toEqual(said);
        const examples = examplesIn(help);
        const lines = help
          .split('\n')
          .filter((line) => !examples.includes(line) && !line.startsWith('Usage: '));
        if (width >= 80) expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
        expect(examples).toEqual(examplesIn(helpOf(command, 1000)));
      }
      expect(helpOf(command)).toBe(helpOf(command, 80));
      // Narrower, the terminal breaks the lines itself.
      for (const width of [39, 5, 1]) expect(words(helpOf(command, width))).toEqual(said);
    },
  );

  it.each(commands)('%s: says in one sentence what it does, and of each option', (_, command) => {
    expect(command.description()).toMatch(/^[a-z]\S*( .*)?[^.]$/);
    for (const option of command.options) expect(option.description, option.flags).toMatch(/\S/);
  });

  it('calls --json the same everywhere', () => {
    const said = commands.flatMap(([, { options }]) =>
      options.filter(({ long }) => long === '--json').map(({ description }) => description),
    );
    expect(said.length).toBeGreaterThan(7);
    expect(new Set(said).size).toBe(1);
  });
});
