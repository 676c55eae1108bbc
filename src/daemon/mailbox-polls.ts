import type { MailboxConfig } from '../config/schema.ts';
import { endingWith } from '../db/ending.ts';
import { errorText, isRefusal } from '../db/refusal.ts';
import { errorCode, kindOf, MailcaseError } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import { type OwnHeaders, OwnHeadersNotes } from '../observe/own-headers.ts';
import { Progress } from '../observe/progress.ts';
import { createOnce, type PollReport, Suspects } from '../poll-context.ts';
import { connect, pollMailbox } from '../poll-mailbox.ts';
import { type Failing, type Noted, notePoll } from '../record/polls.ts';
import type { HeldLease, Leases } from '../scheduler/leases.ts';
import type { Holder } from '../scheduler/mailbox-runner.ts';
import { linkedSignal } from '../waiting.ts';
import { MailboxWatches } from './mailbox-watches.ts';
import type { SharedParts } from './shared-parts.ts';

/** What is asked of the database before and after a poll takes no longer than this, in milliseconds. */
const BESIDE_MS = 4_000;

/**
 * How a poll went: there is more to do at once, or a part could not be done, or the server asks to slow down; or another
 * daemon polls the mailbox.
 */
export type PollEnd =
  | { readonly more: boolean; readonly problem: Error | undefined; readonly isSlowed: boolean }
  | { readonly heldBy: Holder };

/** The polls of one mailbox, one after the other, and what they share from the first to the last. */
export class MailboxPolls {
  progress = new Progress();
  readonly log: Log;
  private readonly parts: SharedParts;
  private readonly mailbox: MailboxConfig;
  private readonly memory = {
    once: createOnce(),
    suspects: new Suspects(),
    ownHeaders: new OwnHeadersNotes(),
  };
  /** Problems that were said, and have not been mended since. */
  private readonly complaints = new Set<string>();
  /** Who polls instead of us; said once. */
  private holder: string | undefined;
  /** Whether it was said that the daily download is used up. */
  private isHeldBack = false;
  private leaving = new AbortController();
  /** The failures that every daemon's polls have had, as far as the database knows, and when that was learned. */
  private known: { readonly failing: Failing; readonly at: number } | undefined;
  /** The failures that a good poll has ended, until somebody asks. */
  private ended: Failing | undefined;
  /** Undefined where each poll has a session of its own, and nobody waits for mail between them. */
  private readonly watches: MailboxWatches | undefined;

  /** @param onMail there is something to poll for; where it is given, and `idle` allows it, that is waited for */
  constructor(parts: SharedParts, mailbox: MailboxConfig, onMail?: () => void) {
    const log = parts.log.child({ mailbox: mailbox.name });
    this.parts = parts;
    this.mailbox = mailbox;
    this.log = log;
    if (onMail === undefined || !mailbox.idle) return;
    const { logins } = parts;
    const open = (signal: AbortSignal) => connect({ mailbox, logins, log }, signal);
    this.watches = new MailboxWatches({ mailbox, log, stopping: parts.stopping, open, onMail });
  }

  /** The folders in which mail is waited for at this moment. */
  watching(): string[] {
    return this.watches?.watching() ?? [];
  }

  /** Ends the waiting, and its connections, politely. */
  async endWatches(): Promise<void> {
    await this.watches?.end();
  }

  /**
   * Polls once, where no other daemon does.
   *
   * @throws MailcaseError `database_refused` for what the database says of a statement, such as that it is read-only
   */
  async poll(): Promise<PollEnd> {
    try {
      return await this.pollOrStandBy();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.log.debug({ err: error }, 'the statement that the database refused');
      throw refused(error);
    }
  }

  private async pollOrStandBy(): Promise<PollEnd> {
    const { leases } = this.parts;
    const { name } = this.mailbox;
    const lease = await this.soon('take the lease of the mailbox', () => leases.claim(name));
    this.noteLease(lease);
    if (!lease.isOurs) {
      void this.endWatches();
      return { heldBy: { name: lease.holder, leftMs: lease.leftMs } };
    }
    const left = this.leaving.signal;
    try {
      return await this.pollLeased(lease, left);
    } catch (error) {
      if (left.aborted) throw error;
      // It is asked at once whose the mailbox is: that one may have given it back.
      if (lease.lost.aborted) return { heldBy: { name: 'another daemon', leftMs: 0 } };
      await this.noteFailure(error);
      throw error;
    }
  }

  /** What the database knows of the failures that no good poll has followed, of the daemons before us too. */
  failing(): Failing | undefined {
    if (this.known === undefined) return undefined;
    const { failing, at } = this.known;
    return { ...failing, forMs: failing.forMs + performance.now() - at };
  }

  /** The failures that a good poll has ended since it was asked last. */
  takeEnded(): Failing | undefined {
    const { ended } = this;
    this.ended = undefined;
    return ended;
  }

  /** What came of the header fields of own mail, since it was asked last. */
  takeOwnHeaders(): OwnHeaders[] {
    return this.memory.ownHeaders.take();
  }

  /** Closes the connections of the poll under way, which does not end. The next one is told apart from it. */
  leaveBehind(reason: MailcaseError): void {
    this.leaving.abort(reason);
    this.leaving = new AbortController();
    this.progress = new Progress();
    void this.noteFailure(reason);
  }

