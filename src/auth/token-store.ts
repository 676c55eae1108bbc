import type { Config, MailboxConfig } from '../config/schema.ts';
import type { Database, Transaction } from '../db/connect.ts';
import { rows } from '../db/rows.ts';
import { MailcaseError } from '../errors.ts';
import { holdTokens } from './grants.ts';
import { hostOf } from './refusals.ts';
import { seal, unseal } from './seal.ts';

/* The table oauth2_tokens: what a mailbox logs in with, for every daemon, encrypted. */

/** To what a row belongs: with another app, account or server its tokens are worth nothing. */
export interface Binding {
  /** The mailbox's name. */
  readonly mailbox: string;
  readonly clientId: string;
  readonly imapUser: string;
  readonly tokenUrl: string;
}

/** A mailbox's tokens as they are stored. */
export interface StoredTokens {
  readonly generation: number;
  readonly refreshToken: string;
  /** The last access token; undefined where there is none that lives. */
  readonly accessToken: StoredAccessToken | undefined;
  readonly times: TokenTimes;
}

/** Times are counted from the reading on, in milliseconds, so that it is nothing to anybody whether clocks agree. */
export interface StoredAccessToken {
  readonly value: string;
  readonly endsInMs: number;
  readonly renewInMs: number;
}

/** By the clock of the database. */
export interface TokenTimes {
  readonly loggedInAt: Date;
  /** When the refresh token was last given or used. */
  readonly refreshedAt: Date;
  /** When it ends, whatever is done with it; undefined where that is not known. */
  readonly refreshEndsAt: Date | undefined;
}

/** What is stored when tokens were given. */
export interface NewTokens {
  readonly refreshToken: string;
  readonly accessToken: string;
  /** When the access token ends and is renewed, and when the refresh token ends, in milliseconds from now on. */
  readonly endsInMs: number;
  readonly renewInMs: number;
  /** Undefined where that is not known. */
  readonly refreshLivesMs: number | undefined;
  /** Whether the refresh token is the one that was there: then its end is, too. */
  readonly isSameRefreshToken: boolean;
}

export type TokenKeys = readonly Uint8Array[];

export function bindingOf({ name, imap }: MailboxConfig): Binding {
  const { oauth2, user } = imap;
  return {
    mailbox: name,
    clientId: oauth2?.client_id ?? '',
    imapUser: user,
    tokenUrl: oauth2?.token_url ?? '',
  };
}

export function tokenKeysOf({ token_key }: Pick<Config, 'token_key'>): TokenKeys {
  return token_key ?? [];
}

interface Row {
  readonly client_id: string;
  readonly imap_user: string;
  readonly token_url: string;
  readonly generation: number;
  readonly refresh_token: Buffer;
  readonly refresh_token_ends_at: Date | null;
  readonly access_token: Buffer | null;
  readonly ends_in_ms: number | null;
  readonly renew_in_ms: number | null;
  readonly logged_in_at: Date;
  readonly refreshed_at: Date;
}

/**
 * Reads a mailbox's tokens.
 *
 * @param options.forUpdate locks them against everybody who would renew them, until the transaction ends
 * @returns undefined where nobody has logged in yet
 * @throws MailcaseError `imap_credentials` where they cannot be used: they belong to something else, or no key opens them
 */
export async function readTokens(
  db: Database | Transaction,
  keys: TokenKeys,
  binding: Binding,
  { forUpdate = false }: { forUpdate?: boolean } = {},
): Promise<StoredTokens | undefined> {
  const [row] = await rows<Row>(
    db,
    `select *, ${msTo('access_token_ends_at')} as ends_in_ms, ${msTo('access_token_renew_at')} as renew_in_ms
     from oauth2_tokens where mailbox = ? ${forUpdate ? 'for update' : ''}`,
    [binding.mailbox],
  );
  if (row === undefined) return undefined;
  refuseForeign(row, binding);
  const refreshToken = unseal(row.refresh_token, keys, belonging(binding, 'refresh'));
  if (refreshToken === undefined) throw noKey(binding);
  const value = row.access_token ? unseal(row.access_token, keys, belonging(binding, 'access')) : undefined;
  holdTokens(binding.mailbox, value, refreshToken);
  return {
    generation: row.generation,
    refreshToken,
    accessToken:
      value === undefined
        ? undefined
        : { value, endsInMs: row.ends_in_ms ?? 0, renewInMs: row.renew_in_ms ?? 0 },
    times: {
      loggedInAt: row.logged_in_at,
      refreshedAt: row.refreshed_at,
      refreshEndsAt: row.refresh_token_ends_at ?? undefined,
    },
  };
}

/**
 * When somebody last logged in for a mailbox.
 *
 * @returns how long ago, in milliseconds, by the database's clock; undefined where nobody has
 */
export async function lastLogin(db: Database, mailbox: string): Promise<number | undefined> {
  const [row] = await rows<{ ago_ms: number }>(
    db,
    `select -${msTo('logged_in_at')} as ago_ms from oauth2_tokens where mailbox = ?`,
    [mailbox],
  );
  return row?.ago_ms;
}

