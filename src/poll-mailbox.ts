import { Allowance } from './allowance.ts';
import type { Logins } from './auth/logins.ts';
import { isAddress } from './config/domain-checks.ts';
import type { FolderConfig, MailboxConfig, RecordingConfig } from './config/schema.ts';
import type { Database } from './db/connect.ts';
import { endingWith } from './db/ending.ts';
import { MailcaseError } from './errors.ts';
import { type Note, openSession, overSession, type Session } from './imap/session.ts';
import type { Judges } from './judge/judges.ts';
import type { Log } from './observe/log.ts';
import type { OwnHeadersNotes } from './observe/own-headers.ts';
import { doingText, type Progress } from './observe/progress.ts';
import { pollFolder } from './poll.ts';
import { emptyReport, type Once, type PollContext, type PollReport, type Suspects } from './poll-context.ts';
import { noteIdle, registerMailbox } from './record/folders.ts';
import type { Importing } from './record/policy.ts';
import type { Verdict } from './trust/trust.ts';
import { linkedSignal } from './waiting.ts';

/** Has the session of a mailbox from one poll to the next. */
export interface SessionKeeper {
  /** The one that the last poll left, if its server still answers. @param cut ends the waiting for that */
  take(cut: AbortSignal): Promise<Session | undefined>;
  /**
   * Keeps a session for the next poll.
   *
   * @param problem what this one could not do
   * @returns whether it is kept; else it is the poll's to end
   */
  keep(session: Session, problem: MailcaseError | undefined): boolean;
}

export interface MailboxContext {
  readonly db: Database;
  readonly mailbox: MailboxConfig;
  /** What it logs in with; shared by all mailboxes. */
  readonly logins: Logins;
  /** What counts for the mail of every mailbox. */
  readonly recording: RecordingConfig;
  /** Where mail is judged; shared by all mailboxes. */
  readonly judges: Judges;
  readonly log: Log;
  readonly once: Once;
  readonly suspects: Suspects;
  /** As in PollContext. */
  readonly ownHeaders?: OwnHeadersNotes;
  /** What is being done, for people who ask. */
  readonly progress: Progress;
  /** Aborted when polls should end after the batch in hand. */
  readonly stopping: AbortSignal;
  /** Aborted when they should end at once, with a MailcaseError that says why. */
  readonly cutting: AbortSignal;
  /** Where there is none, each poll has a session of its own. */
  readonly keeper?: SessionKeeper | undefined;
}

/** What the poll of all folders did. */
export interface MailboxReport extends PollReport {
  /** Why one of the folders could not be polled, or its mail not be marked, while all else went on. */
  readonly problem: MailcaseError | undefined;
  /** Whether the server asked to slow down, so that the poll ended after the batch in hand. */
  readonly isSlowed: boolean;
  /** Until when mail waits, where the daily download is used up. */
  readonly waitsUntil: Date | undefined;
}

/** The part of the deadline after which no new batch is begun, so that a long backlog ends in good order. */
const SHARE_FOR_BATCHES = 0.5;

/**
 * One poll of one mailbox: all its folders over one session, with a deadline around it. At half of the deadline it ends
 * in good order after the batch in hand and reports what is left; at the whole of it its connections are cut.
 *
 * A server that asks to slow down, while it does what it is asked to, ends it in the same good order.
 *
 * @throws MailcaseError `poll_timeout`, or what `cutting` was aborted with
 */
export async function pollMailbox(context: MailboxContext): Promise<MailboxReport> {
  const { cutting, stopping, progress } = context;
  const { poll_timeout } = context.mailbox;
  // What hangs is what is being done at that moment, and has been for the longest.
  const timeout = () =>
    new MailcaseError(
      'poll_timeout',
      `the poll took longer than ${poll_timeout} ms (poll_timeout), it was cut off at: ${doingText(progress.now())}`,
    );
  const cut = linkedSignal([cutting], { ms: poll_timeout, reason: timeout });
  const end = linkedSignal([stopping], { ms: poll_timeout * SHARE_FOR_BATCHES, reason: timeout });
  try {
    return await endingWith(cut.signal, () => pollFolders(context, end.signal, cut.signal));
  } catch (error) {
    const { aborted, reason } = cut.signal;
    if (!aborted || !(reason instanceof MailcaseError)) throw error;
    throw new MailcaseError(reason.code, reason.message, { cause: error, fields: reason.fields });
  } finally {
    cut.release();
    end.release();
  }
}

