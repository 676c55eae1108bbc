import { describe, expect, it, test } from 'vitest';
import type { Provider } from '../../src/config/provider.ts';
import type { ErrorKind } from '../../src/errors.ts';
import { type Refusal, refusalOf } from '../../src/imap/refusals.ts';
import { asksToSlowDown, oauthStatusOf, type Said, statusLine, waitOf } from '../../src/imap/said.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function refusalIn(line: string, at: Said['at'], provider: Provider, oauthStatus?: string): Refusal {
  const told = statusLine(line);
  if (!told || told.status === 'OK' || told.status === 'PREAUTH') throw new Error(`no refusal: ${line}`);
  const { status, code, text } = told;
  return refusalOf({ at, status, code, text, oauthStatus }, provider);
}

type Row = [line: string, kind: ErrorKind, retryAfterMs?: number];

/** What stands behind the word NO, BAD or BYE is what the servers say, letter for letter. */
const AT_LOGIN: Record<Provider, Row[]> = {
  gmail: [
    ['1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)', 'credentials'],
    ['1 NO [ALERT] Invalid credentials (Failure)', 'credentials'],
    [
      '1 NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)',
      'credentials',
    ],
    [
      '1 NO [WEBALERT https://accounts.google.com/signin/continue?sarp=1&scc=1&plt=AKgnsb] Web login required.',
      'credentials',
    ],
    [
      '1 NO [ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)',
      'credentials',
    ],
    ['1 NO [ALERT] Your account is not enabled for IMAP use.', 'credentials'],
    ['1 NO [ALERT] Too many simultaneous connections. (Failure)', 'throttled'],
    ['1 NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)', 'throttled', HOUR],
    ['1 NO [ALERT] Account exceeded command or bandwidth limits. (Failure)', 'throttled', HOUR],
    ['* BYE [ALERT] Account exceeded command or bandwidth limits.', 'throttled', HOUR],
    ['1 NO [UNAVAILABLE] Temporary System Error', 'network'],
    ['1 NO [UNAVAILABLE] System Error (Failure)', 'network'],
    ['1 NO System Error (Failure)', 'network'],
    ['1 NO [ALERT] Lookup failed (Failure)', 'network'],
    ['* BYE Temporary System Error', 'network'],
    ['* BYE System Error', 'network'],
  ],
  exchange: [
    ['1 NO LOGIN failed.', 'credentials'],
    ['1 NO AUTHENTICATE failed.', 'credentials'],
    ['1 BAD LOGIN failed.', 'credentials'],
    ['1 BAD User is authenticated but not connected.', 'throttled'],
    ['1 NO User is authenticated but not connected.', 'throttled'],
    ['1 BAD Request is throttled. Suggested Backoff Time: 300000 milliseconds', 'throttled', 5 * MINUTE],
    ['1 NO Request is throttled. Suggested Backoff Time: 92415 ms', 'throttled', 92_415],
    ['1 BAD Request is throttled. Suggested Backoff Time: 92415', 'throttled', 92_415],
    ['* BYE Connection closed. 14', 'throttled'],
    ['* BYE Connection is closed. 13', 'throttled'],
    ['1 NO Server Unavailable. 15', 'network'],
    ['* BYE Server Unavailable. 15', 'network'],
    ['1 NO Server Busy', 'network'],
    ['1 BAD Server Busy.', 'network'],
    ['1 BAD Command Error. 12', 'other'],
    ['1 BAD Command Error. 10', 'other'],
  ],
  imap: [
    ['1 NO [AUTHENTICATIONFAILED] Authentication failed.', 'credentials'],
    ['1 NO [AUTHORIZATIONFAILED] Authorization failed', 'credentials'],
    ['1 NO [EXPIRED] Password expired', 'credentials'],
    [
      '1 NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.',
      'credentials',
    ],
    ['1 NO [CONTACTADMIN] Account is closed', 'credentials'],
    ['1 NO Login error or password error', 'credentials'],
    ['1 NO Invalid login or password, please try again', 'credentials'],
    ['1 NO 登录失败', 'credentials'],
    ['1 NO', 'credentials'],
    // Words that a passing trouble has as well, about a login that is rejected.
    ['1 NO [AUTHENTICATIONFAILED] authentication rejected by backend', 'credentials'],
    ['1 NO [AUTHENTICATIONFAILED] Authentication failed (reason unavailable)', 'credentials'],
    ['1 NO [AUTHENTICATIONFAILED] Temporary password expired', 'credentials'],
    ['1 NO [EXPIRED] Temporary passwords are to be changed, try again later', 'credentials'],
    ['1 NO Login aborted: invalid credentials (backend)', 'credentials'],
    ['1 NO Invalid user name or password. Please try again later.', 'credentials'],
    ['1 NO [ALERT] Please log in via your web browser and then try again later.', 'credentials'],
    ['1 NO Incorrect username or password. (#MBR1212)', 'credentials'],
    // Courier, Cyrus, Dovecot and others that are in trouble themselves, without a response code.
    ['1 NO Internal login failure. Refer to server log for more information.', 'network'],
    ['1 NO Login failed: generic failure', 'network'],
    ['1 NO cannot connect to saslauthd server: No such file or directory', 'network'],
    ['1 NO Login failed: Connection refused', 'network'],
    ['1 NO Unable to connect to auth server', 'network'],
    ['* BYE Temporary problem, please try again later', 'network'],
    ['1 NO [UNAVAILABLE] LOGIN Server error - Please try again later', 'network'],
    ['1 NO Dienst vorübergehend nicht verfügbar', 'network'],
    ['1 NO Service temporairement indisponible', 'network'],
    ['1 NO Error: Maximum number of concurrent connections reached', 'throttled'],
    ['1 NO Too many invalid logon attempts', 'throttled'],
    ['1 NO Anmeldung fehlgeschlagen', 'credentials'],
    [
      '1 NO Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, or system is busy.',
      'credentials',
    ],
    ['1 NO [UNAVAILABLE] Temporary authentication failure. [host:2026-11-28 18:00:00]', 'network'],
    ['1 NO [AUTHENTICATIONFAILED] Temporary authentication failure', 'network'],
    ['1 NO [UNAVAILABLE] Account is temporarily unavailable.', 'network'],
    ['1 NO [SERVERBUG] Internal error occurred. Refer to server log for more information.', 'network'],
    ['1 NO [INUSE] Mailbox is locked by a POP3 session', 'network'],
    [
      '1 NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)',
      'throttled',
    ],
    ['1 NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded', 'throttled'],
    ['* BYE Too many connections', 'throttled'],
    ['1 NO [LIMIT] Sorry', 'throttled'],
    ['1 NO [UNAVAILABLE] LOGIN Rate limit hit.', 'throttled'],
    ['1 NO [AUTHENTICATIONFAILED] Too many login failures', 'throttled'],
    ['1 NO [ALERT] Too many login attempts, try again in 5 minutes', 'throttled', 5 * MINUTE],
    ['1 NO Account is temporarily locked', 'throttled'],
    ['* BYE Too many invalid IMAP commands.', 'network'],
    ['* BYE Server shutting down.', 'network'],
    ['* BYE Disconnected for inactivity.', 'network'],
    ['* BYE', 'network'],
    ['1 BAD Unknown command', 'other'],
  ],
};

