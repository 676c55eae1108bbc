import { describe, expect, it } from 'vitest';
import { type Asked, explainAnswer, explainSilence } from '../../src/auth/refusals.ts';
import { MailcaseError } from '../../src/errors.ts';

const MICROSOFT: Asked = {
  mailbox: 'support',
  flow: 'client_credentials',
  url: 'https://login.microsoftonline.com/example.com/oauth2/v2.0/token',
  secrets: ['the-client-secret', 'the-refresh-token'],
};
const GOOGLE: Asked = { ...MICROSOFT, url: 'https://oauth2.googleapis.com/token' };
const byPerson = (asked: Asked): Asked => ({ ...asked, flow: 'refresh_token' });
const byAccount = (asked: Asked): Asked => ({ ...asked, flow: 'service_account' });

/** An answer as Microsoft gives it. */
function microsoft(error: string, text: string) {
  const tail =
    ' Trace ID: 0a1b2c3d-0000-0000-0000-000000000000 Correlation ID: 4e5f6a7b-0000-0000-0000-000000000000 Timestamp: 2026-11-28 18:00:00Z';
  return JSON.stringify({ error, error_description: text + tail, error_codes: [1], trace_id: '0a1b' });
}

/** An answer as Google gives it. */
const google = (error: string, error_description?: string) => JSON.stringify({ error, error_description });

function explain(asked: Asked, status: number, text: string, headers: Record<string, string> = {}) {
  const type = text.startsWith('{') ? 'application/json; charset=utf-8' : 'text/html';
  const answer = { status, headers: new Headers({ 'content-type': type, ...headers }), text };
  return explainAnswer(answer, asked, Date.UTC(2026, 10, 28, 18));
}

const LOGIN = 'run `mailcase login support`';

