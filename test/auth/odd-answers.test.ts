import { once } from 'node:events';
import { createServer, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askForDeviceCode } from '../../src/auth/by-device.ts';
import { clientOf } from '../../src/auth/endpoint.ts';
import { bindingOf, readTokens, storeLogin, tokenKeysOf } from '../../src/auth/token-store.ts';
import { useDatabase } from '../support/database.ts';
import { Logins, loadOAuth2 } from './servers.ts';

// Answers of OAuth2 servers that are not quite as the standard has them.

interface Odd {
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body: string | Buffer;
}

const database = useDatabase();
const { signal } = new AbortController();
const TOKEN = 'access-token-of-an-odd-server';
const NEXT = 'refresh-token-two';

let server: Server;
let url: string;
let odd: Odd;

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(odd.status ?? 200, { 'content-type': 'application/json', ...odd.headers });
      response.end(odd.body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
});

const loaded = (oauth2: Record<string, unknown>) =>
  loadOAuth2({
    name: 'support',
    imap: { host: 'imap.example.com', user: 'u@example.com', oauth2: { client_id: 'app', ...oauth2 } },
  });

/** Renews with a refresh token that counts once. */
async function renew(body: Record<string, unknown>) {
  odd = { body: JSON.stringify({ access_token: TOKEN, token_type: 'Bearer', expires_in: 3600, ...body }) };
  const { config, mailbox } = await loaded({ flow: 'refresh_token', token_url: `${url}/token` });
  const keys = tokenKeysOf(config);
  await storeLogin(database.db, keys, bindingOf(mailbox), {
    ...{ refreshToken: 'refresh-token-one', accessToken: 'over', endsInMs: 0, renewInMs: 0 },
    ...{ refreshLivesMs: undefined, isSameRefreshToken: false },
  });
  const said: string[] = [];
  const logins = new Logins({ config, db: database.db, say: (_, __, message) => said.push(message) });
  const login = await logins.of(mailbox).next(signal);
  await logins.close();
  const stored = await readTokens(database.db, keys, bindingOf(mailbox));
  return { login, said, stored };
}

describe('a renewed refresh token is stored, whatever stands beside it', () => {
  it.each<[what: string, body: Record<string, unknown>]>([
    ['no life', { expires_in: undefined }],
    ['no life, said so', { expires_in: null }],
    ['a life in words', { expires_in: 'an hour' }],
    ['a life in digits', { expires_in: '3600' }],
    ['a life of nothing', { expires_in: 0 }],
    ['a life that was', { expires_in: -1 }],
    ['a life without end', { expires_in: 1e300 }],
    ['a refresh token without end', { refresh_token_expires_in: 1e300 }],
    ['no kind', { token_type: undefined }],
    ['a kind that wants a proof', { token_type: 'DPoP' }],
    ['a kind that nobody knows', { token_type: 'mac' }],
    ['a kind that is no word', { token_type: 7 }],
    ['a list of scopes', { scope: ['mail'] }],
    ['who signed in, badly signed', { id_token: 'x' }],
  ])('%s', async (_, body) => {
    const { login, said, stored } = await renew({ refresh_token: NEXT, ...body });
    expect(login).toMatchObject({ accessToken: TOKEN });
    expect(stored?.refreshToken).toBe(NEXT);
    expect(said).toEqual([]);
  });

  it.each([[''], [null], [7]])('and one that is none (%j) leaves the old one', async (refresh_token) => {
    const { login, stored } = await renew({ refresh_token });
    expect(login).toMatchObject({ accessToken: TOKEN });
    expect(stored?.refreshToken).toBe('refresh-token-one');
  });
});

/** What asking with the secret of an app ends with. */
async function ask(answer: Odd): Promise<unknown> {
  odd = answer;
  const { config, mailbox } = await loaded({
    ...{ flow: 'client_credentials', client_secret: 'canary-secret', token_url: `${url}/token` },
  });
  const logins = new Logins({ config, db: undefined });
  return logins
    .of(mailbox)
    .next(signal)
    .finally(() => logins.close());
}

const PAGE = '<!DOCTYPE html><title>Sign in to the network</title>';
const HTML = { 'content-type': 'text/html' };

describe('an answer without a token', () => {
  it.each<[what: string, answer: Odd, code: string, message: RegExp]>([
    ['nothing', { body: '' }, 'imap_connect', /HTTP status 200, nothing/],
    ['another JSON', { body: '{"ok":true}' }, 'imap_connect', /did not answer as an OAuth2 server does/],
    ['no object', { body: '[]' }, 'imap_connect', /did not answer/],
    ['an empty token', { body: '{"access_token":"","token_type":"Bearer"}' }, 'imap_connect', /did not/],
    ['half of it', { body: `{"access_token":"${TOKEN}` }, 'imap_connect', /did not answer/],
    ['a portal', { body: PAGE, headers: HTML }, 'imap_connect', /HTTP status 200, text\/html/],
    ['400 with nothing', { status: 400, body: '' }, 'imap_connect', /HTTP status 400, nothing/],
    ['404', { status: 404, body: PAGE, headers: HTML }, 'imap_connect', /HTTP status 404/],
    ['a way elsewhere', { status: 302, body: '', headers: { location: '/' } }, 'imap_connect', /status 302/],
    [
      'a word of no list',
      { status: 400, body: '{"error":"constructor"}' },
      'imap_credentials',
      /constructor/,
    ],
    [
      'one that unpacks to many times its length',
      { body: gzipSync(Buffer.alloc(64 * 1024 * 1024, ' ')), headers: { 'content-encoding': 'gzip' } },
      'imap_connect',
      /too long/,
    ],
  ])('%s', async (_, answer, code, message) => {
    const failure = ask(answer);
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(failure).rejects.not.toThrow(new RegExp(TOKEN));
  });

  it('and a packed one with a token is taken', async () => {
    const body = gzipSync(JSON.stringify({ access_token: TOKEN, token_type: 'bearer', expires_in: 60 }));
    expect(await ask({ body, headers: { 'content-encoding': 'gzip' } })).toMatchObject({
      accessToken: TOKEN,
    });
  });
});

describe('a device code', () => {
  const asked = async (times: Record<string, unknown>) => {
    odd = {
      body: JSON.stringify({
        ...{ device_code: 'device-code', user_code: 'ABCD', verification_uri: 'https://example.com/code' },
        ...times,
      }),
    };
    const { mailbox } = await loaded({
      ...{ flow: 'refresh_token', token_url: `${url}/token`, device_authorization_url: `${url}/device` },
    });
    if (mailbox.imap.oauth2 === undefined) throw new Error('there is no oauth2');
    return askForDeviceCode(clientOf(mailbox, mailbox.imap.oauth2), signal);
  };

  it.each<[times: Record<string, unknown>, livesMs: number, interval: number | undefined]>([
    [{ expires_in: 900, interval: 5 }, 900_000, 5],
    [{ expires_in: '900', interval: '5' }, 900_000, 5],
    // Longer than a timer can wait, which would end at once then.
    [{ expires_in: 90 * 86_400, interval: 1e9 }, 86_400_000, 60],
    [{ expires_in: 900, interval: 0 }, 900_000, undefined],
  ])('with times of %j', async (times, livesMs, interval) => {
    const { livesMs: lives, response } = await asked(times);
    expect([lives, response.interval]).toEqual([livesMs, interval]);
  });
});
