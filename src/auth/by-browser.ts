import * as oauth from 'openid-client';
import type { OAuth2Config } from '../config/schema.ts';
import { MailcaseError } from '../errors.ts';
import { askEndpoint, type OAuth2Client } from './endpoint.ts';
import { granted } from './grants.ts';
import { refusedByPerson } from './not-consented.ts';
import type { GrantedTokens } from './tokens.ts';

/** A login by a browser (RFC 8252): what belongs to this one, and nobody but us can know. */
export interface BrowserLogin {
  /** Comes back with the answer, which is how it is told from another login's. */
  readonly state: string;
  /** Shows that whoever brings the code is who has asked for it (PKCE, RFC 7636). */
  readonly verifier: string;
}

export function beginBrowserLogin(): BrowserLogin {
  return { state: oauth.randomState(), verifier: oauth.randomPKCECodeVerifier() };
}

/**
 * The address at which a person signs in and consents.
 *
 * @param hint with which account, should the browser know several; a person may take another one nevertheless
 */
export async function consentAddress(
  { state, verifier }: BrowserLogin,
  oauth2: OAuth2Config,
  redirectUri: string,
  hint: string | undefined,
): Promise<string> {
  const { authorization_url, client_id, scope } = oauth2;
  // It may have a query of its own, with what this provider wants to be asked.
  const url = new URL(authorization_url ?? '');
  const parameters = {
    ...{ response_type: 'code', client_id, redirect_uri: redirectUri, scope, state, login_hint: hint },
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

/**
 * Takes the code to the provider and gets tokens for it (RFC 6749, section 4.1.3).
 *
 * @param answer where the browser was sent to, see readRedirect
 * @throws MailcaseError `act_refused` where the person has refused, or the answer is another login's; else see askEndpoint
 */
export async function redeemCode(
  { state, verifier }: BrowserLogin,
  client: OAuth2Client,
  answer: URL,
  signal: AbortSignal,
): Promise<GrantedTokens> {
  const { searchParams } = answer;
  if (searchParams.get('state') !== state) {
    throw new MailcaseError('act_refused', 'what came back from the browser belongs to another login');
  }
  const error = searchParams.get('error');
  if (error !== null) throw refusedByPerson(error, searchParams.get('error_description'));
  const url = new URL(answer);
  // Google names itself there by another address than the one that tokens are asked at. Only one server is asked here, so
  // none can be taken for another (RFC 9207).
  url.searchParams.delete('iss');
  const secrets = [searchParams.get('code') ?? '', verifier];
  const checks = { expectedState: state, pkceCodeVerifier: verifier };
  try {
    return await askEndpoint(client, secrets, signal, async (configuration) =>
      granted(client, await oauth.authorizationCodeGrant(configuration, url, checks)),
    );
  } catch (cause) {
    const isOld = cause instanceof MailcaseError && cause.fields.oauthError === 'invalid_grant';
    if (!isOld) throw cause;
    throw new MailcaseError('imap_credentials', `the code was not taken: ${cause.message}`, {
      cause,
      fields: { cure: 'a code is good once and for a few minutes: run the same command again' },
    });
  }
}
