import { check } from '../check/check.ts';
import { problemFindings } from '../check/config.ts';
import type { Finding } from '../check/finding.ts';
import { printCheck } from '../check/print.ts';
import type { LoadedConfig } from '../config/load.ts';
import { ConfigProblems } from '../config/problems.ts';
import { secretMask } from '../observe/log.ts';
import { optionsFor } from '../terminal/style.ts';
import { answer, configFor, EXIT } from './context.ts';
import { createProgress } from './progress.ts';
import { OptionReader } from './read-options.ts';
import { mailboxesFor } from './which-mailbox.ts';

export interface CheckOptions {
  config?: string;
  mailbox?: string;
  /** True where no number was given. */
  sample?: string | true;
  json?: boolean;
}

const USUAL_SAMPLE = 200;

/** Each message of a sample is held as a few addresses and words; more would tell nothing new. */
const LARGEST_SAMPLE = 10_000;

/** `mailcase check [--sample [N]]` */
export async function checkCommand(options: CheckOptions): Promise<number> {
  const sample = readSample(options.sample);
  try {
    return await checkAll(await configFor(options.config), sample, options);
  } catch (error) {
    if (options.json !== true || !(error instanceof ConfigProblems)) throw error;
    // Whoever watches the mailboxes by a script reads the findings, and this one above all.
    const findings = problemFindings(error.problems);
    answer(true, named({ ok: false, findings, mailboxes: [] }), () => error.message);
    return EXIT.usage;
  }
}

async function checkAll(
  { config, file, secrets }: LoadedConfig,
  sample: number | undefined,
  options: CheckOptions,
): Promise<number> {
  const mailboxes = mailboxesFor(config.mailboxes, options.mailbox);
  const progress = createProgress('read');
  progress.say('looking at the database and the mailboxes …');
  try {
    const report = await check({ config, file, mailboxes, sample, onProgress: progress.show });
    progress.end();
    answer(options.json, named(report), () => {
      // Before it is laid out: a line break in the middle would hide a secret from the mask.
      const findings = report.findings.map((finding) => masked(finding, secretMask(secrets)));
      return printCheck({ ...report, findings }, optionsFor(process.stdout));
    });
    return report.ok ? EXIT.done : EXIT.failed;
  } finally {
    progress.end();
  }
}

/** @throws MailcaseError `usage` */
function readSample(given: string | true | undefined): number | undefined {
  if (given === undefined) return undefined;
  const reader = new OptionReader();
  const size = reader.count('sample', given === true ? undefined : given, USUAL_SAMPLE, LARGEST_SAMPLE);
  reader.finish();
  return size;
}

/** Blanks secrets out of what is told: a server's answer may quote the login. */
function masked(finding: Finding, mask: (text: string) => string): Finding {
  const { message, cure, details } = finding;
  return {
    ...finding,
    message: mask(message),
    cure: cure === null ? null : mask(cure),
    details: details.map(mask),
  };
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
