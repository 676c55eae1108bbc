import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { cureOf } from '../../src/errors.ts';
import { openSession } from '../../src/imap/session.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { type ForwardProxy, startHttpProxy, startSocksProxy } from '../support/forward-proxy.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox, mailboxSection, runMailcase, writeConfig } from '../support/mailcase.ts';
import { poll } from '../support/poll.ts';

const database = useDatabase();
const server = inject('dovecot');
const PASSWORD = 'canary@proxy/5Ecr3t';
const LOGIN = `user:${encodeURIComponent(PASSWORD)}@`;

let http: ForwardProxy;
let httpWithLogin: ForwardProxy;
let socks: ForwardProxy;
let socksWithLogin: ForwardProxy;
const refusing = new Map<string, ForwardProxy>();

beforeAll(async () => {
  http = await startHttpProxy();
  httpWithLogin = await startHttpProxy({ user: 'user', password: PASSWORD });
  socks = await startSocksProxy();
  socksWithLogin = await startSocksProxy({ user: 'user', password: PASSWORD });
  for (const status of [403, 502]) refusing.set(`http ${status}`, await startHttpProxy({ refuses: status }));
  for (const code of [2, 5]) refusing.set(`socks ${code}`, await startSocksProxy({ refuses: code }));
});
afterAll(async () => {
  const all = [http, httpWithLogin, socks, socksWithLogin, ...refusing.values()];
  await Promise.all(all.map((each) => each.close()));
});

const overTls = (proxy: string) => ({
  imap: { host: 'localhost', port: server.imapsPort, tls: 'implicit', ca: server.caFile, proxy },
});

describe('through a proxy', () => {
  it.each<[string, () => ForwardProxy, string, string]>([
    ['http', () => http, '', 'localhost'],
    ['http', () => httpWithLogin, LOGIN, 'localhost'],
    ['socks5', () => socks, '', 'localhost'],
    ['socks5', () => socksWithLogin, LOGIN, 'localhost'],
    ['socks4a', () => socks, '', 'localhost'],
    ['socks4', () => socks, 'user@', '127.0.0.1'],
  ])('%s, mail is polled over TLS', async (scheme, proxy, login, host) => {
    const user = `proxy-${scheme}-${login === '' ? 'open' : 'login'}@example.com`;
    await deliver(server, user, [
      mail({ From: `a@${scheme}${login.length}.example`, To: user, Subject: scheme }),
    ]);
    const mailbox = await loadMailbox(user, overTls(`${scheme}://${login}127.0.0.1:${proxy().port}`));
    const before = proxy().asked.length;
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1 });
    // A name is looked up by the proxy, but with socks4, which knows none.
    expect(proxy().asked.slice(before)).toEqual([`${host}:${server.imapsPort}`]);
  });

  it('STARTTLS goes through it, and the certificate is verified as ever', async () => {
    const more = {
      imap: { ...overTls(`http://127.0.0.1:${http.port}`).imap, port: server.imapPort, tls: 'starttls' },
    };
    const { imap } = await loadMailbox('proxy-starttls@example.com', more);
    const session = await openSession(imap, 1024 * 1024, () => {}, new AbortController().signal);
    expect(session.authority()).toBe(server.caFile);
    await session.logout();
    const { ca: _, ...without } = imap;
    await expect(openSession(without, 1024 * 1024, () => {}, new AbortController().signal)).rejects.toThrow(
      /through the HTTP proxy 127\.0\.0\.1:\d+ \(tls: starttls\): self-signed.*imap\.ca/,
    );
  });
});

