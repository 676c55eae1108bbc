import { existsSync } from 'node:fs';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { MailcaseError } from '../errors.ts';
import { harmlessJson } from '../terminal/harmless.ts';

/** 0 done, 1 failed, 2 wrong usage or configuration. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Where the configuration is looked for when --config and MAILCASE_CONFIG do not say. */
const CONFIG_PLACES = ['mailcase.yaml', '/etc/mailcase/mailcase.yaml'];

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Answers in words, or as JSON where that was asked for.
 *
 * @param words made only where they are wanted; harmless already, unlike the value
 */
export function answer(asJson: boolean | undefined, value: unknown, words: () => string): void {
  print(asJson === true ? harmlessJson(value) : words());
}

/** Loads the configuration that the command line means. */
export async function configFor(option: string | undefined): Promise<LoadedConfig> {
  const file = option ?? process.env.MAILCASE_CONFIG ?? CONFIG_PLACES.find((place) => existsSync(place));
  if (file === undefined) {
    throw new MailcaseError(
      'usage',
      `no configuration found (looked for ${CONFIG_PLACES.join(' and ')}): give one with --config FILE`,
    );
  }
  return loadConfig(file);
}

/** The exit code that an error means. */
export function exitCodeFor(error: unknown): number {
  const isUsage =
    error instanceof MailcaseError && (error.code === 'config_invalid' || error.code === 'usage');
  return isUsage ? EXIT.usage : EXIT.failed;
}
