import { isAddress } from './config/checks.ts';
import type { FolderConfig, MailboxConfig, RecordingConfig } from './config/schema.ts';
import type { Database } from './db/connect.ts';
import { MailcaseError } from './errors.ts';
import { inSession, type Note, type Session } from './imap/session.ts';
import type { Judges } from './judge/judges.ts';
import type { Log } from './observe/log.ts';
import { pollFolder } from './poll.ts';
import { emptyReport, type Once, type PollContext, type PollReport, type Suspects } from './poll-context.ts';
import { noteIdle, registerMailbox } from './record/folders.ts';
import type { Importing } from './record/policy.ts';
import type { Verdict } from './rules/trust.ts';

export interface MailboxContext {
  readonly db: Database;
  readonly mailbox: MailboxConfig;
  /** What counts for the mail of every mailbox. */
  readonly recording: RecordingConfig;
  /** Where mail is judged; shared by all mailboxes. */
  readonly judges: Judges;
  readonly log: Log;
  readonly once: Once;
  readonly suspects: Suspects;
  /** Aborted when polls should end after the batch in hand. */
  readonly stopping: AbortSignal;
  /** Aborted when they should end at once. */
  readonly cutting: AbortSignal;
}

/** What the poll of all folders did. */
export interface MailboxReport extends PollReport {
  /** Why one of the folders could not be polled, or its mail not be marked, while all else went on. */
  readonly problem: MailcaseError | undefined;
}

/** The part of the deadline after which no new batch is begun, so that a long backlog ends in good order. */
const SHARE_FOR_BATCHES = 0.5;

/**
 * One poll of one mailbox: all its folders over one session, with a deadline around it. At half of the deadline it ends
 * in good order after the batch in hand and reports what is left; at the whole of it the connection is cut.
 */
export async function pollMailbox(context: MailboxContext): Promise<MailboxReport> {
  const { mailbox, cutting, stopping } = context;
  const cut = signalAfter(mailbox.poll_timeout, cutting);
  const end = signalAfter(mailbox.poll_timeout * SHARE_FOR_BATCHES, stopping);
  try {
    return await pollFolders(context, end.signal, cut.signal);
  } catch (error) {
    if (cutting.aborted)
      throw new MailcaseError('stopped', 'the poll was cut off by the stop', { cause: error });
    if (!cut.signal.aborted) throw error;
    throw new MailcaseError(
      'poll_timeout',
      `the poll took longer than ${mailbox.poll_timeout} ms (poll_timeout)`,
      {
        cause: error,
      },
    );
  } finally {
    cut.release();
    end.release();
  }
}

/**
 * A signal that is aborted after a time, or with its source. Not AbortSignal.any, which keeps something of each of
 * thousands of polls as long as the daemon's own signal lives.
 */
function signalAfter(ms: number, source: AbortSignal): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, ms);
  source.addEventListener('abort', abort, { once: true });
  if (source.aborted) abort();
  const release = () => {
    clearTimeout(timer);
    source.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, release };
}

async function pollFolders(
  context: MailboxContext,
  end: AbortSignal,
  cut: AbortSignal,
): Promise<MailboxReport> {
  const { db, mailbox } = context;
  return withSession(context, cut, async (session, mailboxId) => {
    const reports: PollReport[] = [];
    let problem: MailcaseError | undefined;
    try {
      for (const folder of mailbox.folders) {
        try {
          const inner = folderContext(context, {
            ...{ session, mailboxId, folder, ending: end, cut },
            onProblem: (found) => {
              problem ??= found;
            },
          });
          reports.push(await pollFolder(inner));
        } catch (error) {
          // A folder that somebody renamed holds up no other folder.
          if (!(error instanceof MailcaseError) || error.code !== 'imap_folder_missing') throw error;
          problem ??= error;
        }
      }
    } finally {
      // The database may be what failed; then this lapses by itself.
      await noteIdle(db, mailboxId).catch(() => {});
    }
    await session.logout();
    if (problem && reports.length === 0) throw problem;
    return { ...sum(reports), problem };
  });
}

/** Opens a session for a mailbox, and closes it whatever happens. @param cut ends it at once */
export async function withSession<T>(
  context: MailboxContext,
  cut: AbortSignal,
  work: (session: Session, mailboxId: number) => Promise<T>,
): Promise<T> {
  const { db, mailbox, log } = context;
  const mailboxId = await registerMailbox(
    db,
    mailbox.name,
    isAddress(mailbox.imap.user) ? mailbox.imap.user : null,
  );
  const note: Note = (level, message, fields) => log[level](fields, message);
  return inSession(mailbox.imap, mailbox.message_bytes, note, cut, (session) => work(session, mailboxId));
}

/** What the work on one folder needs to know. */
export function folderContext(
  { db, mailbox, recording, judges, log, once, suspects, stopping }: MailboxContext,
  {
    importing,
    verdict,
    ...inner
  }: {
    session: Session;
    mailboxId: number;
    folder: FolderConfig;
    ending: AbortSignal;
    cut: AbortSignal;
    onProblem: PollContext['onProblem'];
    importing?: Importing;
    verdict?: Verdict | undefined;
  },
): PollContext {
  const { folder } = inner;
  return {
    ...inner,
    db,
    mailbox,
    judge: judges.judgeFor(mailbox, folder.role, recording),
    policy: {
      flood: recording.flood,
      redactions: judges.redactionsFor(mailbox),
      ...(importing && { importing }),
    },
    verdict,
    log: log.child({ folder: folder.path }),
    once,
    suspects,
    stopping,
  };
}

function sum(reports: readonly PollReport[]): PollReport {
  const total = emptyReport(0);
  for (const report of reports) {
    for (const key of Object.keys(total) as (keyof PollReport)[]) total[key] += report[key];
  }
  return total;
}