async function pollFolders(
  context: MailboxContext,
  end: AbortSignal,
  cut: AbortSignal,
): Promise<MailboxReport> {
  const { keeper, log, progress } = context;
  const work = { mailboxId: await register(context), end, cut };
  const kept =
    keeper && (await progress.during('try the connection of the last poll', () => keeper.take(cut)));
  if (kept !== undefined) {
    try {
      return await pollOver(context, kept, work);
    } catch (error) {
      if (cut.aborted || !saysSessionIsOver(error)) throw error;
      log.debug({ err: error }, 'the connection of the last poll has ended, a new one is opened');
    }
  }
  return pollOver(context, await open(context, cut), work);
}

/** Providers end sessions that have lasted, or answer everything with a refusal from then on; a new one tells. */
function saysSessionIsOver(error: unknown): boolean {
  const codes = ['imap_connect', 'imap_command', 'imap_folder_missing'];
  return error instanceof MailcaseError && codes.includes(error.code);
}

async function pollOver(
  context: MailboxContext,
  session: Session,
  { mailboxId, end, cut }: { mailboxId: number; end: AbortSignal; cut: AbortSignal },
): Promise<MailboxReport> {
  const { db, mailbox, keeper, progress } = context;
  return overSession(session, cut, async () => {
    const { slowDown } = session.heard;
    const ending = linkedSignal([end, slowDown]);
    const reports: PollReport[] = [];
    let problem: MailcaseError | undefined;
    const allowance = new Allowance(db, mailbox);
    try {
      for (const folder of mailbox.folders) {
        try {
          const inner = folderContext(context, {
            ...{ session, mailboxId, folder, ending: ending.signal, cut, mayPutOff: true, allowance },
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
      ending.release();
      // The database may be what failed; then this lapses by itself.
      await noteIdle(db, mailboxId).catch(() => {});
    }
    const isNone = problem !== undefined && reports.length === 0;
    if (isNone || cut.aborted || !keeper?.keep(session, problem)) {
      await progress.during('log out', () => session.logout());
    }
    if (problem && isNone) throw problem;
    return { ...sum(reports), problem, isSlowed: slowDown.aborted, waitsUntil: allowance.waitsUntil };
  });
}

/** Opens a session for a mailbox, and closes it whatever happens. @param cut ends it at once */
export async function withSession<T>(
  context: MailboxContext,
  cut: AbortSignal,
  work: (session: Session, mailboxId: number) => Promise<T>,
): Promise<T> {
  const mailboxId = await register(context);
  const session = await open(context, cut);
  try {
    return await overSession(session, cut, () => work(session, mailboxId));
  } finally {
    session.close();
  }
}

function register({ db, mailbox: { imap, name }, progress }: MailboxContext): Promise<number> {
  const email = isAddress(imap.user) ? imap.user : null;
  return progress.during('register the mailbox', () => registerMailbox(db, name, email));
}

function open(context: MailboxContext, cut: AbortSignal): Promise<Session> {
  const { host, port } = context.mailbox.imap;
  return context.progress.during(`connect to ${host}:${port} and log in`, () => connect(context, cut));
}

/** Connects to the server of a mailbox and logs in. @param cut ends the attempt */
export function connect(
  { mailbox, logins, log }: Pick<MailboxContext, 'mailbox' | 'logins' | 'log'>,
  cut: AbortSignal,
): Promise<Session> {
  const note: Note = (level, message, fields) => log[level](fields, message);
  return openSession(mailbox.imap, mailbox.message_bytes, note, cut, logins.of(mailbox));
}

/** What the work on one folder needs to know. */
export function folderContext(
  { db, mailbox, recording, judges, log, progress, once, suspects, ownHeaders, stopping }: MailboxContext,
  {
    importing,
    verdict,
    mayPutOff = false,
    allowance = new Allowance(db, mailbox),
    ...given
  }: {
    session: Session;
    mailboxId: number;
    folder: FolderConfig;
    ending: AbortSignal;
    cut: AbortSignal;
    onProblem: PollContext['onProblem'];
    importing?: Importing;
    verdict?: Verdict | undefined;
    mayPutOff?: boolean;
    allowance?: Allowance;
  },
): PollContext {
  const { folder } = given;
  return {
    ...given,
    db,
    mailbox,
    judge: judges.judgeFor(mailbox, folder, recording),
    policy: {
      flood: recording.flood,
      redactions: judges.redactionsFor(mailbox),
      ...(importing && { importing }),
    },
    verdict,
    mayPutOff,
    allowance,
    log: log.child({ folder: folder.path }),
    during: (what, work) => progress.during(`${what} of ${folder.path}`, work),
    once,
    suspects,
    ownHeaders,
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
