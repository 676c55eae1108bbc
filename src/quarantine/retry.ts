import { Logins } from '../auth/logins.ts';
import type { Config, MailboxConfig } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import type { Judges } from '../judge/judges.ts';
import type { Log } from '../observe/log.ts';
import { Progress } from '../observe/progress.ts';
import { createOnce, Suspects } from '../poll-context.ts';
import { folderContext, type MailboxContext, withSession } from '../poll-mailbox.ts';
import type { Policy } from '../record/policy.ts';
import type { Verdict } from '../trust/trust.ts';
import { refetch, type Unfound } from './refetch.ts';
import { type ReadAgain, type Retried, type RetrySetting, retryEntry } from './retry-entry.ts';
import { dealtWith, type KeptEntry, keptEntry, readContent } from './waiting-entry.ts';

export interface Retrying extends RetrySetting {
  readonly db: Database;
  readonly config: Config;
  readonly judges: Judges;
  readonly log: Log;
}

/** For a mail that failed before its verdict was found: with the secret overwritten, nobody can find it any more. */
const NO_VERDICT: Verdict = {
  trusted: false,
  reason: 'it was quarantined before that was found out, and the secret in its bytes is overwritten',
  senderAuth: 'none',
};

/**
 * Tries entries again, one after the other, with the program and the configuration of today: each is recorded, or fails
 * again, and the others go on. Those whose bytes have to be fetched come last, over one session for each mailbox.
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
  const { db, config } = retrying;
  // All have to be there before one is tried.
  const entries: KeptEntry[] = [];
  for (const id of new Set(ids)) entries.push(await keptEntry(db, id));
  const tryAll = async (some: readonly KeptEntry[], read: Reader) => {
    for (const { id } of some) onTried(await retryOne(retrying, id, read));
  };
  const isHere = (entry: KeptEntry) => entry.hasAllBytes || dealtWith(entry) !== undefined;
  await tryAll(entries.filter(isHere), (entry, mailbox) => judgeKept(retrying, entry, mailbox));
  const open = entries.filter((entry) => !isHere(entry));
  for (const name of new Set(open.map((entry) => entry.mailbox))) {
    const mailbox = mailboxOf(config, name);
    const ofIt = open.filter((entry) => entry.mailbox === name);
    if (mailbox === undefined) await tryAll(ofIt, neverRead);
    else await inMailbox(retrying, mailbox, (read) => tryAll(ofIt, read));
  }
}

/** Reads the message of an entry again. */
type Reader = (entry: KeptEntry, mailbox: MailboxConfig) => Promise<ReadAgain | Unfound>;

const neverRead: Reader = async () => ({ unfound: 'its mailbox is not configured' });

function mailboxOf({ mailboxes }: Config, name: string): MailboxConfig | undefined {
  return mailboxes.find((each) => each.name === name);
}

async function retryOne(retrying: Retrying, id: number, read: Reader): Promise<Retried> {
  const { db, config } = retrying;
  const entry = await keptEntry(db, id);
  const nothing = { id, interaction_id: null, case_id: null, stage: null };
  const before = dealtWith(entry);
  if (before !== undefined) return { ...nothing, outcome: 'resolved', error: before };
  const mailbox = mailboxOf(config, entry.mailbox);
  if (mailbox === undefined) {
    const error = `the mailbox ${entry.mailbox} is not configured any more: a mailbox of that name has to be, to say what counts for its mail`;
    return { ...nothing, outcome: 'not_tried', error };
  }
  const message = await read(entry, mailbox);
  if ('unfound' in message) return { ...nothing, outcome: 'not_tried', error: message.unfound };
  return retryEntry(db, entry, message, policyFor(entry, mailbox, retrying), retrying);
}

function policyFor(
  entry: KeptEntry,
  mailbox: MailboxConfig,
  { judges, config: { flood } }: Retrying,
): Policy {
  const redactions = judges.redactionsFor(mailbox);
  const importing = importingOf(entry);
  return { flood, redactions, ...(importing && { importing }) };
}

function importingOf({ imported, importStatus }: KeptEntry) {
  return imported ? { status: importStatus ?? undefined } : undefined;
}

async function judgeKept(
  { db, config, judges }: Retrying,
  entry: KeptEntry,
  mailbox: MailboxConfig,
): Promise<ReadAgain> {
  const { place, receivedAt, verdict = NO_VERDICT } = entry;
  const { uid, ...folder } = place;
  const source = await readContent(db, entry);
  const sizeBytes = entry.sizeBytes ?? source.length;
  const judge = judges.judgeFor(mailbox, { path: entry.path, role: roleOf(entry, mailbox) }, config);
  return judge(folder, { uid, sizeBytes, receivedAt, source }, { verdict });
}

/** What the folder holds, as the configuration has it today; a folder that is not in it is read as it was. */
function roleOf({ path, role }: KeptEntry, { folders }: MailboxConfig): 'inbox' | 'sent' {
  return folders.find((folder) => folder.path === path)?.role ?? role;
}

/**
 * Opens a session, over which entries of one mailbox are read again. In the bytes as they lie there the secret stands still,
 * so trust is found out where it was not before.
 */
async function inMailbox(
  { db, config, judges, log }: Retrying,
  mailbox: MailboxConfig,
  work: (read: Reader) => Promise<void>,
): Promise<void> {
  const never = new AbortController().signal;
  const logins = new Logins({ config, db });
  const context: MailboxContext = {
    ...{ db, mailbox, logins, recording: config, judges, log, once: createOnce(), suspects: new Suspects() },
    ...{ progress: new Progress(), stopping: never, cutting: never },
  };
  try {
    await withSession(context, never, async (session, mailboxId) => {
      await work((entry) => {
        const { path, verdict } = entry;
        const folder = { path, role: roleOf(entry, mailbox), select: 'new', start: 'all' } as const;
        const inner = { session, mailboxId, folder, ending: never, cut: never, verdict, onProblem: () => {} };
        return refetch(folderContext(context, inner), entry);
      });
      await session.logout();
    });
  } finally {
    await logins.close();
  }
}
