import { randomUUID } from 'node:crypto';
import { importPKCS8, SignJWT } from 'jose';
import * as oauth from 'openid-client';
import type { OAuth2Config } from '../config/schema.ts';
import { MailcaseError } from '../errors.ts';
import { holdSecrets } from '../observe/live-secrets.ts';
import { askEndpoint, type OAuth2Client } from './endpoint.ts';
import type { GrantedTokens } from './tokens.ts';

/* The ways to be given an access token (RFC 6749 and RFC 7523), each asked once. */

/** Asks with the app's own secret (RFC 6749, section 4.4). @throws MailcaseError, see askEndpoint */
export async function byClientCredentials(client: OAuth2Client, signal: AbortSignal): Promise<GrantedTokens> {
  return askEndpoint(client, [], signal, async (configuration) =>
    granted(client, await oauth.clientCredentialsGrant(configuration, scopeOf(client.oauth2))),
  );
}

/** Asks with what a person consented to (RFC 6749, section 6). @throws MailcaseError, see askEndpoint */
export async function byRefreshToken(
  client: OAuth2Client,
  refreshToken: string,
  signal: AbortSignal,
): Promise<GrantedTokens> {
  return askEndpoint(client, [refreshToken], signal, async (configuration) =>
    granted(client, await oauth.refreshTokenGrant(configuration, refreshToken, scopeOf(client.oauth2))),
  );
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** How long what a service account signs is good, in seconds: the most that Google takes. */
const ASSERTION_LIFE_S = 3600;

/** So long before now it begins, in seconds: Google refuses one that was signed in its future. */
const CLOCKS_DIFFER_S = 30;

/** Asks with what a service account signs (RFC 7523), for an account of its domain. @throws MailcaseError, see askEndpoint */
export async function byServiceAccount(client: OAuth2Client, signal: AbortSignal): Promise<GrantedTokens> {
  const assertion = await signAssertion(client.oauth2);
  holdSecrets(`assertion of ${client.mailbox}`, [assertion]);
  return askEndpoint(client, [assertion], signal, async (configuration) =>
    granted(client, await oauth.genericGrantRequest(configuration, JWT_BEARER, { assertion })),
  );
}

async function signAssertion({ account, token_url, scope }: OAuth2Config): Promise<string> {
  if (account === undefined) throw new MailcaseError('imap_credentials', 'the service account has no key');
  const key = await importPKCS8(account.privateKey, 'RS256');
  const now = Math.floor(Date.now() / 1000) - CLOCKS_DIFFER_S;
  const { keyId, email, subject } = account;
  return new SignJWT({ ...(scope !== undefined && { scope }) })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(keyId && { kid: keyId }) })
    .setIssuer(email)
    .setAudience(token_url)
    .setSubject(subject)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + ASSERTION_LIFE_S)
    .sign(key);
}

function scopeOf({ scope }: OAuth2Config): Record<string, string> {
  return scope === undefined ? {} : { scope };
}

/** What an answer gave; from now on no line of the log has it. */
export function granted(
  { mailbox }: Pick<OAuth2Client, 'mailbox'>,
  answer: oauth.TokenEndpointResponse & oauth.TokenEndpointResponseHelpers,
): GrantedTokens {
  const { access_token, refresh_token, refresh_token_expires_in } = answer;
  const refreshToken = refresh_token === '' ? undefined : refresh_token;
  holdTokens(mailbox, access_token, refreshToken);
  const seconds = answer.expiresIn();
  const refreshSeconds = Number(refresh_token_expires_in);
  return {
    accessToken: access_token,
    livesMs: seconds === undefined ? undefined : seconds * 1000,
    refreshToken,
    refreshLivesMs: refreshSeconds > 0 ? refreshSeconds * 1000 : undefined,
  };
}

/** Keeps tokens out of everything that is written. */
export function holdTokens(
  mailbox: string,
  accessToken: string | undefined,
  refreshToken: string | undefined,
): void {
  if (accessToken !== undefined) holdSecrets(`access token of ${mailbox}`, [accessToken]);
  if (refreshToken !== undefined) holdSecrets(`refresh token of ${mailbox}`, [refreshToken]);
}