describe('what a person has to mend', () => {
  it.each<[Asked, number, string, RegExp | string]>([
    [
      MICROSOFT,
      401,
      microsoft(
        'invalid_client',
        "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '00000000-0000-0000-0000-000000000000'.",
      ),
      /client_secret` is wrong: it is the value/,
    ],
    [
      MICROSOFT,
      401,
      microsoft(
        'invalid_client',
        "AADSTS7000222: The provided client secret keys for app '00000000-0000-0000-0000-000000000000' are expired. Visit the Azure portal to create new keys for your app.",
      ),
      /secret of the app has expired: make a new one/,
    ],
    [
      MICROSOFT,
      400,
      microsoft(
        'unauthorized_client',
        "AADSTS700016: Application with identifier '1111' was not found in the directory 'Example'. This can happen if the application has not been installed by the administrator of the tenant.",
      ),
      /client_id` .* or `imap\.oauth2\.tenant`/,
    ],
    [
      MICROSOFT,
      400,
      microsoft(
        'invalid_request',
        "AADSTS90002: Tenant 'exmaple.com' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
      ),
      /no such directory: correct `imap\.oauth2\.tenant`/,
    ],
    [
      byPerson(MICROSOFT),
      400,
      microsoft(
        'invalid_grant',
        'AADSTS70008: The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
      ),
      LOGIN,
    ],
    [
      byPerson(MICROSOFT),
      400,
      microsoft(
        'invalid_grant',
        'AADSTS700082: The refresh token has expired due to inactivity. The token was issued on 2026-08-01T00:00:00.0000000Z and was inactive for 90.00:00:00.',
      ),
      LOGIN,
    ],
    [
      byPerson(MICROSOFT),
      400,
      microsoft(
        'invalid_grant',
        'AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
      ),
      LOGIN,
    ],
    [
      byPerson(MICROSOFT),
      400,
      microsoft(
        'invalid_grant',
        "AADSTS65001: The user or administrator has not consented to use the application with ID '1111' named 'mailcase'. Send an interactive authorization request for this user and resource.",
      ),
      LOGIN,
    ],
    [
      MICROSOFT,
      400,
      microsoft(
        'invalid_grant',
        "AADSTS65001: The user or administrator has not consented to use the application with ID '1111' named 'mailcase'.",
      ),
      /have an administrator consent/,
    ],
    [
      byPerson(MICROSOFT),
      400,
      microsoft(
        'interaction_required',
        'AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access.',
      ),
      LOGIN,
    ],
    [
      byPerson(MICROSOFT),
      401,
      microsoft(
        'invalid_client',
        "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
      ),
      /allow public client flows/,
    ],
    [
      MICROSOFT,
      400,
      microsoft(
        'invalid_scope',
        'AADSTS1002012: The provided value for scope IMAP.AccessAsUser.All is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.',
      ),
      /correct `imap\.oauth2\.scope`/,
    ],
    // A number that nobody knows yet: the word beside it counts.
    [MICROSOFT, 400, microsoft('invalid_scope', 'AADSTS9999999: Something new.'), /imap\.oauth2\.scope/],
    [byPerson(GOOGLE), 400, google('invalid_grant', 'Token has been expired or revoked.'), LOGIN],
    [byPerson(GOOGLE), 400, google('invalid_grant', 'Bad Request'), LOGIN],
    [
      byAccount(GOOGLE),
      401,
      google(
        'unauthorized_client',
        'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.',
      ),
      /domain-wide delegation/,
    ],
    [byAccount(GOOGLE), 400, google('invalid_grant', 'Invalid JWT Signature.'), /make a new one/],
    [
      byAccount(GOOGLE),
      400,
      google(
        'invalid_grant',
        'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
      ),
      /clock of this machine/,
    ],
    [byAccount(GOOGLE), 400, google('invalid_grant', 'Invalid email or User ID'), /imap\.oauth2\.subject/],
    [byPerson(GOOGLE), 400, google('admin_policy_enforced'), /administrator of Google Workspace/],
    [byPerson(GOOGLE), 401, google('invalid_client', 'The OAuth client was not found.'), /client_id/],
    [
      byPerson(GOOGLE),
      400,
      google('invalid_request', 'client_secret is missing.'),
      /client_secret`: Google's/,
    ],
    [byPerson(GOOGLE), 403, google('access_denied'), /somebody did not allow it/],
    [byPerson(GOOGLE), 400, google('something_of_tomorrow'), /options of `imap\.oauth2`/],
  ])('%#: %s %s', (asked, status, text, cure) => {
    const error = explain(asked, status, text);
    expect(error.code).toBe('imap_credentials');
    expect(error.fields.cure).toEqual(typeof cure === 'string' ? cure : expect.stringMatching(cure));
    expect(error.message).toContain(`${new URL(asked.url).host} gave no token: `);
    expect(error.message).not.toMatch(/Trace ID|Correlation/);
    expect(error.fields).not.toHaveProperty('retryAfterMs');
  });
});

describe('what has to be waited for', () => {
  it.each<[Asked, number, string, Record<string, string>, number | undefined]>([
    [MICROSOFT, 429, '', { 'retry-after': '17' }, 17_000],
    [
      MICROSOFT,
      503,
      '<html>Service Unavailable</html>',
      { 'retry-after': 'Sat, 28 Nov 2026 18:05:00 GMT' },
      300_000,
    ],
    [MICROSOFT, 503, '', {}, undefined],
    [MICROSOFT, 429, '', { 'retry-after': 'Sat, 28 Nov 2026 17:00:00 GMT' }, undefined],
    [MICROSOFT, 429, '', { 'retry-after': '999999999' }, 86_400_000],
    [MICROSOFT, 429, '', { 'retry-after': 'soon' }, undefined],
    [MICROSOFT, 400, google('slow_down'), {}, undefined],
    [MICROSOFT, 400, google('temporarily_unavailable'), { 'retry-after': '5' }, 5_000],
    [GOOGLE, 403, google('rate_limit_exceeded', 'Rate Limit Exceeded'), {}, undefined],
    // Even where the words beside it speak of credentials.
    [byPerson(MICROSOFT), 429, google('invalid_grant'), {}, undefined],
    [
      MICROSOFT,
      400,
      microsoft(
        'invalid_grant',
        'AADSTS50196: The server terminated an operation because it encountered a client request loop.',
      ),
      {},
      undefined,
    ],
    [MICROSOFT, 400, microsoft('invalid_request', 'AADSTS90055: Tenant is throttled.'), {}, undefined],
  ])('%#: %s %s %s', (asked, status, text, headers, wait) => {
    const error = explain(asked, status, text, headers);
    expect([error.code, error.fields.retryAfterMs]).toEqual(['imap_throttled', wait]);
  });
});

describe('what is the network, or somebody else on it', () => {
  it.each<[number, string, RegExp]>([
    [500, '', /HTTP status 500/],
    [502, '<html><h1>Bad Gateway</h1></html>', /HTTP status 502/],
    [500, google('server_error', 'Backend Error'), /server_error: Backend Error/],
    [500, google('internal_failure'), /internal_failure/],
    [
      400,
      microsoft('invalid_grant', 'AADSTS90033: A transient error has occurred. Please try again.'),
      /trouble at Microsoft/,
    ],
    [
      200,
      '<html>Welcome to the Wi-Fi of the hotel</html>',
      /did not answer as an OAuth2 server does: HTTP status 200, text\/html/,
    ],
    [302, '', /HTTP status 302, nothing/],
    [404, '<html>Not Found</html>', /HTTP status 404, text\/html/],
    [407, '<html>Proxy Authentication Required</html>', /HTTP status 407/],
    [200, '{"access_token": ', /did not answer as an OAuth2 server/],
    [200, '{"token_type": "Bearer"}', /did not answer as an OAuth2 server/],
    [403, '{"message": "blocked by the firewall"}', /did not answer as an OAuth2 server/],
  ])('%#: %s %s', (status, text, message) => {
    const error = explain(MICROSOFT, status, text);
    expect(error.code).toBe('imap_connect');
    expect(error.message).toMatch(message);
  });

  it.each([
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND login.microsoftonline.com', /cannot be looked up/],
    ['ECONNREFUSED', 'connect ECONNREFUSED 192.0.2.1:443', /may connect to it/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', /imap\.ca/],
    ['CERT_HAS_EXPIRED', 'certificate has expired', /imap\.ca/],
    ['UND_ERR_ABORTED', 'Proxy response (407) !== 200 when HTTP Tunneling', /imap\.proxy/],
  ])('no answer: %s', (code, message, cure) => {
    const failed = new TypeError('fetch failed', { cause: Object.assign(new Error(message), { code }) });
    const error = explainSilence(failed, MICROSOFT);
    expect([error.code, error.message]).toEqual([
      'imap_connect',
      `cannot ask login.microsoftonline.com for a token: ${message}`,
    ]);
    expect(error.fields.cure).toMatch(cure);
  });

  it('no answer in time', () => {
    const error = explainSilence(new DOMException('The operation timed out', 'TimeoutError'), MICROSOFT);
    expect(error.message).toBe('cannot ask login.microsoftonline.com for a token: no answer in time');
  });
});

it.each(['Invalid email or User ID', 'Not a valid email or user ID.'])('Google says: %s', (text) => {
  const { code, fields } = explain(byAccount(GOOGLE), 400, google('invalid_grant', text));
  expect([code, fields.cure]).toEqual(['imap_credentials', expect.stringContaining('no such account')]);
});

describe('what was shown', () => {
  const jwt = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(60)}.${'b-_'.repeat(30)}`;
  it.each([
    'the-client-secret',
    'the-refresh-token',
    jwt,
    `1.AXkA${'Zx9_'.repeat(40)}`,
    `ya29.${'a0AfH6SMB'.repeat(12)}`,
  ])('is quoted by nobody: %s', (secret) => {
    const made = [
      explain(MICROSOFT, 400, google('invalid_request', `cannot take ${secret} here`)),
      explain(MICROSOFT, 400, google(`x${jwt}`, secret)),
      explain(MICROSOFT, 500, `<html>${secret}</html>`),
    ];
    for (const error of made) {
      expect(error).toBeInstanceOf(MailcaseError);
      expect(JSON.stringify([error.message, error.fields])).not.toContain(secret.slice(-30));
    }
  });

  it('stands not in the word either', () => {
    const { message } = explain(MICROSOFT, 400, JSON.stringify({ error: 'the-client-secret' }));
    expect(message).toContain('gave no token: [secret]');
  });

  it('is cut where somebody writes a novel', () => {
    const error = explain(MICROSOFT, 400, google('invalid_request', 'word '.repeat(10_000)));
    expect(error.message.length).toBeLessThan(500);
  });
});