const IN_SESSION: Record<Provider, Row[]> = {
  gmail: [
    ['9 NO [OVERQUOTA] Account exceeded command or bandwidth limits (Failure)', 'throttled', HOUR],
    ['9 NO [UNAVAILABLE] Temporary System Error (Failure)', 'network'],
    ['9 NO System Error (Failure)', 'network'],
    ['* BYE Session expired, please login again.', 'network'],
    ['* BYE [ALERT] Account exceeded command or bandwidth limits', 'throttled', HOUR],
    ['9 NO [NONEXISTENT] Unknown Mailbox: Rate limit (Failure)', 'other'],
  ],
  exchange: [
    ['9 BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds', 'throttled', 299_961],
    ['9 BAD User is authenticated but not connected.', 'throttled'],
    ['* BYE Connection closed. 14', 'throttled'],
    ['* BYE Session invalidated - AccessTokenExpired', 'network'],
    ['9 NO Server Unavailable. 15', 'network'],
    ['9 BAD Command Error. 10', 'other'],
    ['9 BAD Command Error. 12', 'other'],
    ['9 NO [BADCHARSET] The specified charset is not supported.', 'other'],
    ["9 NO Sent doesn't exist.", 'other'],
  ],
  imap: [
    ['9 NO [INUSE] Mailbox in use', 'other'],
    ['9 NO [OVERQUOTA] Quota exceeded (mailbox for user is full)', 'other'],
    ['9 NO [LIMIT] Too many flags', 'other'],
    ['9 NO [SERVERBUG] Internal error occurred. Refer to server log for more information.', 'other'],
    ["9 NO Mailbox doesn't exist: Backend maintenance (0.001 + 0.000 secs).", 'other'],
    ['9 NO Invalid mailbox name: Throttled', 'other'],
    ['9 NO Folder could not be found: Backend', 'other'],
    ['9 NO [CANNOT] Temporary folders are not for you', 'other'],
    ['9 NO [NOPERM] Permission denied', 'other'],
    ['9 NO', 'other'],
    ['9 NO [AUTHENTICATIONFAILED] not now', 'other'],
    ['* BYE Too many invalid IMAP commands.', 'network'],
  ],
};

describe.each(['gmail', 'exchange', 'imap'] as const)('%s', (provider) => {
  test.each(AT_LOGIN[provider])('at the login: %s', (line, kind, retryAfterMs) => {
    const refusal = refusalIn(line, 'login', provider);
    expect(refusal).toMatchObject({ kind, retryAfterMs });
    expect(refusal.cure).not.toBe('');
  });

  test.each(IN_SESSION[provider])('after it: %s', (line, kind, retryAfterMs) => {
    expect(refusalIn(line, 'session', provider)).toMatchObject({ kind, retryAfterMs });
  });
});

