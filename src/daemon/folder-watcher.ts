import { setTimeout as sleep } from 'node:timers/promises';
import { kindOf, retryAfterMs } from '../errors.ts';
import { FolderWatch, WATCH_TIMES, type Watched, type WatchTimes } from '../imap/idle.ts';
import type { Session } from '../imap/session.ts';
import type { Log } from '../observe/log.ts';
import { type Backoff, backoffMs } from '../scheduler/backoff.ts';

type Pause = Pick<Backoff, 'first' | 'longest'>;

/**
 * A session that has lasted so long was ended in good order, in milliseconds: by the token's life, a restart, or with
 * `BYE Connection closed. 14`, which Exchange says to those that idle as to those that come too often.
 */
const LASTING_MS = 60_000;

/** Then there is a new one as soon as may be; not at the same moment for all mailboxes of a server, though. */
const SOON: Pause = { first: 200, longest: 200 };

/** One that has not lasted, or could not be opened: servers punish those who come again and again. */
const LATER: Pause = { first: 1_000, longest: 300_000 };

/** A server that wants to be left alone, and does not say for how long, is so long, in milliseconds. */
const THROTTLED_MS = 60_000;

export interface WatcherParts {
  /** Opens a session. @param signal ends the attempt */
  open(signal: AbortSignal): Promise<Session>;
  /** There is something to poll for. */
  onMail(): void;
  /** The server refuses IDLE. */
  onRefused(): void;
  /** It rejects the login: nothing is tried again from here. */
  onRejected(): void;
  readonly log: Log;
  readonly times?: WatchTimes;
}

/** What is watched: asked anew for each session, since polls go on meanwhile. */
export type Target = () => Watched;

/** One life of a watcher, from `begin` to `take` or `end`. */
interface Life {
  readonly ending: AbortController;
  readonly done: Promise<void>;
}

/**
 * Watches a folder over one connection, which is opened anew whenever it has ended, and is lent to polls. That is no
 * failure of anything: the polls go on by the schedule, and say in the log where the server is away.
 */
export class FolderWatcher {
  private readonly parts: WatcherParts;
  private life: Life | undefined;
  private current: { readonly session: Session; readonly watch: FolderWatch } | undefined;
  /** Sessions in a row that did not last. */
  private failures = 0;

  constructor(parts: WatcherParts) {
    this.parts = parts;
  }

  /** The folder that is watched at this moment. */
  watching(): string | undefined {
    return this.current?.watch.path;
  }

  /** Begins to watch; over a session that is there, if one is given. */
  begin(target: Target, session?: Session): void {
    const ending = new AbortController();
    const life = { ending, done: this.live(target, session, ending.signal) };
    this.life = life;
    void life.done.finally(() => {
      if (this.life === life) this.life = undefined;
    });
  }

  /** Whether it watches, or tries to. */
  isBegun(): boolean {
    return this.life !== undefined;
  }

  /**
   * Ends the watch.
   *
   * @param cut ends the waiting for the server to show that it is there
   * @param answerMs how long that may take
   * @returns the session, where there is one and its server answers
   */
  async take(cut: AbortSignal, answerMs: number): Promise<Session | undefined> {
    const { current, life } = this;
    this.life = undefined;
    life?.ending.abort();
    if (current === undefined) return undefined;
    return (await current.watch.release(cut, answerMs)) ? current.session : undefined;
  }

  /** Ends the watch and its connection, politely. */
  async end(): Promise<void> {
    const { current, life } = this;
    this.life = undefined;
    life?.ending.abort();
    await Promise.all([current?.watch.leave(), life?.done]);
  }

  private async live(target: Target, first: Session | undefined, ending: AbortSignal): Promise<void> {
    const { log } = this.parts;
    let given = first;
    while (!ending.aborted) {
      let lastedMs = 0;
      let atLeastMs = 0;
      try {
        const session = given ?? (await this.parts.open(ending));
        given = undefined;
        if (ending.aborted) return await session.logout();
        const end = await this.watch(session, target);
        if (end.kind === 'released' || ending.aborted) return;
        if (end.kind === 'refused') {
          await session.logout();
          this.parts.onRefused();
          return;
        }
        lastedMs = performance.now() - session.since;
        atLeastMs = lastedMs >= LASTING_MS ? (retryAfterMs(end.error) ?? 0) : restOf(end.error);
        const fields = { err: end.error, lastedMs: Math.round(lastedMs) };
        log.debug(fields, 'a connection that waited for mail has ended');
      } catch (error) {
        if (ending.aborted) return;
        log.debug({ err: error }, 'a connection to wait for mail could not be opened');
        if (kindOf(error) === 'credentials') return this.parts.onRejected();
        atLeastMs = restOf(error);
      }
      const pauseMs = Math.max(this.pauseMs(lastedMs), atLeastMs);
      await sleep(pauseMs, undefined, { signal: ending }).catch(() => {});
    }
  }

  private async watch(session: Session, target: Target) {
    const { onMail, times = WATCH_TIMES } = this.parts;
    const watch = new FolderWatch(session, target(), onMail, times);
    const current = { session, watch };
    this.current = current;
    try {
      return await watch.ended;
    } finally {
      // Another one may have begun by then.
      if (this.current === current) this.current = undefined;
    }
  }

  private pauseMs(lastedMs: number): number {
    this.failures = lastedMs >= LASTING_MS ? 0 : this.failures + 1;
    return this.failures === 0 ? backoffMs(SOON, 1) : backoffMs(LATER, this.failures);
  }
}

/** What is waited for at the least, in milliseconds, before a server is asked again that has said this. */
function restOf(error: unknown): number {
  switch (kindOf(error)) {
    case 'throttled':
      return retryAfterMs(error) ?? THROTTLED_MS;
    default:
      return 0;
  }
}
