import { createHash, randomBytes, sign } from 'node:crypto';
import { browse, type Person } from './browser.ts';
import { type OAuthClient, type OAuthServer, SCOPES } from './oauth-server.ts';
import type { ServiceAccount } from './oauth-service-account.ts';

/** What the token endpoint said. */
export interface TokenAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Record<string, unknown>;
}

/** Asks the token endpoint by hand, for tests of what the server does, or that need a token of their own. */
export async function askForToken(
  server: OAuthServer,
  { id, secret }: OAuthClient,
  form: Readonly<Record<string, string>>,
): Promise<TokenAnswer> {
  const body = new URLSearchParams({ client_id: id, ...(secret ? { client_secret: secret } : {}), ...form });
  const response = await fetch(server.urls.token, { method: 'POST', body, headers: { connection: 'close' } });
  const text = await response.text();
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Has a person consent in the browser, by authorization code with PKCE. */
export async function consent(
  server: OAuthServer,
  person: Person,
  client: OAuthClient = server.device,
  scope: string = `${SCOPES.exchange} offline_access`,
): Promise<Tokens> {
  const verifier = randomBytes(32).toString('base64url');
  const redirect = 'http://127.0.0.1:1/';
  const query = new URLSearchParams({
    ...{ client_id: client.id, response_type: 'code', redirect_uri: redirect, scope, state: 'x' },
    ...{ access_type: 'offline', prompt: 'consent', code_challenge_method: 'S256' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  });
  const { url, text } = await browse(`${server.urls.authorization}?${query}`, person);
  const code = new URL(url).searchParams.get('code');
  if (code === null) throw new Error(`no consent: ${url} ${text}`);
  const { body } = await askForToken(server, client, {
    ...{ grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier },
  });
  return { accessToken: String(body.access_token), refreshToken: String(body.refresh_token) };
}

/** What a service account signs to ask for a token (RFC 7523), with whatever is wrong in it. */
export function assertionOf(
  { key }: ServiceAccount,
  claims: Readonly<Record<string, unknown>> = {},
  privateKey: string = key.private_key,
): string {
  const now = Math.floor(Date.now() / 1000);
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = {
    ...{ iss: key.client_email, aud: key.token_uri, scope: SCOPES.gmail, sub: 'support@example.com' },
    ...{ iat: now, exp: now + 3_600, ...claims },
  };
  const text = `${encode({ alg: 'RS256', typ: 'JWT', kid: key.private_key_id })}.${encode(payload)}`;
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
}

/** A key of 32 bytes for `token_key`. */
export const TOKEN_KEY = Buffer.from('a key of the tests, of 32 bytes.').toString('base64');

/** How a mailbox is configured to log in with what a person consents to at this server. */
export function consentedSection(
  server: OAuthServer,
  { id, secret }: OAuthClient = server.device,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { token, authorization, device } = server.urls;
  return {
    ...{ flow: 'refresh_token', client_id: id, ...(secret && { client_secret: secret }) },
    ...{ token_url: token, authorization_url: authorization, device_authorization_url: device },
    scope: `${SCOPES.exchange} offline_access`,
    ...more,
  };
}
