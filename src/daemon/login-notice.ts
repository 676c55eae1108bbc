import { lastLogin } from '../auth/token-store.ts';
import type { Database } from '../db/connect.ts';
import { endingWith } from '../db/ending.ts';
import { kindOf } from '../errors.ts';
import type { Station } from './station.ts';

/** How often is looked, in milliseconds. */
const LOOK_MS = 5_000;

/** A database that does not answer is asked no longer, in milliseconds: less than LOOK_MS, so that looks do not pile up. */
const ASK_MS = 4_000;

/**
 * Ends the long rest after a rejected login once somebody has run `mailcase login`: a person who has just mended it waits
 * for mail to come.
 */
export class LoginNotice {
  private readonly db: Database;
  private readonly station: Station;
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(db: Database, station: Station) {
    this.db = db;
    this.station = station;
    if (station.mailbox.imap.oauth2?.flow !== 'refresh_token') return;
    this.timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  end(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const { mailbox, runner, polls } = this.station;
    const { restsUntil, lastError, begun } = runner.state();
    if (restsUntil === undefined || kindOf(lastError) !== 'credentials') return;
    // A database that is away says so with the next poll.
    const ask = () => lastLogin(this.db, mailbox.name);
    const agoMs = await endingWith(AbortSignal.timeout(ASK_MS), ask).catch(() => undefined);
    // Asked for afterwards, so that no login is missed for the time that the answer took.
    const now = runner.state();
    if (agoMs === undefined || agoMs > now.msSinceBegun || now.begun !== begun) return;
    polls.log.info('somebody has logged in, the mailbox is polled now');
    runner.endRest();
  }
}
