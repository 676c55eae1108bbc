import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openSession, type Session } from '../../src/imap/session.ts';
import type { ImapScript } from '../support/imap-script.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { startScriptedImap } from '../support/scripted-imap.ts';

const server = inject('dovecot');
const servers: Server[] = [];
let folder: string;

/** The certificate of a server called localhost, issued by our own authority. */
async function certificate(
  name: string,
  options: { san?: string; dates?: string[] } = {},
): Promise<TlsOptions> {
  const file = (end: string) => join(folder, `${name}.${end}`);
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file('key')];
  await openssl('req', ...key, '-subj', `/CN=${name}`, '-out', file('csr'));
  await writeFile(file('ext'), `subjectAltName=${options.san ?? 'DNS:localhost'}\n`);
  await openssl(
    ...[
      'ca',
      '-batch',
      '-config',
      join(folder, 'ca.cnf'),
      '-in',
      file('csr'),
      '-out',
      file('pem'),
      '-notext',
    ],
    ...['-extfile', file('ext'), ...(options.dates ?? ['-days', '30'])],
  );
  return { key: await readFile(file('key')), cert: await readFile(file('pem')) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-tls-'));
  const file = (name: string) => join(folder, name);
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', file('ca.key'), '-out', file('ca.pem'), '-subj', '/CN=our authority', '-days', '30'],
  ]);
  await writeFile(file('index.txt'), '');
  await writeFile(file('serial'), '01\n');
  const d = { database: file('index.txt'), new_certs_dir: folder, serial: file('serial') };
  const more = {
    certificate: file('ca.pem'),
    private_key: file('ca.key'),
    default_md: 'sha256',
    policy: 'p',
  };
  const lines = Object.entries({ ...d, ...more, unique_subject: 'no' }).map(([k, v]) => `${k}=${v}`);
  await writeFile(file('ca.cnf'), `[ca]\ndefault_ca=d\n[d]\n${lines.join('\n')}\n[p]\ncommonName=supplied\n`);
});
afterAll(async () => {
  for (const each of servers) each.close();
  await rm(folder, { recursive: true });
});

/** Speaks TLS, and says nothing more than its greeting. */
async function tlsServer(options: TlsOptions): Promise<number> {
  const started = createServer(options, (socket) => {
    socket.on('error', () => {});
    socket.end('* BYE not today\r\n');
  });
  started.on('tlsClientError', () => {});
  servers.push(started);
  started.listen(0, '127.0.0.1');
  await once(started, 'listening');
  return (started.address() as AddressInfo).port;
}

async function open(imap: Record<string, unknown>): Promise<Session> {
  const mailbox = await loadMailbox('tls@example.com', { imap: { host: 'localhost', ...imap } });
  return openSession(mailbox.imap, 1024 * 1024, () => {}, new AbortController().signal);
}

describe('a certificate', () => {
  it('of an authority of our own is taken, and who vouches for it is known', async () => {
    for (const how of [
      { port: server.imapsPort, tls: 'implicit' },
      { port: server.imapPort, tls: 'starttls' },
    ]) {
      const session = await open({ ...how, ca: [join(folder, 'ca.pem'), server.caFile] });
      expect(session.authority()).toBe(server.caFile);
      await session.logout();
    }
  });

  it('is verified whatever the environment says', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      for (const how of [
        { port: server.imapsPort, tls: 'implicit' },
        { port: server.imapPort, tls: 'starttls' },
      ]) {
        const failure = open(how);
        await expect(failure).rejects.toThrow(/self-signed.*\(for an authority of your own, set imap\.ca/);
        await expect(failure).rejects.toMatchObject({
          fields: { cure: expect.stringMatching(/words in brackets/) },
        });
      }
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  const ours = () => join(folder, 'ca.pem');
  it.each<[string, () => Promise<Record<string, unknown>>, RegExp]>([
    [
      'of nobody in imap.ca',
      async () => ({ port: server.imapsPort, ca: ours() }),
      /no authority in imap\.ca vouches for it, \S*ca\.pem/,
    ],
    [
      'that has expired',
      async () => ({
        port: await tlsServer(
          await certificate('expired', {
            dates: ['-startdate', '200101000000Z', '-enddate', '200102000000Z'],
          }),
        ),
        ca: ours(),
      }),
      /certificate has expired \(the server's certificate.* renewed/,
    ],
    [
      'that is not valid yet',
      async () => ({
        port: await tlsServer(
          await certificate('later', { dates: ['-startdate', '400101000000Z', '-enddate', '410102000000Z'] }),
        ),
        ca: ours(),
      }),
      /not yet valid \(see that the clock/,
    ],
    [
      'of another name',
      async () => ({
        port: await tlsServer(await certificate('other', { san: 'DNS:mail.example.com' })),
        ca: ours(),
      }),
      /altnames.*mail\.example\.com \(set imap\.host to a name that the certificate is for/,
    ],
  ])('%s is refused, with the cure', async (_, imap, message) => {
    const more = await imap();
    const refused = await open({ tls: 'implicit', ...more }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({ code: 'imap_connect', message: expect.stringMatching(message) });
  });

  it('of ours is good: the server is heard', async () => {
    const port = await tlsServer(await certificate('good'));
    await expect(open({ tls: 'implicit', port, ca: ours() })).rejects.not.toThrow(/certificate/);
  });
});

it('less than TLS 1.2 is refused', async () => {
  const old = await certificate('old');
  const port = await tlsServer({
    ...old,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  await expect(open({ tls: 'implicit', port, ca: join(folder, 'ca.pem') })).rejects.toThrow(
    /the server speaks no TLS 1\.2: it has to be updated/,
  );
});

describe('STARTTLS that somebody on the way takes out', () => {
  it.each<[string, ImapScript]>([
    ['is not offered', { capabilities: (list) => list.filter((each) => each !== 'STARTTLS') }],
    ['is refused', { on: [{ command: /^STARTTLS/, act: { reply: 'NO not now' } }] }],
    ['is not understood', { on: [{ command: /^STARTTLS/, act: { reply: 'BAD what?' } }] }],
    [
      'is followed by something in the clear',
      { on: [{ command: /^STARTTLS/, act: { reply: 'OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN' } }] },
    ],
    ['is skipped by a greeting', { greeting: () => '* PREAUTH welcome back' }],
  ])('%s: nothing is said in the clear', async (_, script) => {
    const proxy = await startScriptedImap(server, script);
    try {
      const refused = await open({ port: proxy.imapPort, tls: 'starttls', ca: server.caFile }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refused).toMatchObject({
        code: 'imap_connect',
        message: expect.stringMatching(/\(with tls: starttls nothing is said in the clear/),
      });
      expect(proxy.said(/LOGIN|AUTHENTICATE|SELECT|ID/)).toEqual([]);
    } finally {
      await proxy.close();
    }
  });
});
