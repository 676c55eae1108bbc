import { errorText } from '../db/refusal.ts';
import { MailcaseError } from '../errors.ts';
import { Judges } from '../judge/judges.ts';
import { createLog } from '../observe/log.ts';
import { waitingIds } from '../quarantine/entries.ts';
import { retryEntries } from '../quarantine/retry.ts';
import type { Retried } from '../quarantine/retry-entry.ts';
import { harmless } from '../terminal/harmless.ts';
import { type ActOptions, readId } from './act.ts';
import { actorFor } from './actor.ts';
import { answer, EXIT } from './context.ts';
import { assertMailbox } from './quarantine-list.ts';
import { withDatabase } from './with-database.ts';

export interface QuarantineRetryOptions extends ActOptions {
  all?: boolean;
  mailbox?: string;
}

/** `mailcase quarantine retry ID…` and `mailcase quarantine retry --all` */
export async function quarantineRetryCommand(
  words: readonly string[],
  options: QuarantineRetryOptions,
): Promise<number> {
  const given = idsIn(words, options);
  const setting = { actor: actorFor(options.by), dryRun: options.dryRun === true };
  return withDatabase(options.config, async (db, { config, secrets }) => {
    await assertMailbox(db, options.mailbox);
    const ids = given ?? (await waitingIds(db, options.mailbox));
    const log = createLog('warn', secrets, process.stderr);
    const judges = new Judges(config);
    const retried: Retried[] = [];
    const tell = () =>
      answer(options.json, { retried, dry_run: setting.dryRun }, () => told(retried, setting.dryRun));
    try {
      await retryEntries({ db, config, judges, log, ...setting }, ids, (each) => retried.push(each));
    } catch (error) {
      if (retried.length > 0) tell();
      throw endedBy(error, ids.length - retried.length);
    } finally {
      await judges.close();
    }
    tell();
    const isGood = retried.every(({ outcome }) => outcome !== 'failed' && outcome !== 'not_tried');
    return isGood ? EXIT.done : EXIT.failed;
  });
}

/** @returns undefined for all. @throws MailcaseError `usage` */
function idsIn(words: readonly string[], { all, mailbox }: QuarantineRetryOptions): number[] | undefined {
  if (words.length > 0 === (all === true)) {
    throw new MailcaseError(
      'usage',
      'which entries? Give either their numbers or --all, e.g. mailcase quarantine retry 3',
    );
  }
  if (mailbox !== undefined && all !== true) {
    throw new MailcaseError(
      'usage',
      '--mailbox goes with --all: a number says of itself which entry is meant',
    );
  }
  return all === true ? undefined : words.map((word) => readId(word, 'an entry in quarantine'));
}

/** An outage is no entry's fault. @param left how many were not tried for it */
function endedBy(error: unknown, left: number): unknown {
  if (error instanceof MailcaseError && !error.temporary) return error;
  const code = error instanceof MailcaseError ? error.code : 'recording_broken';
  const rest = left === 1 ? '1 entry is' : `${left} entries are`;
  return new MailcaseError(
    code,
    `${errorText(error)}\n${rest} as before: when that is mended, the same command goes on.`,
    { cause: error },
  );
}

/** A line for each entry. */
function told(retried: readonly Retried[], dryRun: boolean): string {
  if (retried.length === 0) return 'No message waits in quarantine.';
  return retried.map((each) => `entry ${each.id}: ${outcomeWords(each, dryRun)}`).join('\n');
}

function outcomeWords({ outcome, interaction_id, case_id, stage, error }: Retried, dryRun: boolean): string {
  const would = dryRun ? 'would be ' : '';
  switch (outcome) {
    case 'recorded':
      return dryRun ? 'would be recorded' : `recorded as interaction ${interaction_id}, in case ${case_id}`;
    case 'duplicate':
      return `${would}a duplicate of interaction ${interaction_id}, in case ${case_id}`;
    case 'skipped':
      return `${would}skipped: the same mail was dropped before`;
    case 'failed':
      return `${dryRun ? 'would fail again' : 'failed again'} (${stage}): ${harmless(error ?? '')}`;
    case 'not_tried':
      return `not tried: ${harmless(error ?? '')}`;
    case 'resolved':
      return `nothing to do: ${harmless(error ?? '')}`;
  }
}
