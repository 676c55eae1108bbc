import type { MailboxConfig } from '../config/schema.ts';
import type { MailcaseError } from '../errors.ts';
import { serverPath } from '../imap/folder.ts';
import { canIdle, WATCH_TIMES, type WatchTimes } from '../imap/idle.ts';
import type { FolderMark, Session } from '../imap/session.ts';
import type { Log } from '../observe/log.ts';
import { createOnce } from '../poll-context.ts';
import type { SessionKeeper } from '../poll-mailbox.ts';
import { mayBeSelected } from '../selection.ts';
import { onAbort } from '../waiting.ts';
import { FolderWatcher, type Target } from './folder-watcher.ts';

/**
 * Folders of a mailbox that are watched at most, each over a connection of its own: Gmail allows 15 to an account and
 * Exchange Server 16, and people's own programs take several each.
 */
const MOST_WATCHED = 5;

/** After a server has refused IDLE, it is asked again no sooner than this, in milliseconds. */
const REFUSED_MS = 3_600_000;

/** After a login was rejected, it is for polls alone to log in for so long, in milliseconds. */
const REJECTED_MS = 900_000;

/** A poll may not lose more of its time than this part to a connection that turns out to be dead. */
const SHARE_FOR_TRYING = 0.25;

export interface WatchesParts {
  readonly mailbox: MailboxConfig;
  readonly log: Log;
  /** Aborted when the daemon stops: nothing is kept for another poll. */
  readonly stopping: AbortSignal;
  /** Opens a session. @param signal ends the attempt */
  open(signal: AbortSignal): Promise<Session>;
  /** There is something to poll for. */
  onMail(): void;
  readonly times?: WatchTimes;
}

/**
 * Waits for mail between the polls of a mailbox (IDLE), as long as it is ours to poll. The session of the polls watches
 * the first folder, so that a poll need not log in; each other folder has a connection of its own.
 */
export class MailboxWatches implements SessionKeeper {
  private readonly parts: WatchesParts;
  private readonly first: FolderWatcher;
  private readonly others = new Map<string, FolderWatcher>();
  /** How the last poll found the folders, by their path at the server. */
  private readonly found = new Map<string, FolderMark>();
  private readonly once = createOnce();
  /** Takes back what ends the watches with the lease; undefined where the mailbox is not ours. */
  private release: (() => void) | undefined;
  private lease: AbortSignal | undefined;
  /** What the polls over the session could not do from the beginning. */
  private problem: string | undefined;
  private taken: Session | undefined;
  private refusedUntil = Number.NEGATIVE_INFINITY;
  private rejectedUntil = Number.NEGATIVE_INFINITY;

  constructor(parts: WatchesParts) {
    this.parts = parts;
    this.first = this.watcher();
  }

  /** The folders that are watched at this moment. */
  watching(): string[] {
    return [this.first, ...this.others.values()].flatMap((watcher) => watcher.watching() ?? []);
  }

  /** A poll begins. @param lost aborted when the mailbox is not ours any more: then nothing of it is watched */
  begin(lost: AbortSignal): void {
    if (this.lease === lost) return;
    this.release?.();
    this.lease = lost;
    this.release = onAbort(lost, () => void this.end());
  }

  async take(cut: AbortSignal): Promise<Session | undefined> {
    const { mailbox, times = WATCH_TIMES } = this.parts;
    const answerMs = Math.min(times.answerMs, mailbox.poll_timeout * SHARE_FOR_TRYING);
    this.taken = await this.first.take(cut, answerMs);
    // What a poll finds there is what counts, and no folder that has gone since.
    this.taken?.opened.clear();
    return this.taken;
  }

  keep(session: Session, problem: MailcaseError | undefined): boolean {
    const { stopping, mailbox } = this.parts;
    if (stopping.aborted || this.lease === undefined || this.lease.aborted || !session.isOpen()) return false;
    // It is asked to slow down for the rest of its life.
    if (session.heard.slowDown.aborted) return false;
    if (!this.isOfUse(session) || !this.isSound(session, problem)) return false;
    session.memory.clear();
    for (const [path, mark] of session.opened) this.found.set(path, mark);
    const there = mailbox.folders.filter(({ path }) => session.opened.has(serverPath(session, path)));
    const targets = there.map(({ path: configured, ...folder }): [string, Target] => {
      const path = serverPath(session, configured);
      const isWanted = (flags: ReadonlySet<string>) =>
        mayBeSelected({ ...folder, path }, mailbox.processed, flags);
      return [path, () => ({ path, known: this.found.get(path), isWanted })];
    });
    const [first, ...others] = targets;
    if (first === undefined) return false;
    this.first.begin(first[1], session);
    this.watchOthers(others);
    return true;
  }

  /** Watches nothing any more; the connections are ended politely. */
  async end(): Promise<void> {
    this.release?.();
    this.release = undefined;
    this.lease = undefined;
    const others = [...this.others.values()];
    this.others.clear();
    await Promise.all([this.first, ...others].map((watcher) => watcher.end()));
  }

  private isOfUse(session: Session): boolean {
    if (!canIdle(session)) {
      this.once('none', () =>
        this.parts.log.info('the server has no IDLE: new mail is found when the schedule says so'),
      );
      return false;
    }
    return performance.now() >= this.refusedUntil;
  }

  /** A session at which something goes wrong that was well before is not kept: a new one may do better. */
  private isSound(session: Session, problem: MailcaseError | undefined): boolean {
    if (session !== this.taken) this.problem = problem?.message;
    return problem === undefined || problem.message === this.problem;
  }

  private watchOthers(targets: readonly [string, Target][]): void {
    const watched = new Map(targets.slice(0, MOST_WATCHED - 1));
    const rest = targets.slice(MOST_WATCHED - 1).map(([path]) => path);
    if (rest.length > 0) {
      this.once('rest', () =>
        this.parts.log.info(
          { folders: rest },
          'more folders than are watched: new mail in these is found when the schedule says so',
        ),
      );
    }
    for (const [path, watcher] of this.others) {
      if (watched.has(path)) continue;
      this.others.delete(path);
      void watcher.end();
    }
    if (performance.now() < this.rejectedUntil) return;
    for (const [path, target] of watched) {
      if (this.others.get(path)?.isBegun()) continue;
      const watcher = this.watcher();
      this.others.set(path, watcher);
      watcher.begin(target);
    }
  }

  private watcher(): FolderWatcher {
    const { log, onMail, open, times } = this.parts;
    return new FolderWatcher({
      ...{ log, onMail, open },
      onRefused: () => this.noteRefused(),
      onRejected: () => this.noteRejected(),
      ...(times && { times }),
    });
  }

  private noteRefused(): void {
    this.refusedUntil = performance.now() + REFUSED_MS;
    this.once('refused', () =>
      this.parts.log.info('the server refuses IDLE: new mail is found when the schedule says so'),
    );
  }

  /**
   * The session of the polls may have been opened long before the password was changed, and go on: so it is ended, and a
   * poll finds out whether the login is rejected, says so and rests. A connection for each folder would only hammer.
   */
  private noteRejected(): void {
    const now = performance.now();
    if (now < this.rejectedUntil) return;
    this.rejectedUntil = now + REJECTED_MS;
    void this.end();
    this.parts.onMail();
  }
}
