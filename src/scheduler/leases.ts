import type { Database } from '../db/connect.ts';
import { endingWith } from '../db/ending.ts';
import { IDENTITY } from '../db/identity.ts';
import { MailcaseError } from '../errors.ts';
import { endSessionsOf } from './fence.ts';
import { type Claim, claimLease, releaseLeases, renewLeases } from './lease.ts';

/** A lease is said anew so often in its time: one that fails or comes late does no harm. */
const RENEWALS = 3;

/** A database that is busy is waited for so long at least, in milliseconds, however short the leases are. */
const LEAST_PATIENCE_MS = 2_000;

/** A mailbox that is ours to poll. */
export type HeldLease = Extract<Claim, { isOurs: true }> & {
  /** How many database sessions of the one who had it before were ended, because they stood in a transaction. */
  readonly endedSessions: number;
  /** Aborted when another daemon has taken the mailbox over, because we were not heard of for too long. */
  readonly lost: AbortSignal;
};

export interface LeaseEvents {
  /** Another daemon has taken a mailbox over. */
  onLost(name: string): void;
  /** Leases could not be said anew: the polls will find out why. Told once until they can. */
  onFailed(error: unknown): void;
  /** They can. */
  onRenewedAgain(): void;
  /** The sessions of one from whom a mailbox was taken could not be ended: they may hold locks until they end by themselves. */
  onNotEnded(holder: string, error: unknown): void;
}

/**
 * The leases of one daemon: a mailbox is polled by one daemon at a time. They are kept between polls, so that one daemon
 * does the work and the others stand by. Nothing that is recorded depends on them: where two are at work all the same,
 * each message is one interaction by the constraints of the tables.
 */
export class Leases {
  /** For people too, in `mailboxes.lease_holder`. */
  readonly holder: string;
  private readonly db: Database;
  private readonly ms: number;
  private readonly events: LeaseEvents;
  private readonly held = new Map<string, AbortController>();
  private readonly timer: NodeJS.Timeout;
  private isRenewing = false;
  private isFailing = false;

  /**
   * @param ms how long a lease lasts
   * @param holder by which the database's sessions of this process are known too
   */
  constructor(db: Database, ms: number, events: LeaseEvents, holder = IDENTITY) {
    this.holder = holder;
    this.db = db;
    this.ms = ms;
    this.events = events;
    this.timer = setInterval(() => void this.renew(), ms / RENEWALS).unref();
  }

  /** Takes a mailbox, or says that it is still ours. */
  async claim(name: string): Promise<HeldLease | Extract<Claim, { isOurs: false }>> {
    const claim = await claimLease(this.db, name, this.holder, this.ms);
    if (!claim.isOurs) {
      this.lose(name);
      return claim;
    }
    const lease = this.held.get(name) ?? new AbortController();
    this.held.set(name, lease);
    return { ...claim, endedSessions: await this.fenceOff(claim.takenFrom), lost: lease.signal };
  }

  /** Never fails: the mailbox is ours, and locks that are left end by themselves. */
  private async fenceOff(holder: string | undefined): Promise<number> {
    if (holder === undefined) return 0;
    try {
      return await endSessionsOf(this.db, holder);
    } catch (error) {
      this.events.onNotEnded(holder, error);
      return 0;
    }
  }

  /** Lets another daemon try. */
  async giveBack(name: string): Promise<void> {
    if (this.held.delete(name)) await releaseLeases(this.db, [name], this.holder);
  }

  /** Gives all of them back. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    const names = [...this.held.keys()];
    this.held.clear();
    if (names.length > 0) await releaseLeases(this.db, names, this.holder);
  }

  private async renew(): Promise<void> {
    const leases = [...this.held];
    if (this.isRenewing || leases.length === 0) return;
    this.isRenewing = true;
    try {
      const names = leases.map(([name]) => name);
      // A statement on a connection that died without a word must not use up the time of the next ones.
      const renewed = endingWith(
        AbortSignal.timeout(Math.max(LEAST_PATIENCE_MS, Math.ceil(this.ms / RENEWALS))),
        () => renewLeases(this.db, names, this.holder, this.ms),
      );
      const ours = new Set(await renewed);
      if (this.isFailing) this.events.onRenewedAgain();
      this.isFailing = false;
      // What was given back meanwhile was not lost.
      for (const [name, lease] of leases)
        if (!ours.has(name) && this.held.get(name) === lease) this.lose(name);
    } catch (error) {
      if (!this.isFailing) this.events.onFailed(error);
      this.isFailing = true;
    } finally {
      this.isRenewing = false;
    }
  }

  private lose(name: string): void {
    const lease = this.held.get(name);
    if (!lease) return;
    this.held.delete(name);
    this.events.onLost(name);
    lease.abort(
      new MailcaseError('lease_lost', `another daemon has taken the mailbox ${name} over, so this poll ends`),
    );
  }
}
