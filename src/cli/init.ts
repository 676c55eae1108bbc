import { resolve } from 'node:path';
import { nearest } from '../config/nearest.ts';
import { MailcaseError } from '../errors.ts';
import { harmless } from '../terminal/harmless.ts';
import { optionsFor } from '../terminal/style.ts';
import { indented } from '../terminal/width.ts';
import { listed } from '../terminal/words.ts';
import { answer, EXIT, printError } from './context.ts';
import { configFileHere, shellWord, typedHere } from './here.ts';
import type { Login, ProviderName } from './logins.ts';
import { writeNewFile } from './new-file.ts';
import { loginOf, PROVIDERS } from './providers.ts';
import { placeholdersOf, starterConfig, variablesOf } from './starter.ts';

export interface InitOptions {
  readonly config?: string;
  readonly output?: string;
  readonly provider?: string;
  readonly login?: string;
  readonly json?: boolean;
}

/** Where the configuration is looked for first. */
const DEFAULT_FILE = 'mailcase.yaml';

/** Columns that are easy to read, where the terminal has more. */
const WIDEST = 100;

const NAMES = Object.keys(PROVIDERS) as ProviderName[];

/** Whose mailbox it is, and how is logged in. */
interface Choice {
  readonly provider: ProviderName;
  readonly login: Login;
}

/** What comes after the file. */
interface NextSteps {
  /** The options that hold a `<…>`. */
  readonly set: readonly string[];
  readonly variables: readonly string[];
  readonly commands: readonly string[];
  readonly notes: readonly string[];
  /** Where it is shown step by step. */
  readonly guide: string | undefined;
  /** Files that show every option. */
  readonly reference: readonly string[];
}

/** `mailcase init --provider gmail|exchange|imap [--login WAY] [--output FILE]` */
export async function initCommand(options: InitOptions): Promise<number> {
  const provider = readProvider(options.provider);
  const choice = { provider, login: readLogin(provider, options.login) };
  const output = readOutput(options);
  const content = starterConfig(provider, choice.login);
  if (output === '-') printFile(content, choice, options.json);
  else await makeFile(output, content, choice, options.json);
  return EXIT.done;
}

async function makeFile(file: string, content: string, choice: Choice, json?: boolean): Promise<void> {
  await writeNewFile(file, content);
  const { provider } = choice;
  const steps = nextSteps(choice, file);
  answer(json, { provider, file: resolve(file), ...steps }, () => {
    const made = `Wrote ${harmless(file)}, for ${PROVIDERS[provider].title}.`;
    return `${made}\n\n${inWords(choice, steps)}`;
  });
}

/** Nothing but the file goes to standard output, so that it can be sent into one; the steps are for who sits here. */
function printFile(content: string, choice: Choice, json?: boolean): void {
  const { provider } = choice;
  const steps = nextSteps(choice, DEFAULT_FILE);
  answer(json, { provider, content, ...steps }, () => content.trimEnd());
  if (json !== true) printError(`\n${inWords(choice, steps)}`);
}

function readProvider(given: string | undefined): ProviderName {
  const name = NAMES.find((each) => each === given?.toLowerCase());
  if (name !== undefined) return name;
  throw new MailcaseError(
    'usage',
    [
      given === undefined
        ? 'init needs --provider, which says whose mailbox it is:'
        : unknown('provider', given, NAMES),
      ...NAMES.map((each) => `  --provider ${each.padEnd(10)} ${PROVIDERS[each].purpose}`),
    ].join('\n'),
  );
}

function readLogin(provider: ProviderName, given: string | undefined): Login {
  const login = loginOf(provider, given?.toLowerCase());
  if (login !== undefined) return login;
  const names = PROVIDERS[provider].logins;
  throw new MailcaseError(
    'usage',
    [
      unknown(`way to log in at ${provider}`, given ?? '', names),
      ...names.map((each) => `  --login ${each.padEnd(16)} ${loginOf(provider, each)?.purpose}`),
    ].join('\n'),
  );
}

function unknown(what: string, given: string, names: readonly string[]): string {
  const similar = nearest(given, names);
  const meant = similar === undefined ? '.' : `: did you mean ${similar}?`;
  return `no ${what} ${harmless(JSON.stringify(given))}${meant} There are:`;
}

/** --config names the place as well, as it does for all other commands. */
function readOutput({ config, output }: InitOptions): string {
  if (config !== undefined && output !== undefined && resolve(config) !== resolve(output)) {
    throw new MailcaseError(
      'usage',
      `--config ${shellWord(config)} and --output ${shellWord(output)} name two places: give one of them`,
    );
  }
  const file = output ?? config ?? DEFAULT_FILE;
  if (file.trim() === '') {
    throw new MailcaseError('usage', 'the name of the file is empty: give --output FILE, or leave it out');
  }
  return file;
}

function nextSteps({ login }: Choice, file: string): NextSteps {
  // Other commands look there first.
  const isFound = resolve(process.env.MAILCASE_CONFIG ?? DEFAULT_FILE) === resolve(file);
  const place = isFound ? '' : `--config ${shellWord(file)} `;
  const commands = ['migrate up', ...(login.isStored ? ['login support'] : []), 'check'];
  return {
    set: placeholdersOf(login),
    variables: Object.keys(variablesOf(login)),
    commands: commands.map((command) => typedHere(`${place}${command}`)),
    notes: login.notes,
    guide: login.guide && configFileHere(login.guide),
    reference: ['mailcase.example.yaml', 'reference.md'].map(configFileHere),
  };
}

function inWords({ provider, login }: Choice, { set, commands, notes, guide, reference }: NextSteps): string {
  const options = set.map((pattern) => pattern.replace('mailboxes[].', ''));
  const variables = Object.entries(variablesOf(login));
  const others = PROVIDERS[provider].logins.filter((each) => loginOf(provider, each) !== login);
  return [
    ...notes.map((note) => wrapped(note)),
    ...(guide === undefined
      ? []
      : [
          wrapped('What is to be done at the provider, step by step, with what its errors mean:'),
          block([guide]),
        ]),
    'The next two steps:',
    wrapped(
      `1. Set ${listed(options)} in the file, where <…> stands, and ${NUMBERS[variables.length] ?? variables.length} variables in the environment:`,
    ),
    block(variables.map(([name, value]) => `export ${name}=${value}`)),
    wrapped(
      `2. Make the tables, ${login.isStored ? 'sign in, ' : ''}and see whether all is well; check changes nothing:`,
    ),
    block(commands),
    ...(others.length === 0
      ? []
      : [
          'Other ways to log in:',
          block(others.map((each) => `--login ${each.padEnd(16)} ${loginOf(provider, each)?.purpose}`)),
        ]),
    'Every option with its default:',
    block(reference),
  ].join('\n\n');
}

const NUMBERS: readonly (string | undefined)[] = [undefined, 'one', 'two', 'three'];

function wrapped(text: string): string {
  return indented(text, '', Math.min(optionsFor(process.stdout).width, WIDEST)).join('\n');
}

/** What is there to be copied is never cut or broken. */
function block(lines: readonly string[]): string {
  return lines.map((line) => `     ${line}`).join('\n');
}
