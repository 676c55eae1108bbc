import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { beginBrowserLogin, consentAddress, redeemCode } from '../../src/auth/by-browser.ts';
import { askForDeviceCode, awaitConsent } from '../../src/auth/by-device.ts';
import { clientOf as clientFor } from '../../src/auth/endpoint.ts';
import { listenForRedirect } from '../../src/auth/loopback.ts';
import { MailcaseError } from '../../src/errors.ts';
import { browse } from '../support/browser.ts';
import { mailboxSection, writeConfig } from '../support/mailcase.ts';
import { consentedSection, TOKEN_KEY } from '../support/oauth-client.ts';
import { type OAuthClient, type OAuthServer, startOAuthServer } from '../support/oauth-server.ts';

const USER = 'support@example.com';
const never = new AbortController().signal;

let server: OAuthServer;

beforeAll(async () => {
  server = await startOAuthServer();
});

beforeEach(() => {
  server.mend();
  Object.assign(server.settings, { deviceCodeLife: 900, deviceInterval: 1 });
});

afterAll(() => server?.stop());

async function clientOf(client: OAuthClient = server.device, more: Record<string, unknown> = {}) {
  const oauth2 = consentedSection(server, client, more);
  const written = await writeConfig({
    database: { url: 'postgres://unused@localhost/unused' },
    token_key: TOKEN_KEY,
    mailboxes: [mailboxSection(USER, { imap: { password: undefined, oauth2 } })],
  });
  const { config } = await written.load();
  await written.remove();
  const [mailbox] = config.mailboxes;
  if (mailbox?.imap.oauth2 === undefined) throw new Error('there is no oauth2');
  return clientFor(mailbox, mailbox.imap.oauth2);
}

describe('by a browser', () => {
  it('gets tokens for the code, by what only we know', async () => {
    const client = await clientOf(server.desktop);
    const login = beginBrowserLogin();
    const loopback = await listenForRedirect({ host: '127.0.0.1', port: 0, state: login.state });
    const address = await consentAddress(login, client.oauth2, loopback.redirectUri, USER);
    const query = new URL(address).searchParams;
    expect(Object.fromEntries(query)).toMatchObject({
      ...{ response_type: 'code', code_challenge_method: 'S256', login_hint: USER, state: login.state },
    });
    expect(address).not.toContain(login.verifier);
    const { url } = await browse(address, { user: USER });
    await (await fetch(url)).text();
    const answer = await loopback.answer;
    await loopback.close();
    // Somebody who saw the address has the code, and not the verifier.
    const thief = { ...beginBrowserLogin(), state: login.state };
    const stolen = redeemCode(thief, client, answer, never);
    await expect(stolen).rejects.toMatchObject({
      code: 'imap_credentials',
      message: expect.stringContaining('the code was not taken'),
      fields: { cure: expect.stringContaining('run the same command again') },
    });
    const again = await browse(address, { user: USER });
    const tokens = await redeemCode(login, client, new URL(again.url), never);
    expect(tokens).toMatchObject({ accessToken: expect.any(String), refreshToken: expect.any(String) });
    expect(tokens.livesMs).toBeGreaterThan(3_500_000);
  });

  it('keeps what the address asks for of its own', async () => {
    const authorization_url = `${server.urls.authorization}?access_type=offline&prompt=consent`;
    const { oauth2 } = await clientOf(server.desktop, { authorization_url });
    const address = new URL(
      await consentAddress(beginBrowserLogin(), oauth2, 'http://127.0.0.1:1/', undefined),
    );
    expect(address.searchParams.get('access_type')).toBe('offline');
    expect(address.searchParams.get('prompt')).toBe('consent');
    expect(address.searchParams.has('login_hint')).toBe(false);
  });

  it('says that the person refused', async () => {
    const client = await clientOf();
    const login = beginBrowserLogin();
    const address = await consentAddress(login, client.oauth2, 'http://127.0.0.1:1/', USER);
    const { url } = await browse(address, { user: USER, refuses: true });
    const asked = server.asked('token');
    await expect(redeemCode(login, client, new URL(url), never)).rejects.toMatchObject({
      code: 'act_refused',
      message:
        'nobody may read the mailbox: what was asked for was refused (access_denied: The person refused.)',
    });
    expect(server.asked('token')).toBe(asked);
  });

  it('does not take an answer with another state, and asks nobody for it', async () => {
    const client = await clientOf();
    const login = beginBrowserLogin();
    const asked = server.asked('token');
    const forged = new URL('http://127.0.0.1:1/?code=of-the-attacker&state=guessed');
    await expect(redeemCode(login, client, forged, never)).rejects.toMatchObject({ code: 'act_refused' });
    expect(server.asked('token')).toBe(asked);
  });
});

