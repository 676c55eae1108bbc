import { pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { LogConfig } from '../config/schema.ts';
import { errorMessage, MailcaseError } from '../errors.ts';
import { escapedJson } from '../terminal/harmless.ts';
import { optionsFor } from '../terminal/style.ts';
import { heldSecrets, insideBase64 } from './live-secrets.ts';

export type Log = pino.Logger;

/** Shorter secrets would blank ordinary words out of every line. */
const MIN_SECRET_LENGTH = 4;

const MASK = '[secret]';

/**
 * Makes the daemon's log: one JSON object a line, or readable lines on a terminal. Messages are static, what varies is
 * in fields. Every line is searched for the secrets of the configuration before it is written, because an error text
 * of a library may quote one.
 *
 * @param secrets values that must never appear, or what blanks them where they change
 * @param output where lines go; standard output unless a test says otherwise
 */
export function createLog(
  level: LogConfig['level'],
  secrets: readonly string[] | ((line: string) => string),
  output: NodeJS.WritableStream & { isTTY?: boolean } = process.stdout,
): Log {
  const mask = typeof secrets === 'function' ? secrets : secretMask(secrets);
  // A server's text must not drive the terminal. JSON has escaped the lower half of the control characters itself.
  const safe = output.isTTY
    ? (line: string) => line.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}]|[\u2028\u2029]/gu, '\uFFFD')
    : escapedJson;
  const lines = output.isTTY
    ? pretty({
        destination: output,
        colorize: optionsFor(output).colours,
        ignore: 'pid,hostname',
        sync: true,
      })
    : output;
  return pino(
    {
      level,
      base: { name: 'mailcase' },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError, error: describeError },
      hooks: { streamWrite: (line) => safe(mask(line)) },
    },
    lines,
  );
}

/** Replaces secrets, as they are and as JSON and URLs write them; with them those that came up since the start. */
export function secretMask(secrets: readonly string[]): (line: string) => string {
  const forms = secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH).flatMap(notationsOf);
  const distinct = longestFirst(forms);
  return (line) => blank(blank(line, distinct), heldForms());
}

/** Made anew only where something has come up. */
let heldThen: readonly string[] = [];
let formsThen: readonly string[] = [];

function heldForms(): readonly string[] {
  const now = heldSecrets();
  if (now.length !== heldThen.length || now.some((secret, index) => secret !== heldThen[index])) {
    const long = now.filter((secret) => secret.length >= MIN_SECRET_LENGTH);
    heldThen = now;
    formsThen = longestFirst(long.flatMap((secret) => [...notationsOf(secret), ...insideBase64(secret)]));
  }
  return formsThen;
}

function longestFirst(forms: readonly string[]): string[] {
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

function blank(line: string, forms: readonly string[]): string {
  return forms.reduce((text, secret) => text.replaceAll(secret, MASK), line);
}

/** A mask whose secrets change, as they do when the configuration is loaded anew. */
export interface ChangingMask {
  readonly mask: (line: string) => string;
  set(secrets: readonly string[]): void;
}

export function changingMask(secrets: readonly string[]): ChangingMask {
  let current = secretMask(secrets);
  return {
    mask: (line) => current(line),
    set: (others) => {
      current = secretMask(others);
    },
  };
}

function notationsOf(secret: string): string[] {
  const inJson = escaped(secret);
  const url = new URL('postgres://user@host');
  url.password = secret;
  // Escaped twice: JSON that a message quotes, in the JSON of the line.
  return [secret, inJson, escaped(inJson), encodeURIComponent(secret), url.password];
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** What is behind one of our errors is expected to happen: where in a library it came up is no news. */
function describeCause(error: Error): Record<string, unknown> {
  const { stack, ...cause } = describeError(error.cause);
  return error instanceof MailcaseError ? cause : { ...cause, stack };
}

/**
 * An error as fields. Only what is known to be harmless is taken: a driver's error carries the statement's values, an
 * IMAP error the command.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const own = error instanceof MailcaseError ? { temporary: error.temporary, ...error.fields } : {};
  const cause = error.cause === undefined ? {} : { cause: describeCause(error) };
  // The stack's first line repeats the message; for our own errors the place is no news.
  const stack = error instanceof MailcaseError ? {} : { stack: error.stack };
  return { type: error.name, code, message: errorMessage(error), ...own, ...stack, ...cause };
}
