import { existsSync } from 'node:fs';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { MailcaseError } from '../errors.ts';
import { secretMask } from '../observe/log.ts';
import { harmless, harmlessJson } from '../terminal/harmless.ts';

/** 0 done, 1 failed, 2 wrong usage or configuration. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Where the configuration is looked for when --config and MAILCASE_CONFIG do not say. */
const CONFIG_PLACES = ['mailcase.yaml', '/etc/mailcase/mailcase.yaml'];

/** Blanks the secrets of the configuration, once it is loaded: a server's answer may quote the login. */
let mask = (text: string): string => text;

/** @param text harmless already, perhaps with colours */
export function print(text: string): void {
  printWhole(mask(text));
}

function printWhole(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Prints what a person has to copy as it is, where a password that is an ordinary word must not be blanked out of it.
 *
 * @param text harmless already, and known to hold no secret
 */
export function printToCopy(text: string, output: NodeJS.WritableStream): void {
  output.write(`${text}\n`);
}

/** @param text without colours: what a server or a mail says in it must not drive the terminal */
export function printError(text: string): void {
  process.stderr.write(`${mask(text).split('\n').map(harmless).join('\n')}\n`);
}

/**
 * Answers in words, or as JSON where that was asked for.
 *
 * @param words made only where they are wanted; harmless already, unlike the value
 */
export function answer(asJson: boolean | undefined, value: unknown, words: () => string): void {
  // Before it is JSON: a secret of digits would be found in its numbers too.
  if (asJson === true) printWhole(harmlessJson(masked(value)));
  else print(words());
}

/** Blanks secrets out of every text of a value. */
function masked(value: unknown): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, masked(each)]));
}

/** Loads the configuration that the command line means. */
export async function configFor(option: string | undefined): Promise<LoadedConfig> {
  const file = option ?? process.env.MAILCASE_CONFIG ?? CONFIG_PLACES.find((place) => existsSync(place));
  if (file === undefined) {
    throw new MailcaseError(
      'usage',
      `no configuration found (looked for ${CONFIG_PLACES.join(' and ')}): \`mailcase init\` writes one to begin with; ` +
        'one that lies elsewhere is named by --config FILE or MAILCASE_CONFIG',
    );
  }
  const loaded = await loadConfig(file);
  mask = secretMask(loaded.secrets);
  return loaded;
}

/** The exit code that an error means. */
export function exitCodeFor(error: unknown): number {
  const isUsage =
    error instanceof MailcaseError && (error.code === 'config_invalid' || error.code === 'usage');
  return isUsage ? EXIT.usage : EXIT.failed;
}
