import { resolve } from 'node:path';
import { nearest } from '../config/nearest.ts';
import { MailcaseError } from '../errors.ts';
import { harmless } from '../terminal/harmless.ts';
import { optionsFor } from '../terminal/style.ts';
import { indented } from '../terminal/width.ts';
import { listed } from '../terminal/words.ts';
import { answer, EXIT, printError } from './context.ts';
import { configFileHere, shellWord, typedHere } from './here.ts';
import { writeNewFile } from './new-file.ts';
import { PROVIDERS, type ProviderName } from './providers.ts';
import { placeholdersOf, STARTER_VARIABLES, starterConfig } from './starter.ts';

export interface InitOptions {
  readonly config?: string;
  readonly output?: string;
  readonly provider?: string;
  readonly json?: boolean;
}

/** Where the configuration is looked for first. */
const DEFAULT_FILE = 'mailcase.yaml';

/** Columns that are easy to read, where the terminal has more. */
const WIDEST = 100;

const NAMES = Object.keys(PROVIDERS) as ProviderName[];

/** What comes after the file. */
interface NextSteps {
  /** The options that hold a `<…>`. */
  readonly set: readonly string[];
  readonly variables: readonly string[];
  readonly commands: readonly string[];
  readonly notes: readonly string[];
  /** Files that show every option. */
  readonly reference: readonly string[];
}

/** `mailcase init --provider gmail|exchange|imap [--output FILE]` */
export async function initCommand(options: InitOptions): Promise<number> {
  const provider = readProvider(options.provider);
  const output = readOutput(options);
  const content = starterConfig(provider);
  if (output === '-') printFile(content, provider, options.json);
  else await makeFile(output, content, provider, options.json);
  return EXIT.done;
}

async function makeFile(
  file: string,
  content: string,
  provider: ProviderName,
  json?: boolean,
): Promise<void> {
  await writeNewFile(file, content);
  const steps = nextSteps(provider, file);
  answer(json, { provider, file: resolve(file), ...steps }, () => {
    const made = `Wrote ${harmless(file)}, for ${PROVIDERS[provider].title}.`;
    return `${made}\n\n${inWords(steps)}`;
  });
}

/** Nothing but the file goes to standard output, so that it can be sent into one; the steps are for who sits here. */
function printFile(content: string, provider: ProviderName, json?: boolean): void {
  const steps = nextSteps(provider, DEFAULT_FILE);
  answer(json, { provider, content, ...steps }, () => content.trimEnd());
  if (json !== true) printError(`\n${inWords(steps)}`);
}

function readProvider(given: string | undefined): ProviderName {
  const name = NAMES.find((each) => each === given?.toLowerCase());
  if (name !== undefined) return name;
  const similar = given === undefined ? undefined : nearest(given, NAMES);
  throw new MailcaseError(
    'usage',
    [
      given === undefined
        ? 'init needs --provider, which says whose mailbox it is:'
        : `no provider ${harmless(JSON.stringify(given))}${similar === undefined ? '.' : `: did you mean ${similar}?`} There are:`,
      ...NAMES.map((each) => `  --provider ${each.padEnd(10)} ${PROVIDERS[each].purpose}`),
    ].join('\n'),
  );
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

function nextSteps(provider: ProviderName, file: string): NextSteps {
  // Other commands look there first.
  const isFound = resolve(process.env.MAILCASE_CONFIG ?? DEFAULT_FILE) === resolve(file);
  const place = isFound ? '' : `--config ${shellWord(file)} `;
  return {
    set: placeholdersOf(provider),
    variables: STARTER_VARIABLES,
    commands: [typedHere(`${place}migrate up`), typedHere(`${place}check`)],
    notes: PROVIDERS[provider].notes,
    reference: ['mailcase.example.yaml', 'reference.md'].map(configFileHere),
  };
}

function inWords({ set, variables, commands, notes, reference }: NextSteps): string {
  const options = set.map((pattern) => pattern.replace('mailboxes[].', ''));
  return [
    ...notes.map((note) => wrapped(note)),
    'The next two steps:',
    wrapped(`1. Set ${listed(options)} in the file, where <…> stands, and two variables in the environment:`),
    block(variables.map((name) => `export ${name}=${EXAMPLES[name] ?? '…'}`)),
    wrapped('2. Make the tables, and see whether all is well; check changes nothing:'),
    block(commands),
    'Every option with its default:',
    block(reference),
  ].join('\n\n');
}

const EXAMPLES: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://mailcase:…@localhost/mailcase',
};

function wrapped(text: string): string {
  return indented(text, '', Math.min(optionsFor(process.stdout).width, WIDEST)).join('\n');
}

/** What is there to be copied is never cut or broken. */
function block(lines: readonly string[]): string {
  return lines.map((line) => `     ${line}`).join('\n');
}
