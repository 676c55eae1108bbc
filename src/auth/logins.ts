import { AsyncResource } from 'node:async_hooks';
import type { Config, MailboxConfig } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { type LoginSource, passwordOf } from '../imap/login.ts';
import { OAuth2Logins } from './oauth2-logins.ts';
import type { Say } from './renewal.ts';
import type { TokenStanding } from './standing.ts';
import { tokenKeysOf } from './token-store.ts';
import { Turns } from './turns.ts';

/**
 * How many refresh tokens are renewed at a time, at most. Each has a connection to the database as long as the provider is
 * silent; mailboxes that have nothing to do with it need the others of the pool.
 */
const AT_A_TIME = 3;

/** So many connections of the pool are left to others, where there are so many: polls, leases and alarms need them. */
const LEFT_TO_OTHERS = 2;

export interface LoginParts {
  /** Where nothing is said of the database, its pool is large enough. */
  readonly config: Pick<Config, 'token_key'> & Partial<Pick<Config, 'database'>>;
  /** Where refresh tokens are; undefined where it cannot be asked. */
  readonly db: Database | undefined;
  /** Writes to the log, for one mailbox. */
  readonly say?: (mailbox: string, ...line: Parameters<Say>) => void;
}

/** A source that can say how its tokens stand; undefined where it has none. */
export interface MailboxLogins extends LoginSource {
  standing(): Promise<TokenStanding | undefined>;
}

/**
 * What the mailboxes of a process log in with. All users of a mailbox (polls, imports, check) have it from here, so that
 * they share its tokens, and one renewal serves all.
 */
export class Logins {
  private readonly parts: LoginParts;
  private readonly all = new Map<MailboxConfig['imap'], MailboxLogins>();
  private readonly oauth2: OAuth2Logins[] = [];
  /** A renewal serves several, and goes on when the poll that asked for it is cut off with its statements. */
  private readonly outside = new AsyncResource('oauth2 renewal');

  private readonly turns: Turns;

  constructor(parts: LoginParts) {
    this.parts = parts;
    const { pool = Number.POSITIVE_INFINITY } = parts.config.database ?? {};
    this.turns = new Turns(Math.min(AT_A_TIME, Math.max(1, pool - LEFT_TO_OTHERS)));
  }

  of(mailbox: MailboxConfig): MailboxLogins {
    const known = this.all.get(mailbox.imap);
    if (known !== undefined) return known;
    const made = this.make(mailbox);
    this.all.set(mailbox.imap, made);
    return made;
  }

  /** Waits for renewals that are under way, and stores what the database has not taken yet. */
  async close(): Promise<void> {
    await Promise.all(this.oauth2.map((each) => each.close()));
  }

  private make(mailbox: MailboxConfig): MailboxLogins {
    const { oauth2 } = mailbox.imap;
    if (oauth2 === undefined) return { ...passwordOf(mailbox.imap), standing: async () => undefined };
    const { config, db, say } = this.parts;
    const logins = new OAuth2Logins({
      ...{ mailbox, oauth2, db, keys: tokenKeysOf(config), outside: this.outside, turns: this.turns },
      say: (...line) => say?.(mailbox.name, ...line),
    });
    this.oauth2.push(logins);
    return logins;
  }
}
