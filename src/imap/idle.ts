import { setTimeout as sleep } from 'node:timers/promises';
import { kindOf } from '../errors.ts';
import { onAbort, unlessAborted, within } from '../waiting.ts';
import { openFolder } from './folder.ts';
import { can } from './mark.ts';
import { type FolderMark, refusal, type Session } from './session.ts';

export interface WatchTimes {
  /** How long one IDLE lasts, in milliseconds. */
  readonly renewMs: number;
  /** How long a server may take to answer, in milliseconds: then its connection is dead, whatever TCP says. */
  readonly answerMs: number;
}

/**
 * IDLE is renewed well before anybody's limit: 29 minutes by RFC 2177, 10 at Exchange, which forgets an older one without
 * a word, 4 to 5 at routers that translate addresses; and before `socketTimeout` (session.ts), by which imapflow ends it.
 */
export const WATCH_TIMES: WatchTimes = { renewMs: 100_000, answerMs: 10_000 };

/** An IDLE that the server ends sooner than this is begun anew only then, in milliseconds, lest we ask without a pause. */
const SHORTEST_IDLE_MS = 1_000;

/** A server that ends each at once is asked half as often each time, but so often at least, in milliseconds. */
const LONGEST_PAUSE_MS = 60_000;

/** A folder that is watched. */
export interface Watched {
  readonly path: string;
  /** How the last poll found it; undefined where none has. */
  readonly known: FolderMark | undefined;
  /** Whether a message whose flags have become these may be one for a poll. */
  readonly isWanted: (flags: ReadonlySet<string>) => boolean;
}

/** Why a watch has ended. */
export type WatchEnd =
  | { readonly kind: 'released' }
  /** The connection is gone: the server has ended it, the network has, or nothing was heard of either. */
  | { readonly kind: 'broken'; readonly error: unknown }
  /** The server will not do IDLE, whatever it says of itself; the connection is there. */
  | { readonly kind: 'refused' };

/** Whether the server tells of new mail by itself (RFC 2177). */
export function canIdle(session: Session): boolean {
  return can(session, 'IDLE');
}

/**
 * Waits for mail in a folder, over a session that nobody else uses meanwhile. The folder is opened read-only, and opened
 * anew with each renewal, so that what was missed is noticed all the same: an event is only a reason to look.
 */
export class FolderWatch {
  /** Never rejects. */
  readonly ended: Promise<WatchEnd>;
  private readonly session: Session;
  private readonly watched: Watched;
  private readonly onMail: () => void;
  private readonly times: WatchTimes;
  private readonly released = new AbortController();
  private known: FolderMark | undefined;

  /** @param onMail is called when there is something to look for, more often than there is mail */
  constructor(session: Session, watched: Watched, onMail: () => void, times: WatchTimes = WATCH_TIMES) {
    this.session = session;
    this.watched = watched;
    this.onMail = onMail;
    this.times = times;
    this.known = watched.known;
    this.ended = this.watchUntilReleased();
  }

  /** The folder. */
  get path(): string {
    return this.watched.path;
  }

  /**
   * Ends the watch, and gives the session back.
   *
   * @param cut ends the waiting for its server to show that it is there
   * @param answerMs how long that may take
   * @returns whether it is; else the session is closed
   */
  async release(cut: AbortSignal, answerMs = this.times.answerMs): Promise<boolean> {
    this.released.abort();
    const close = () => this.session.close();
    const forget = onAbort(cut, close);
    try {
      await this.answered(this.session.keepAlive(), answerMs).catch(close);
      await this.ended;
      return this.session.isOpen();
    } finally {
      forget();
    }
  }

  /** Ends the watch and its session, politely. */
  async leave(): Promise<void> {
    this.released.abort();
    await this.session.logout();
    await this.ended;
  }

  private async watchUntilReleased(): Promise<WatchEnd> {
    const { client } = this.session;
    const onFlags = ({ flags }: { flags?: ReadonlySet<string> }) => {
      if (flags && this.watched.isWanted(flags)) this.tell();
    };
    const onExists = () => this.tell();
    client.on('exists', onExists).on('flags', onFlags);
    try {
      return await this.watch();
    } catch (error) {
      const failure = this.session.failure(error);
      this.session.close();
      return this.isReleased ? { kind: 'released' } : { kind: 'broken', error: failure };
    } finally {
      client.off('exists', onExists).off('flags', onFlags);
    }
  }

  private async watch(): Promise<WatchEnd> {
    const { client } = this.session;
    let pauseMs = SHORTEST_IDLE_MS;
    for (;;) {
      await this.look();
      if (this.isReleased) return { kind: 'released' };
      const began = performance.now();
      const idling = client.idle().catch(() => false);
      // What ends it otherwise is the next command: `look`, or that of whoever has the session then.
      if (!(await within(idling, this.times.renewMs))) continue;
      if (this.isReleased) return { kind: 'released' };
      if (!this.session.isOpen()) throw refusal(this.session, 'to wait for mail');
      if ((await idling) === false) return this.refused();
      const lastedMs = performance.now() - began;
      if (lastedMs < SHORTEST_IDLE_MS) {
        await unlessAborted(sleep(pauseMs - lastedMs), this.released.signal);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      } else {
        pauseMs = SHORTEST_IDLE_MS;
      }
    }
  }

  /** @throws MailcaseError where the server is in trouble, or to be left alone, which says nothing of IDLE */
  private refused(): WatchEnd {
    const why = refusal(this.session, 'to wait for mail');
    if (kindOf(why) !== 'other') throw why;
    return { kind: 'refused' };
  }

  /** Opens the folder, which ends IDLE, and tells where it is not as it was. */
  private async look(): Promise<void> {
    const open = openFolder(this.session, this.watched.path, { readOnly: true });
    const { uidValidity, uidNext } = await this.answered(open, this.times.answerMs);
    const { known } = this;
    this.known = { uidValidity, uidNext };
    if (known?.uidValidity !== uidValidity || uidNext > known.uidNext) this.tell();
  }

  private tell(): void {
    if (!this.isReleased) this.onMail();
  }

  private get isReleased(): boolean {
    return this.released.signal.aborted;
  }

  /** Cuts the connection where no answer comes in time, so that the command fails at once. */
  private async answered<T>(answer: Promise<T>, ms: number): Promise<T> {
    const limit = setTimeout(() => this.session.close(), ms);
    try {
      return await answer;
    } finally {
      clearTimeout(limit);
    }
  }
}
