import { type CheckReport, check } from '../check/check.ts';
import { printCheck } from '../check/print.ts';
import type { MailboxConfig } from '../config/schema.ts';
import { MailcaseError } from '../errors.ts';
import { secretMask } from '../observe/log.ts';
import { optionsFor } from '../terminal/style.ts';
import { answer, configFor, EXIT } from './context.ts';
import { createProgress } from './progress.ts';

export interface CheckOptions {
  config?: string;
  mailbox?: string;
  /** True where no number was given. */
  sample?: string | true;
  json?: boolean;
}

const DEFAULT_SAMPLE = 200;

/** Each message of a sample is held as a few addresses and words; more would tell nothing new. */
const LARGEST_SAMPLE = 10_000;

/** `mailcase check [--sample [N]]` */
export async function checkCommand(options: CheckOptions): Promise<number> {
  const sample = sampleSize(options.sample);
  const { config, file, secrets } = await configFor(options.config);
  const mailboxes = mailboxesFor(config.mailboxes, options.mailbox);
  const progress = createProgress('read');
  progress.say('looking at the database and the mailboxes …');
  const mask = secretMask(secrets);
  try {
    const found = await check({ config, file, mailboxes, sample, onProgress: progress.show });
    // Before it is laid out: a line break in the middle would hide a secret from the mask.
    const report = masked(found, mask) as CheckReport;
    progress.end();
    answer(options.json, named(report), () => printCheck(report, optionsFor(process.stdout)));
    return report.ok ? EXIT.done : EXIT.failed;
  } finally {
    progress.end();
  }
}

function sampleSize(given: string | true | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (given === true) return DEFAULT_SAMPLE;
  const size = Number(given);
  if (/^\d+$/.test(given) && size >= 1 && size <= LARGEST_SAMPLE) return size;
  throw new MailcaseError(
    'usage',
    `--sample is no number of messages: write one from 1 to ${LARGEST_SAMPLE}, or none for ${DEFAULT_SAMPLE}`,
  );
}

function mailboxesFor(
  mailboxes: readonly MailboxConfig[],
  name: string | undefined,
): readonly MailboxConfig[] {
  if (name === undefined) return mailboxes;
  const found = mailboxes.filter((each) => each.name === name);
  if (found.length > 0) return found;
  const names = mailboxes.map((each) => each.name).join(', ');
  throw new MailcaseError('usage', `there is no mailbox ${name}: give --mailbox with one of ${names}`);
}

/** Blanks secrets out of every text of a value: a server's answer may quote the login. */
function masked(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((each) => masked(each, mask));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, masked(each, mask)]));
}

/** Names as the tables have them; they are all ours, and none comes from a mail. What is not known is null. */
function named(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(named);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value ?? null;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      named(each),
    ]),
  );
}
