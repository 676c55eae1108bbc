import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browse } from '../support/browser.ts';
import type { Dovecot } from '../support/dovecot.ts';
import { startOAuthDovecot } from '../support/dovecot-oauth.ts';
import { askForToken, assertionOf, consent } from '../support/oauth-client.ts';
import { type OAuthServer, SCOPES, startOAuthServer } from '../support/oauth-server.ts';

// The servers that tests of logins run against have to do what the real ones do, or those tests show nothing.

const USER = 'support@example.com';
/** For good: not `Temporary authentication failure`. */
const REFUSED = /^refused: .*Authentication failed/;
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

let microsoft: OAuthServer;
let google: OAuthServer;
let dovecot: Dovecot;
let googleDovecot: Dovecot;

beforeAll(async () => {
  microsoft = await startOAuthServer();
  google = await startOAuthServer({ like: 'google' });
  dovecot = await startOAuthDovecot(microsoft, {
    withoutPasswords: true,
    mechanisms: ['xoauth2'],
    appMailboxes: [USER, 'orders@example.com'],
  });
  googleDovecot = await startOAuthDovecot(google, { appMailboxes: [] });
});

beforeEach(() => {
  microsoft.mend();
  Object.assign(microsoft.settings, { rotation: 'lenient', accessTokenLife: 3_600 });
});

afterAll(async () => {
  await dovecot?.stop();
  await googleDovecot?.stop();
  await microsoft?.stop();
  await google?.stop();
});