/**
 * Stores what a person consented to, in place of what was there.
 *
 * @throws what the database says
 */
export async function storeLogin(
  db: Database | Transaction,
  keys: TokenKeys,
  binding: Binding,
  tokens: NewTokens,
): Promise<void> {
  const { mailbox, clientId, imapUser, tokenUrl } = binding;
  const { refresh, access } = sealed(keys, binding, tokens);
  await db.raw(
    `insert into oauth2_tokens as stored
       (mailbox, client_id, imap_user, token_url,
        refresh_token, refresh_token_ends_at, access_token, access_token_ends_at, access_token_renew_at)
     values (?, ?, ?, ?, ?, ${IN_MS}, ?, ${IN_MS}, ${IN_MS})
     on conflict (mailbox) do update set
       client_id = excluded.client_id, imap_user = excluded.imap_user, token_url = excluded.token_url,
       generation = stored.generation + 1,
       refresh_token = excluded.refresh_token, refresh_token_ends_at = excluded.refresh_token_ends_at,
       access_token = excluded.access_token, access_token_ends_at = excluded.access_token_ends_at,
       access_token_renew_at = excluded.access_token_renew_at,
       logged_in_at = now(), refreshed_at = now()`,
    [
      ...[mailbox, clientId, imapUser, tokenUrl],
      ...[refresh, tokens.refreshLivesMs ?? null, access, tokens.endsInMs, tokens.renewInMs],
    ],
  );
}

/**
 * Stores what a renewal gave.
 *
 * @param generation that of the tokens which were renewed
 * @returns false where others have stored something since, which counts
 */
export async function storeRenewed(
  db: Database | Transaction,
  keys: TokenKeys,
  binding: Binding,
  generation: number,
  tokens: NewTokens,
): Promise<boolean> {
  const { refresh, access } = sealed(keys, binding, tokens);
  const keepsEnd = tokens.isSameRefreshToken && tokens.refreshLivesMs === undefined;
  const { rowCount } = (await db.raw(
    `update oauth2_tokens set generation = generation + 1,
       refresh_token = ?, refresh_token_ends_at = ${keepsEnd ? 'coalesce(?::timestamptz, refresh_token_ends_at)' : IN_MS},
       access_token = ?, access_token_ends_at = ${IN_MS}, access_token_renew_at = ${IN_MS}, refreshed_at = now()
     where mailbox = ? and generation = ?`,
    [
      ...[refresh, keepsEnd ? null : (tokens.refreshLivesMs ?? null)],
      ...[access, tokens.endsInMs, tokens.renewInMs, binding.mailbox, generation],
    ],
  )) as { rowCount: number };
  return rowCount === 1;
}

/** So many milliseconds from now on; null of null. Not now(): the transaction may have waited for a lock, and an answer. */
const IN_MS = 'clock_timestamp() + make_interval(secs => ?::float8 / 1000)';

/** The milliseconds from now to a moment. */
const msTo = (column: string) => `(extract(epoch from ${column} - clock_timestamp()) * 1000)::float8`;

function sealed(keys: TokenKeys, binding: Binding, { refreshToken, accessToken }: NewTokens) {
  const [key] = keys;
  // The configuration is refused without one.
  if (key === undefined) throw new Error('there is no key for tokens');
  return {
    refresh: seal(refreshToken, key, belonging(binding, 'refresh')),
    access: seal(accessToken, key, belonging(binding, 'access')),
  };
}

function belonging(
  { mailbox, clientId, imapUser, tokenUrl }: Binding,
  purpose: 'refresh' | 'access',
): string[] {
  return [purpose, mailbox, clientId, imapUser, tokenUrl];
}

/** @throws MailcaseError where the row is of another app, account or server */
function refuseForeign(row: Row, { mailbox, clientId, imapUser, tokenUrl }: Binding): void {
  const changed = [
    row.client_id === clientId ? [] : `\`client_id\` was ${row.client_id}`,
    row.imap_user === imapUser ? [] : `\`imap.user\` was ${row.imap_user}`,
    row.token_url === tokenUrl
      ? []
      : `tokens came from ${hostOf(row.token_url)}${sameHost(row.token_url, tokenUrl)}`,
  ].flat();
  if (changed.length === 0) return;
  const what = `the stored login of ${mailbox} was made for something else: ${changed.join(', ')}`;
  throw new MailcaseError('imap_credentials', what, {
    fields: { cure: `run \`mailcase login ${mailbox}\`, or take the change back` },
  });
}

/** Endpoints of one host differ in their path, such as the tenant. */
function sameHost(one: string, other: string): string {
  return hostOf(one) === hostOf(other) && URL.canParse(one) ? new URL(one).pathname : '';
}

function noKey({ mailbox }: Binding): MailcaseError {
  return new MailcaseError(
    'imap_credentials',
    `the stored login of ${mailbox} cannot be decrypted: \`token_key\` is not the key that it was encrypted with`,
    {
      fields: {
        cure: `add the former key to the list in \`token_key\`, after the new one; or run \`mailcase login ${mailbox}\``,
      },
    },
  );
}