  /** Never fails: the database may be what failed, and the log has the error in any case. */
  private async noteFailure(error: unknown): Promise<void> {
    const { leases } = this.parts;
    void this.endWatches();
    await Promise.allSettled([
      // Who is told to stop has not failed.
      errorCode(error) !== 'stopped' && this.soon('note that the poll failed', () => this.note(error)),
      // Another daemon may reach the server. It would only add to what is too much for it. Where nothing can be said
      // here, the lease ends by itself.
      kindOf(error) !== 'throttled' &&
        this.soon('give the lease of the mailbox back', () => leases.giveBack(this.mailbox.name)),
    ]);
  }

  /** Notes how a poll ended. @param problem what it failed with, or could not do; undefined where all was good */
  private async note(problem: unknown): Promise<void> {
    const { db, mask } = this.parts;
    const failure =
      problem === undefined ? undefined : { error: mask(errorText(problem)), kind: kindOf(problem) };
    const noted: Noted | undefined = await notePoll(db, this.mailbox.name, failure);
    this.known = noted?.now && { failing: noted.now, at: performance.now() };
    if (failure === undefined && noted?.before) this.ended = noted.before;
  }

  private async pollLeased({ lost }: HeldLease, left: AbortSignal): Promise<PollEnd> {
    const { db, config, judges, logins, stopping, cutting: all, idleLevel } = this.parts;
    const { mailbox, log, progress } = this;
    const cutting = linkedSignal([all, lost, left]);
    const shared = { db, mailbox, recording: config, judges, logins, log, progress, ...this.memory };
    const started = performance.now();
    this.watches?.begin(lost);
    try {
      const context = { ...shared, stopping, cutting: cutting.signal, keeper: this.watches };
      const { problem, isSlowed, waitsUntil, ...report } = await pollMailbox(context);
      await this.soon('note that the poll is done', () => this.note(problem));
      noteReport(log, report, performance.now() - started, idleLevel);
      this.noteProblem(problem);
      this.noteHeldBack(report, waitsUntil);
      return { more: report.left > 0 && !stopping.aborted, problem, isSlowed };
    } finally {
      cutting.release();
    }
  }

  /** Asks something of the database outside the deadline of the poll, with one of its own. */
  private async soon<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await this.progress.during(what, () => endingWith(AbortSignal.timeout(BESIDE_MS), ask));
    } catch (error) {
      if (errorCode(error) !== 'database_cut') throw error;
      const said = `the database did not answer within ${BESIDE_MS} ms, it was to: ${what}`;
      throw new MailcaseError('database_cut', said, { cause: error });
    }
  }

  private noteLease(lease: Awaited<ReturnType<Leases['claim']>>): void {
    if (!lease.isOurs) {
      if (this.holder !== lease.holder) {
        const { holder, leftMs } = lease;
        const leaseEndsMs = Math.round(leftMs);
        this.log.info({ holder, leaseEndsMs }, 'another daemon polls this mailbox, standing by');
      }
      this.holder = lease.holder;
      return;
    }
    if (lease.takenFrom !== undefined) {
      this.log.warn(
        // Zero tells nothing.
        { holder: lease.takenFrom, endedSessions: lease.endedSessions || undefined },
        'another daemon was not heard of any more, its mailbox is taken over',
      );
    } else if (this.holder !== undefined) {
      this.log.info({ holder: this.holder }, 'another daemon has given the mailbox back, it is polled here');
    }
    this.holder = undefined;
  }

  /** Said when it begins, and when it is over: it is no failure, and each poll in between would say it again. */
  private noteHeldBack({ heldBack }: PollReport, waitsUntil: Date | undefined): void {
    const wasHeldBack = this.isHeldBack;
    this.isHeldBack = waitsUntil !== undefined;
    if (waitsUntil === undefined) {
      if (wasHeldBack) this.log.info('mail is downloaded again');
    } else if (!wasHeldBack) {
      this.log.warn(
        { heldBack, waitsUntil, limitBytes: this.mailbox.daily_download },
        'the daily download is used up, mail waits in the mailbox',
      );
    }
  }

  /**
   * Said once until it is mended: each poll would find it again. The folders that are there are polled on time, so this
   * is no failure that the mailbox has to rest from.
   */
  private noteProblem(problem: Error | undefined): void {
    if (problem === undefined) {
      this.complaints.clear();
      return;
    }
    if (!this.complaints.has(problem.message)) this.log.error({ err: problem }, 'a part of the poll failed');
    this.complaints.add(problem.message);
  }
}

/** Without the statement, which is long and has the mail's values in it. */
function refused(error: unknown): MailcaseError {
  return new MailcaseError('database_refused', errorText(error), { fields: { sqlstate: errorCode(error) } });
}

function noteReport(log: Log, report: PollReport, ms: number, idleLevel: 'debug' | 'info'): void {
  // Zeros tell nothing, and a terminal shows a line for each.
  const counts = Object.entries(report).filter(([name, count]) => count > 0 || name === 'found');
  const fields = { ...Object.fromEntries(counts), ms: Math.round(ms) };
  const { recorded, duplicates, quarantined, skipped, markedLate } = report;
  const didSomething = report.found > 0 && recorded + duplicates + quarantined + skipped + markedLate > 0;
  log[didSomething ? 'info' : idleLevel](fields, 'poll done');
  if (quarantined > 0)
    log.warn({ quarantined, cure: '`mailcase quarantine list` shows them' }, 'messages are in quarantine');
  if (report.notReady > 0)
    log.warn({ notReady: report.notReady }, 'the server did not hand out some messages yet');
}
