import type { AsyncResource } from 'node:async_hooks';
import type { MailboxConfig, OAuth2Config } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { MailcaseError } from '../errors.ts';
import type { Login, LoginSource } from '../imap/login.ts';
import { unlessAborted } from '../waiting.ts';
import { clientOf, type OAuth2Client } from './endpoint.ts';
import { byClientCredentials, byServiceAccount } from './grants.ts';
import { loginAgain } from './refusals.ts';
import { Renewal, type Say } from './renewal.ts';
import { refreshStanding, type TokenStanding } from './standing.ts';
import { bindingOf, readTokens, type TokenKeys } from './token-store.ts';
import { type AccessToken, accessToken, isGood } from './tokens.ts';
import type { Turns } from './turns.ts';

export interface OAuth2Parts {
  readonly mailbox: MailboxConfig;
  readonly oauth2: OAuth2Config;
  readonly db: Database | undefined;
  readonly keys: TokenKeys;
  readonly say: Say;
  /** Where renewals run, which no poll's end cuts off. */
  readonly outside: AsyncResource;
  /** How many mailboxes' refresh tokens are renewed at a time. */
  readonly turns: Turns;
}

/** How often it is looked whether the refresh token is about to die, in milliseconds. */
const LOOK_MS = 24 * 60 * 60_000;

interface Renewed {
  readonly access: AccessToken;
  /** Whether it was given just now. */
  readonly isNew: boolean;
}

/** The access tokens of one mailbox: one is in use, and whoever needs another one waits for the same. */
export class OAuth2Logins implements LoginSource {
  private readonly parts: OAuth2Parts;
  private readonly client: OAuth2Client;
  private readonly renewal: Renewal | undefined;
  private current: AccessToken | undefined;
  /** Under way, for everybody. */
  private renewing: Promise<Renewed> | undefined;
  /** Logins with a token that was given just now: if the server refuses it, another one would be no better. */
  private readonly fresh = new WeakSet<Login>();
  private readonly closing = new AbortController();
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: OAuth2Parts) {
    const { mailbox, oauth2, db, keys, say, turns } = parts;
    this.parts = parts;
    this.client = clientOf(mailbox, oauth2);
    if (oauth2.flow === 'refresh_token' && db !== undefined) {
      this.renewal = new Renewal(db, keys, mailbox, this.client, say, turns);
    }
  }

  async next(signal: AbortSignal): Promise<Login> {
    const { current } = this;
    if (current !== undefined && isGood(current, Date.now())) return this.login(current, false);
    const { access, isNew } = await this.renew(undefined, signal);
    void this.lookAhead();
    return this.login(access, isNew);
  }

  async afterRefusal(refused: Login, signal: AbortSignal): Promise<Login | undefined> {
    if (!('accessToken' in refused) || this.fresh.has(refused)) return undefined;
    const { current } = this;
    if (current !== undefined && current.value !== refused.accessToken && isGood(current, Date.now())) {
      return this.login(current, false);
    }
    this.current = undefined;
    const renewed = await this.renew(refused.accessToken, signal);
    // Whoever began before the refusal may have found the same again.
    const isSame = renewed.access.value === refused.accessToken;
    const { access } = isSame ? await this.renew(refused.accessToken, signal) : renewed;
    return this.login(access, true);
  }

  async standing(): Promise<TokenStanding> {
    const { mailbox, oauth2, db, keys } = this.parts;
    const { flow, refresh_token_lifetime } = oauth2;
    const stored =
      flow === 'refresh_token' && db !== undefined
        ? await readTokens(db, keys, bindingOf(mailbox))
        : undefined;
    return {
      flow,
      accessEndsAt: this.current?.endsAt,
      refresh: stored && refreshStanding(stored.times, refresh_token_lifetime, Date.now()),
    };
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.renewing?.catch(() => {});
    await this.renewal?.close();
  }

  private login({ value }: AccessToken, isNew: boolean): Login {
    const login = { accessToken: value, mechanism: this.parts.oauth2.mechanism };
    if (isNew) this.fresh.add(login);
    return login;
  }

  /** @param unwanted an access token that the server has refused */
  private async renew(unwanted: string | undefined, signal: AbortSignal): Promise<Renewed> {
    signal.throwIfAborted();
    const { renewing = this.begin(unwanted) } = this;
    const renewed = await unlessAborted(renewing, signal);
    if (renewed === undefined) throw signal.reason;
    return renewed;
  }

  private begin(unwanted: string | undefined): Promise<Renewed> {
    const renewing = this.parts.outside.runInAsyncScope(() => this.ask(unwanted));
    this.renewing = renewing;
    renewing.then(
      ({ access }) => {
        this.current = access;
        this.renewing = undefined;
      },
      // Whoever waits for it is told; that may be nobody any more.
      () => {
        this.renewing = undefined;
      },
    );
    return renewing;
  }

  private async ask(unwanted: string | undefined): Promise<Renewed> {
    const { flow } = this.parts.oauth2;
    if (flow === 'refresh_token') {
      if (this.renewal === undefined) throw noDatabase(this.parts.mailbox);
      return this.renewal.renew(unwanted, this.closing.signal);
    }
    const since = Date.now();
    const grant = flow === 'service_account' ? byServiceAccount : byClientCredentials;
    const { accessToken: value, livesMs } = await grant(this.client, this.closing.signal);
    return { access: accessToken(value, livesMs, since), isNew: true };
  }

  /** Warns, once a day, of a refresh token that is about to die. Never fails: the login has gone well. */
  private async lookAhead(): Promise<void> {
    if (this.renewal === undefined || Date.now() - this.lookedAt < LOOK_MS) return;
    this.lookedAt = Date.now();
    const standing = await this.standing().catch(() => undefined);
    if (!standing?.refresh?.isNear) return;
    const { diesAt } = standing.refresh;
    const { mailbox, oauth2 } = this.parts;
    this.parts.say('warn', 'the refresh token dies soon, and the mailbox cannot be polled then', {
      diesAt,
      cure: loginAgain({ mailbox: mailbox.name, flow: oauth2.flow }),
    });
  }
}

function noDatabase({ name }: MailboxConfig): MailcaseError {
  return new MailcaseError(
    'database_unavailable',
    `the login of ${name} is kept in the database, which cannot be asked`,
  );
}