describe('by a device', () => {
  it('waits until the person has consented', async () => {
    const client = await clientOf();
    const device = await askForDeviceCode(client, never);
    expect(device).toMatchObject({
      ...{
        address: `${server.issuer}/device`,
        code: expect.stringMatching(/^\w{4}-\w{4}$/),
        livesMs: 900_000,
      },
      addressWithCode: `${server.issuer}/device?user_code=${device.code}`,
    });
    const asked = server.asked('token');
    const waiting = awaitConsent(client, device, never);
    setTimeout(() => browse(device.addressWithCode ?? '', { user: USER }), 1_500);
    expect(await waiting).toMatchObject({ refreshToken: expect.any(String) });
    // Once a second, as it was told.
    expect(server.asked('token') - asked).toBeLessThanOrEqual(4);
  });

  it.each([
    ['over an outage', ['cut', { status: 503, body: '<h1>down</h1>', contentType: 'text/html' }]],
    ['where it asks too often', [{ status: 400, body: '{"error":"slow_down"}' }]],
    ['where it is told when to come back', [{ status: 429, headers: { 'retry-after': '1' } }]],
  ] as const)('goes on %s', async (_, faults) => {
    const client = await clientOf();
    const device = await askForDeviceCode(client, never);
    await browse(device.addressWithCode ?? '', { user: USER });
    const waiting = awaitConsent(client, device, never);
    for (const fault of faults) {
      const before = server.asked('token');
      server.break('token', fault, 1);
      while (server.asked('token') === before) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await waiting).toMatchObject({ refreshToken: expect.any(String) });
  });

  it.each([
    ['refuses', { refuses: true }, /^nobody may read the mailbox/],
    ['does nothing', undefined, /^nobody consented in time: the code was good for 1 min/],
  ] as const)('says that the person %s', async (_, person, message) => {
    server.settings.deviceCodeLife = person ? 900 : 2;
    const client = await clientOf();
    const device = await askForDeviceCode(client, never);
    if (person) await browse(device.addressWithCode ?? '', { user: USER, ...person });
    await expect(awaitConsent(client, device, never)).rejects.toMatchObject({
      ...{ code: 'act_refused', message: expect.stringMatching(message) },
    });
  });

  it('ends at once when it is told to', async () => {
    const client = await clientOf();
    const device = await askForDeviceCode(client, never);
    const stop = new AbortController();
    const waiting = awaitConsent(client, device, stop.signal);
    setTimeout(() => stop.abort(new MailcaseError('stopped', 'ended')), 1_200);
    await expect(waiting).rejects.toMatchObject({ code: 'stopped' });
  });

  it.each([
    ['no such client', { body: '{"error":"invalid_client"}', status: 401 }, 'imap_credentials'],
    ['an outage', 'cut', 'imap_connect'],
    ['a web server', { body: '<h1>Hello</h1>', status: 200, contentType: 'text/html' }, 'imap_connect'],
    ['too many', { status: 429, headers: { 'retry-after': '7' } }, 'imap_throttled'],
  ] as const)('says what kept it from a code: %s', async (_, fault, code) => {
    const client = await clientOf();
    server.break('device', fault, 1);
    await expect(askForDeviceCode(client, never)).rejects.toMatchObject({ code });
  });
});