/** Logs in as imapflow does. @returns `in`, or what the server said */
async function login(
  auth: { accessToken: string } | { pass: string },
  { user = USER, server = dovecot } = {},
): Promise<string> {
  const client = new ImapFlow({
    host: server.host,
    port: server.imapPort,
    secure: false,
    doSTARTTLS: false,
    auth: { user, ...auth },
    logger: false,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.logout();
    return 'in';
  } catch (error) {
    client.close();
    const { authenticationFailed, responseText } = error as {
      authenticationFailed?: boolean;
      responseText?: string;
    };
    return authenticationFailed ? `refused: ${responseText}` : String(error);
  }
}

const appToken = async () => {
  const { body } = await askForToken(microsoft, microsoft.app, {
    ...{ grant_type: 'client_credentials', scope: SCOPES.exchangeApp },
  });
  return String(body.access_token);
};

describe('Dovecot', () => {
  it.each(['XOAUTH2', 'OAUTHBEARER'])(
    'lets a person in by %s, into their mailbox alone',
    async (mechanism) => {
      const isExchange = mechanism === 'XOAUTH2';
      const server = isExchange ? dovecot : googleDovecot;
      const { accessToken } = isExchange
        ? await consent(microsoft, { user: USER })
        : await consent(google, { user: USER }, google.desktop, SCOPES.gmail);
      expect(await login({ accessToken }, { server })).toBe('in');
      expect(await readFile(server.logFile, 'utf8')).toContain(`Login: user=<${USER}>, method=${mechanism}`);
      expect(await login({ accessToken }, { server, user: 'SUPPORT@example.com' })).toBe('in');
      expect(await login({ accessToken }, { server, user: 'orders@example.com' })).toMatch(REFUSED);
      expect(await login({ accessToken: 'made-up' }, { server })).toMatch(REFUSED);
    },
  );

  it('lets an app into the mailboxes that it was given', async () => {
    const accessToken = await appToken();
    expect(await login({ accessToken })).toBe('in');
    expect(await login({ accessToken }, { user: 'orders@example.com' })).toBe('in');
    expect(await login({ accessToken }, { user: 'boss@example.com' })).toMatch(REFUSED);
  });

  it('refuses a token that is over, was ended, or was taken back', async () => {
    microsoft.settings.accessTokenLife = 1;
    const short = await consent(microsoft, { user: USER });
    microsoft.settings.accessTokenLife = 3_600;
    const ended = await appToken();
    microsoft.expireAccessTokens();
    const revoked = await consent(microsoft, { user: USER });
    expect(await login(revoked)).toBe('in');
    microsoft.revoke(USER);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (const accessToken of [short.accessToken, ended, revoked.accessToken])
      expect(await login({ accessToken })).toMatch(REFUSED);
    const gone = await askForToken(microsoft, microsoft.device, {
      ...{ grant_type: 'refresh_token', refresh_token: revoked.refreshToken },
    });
    expect(gone.body.error).toBe('invalid_grant');
  });

  it('refuses passwords where that was asked for, and takes them elsewhere', async () => {
    expect(await login({ pass: dovecot.password })).toMatch(REFUSED);
    expect(await login({ pass: googleDovecot.password }, { server: googleDovecot })).toBe('in');
    expect(await login({ pass: 'wrong' }, { server: googleDovecot })).toMatch(REFUSED);
  });
});

describe('a device', () => {
  const begin = async () => {
    const body = new URLSearchParams({ client_id: 'device', scope: `${SCOPES.exchange} offline_access` });
    const response = await fetch(microsoft.urls.device, {
      method: 'POST',
      body,
      headers: { connection: 'close' },
    });
    return (await response.json()) as Record<string, string>;
  };
  const ask = (device_code = '') =>
    askForToken(microsoft, microsoft.device, { grant_type: DEVICE, device_code });

  it('waits for the person, and gets tokens', async () => {
    const { device_code, verification_uri_complete = '', interval } = await begin();
    expect(interval).toBe(1);
    expect((await ask(device_code)).body.error).toBe('authorization_pending');
    expect((await browse(verification_uri_complete, { user: USER })).text).toContain('You are signed in');
    const { body } = await ask(device_code);
    expect(body.refresh_token).toEqual(expect.any(String));
    expect(await login({ accessToken: String(body.access_token) })).toBe('in');
    expect((await ask(device_code)).body.error).toBe('invalid_grant');
  });

  it('is told that the person refused, and that the code is too old', async () => {
    const refused = await begin();
    await browse(refused.verification_uri_complete ?? '', { user: USER, refuses: true });
    expect((await ask(refused.device_code)).body.error).toBe('access_denied');
    microsoft.settings.deviceCodeLife = 1;
    const old = await begin();
    microsoft.settings.deviceCodeLife = 900;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect((await ask(old.device_code)).body.error).toBe('expired_token');
  });
});

describe('refresh tokens', () => {
  const refresh = (refresh_token: string) =>
    askForToken(microsoft, microsoft.device, { grant_type: 'refresh_token', refresh_token });

  it('end with the whole grant where one comes again, if strict', async () => {
    microsoft.settings.rotation = 'strict';
    const first = await consent(microsoft, { user: USER });
    const { body } = await refresh(first.refreshToken);
    expect(body.refresh_token).not.toBe(first.refreshToken);
    expect((await refresh(first.refreshToken)).body.error).toBe('invalid_grant');
    expect((await refresh(String(body.refresh_token))).body.error).toBe('invalid_grant');
  });

  it('go on working after they were replaced, if lenient', async () => {
    const first = await consent(microsoft, { user: USER });
    const { body } = await refresh(first.refreshToken);
    expect(body.refresh_token).not.toBe(first.refreshToken);
    expect((await refresh(first.refreshToken)).status).toBe(200);
    expect((await refresh(String(body.refresh_token))).status).toBe(200);
  });

  it('are given by Microsoft for offline_access, by Google for access_type=offline, and stay there', async () => {
    expect(await consent(microsoft, { user: USER }, microsoft.device, SCOPES.exchange)).toMatchObject({
      refreshToken: 'undefined',
    });
    const { accessToken, refreshToken } = await consent(google, { user: USER }, google.desktop, SCOPES.gmail);
    expect(await login({ accessToken }, { server: googleDovecot })).toBe('in');
    const { body } = await askForToken(google, google.desktop, {
      ...{ grant_type: 'refresh_token', refresh_token: refreshToken },
    });
    expect(body.access_token).toEqual(expect.any(String));
    expect(body).not.toHaveProperty('refresh_token');
  });
});

describe('a service account', () => {
  const ask = (assertion: string) =>
    fetch(google.urls.token, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: BEARER, assertion }),
      headers: { connection: 'close' },
    }).then(async (response) => (await response.json()) as Record<string, string>);

  it('gets a token for a mailbox that was delegated to it', async () => {
    const { access_token: accessToken = '' } = await ask(assertionOf(google.serviceAccount));
    expect(await login({ accessToken }, { server: googleDovecot })).toBe('in');
    expect(await login({ accessToken }, { server: googleDovecot, user: 'boss@example.com' })).toMatch(
      /^refused/,
    );
  });

  it.each([
    ['another key', {}, 'invalid_grant', 'Invalid JWT Signature.'],
    [
      'too long a life',
      { exp: Date.now() / 1000 + 9_999 },
      'invalid_grant',
      'Invalid JWT: Token must be a short',
    ],
    ['one that is over', { iat: 1, exp: 2 }, 'invalid_grant', 'Invalid JWT: Token must be a short'],
    ['another audience', { aud: 'https://else.example/' }, 'invalid_grant', 'Failed audience check'],
    ['a stranger', { sub: 'nobody@example.com' }, 'invalid_grant', 'Invalid email or User ID'],
    ['another scope', { scope: 'https://else.example/' }, 'unauthorized_client', 'Client is unauthorized'],
    ['no subject', { sub: undefined }, 'unauthorized_client', 'Client is unauthorized'],
  ])('is refused for %s', async (what, claims, error, description) => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const key =
      what === 'another key' ? other.export({ type: 'pkcs8', format: 'pem' }).toString() : undefined;
    const answer = await ask(assertionOf(google.serviceAccount, claims, key));
    expect(answer).toMatchObject({ error, error_description: expect.stringContaining(description) });
  });
});

describe('faults', () => {
  const ask = () =>
    askForToken(microsoft, microsoft.app, { grant_type: 'client_credentials', scope: SCOPES.exchangeApp });

  it('come as often as was said, and are counted', async () => {
    const before = microsoft.asked('token');
    microsoft.break('token', { status: 429, headers: { 'retry-after': '7' } }, 1);
    expect(await ask()).toMatchObject({ status: 429, retryAfter: '7' });
    expect((await ask()).status).toBe(200);
    microsoft.break('token', { status: 503, contentType: 'text/html', body: '<h1>down</h1>' });
    expect((await ask()).body.text).toBe('<h1>down</h1>');
    microsoft.break('token', 'cut');
    await expect(ask()).rejects.toThrow('fetch failed');
    microsoft.mend();
    expect((await ask()).status).toBe(200);
    expect(microsoft.asked('token') - before).toBe(5);
    expect(microsoft.granted.at(-1)).toBe('client_credentials');
  });

  it('of secrets: a wrong one is invalid_client', async () => {
    const answer = await askForToken(
      microsoft,
      { id: 'app', secret: 'wrong' },
      { grant_type: 'client_credentials' },
    );
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });
});
