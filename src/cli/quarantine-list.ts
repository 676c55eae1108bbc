import { nearest } from '../config/nearest.ts';
import type { Database } from '../db/connect.ts';
import { MailcaseError } from '../errors.ts';
import { listEntries, mailboxNames } from '../quarantine/entries.ts';
import { printList } from '../quarantine/print-list.ts';
import { harmless } from '../terminal/harmless.ts';
import { optionsFor } from '../terminal/style.ts';
import { listed } from '../terminal/words.ts';
import { answer, EXIT } from './context.ts';
import { OptionReader } from './read-options.ts';
import { withDatabase } from './with-database.ts';

export interface QuarantineListOptions {
  config?: string;
  mailbox?: string;
  all?: boolean;
  limit?: string;
  json?: boolean;
}

/** About as much as a terminal shows at once. */
const USUAL_LIMIT = 20;

/** The beginning of each message is read for its sender and subject, so more would be held in memory than is good. */
const LARGEST_LIMIT = 1_000;

/** `mailcase quarantine list` */
export async function quarantineListCommand(options: QuarantineListOptions): Promise<number> {
  const reader = new OptionReader();
  const limit = reader.count('limit', options.limit, USUAL_LIMIT, LARGEST_LIMIT);
  reader.finish();
  const all = options.all === true;
  return withDatabase(options.config, async (db) => {
    await assertMailbox(db, options.mailbox);
    const found = await listEntries(db, { mailbox: options.mailbox, all, limit });
    answer(options.json, found, () => printList({ ...found, all }, optionsFor(process.stdout)));
    return EXIT.done;
  });
}

/** What is in quarantine may be of a mailbox that is not configured any more. @throws MailcaseError `usage` */
export async function assertMailbox(db: Database, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const names = await mailboxNames(db);
  if (names.includes(name)) return;
  const meant = nearest(name, names);
  const there = names.length === 0 ? 'none was polled yet' : `give --mailbox with one of ${listed(names)}`;
  throw new MailcaseError(
    'usage',
    `there is no mailbox ${harmless(name)}: ${meant === undefined ? there : `did you mean ${meant}?`}`,
  );
}