describe('a proxy that lets nothing through', () => {
  const port = (name: string) => refusing.get(name)?.port;
  it.each<[string, () => string, RegExp]>([
    [
      'asks for a login',
      () => `http://127.0.0.1:${httpWithLogin.port}`,
      /407 \(the proxy asks for a login: write imap\.proxy as/,
    ],
    [
      'refuses the login',
      () => `http://user:wrong-canary@127.0.0.1:${httpWithLogin.port}`,
      /407 \(the proxy refuses the user and the password/,
    ],
    [
      'forbids it',
      () => `http://${LOGIN}127.0.0.1:${port('http 403')}`,
      /403 \(the proxy does not let it through: have it allow connections to localhost:\d+/,
    ],
    [
      'cannot get there',
      () => `http://127.0.0.1:${port('http 502')}`,
      /502 \(the proxy cannot reach localhost:\d+/,
    ],
    [
      'refuses the login of SOCKS',
      () => `socks5://user:wrong-canary@127.0.0.1:${socksWithLogin.port}`,
      /uthentication failed \(the proxy refuses the user/i,
    ],
    [
      'asks for a login of SOCKS',
      () => `socks5://127.0.0.1:${socksWithLogin.port}`,
      /\(the proxy asks for a login/,
    ],
    [
      'forbids it by SOCKS',
      () => `socks5://127.0.0.1:${port('socks 2')}`,
      /NotAllowed \(the proxy does not let it through/,
    ],
    [
      'cannot get there by SOCKS',
      () => `socks5://127.0.0.1:${port('socks 5')}`,
      /ConnectionRefused \(the proxy cannot reach/,
    ],
    [
      'is not there',
      () => `http://${LOGIN}127.0.0.1:1`,
      /ECONNREFUSED.*\(see that the proxy runs, and that imap\.proxy is right\)/,
    ],
    [
      'is not there, by SOCKS',
      () => `socks5://${LOGIN}127.0.0.1:1`,
      /ECONNREFUSED.*\(see that the proxy runs/,
    ],
    [
      'is of another kind',
      () => `socks5://127.0.0.1:${http.port}`,
      /\((it may be a proxy of another kind|see that the proxy runs)/,
    ],
  ])('%s', async (_, proxy, message) => {
    const { imap } = await loadMailbox('proxy-refused@example.com', overTls(proxy()));
    const lines: unknown[] = [];
    const note = (...line: unknown[]) => void lines.push(line);
    const error = await openSession(imap, 1024 * 1024, note, new AbortController().signal).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'imap_connect', message: expect.stringMatching(message) });
    expect(cureOf(error)).toMatch(/imap\.proxy/);
    expect((error as Error).message).toMatch(
      /^cannot connect to localhost:\d+ through the (HTTP|SOCKS5) proxy 127/,
    );
    expect(JSON.stringify([(error as Error).message, lines])).not.toMatch(/canary/);
  });
});

describe('a proxy that is spoken to over TLS', () => {
  let proxy: ForwardProxy;
  beforeAll(async () => {
    const cert = await readFile(server.caFile);
    const key = await readFile(join(dirname(server.caFile), 'key.pem'));
    proxy = await startHttpProxy({ user: 'user', password: PASSWORD, tls: { cert, key } });
  });
  afterAll(() => proxy.close());

  it('is gone through where Node knows its authority, and refused where it does not', async () => {
    const user = 'proxy-https@example.com';
    await deliver(server, user, [mail({ From: 'a@https.example', To: user, Subject: 'https' })]);
    const config = await writeConfig({
      database: { url: database.url },
      mailboxes: [mailboxSection(user, overTls(`https://${LOGIN}localhost:${proxy.port}`))],
    });
    const refused = await runMailcase(['run', '--once', '--config', config.file]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/through the HTTPS proxy localhost:\d+ .*self-signed certificate/);
    expect(proxy.asked).toEqual([]);
    const run = await runMailcase(['run', '--once', '--config', config.file], {
      NODE_EXTRA_CA_CERTS: server.caFile,
    });
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('"recorded":1') });
    expect(proxy.asked).toEqual([`localhost:${server.imapsPort}`]);
    expect(JSON.stringify([refused, run])).not.toContain(PASSWORD);
    await config.remove();
  });
});

it('no command prints the password of a proxy, and check says which way it went', async () => {
  const user = 'proxy-check@example.com';
  const forbidding = refusing.get('http 403')?.port;
  const config = await writeConfig({
    database: { url: database.url },
    log: { level: 'trace' },
    mailboxes: [
      mailboxSection(user, overTls(`http://${LOGIN}127.0.0.1:${httpWithLogin.port}`)),
      mailboxSection(user, { name: 'forbidden', ...overTls(`http://${LOGIN}127.0.0.1:${forbidding}`) }),
    ],
  });
  const check = await runMailcase(['check', '--config', config.file]);
  // However long the names of the files are: lines are broken at the terminal's width.
  const said = check.stdout.replaceAll(/\s+/g, ' ');
  expect(said).toContain(`through the HTTP proxy 127.0.0.1:${httpWithLogin.port}`);
  expect(said).toContain(`the certificate is verified by the authority in ${server.caFile}`);
  expect(said).toMatch(/the proxy does not let it through/);
  const run = await runMailcase(['run', '--once', '--config', config.file]);
  expect(run.stdout).toMatch(/"code":"imap_connect"/);
  const all = JSON.stringify([check, run]);
  expect(all).not.toContain(PASSWORD);
  expect(all).not.toContain(encodeURIComponent(PASSWORD));
  await config.remove();
});
