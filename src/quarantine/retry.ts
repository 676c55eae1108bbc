import type { Config, MailboxConfig } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { createJudge, judge } from '../judge.ts';
import type { Log } from '../observe/log.ts';
import { createOnce, Suspects } from '../poll-context.ts';
import { folderContext, type MailboxContext, withSession } from '../poll-mailbox.ts';
import type { Policy } from '../record/policy.ts';
import type { Verdict } from '../rules/trust.ts';
import { refetch } from './refetch.ts';
import { type ReadAgain, type Retried, type RetrySetting, retryEntry } from './retry-entry.ts';
import { dealtWith, type KeptEntry, keptEntry, readContent } from './waiting-entry.ts';

export interface Retrying extends RetrySetting {
  readonly db: Database;
  readonly config: Config;
  readonly log: Log;
}

/** For a mail that failed before its verdict was found: with the secret overwritten, nobody can find it any more. */
const NO_VERDICT: Verdict = {
  trusted: false,
  reason: 'it was quarantined before that was found out, and the secret in its bytes is overwritten',
};

/**
 * Tries entries again, one after the other, with the program and the configuration of today: each is recorded, or fails
 * again, and the others go on.
 *
 * @param ids in the order in which they are tried
 * @param onTried is told of each
 * @throws what is not a message's fault (an outage); those that were not tried by then are as they were
 */
export async function retryEntries(
  retrying: Retrying,
  ids: readonly number[],
  onTried: (retried: Retried) => void,
): Promise<void> {
  const { db } = retrying;
  // All have to be there before one is tried.
  const entries: KeptEntry[] = [];
  for (const id of new Set(ids)) entries.push(await keptEntry(db, id));
  for (const entry of entries) onTried(await retryOne(retrying, entry.id));
}

async function retryOne(retrying: Retrying, id: number): Promise<Retried> {
  const { db, config } = retrying;
  const entry = await keptEntry(db, id);
  const before = dealtWith(entry);
  const mailbox = config.mailboxes.find(({ name }) => name === entry.mailbox);
  const nothing = { id, interaction_id: null, case_id: null, stage: null };
  if (before !== undefined) return { ...nothing, outcome: 'resolved', error: before };
  if (mailbox === undefined) {
    const error = `the mailbox ${entry.mailbox} is not configured any more: a mailbox of that name has to be, to say what counts for its mail`;
    return { ...nothing, outcome: 'not_tried', error };
  }
  const policy = policyFor(entry, mailbox, config);
  const message = entry.hasAllBytes
    ? await judgeKept(db, entry, mailbox, config)
    : await readFromMailbox(retrying, entry, mailbox);
  if ('unfound' in message) return { ...nothing, outcome: 'not_tried', error: message.unfound };
  return retryEntry(db, entry, message, policy, retrying);
}

function policyFor(entry: KeptEntry, { trust }: MailboxConfig, { flood }: Config): Policy {
  const redaction = typeof trust === 'object' ? trust.secret : undefined;
  const importing = importingOf(entry);
  return { flood, redaction, ...(importing && { importing }) };
}

function importingOf({ imported, importStatus }: KeptEntry) {
  return imported ? { status: importStatus ?? undefined } : undefined;
}

async function judgeKept(
  db: Database,
  entry: KeptEntry,
  mailbox: MailboxConfig,
  config: Config,
): Promise<ReadAgain> {
  const { place, receivedAt, verdict = NO_VERDICT, senderAuth } = entry;
  const { uid, ...folder } = place;
  const source = await readContent(db, entry);
  const sizeBytes = entry.sizeBytes ?? source.length;
  const rules = createJudge(mailbox, roleOf(entry, mailbox), config);
  const message = await judge(rules, folder, { uid, sizeBytes, receivedAt, source }, verdict);
  return 'error' in message || senderAuth === null ? message : { ...message, senderAuth };
}

/** What the folder holds, as the configuration has it today; a folder that is not in it is read as it was. */
function roleOf({ path, role }: KeptEntry, { folders }: MailboxConfig): 'inbox' | 'sent' {
  return folders.find((folder) => folder.path === path)?.role ?? role;
}

/** In the bytes as they lie in the mailbox the secret stands still, so trust is found out where it was not before. */
function readFromMailbox({ db, config, log }: Retrying, entry: KeptEntry, mailbox: MailboxConfig) {
  const never = new AbortController().signal;
  const context: MailboxContext = {
    ...{ db, mailbox, recording: config, log, once: createOnce(), suspects: new Suspects() },
    ...{ stopping: never, cutting: never },
  };
  const folder = { path: entry.path, role: roleOf(entry, mailbox), select: 'new', start: 'all' } as const;
  return withSession(context, AbortSignal.timeout(mailbox.poll_timeout), async (session, mailboxId) => {
    const message = await refetch(
      folderContext(context, {
        ...{ session, mailboxId, folder, ending: never, verdict: entry.verdict },
        onProblem: () => {},
      }),
      entry,
    );
    await session.logout();
    return message;
  });
}
