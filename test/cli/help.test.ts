import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { declareDesk } from '../../src/cli/commands/desk.ts';
import { declareMail } from '../../src/cli/commands/mail.ts';
import { declareService } from '../../src/cli/commands/service.ts';

const cli = new Command('mailcase');
for (const declare of [declareService, declareMail, declareDesk]) declare(cli, () => {});

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

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

const commands = [...commandsOf(cli)];

describe('the help of each command', () => {
  it('is for all of them', () => {
    expect(commands.map(([name]) => name)).toEqual([
      ...[
        'init',
        'check',
        'run',
        'migrate up',
        'migrate down',
        'migrate status',
        'demo',
        'explain',
        'import',
      ],
      ...['attachment', 'history', 'case', 'case set', 'case merge', 'case move', 'customer merge'],
    ]);
  });

  it.each(commands)('%s: has an example that begins with its words', (name, command) => {
    const [, examples = ''] = /\nExamples?:\n([\s\S]*)$/.exec(helpOf(command)) ?? [];
    const lines = examples.split('\n').filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/^ {2}mailcase (--config \S+ )?/);
    expect(examples).toContain(name);
  });

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
