import { setTimeout as sleep } from 'node:timers/promises';
import type { MailboxConfig } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { endingWith } from '../db/ending.ts';
import { errorText } from '../db/refusal.ts';
import { MailcaseError } from '../errors.ts';
import { unlessAborted } from '../waiting.ts';
import type { OAuth2Client } from './endpoint.ts';
import { byRefreshToken } from './grants.ts';
import {
  type Binding,
  bindingOf,
  type NewTokens,
  readTokens,
  type StoredTokens,
  storeRenewed,
  type TokenKeys,
} from './token-store.ts';
import { type AccessToken, accessToken, isGood, msLeft } from './tokens.ts';
import type { Turns } from './turns.ts';

/** How often it is tried to store what the database did not take, in milliseconds. */
const STORE_AGAIN_MS = 2_000;

/** A database that does not answer is waited for so long, in milliseconds. */
const STORE_MS = 5_000;

/** Lines for the log: a static message and fields. */
export type Say = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Record<string, unknown>,
) => void;

/** What was given, and is not stored yet. */
interface Unsaved {
  /** That of the tokens which were renewed. */
  readonly generation: number;
  readonly tokens: NewTokens;
  readonly access: AccessToken;
}

/**
 * What was not stored when its renewals ended, by what it belongs to. A reload ends them while the database may be away;
 * those after it go on from here.
 */
const leftOver = new Map<string, Unsaved>();

/**
 * Renews the access token of one mailbox with the refresh token in the database. Whoever does so holds a lock on the row,
 * from the reading to the storing: of several daemons that want to at once, one asks, and the others find what it got.
 *
 * Many providers take a refresh token once, and give the next one with the answer. So an answer that the database does not
 * take is kept here until it does, and the old one is not shown again.
 */
export class Renewal {
  private readonly db: Database;
  private readonly keys: TokenKeys;
  private readonly client: OAuth2Client;
  private readonly binding: Binding;
  private readonly say: Say;
  private readonly turns: Turns;
  private unsaved: Unsaved | undefined;
  private readonly closing = new AbortController();
  /** Stores what is not stored, again and again. */
  private saving: Promise<void> | undefined;

  /** @param turns each renewal holds a connection of the pool until the provider has answered: others need some too */
  constructor(
    db: Database,
    keys: TokenKeys,
    mailbox: MailboxConfig,
    client: OAuth2Client,
    say: Say,
    turns: Turns,
  ) {
    this.turns = turns;
    this.db = db;
    this.keys = keys;
    this.client = client;
    this.binding = bindingOf(mailbox);
    this.say = say;
  }

  /**
   * @param unwanted an access token that the mail server has refused
   * @param closing once it is aborted, none is begun any more
   * @returns one that is good: somebody else's that is stored, or a new one
   * @throws MailcaseError `imap_credentials`, `imap_throttled` or `imap_connect`; and what the database says
   */
  async renew(
    unwanted: string | undefined,
    closing: AbortSignal,
  ): Promise<{ access: AccessToken; isNew: boolean }> {
    this.takeOver();
    if (this.unsaved !== undefined) {
      const { access } = this.unsaved;
      if (access.value !== unwanted && isGood(access, Date.now())) return { access, isNew: false };
      await this.save(this.unsaved);
    }
    return this.turns.during(async () => {
      closing.throwIfAborted();
      return this.renewStored(unwanted);
    });
  }

  private async renewStored(unwanted: string | undefined): Promise<{ access: AccessToken; isNew: boolean }> {
    let given: Unsaved | undefined;
    try {
      return await this.db.transaction(async (trx) => {
        const stored = await readTokens(trx, this.keys, this.binding, { forUpdate: true });
        if (stored === undefined) throw notLoggedIn(this.binding);
        const others = othersToken(stored, unwanted);
        if (others !== undefined) return { access: others, isNew: false };
        given = await this.ask(stored);
        await storeRenewed(trx, this.keys, this.binding, given.generation, given.tokens);
        return { access: given.access, isNew: true };
      });
    } catch (error) {
      if (given === undefined) throw error;
      this.keep(given, error);
      return { access: given.access, isNew: true };
    }
  }

  /** Stores what is not stored yet, if the database is there. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.saving;
    if (this.unsaved === undefined) return;
    try {
      await this.save(this.unsaved);
    } catch (error) {
      if (this.unsaved !== undefined) leftOver.set(this.key, this.unsaved);
      this.say('error', 'a renewed refresh token could not be stored: it is lost if this process ends', {
        reason: errorText(error),
        cure: `if the provider takes the old one no more, run \`mailcase login ${this.binding.mailbox}\``,
      });
    }
  }

  private async ask(stored: StoredTokens): Promise<Unsaved> {
    const since = Date.now();
    // Not to be cut off: the answer may hold the only refresh token that is good.
    const granted = await byRefreshToken(this.client, stored.refreshToken, new AbortController().signal);
    const { accessToken: value, livesMs, refreshToken, refreshLivesMs } = granted;
    const access = accessToken(value, livesMs, since);
    const tokens = {
      refreshToken: refreshToken ?? stored.refreshToken,
      accessToken: value,
      ...msLeft(access, Date.now()),
      refreshLivesMs,
      isSameRefreshToken: refreshToken === undefined || refreshToken === stored.refreshToken,
    };
    return { generation: stored.generation, tokens, access };
  }

  private get key(): string {
    return JSON.stringify(this.binding);
  }

  private takeOver(): void {
    const left = leftOver.get(this.key);
    if (left === undefined) return;
    leftOver.delete(this.key);
    this.unsaved = left;
    this.saving ??= this.saveSoon();
  }

  private keep(given: Unsaved, error: unknown): void {
    this.unsaved = given;
    this.say('warn', 'renewed tokens could not be stored, it is tried again', { reason: errorText(error) });
    this.saving ??= this.saveSoon();
  }

  private async saveSoon(): Promise<void> {
    const { signal } = this.closing;
    while (this.unsaved !== undefined && !signal.aborted) {
      await unlessAborted(sleep(STORE_AGAIN_MS, undefined, { ref: false }), signal);
      if (signal.aborted) break;
      await this.save(this.unsaved).catch(() => {});
    }
    this.saving = undefined;
  }

  /** What others have stored since counts, and so does what was stored though nobody said so. */
  private async save(unsaved: Unsaved): Promise<void> {
    const { generation, tokens, access } = unsaved;
    const now = { ...tokens, ...msLeft(access, Date.now()) };
    const isStored = await endingWith(AbortSignal.timeout(STORE_MS), () =>
      storeRenewed(this.db, this.keys, this.binding, generation, now),
    );
    if (this.unsaved !== unsaved) return;
    this.unsaved = undefined;
    this.say(
      'info',
      isStored ? 'renewed tokens are stored now' : 'stored tokens are newer, and are used',
      {},
    );
  }
}

/** The stored access token, where it is good for another login. */
function othersToken(
  { accessToken: other }: StoredTokens,
  unwanted: string | undefined,
): AccessToken | undefined {
  if (other === undefined || other.value === unwanted) return undefined;
  if (other.renewInMs <= 0) return undefined;
  const now = Date.now();
  return {
    value: other.value,
    endsAt: new Date(now + other.endsInMs),
    renewAt: new Date(now + other.renewInMs),
  };
}

export function notLoggedIn({ mailbox }: Pick<Binding, 'mailbox'>): MailcaseError {
  return new MailcaseError('imap_credentials', `nobody has logged in for ${mailbox} yet`, {
    fields: { cure: `run \`mailcase login ${mailbox}\`` },
  });
}
