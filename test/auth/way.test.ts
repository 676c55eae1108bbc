import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createSilent } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Logins } from '../../src/auth/logins.ts';
import { type ForwardProxy, startHttpProxy, startSocksProxy } from '../support/forward-proxy.ts';
import { loadOAuth2 } from './servers.ts';

// How token requests reach an OAuth2 server that has a certificate of one's own authority, or is behind a proxy.

const PASSWORD = 'canary@proxy/5Ecr3t';
const { signal } = new AbortController();

let folder: string;
let server: Server;
let port: number;
let bodies: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-way-'));
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'ca.pem')],
  ]);
  const tls = { key: await readFile(join(folder, 'key.pem')), cert: await readFile(join(folder, 'ca.pem')) };
  server = createServer(tls, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      bodies.push(Buffer.concat(parts).toString());
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ access_token: 'access-token-1', token_type: 'Bearer', expires_in: 3600 }),
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

async function ask(more: Record<string, unknown>): Promise<unknown> {
  bodies = [];
  const oauth2 = {
    ...{ flow: 'client_credentials', client_id: 'app', client_secret: 'canary-secret' },
    token_url: `https://localhost:${port}/token`,
  };
  const imap = { host: 'imap.example.com', user: 'u', oauth2, ...more };
  const { config, mailbox } = await loadOAuth2({ name: 'support', imap });
  const logins = new Logins({ config, db: undefined });
  try {
    return await logins.of(mailbox).next(signal);
  } finally {
    await logins.close();
  }
}

const TOKEN = { accessToken: 'access-token-1', mechanism: undefined };

describe('the certificate of an authority of one’s own', () => {
  it('counts where imap.ca names it', async () => {
    expect(await ask({ ca: join(folder, 'ca.pem') })).toEqual(TOKEN);
    expect(bodies).toEqual(['grant_type=client_credentials&client_id=app&client_secret=canary-secret']);
  });

  it('counts not without, and nothing is sent', async () => {
    await expect(ask({})).rejects.toMatchObject({
      code: 'imap_connect',
      message: expect.stringMatching(/^cannot ask localhost:\d+ for a token: self-signed certificate/),
      fields: { cure: expect.stringContaining('imap.ca') },
    });
    expect(bodies).toEqual([]);
  });
});

describe('through a proxy', () => {
  const login = `user:${encodeURIComponent(PASSWORD)}@`;
  it.each<[string, () => Promise<ForwardProxy>, string]>([
    ['http', () => startHttpProxy(), ''],
    ['http', () => startHttpProxy({ user: 'user', password: PASSWORD }), login],
    ['socks5', () => startSocksProxy(), ''],
    ['socks5', () => startSocksProxy({ user: 'user', password: PASSWORD }), login],
    ['socks4a', () => startSocksProxy(), ''],
  ])('%s', async (scheme, start, userInfo) => {
    const proxy = await start();
    try {
      const url = `${scheme}://${userInfo}127.0.0.1:${proxy.port}`;
      expect(await ask({ proxy: url, ca: join(folder, 'ca.pem') })).toEqual(TOKEN);
      expect(proxy.asked).toEqual([`localhost:${port}`]);
    } finally {
      await proxy.close();
    }
  });

  it.each<[string, () => Promise<ForwardProxy>]>([
    ['http', () => startHttpProxy({ user: 'user', password: 'another' })],
    ['http', () => startHttpProxy({ refuses: 403 })],
    ['socks5', () => startSocksProxy({ user: 'user', password: 'another' })],
    ['socks5', () => startSocksProxy({ refuses: 5 })],
  ])('that refuses: %s', async (scheme, start) => {
    const proxy = await start();
    try {
      const url = `${scheme}://${login}127.0.0.1:${proxy.port}`;
      const failed = ask({ proxy: url, ca: join(folder, 'ca.pem') });
      await expect(failed).rejects.toMatchObject({
        code: 'imap_connect',
        message: expect.stringContaining(
          `through the ${scheme === 'http' ? 'HTTP' : 'SOCKS5'} proxy 127.0.0.1:${proxy.port}`,
        ),
        fields: { cure: expect.stringContaining('imap.proxy') },
      });
      await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('canary') });
      expect(bodies).toEqual([]);
    } finally {
      await proxy.close();
    }
  });
});

it('waits no longer than it may for a server that keeps silent', async () => {
  const silent = createSilent((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const began = Date.now();
  const oauth2 = {
    ...{ flow: 'client_credentials', client_id: 'app', client_secret: 'x' },
    token_url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/token`,
  };
  await expect(ask({ oauth2 })).rejects.toMatchObject({
    code: 'imap_connect',
    message: expect.stringContaining('no answer in time'),
  });
  // The database gives up a transaction that says nothing for 20 s.
  expect(Date.now() - began).toBeLessThan(18_000);
  silent.close();
});