it.each<[status: string, kind: ErrorKind]>([
  ['400', 'credentials'],
  ['401', 'credentials'],
  ['invalid_token', 'credentials'],
  ['insufficient_scope', 'credentials'],
  ['500', 'network'],
  ['503', 'network'],
])('an access token of which the server says %s', (status, kind) => {
  expect(refusalIn('1 NO AUTHENTICATE failed.', 'login', 'exchange', status).kind).toBe(kind);
  // What the response code says of the server comes before.
  expect(refusalIn('1 NO [UNAVAILABLE] x', 'login', 'gmail', status).kind).toBe('network');
});

it('says what the words mean, and how to mend it, by provider', () => {
  const cure = (line: string, provider: Provider) => refusalIn(line, 'login', provider).cure;
  expect(cure('1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)', 'gmail')).toMatch(/app password/);
  // The same words come for an app password that was good for a year.
  expect(cure('1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)', 'gmail')).toMatch(
    /worked until now.* make another one/,
  );
  expect(cure('1 NO [OVERQUOTA] Account exceeded command or bandwidth limits.', 'gmail')).toMatch(
    /lower `daily_download`/,
  );
  expect(cure('1 NO LOGIN failed.', 'exchange')).toMatch(/no passwords, only OAuth2/);
  expect(cure('1 NO [AUTHENTICATIONFAILED] x', 'imap')).toMatch(/imap\.password/);
  expect(cure('1 NO [ALERT] Application-specific password required', 'gmail')).toMatch(/apppasswords/);
  expect(cure('1 BAD User is authenticated but not connected.', 'exchange')).toMatch(/Add-MailboxPermission/);
  expect(refusalIn('1 BAD User is authenticated but not connected.', 'login', 'exchange').meaning).toMatch(
    /login is right/,
  );
});

it('speaks of the token where no password was shown', () => {
  const cure = (line: string, provider: Provider) => {
    const { status, code, text } = statusLine(line) as { status: Said['status']; code: string; text: string };
    const { kind, cure } = refusalOf({ at: 'login', status, code, text, isByToken: true }, provider);
    expect(kind).toBe('credentials');
    expect(cure).not.toMatch(/password/);
    return cure;
  };
  expect(cure('1 NO AUTHENTICATE failed.', 'exchange')).toMatch(
    /enterprise application, Add-MailboxPermission/,
  );
  expect(cure('1 NO [AUTHENTICATIONFAILED] Authentication failed.', 'imap')).toMatch(/imap\.oauth2\.scope/);
  expect(cure('1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)', 'gmail')).toMatch(
    /`imap\.user` is/,
  );
});

it('a server is waited for no longer than a day', () => {
  const line = '1 BAD Request is throttled. Suggested Backoff Time: 999999999999 milliseconds';
  expect(refusalIn(line, 'login', 'exchange').retryAfterMs).toBe(24 * HOUR);
});

it.each<[text: string, ms: number | undefined]>([
  ['Request is throttled. Suggested Backoff Time: 299961 milliseconds', 299_961],
  ['Suggested Backoff Time: 5000 ms', 5_000],
  ['Suggested Backoff Time: 5000', 5_000],
  ['Backoff time=30 seconds', 30_000],
  ['Too many logins, try again in 10 minutes', 600_000],
  ['Please retry after 45s', 45_000],
  ['please wait 2 min', 120_000],
  ['Suggested Backoff Time: 0 milliseconds', undefined],
  ['Too many simultaneous connections', undefined],
  ['Connection closed. 14', undefined],
])('the wait in %s', (text, ms) => {
  expect(waitOf(text)).toBe(ms);
});

it.each<[line: string, asks: boolean]>([
  ['7 OK Success [THROTTLED]', true],
  ['7 OK FETCH completed [THROTTLED]', true],
  ['7 OK [THROTTLED] Success', true],
  ['7 OK Success', false],
  ['7 OK [READ-WRITE] [Gmail]/THROTTLED selected. (Success)', false],
  ['7 NO [THROTTLED] no', false],
])('%s asks to slow down: %s', (line, asks) => {
  const told = statusLine(line);
  expect(told && asksToSlowDown(told)).toBe(asks);
});

it.each([
  ['* 1 FETCH (UID 7 BODY[] "1 NO [ALERT] Invalid credentials")'],
  ['* 23 EXISTS'],
  ['+ idling'],
  ['* CAPABILITY IMAP4rev1'],
  ['* LIST () "/" "BYE"'],
])('%s is no status', (line) => {
  expect(statusLine(line)).toBeUndefined();
});

it('reads what a server says of a token', () => {
  expect(oauthStatusOf({ status: '400', schemes: 'Bearer', scope: 'https://mail.google.com/' })).toBe('400');
  expect(oauthStatusOf({ status: 401 })).toBe('401');
  for (const none of [undefined, false, null, 'x', {}, { status: {} }])
    expect(oauthStatusOf(none)).toBeUndefined();
});
