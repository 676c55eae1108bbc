import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigProblems } from '../../src/config/problems.ts';
import { checkProxy, readProxy } from '../../src/config/proxy.ts';

const CANARY = 'canary-5Ecr3t';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-connection-'));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args);
  const make = (name: string, ...more: string[]) =>
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`), '-subj', `/CN=${name}`, ...more],
    );
  await make('own', '-days', '30');
  await make('other', '-days', '30');
  // A server's, issued by `own`.
  const request = ['-newkey', 'rsa:2048', '-nodes', '-keyout', file('server.key'), '-subj', '/CN=server'];
  await openssl('req', ...request, '-out', file('server.csr'));
  const issuer = ['-CA', file('own.pem'), '-CAkey', file('own.key'), '-CAcreateserial'];
  await openssl(
    'x509',
    '-req',
    '-in',
    file('server.csr'),
    ...issuer,
    '-days',
    '30',
    '-out',
    file('server.pem'),
  );
  // Backdated: expired on 2 January 2020.
  const database = file('index.txt');
  await writeFile(database, '');
  await writeFile(
    file('ca.cnf'),
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${database}\nnew_certs_dir=${folder}\nserial=${file('serial')}\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n`,
  );
  await writeFile(file('serial'), '01\n');
  await openssl(
    'req',
    '-new',
    '-key',
    file('other.key'),
    '-subj',
    '/CN=expired',
    '-out',
    file('expired.csr'),
  );
  const dates = ['-startdate', '200101000000Z', '-enddate', '200102000000Z'];
  await openssl(
    ...['ca', '-batch', '-config', file('ca.cnf'), '-selfsign', '-keyfile', file('other.key')],
    ...['-in', file('expired.csr'), '-out', file('expired.pem'), '-notext', ...dates],
  );
  const [own, other, expired] = await Promise.all(
    ['own.pem', 'other.pem', 'expired.pem'].map((name) => readFile(file(name), 'utf8')),
  );
  await writeFile(file('several.pem'), `# ours\n${own}\nthe other one:\n${other}\n${expired}`);
  await writeFile(file('own.der'), new X509Certificate(own ?? '').raw);
  await writeFile(file('all.pem'), rootCertificates.join('\n'));
  await writeFile(file('broken.pem'), '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');
  await writeFile(file('empty.pem'), '');
});
afterAll(() => rm(folder, { recursive: true }));

async function load(imap: string, env: NodeJS.ProcessEnv = {}) {
  const file = join(folder, 'mailcase.yaml');
  await writeFile(
    file,
    `database: {url: postgres://localhost/m}\nmailboxes:\n  - name: support\n    imap:\n      host: imap.example.com\n      user: a\n      password: b\n${imap}`,
  );
  return loadConfig(file, env);
}

async function problems(imap: string, env: NodeJS.ProcessEnv = {}) {
  const error = await load(imap, env).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigProblems)) throw new Error('expected problems', { cause: error });
  expect(error.message).not.toContain(CANARY);
  return error.problems.map(({ line, path, message, cure }) => ({ line, path, message, cure }));
}

const namesOf = (certificates: readonly string[]) =>
  certificates.map((each) => new X509Certificate(each).subject);

describe('imap.ca', () => {
  it.each<[string, string, string[]]>([
    ['a file beside the configuration', 'ca: own.pem', ['CN=own']],
    ['several in one, without what has expired', 'ca: several.pem', ['CN=own', 'CN=other']],
    ['one as DER', 'ca: own.der', ['CN=own']],
    ['a list of files', 'ca: [own.pem, other.pem]', ['CN=own', 'CN=other']],
  ])('takes %s', async (_, written, expected) => {
    const { config } = await load(`      ${written}\n`);
    const { ca = [] } = config.mailboxes[0]?.imap ?? {};
    expect(namesOf(ca.flatMap(({ certificates }) => certificates))).toEqual(expected);
  });

  it('takes the list of all public authorities', async () => {
    const { config } = await load('      ca: all.pem\n');
    expect(config.mailboxes[0]?.imap.ca?.[0]?.certificates.length).toBeGreaterThan(100);
  });

  it("takes one of systemd's credentials first", async () => {
    const credentials = await mkdtemp(join(tmpdir(), 'mailcase-credentials-'));
    await writeFile(join(credentials, 'own.pem'), await readFile(join(folder, 'other.pem')));
    const { config } = await load('      ca: own.pem\n', { CREDENTIALS_DIRECTORY: credentials });
    expect(namesOf(config.mailboxes[0]?.imap.ca?.[0]?.certificates ?? [])).toEqual(['CN=other']);
    await rm(credentials, { recursive: true });
  });

  it.each<[string, string, RegExp, RegExp]>([
    ['nowhere', 'nowhere.pem', /nowhere\.pem does not exist/, /create it, or correct the name/],
    ['a folder', '.', /is a folder, not a file/, /add the name/],
    ['empty', 'empty.pem', /there is no certificate in empty\.pem/, /BEGIN CERTIFICATE/],
    ['a key', 'own.key', /no certificate in own\.key, but a private key/, /BEGIN CERTIFICATE/],
    ['broken', 'broken.pem', /a certificate in broken\.pem cannot be read/, /BEGIN CERTIFICATE/],
    ['expired', 'expired.pem', /the certificate in expired\.pem expired on 2020-01-02/, /valid now/],
    ["a server's", 'server.pem', /is a server's, and not that of the authority/, /take the certificate/],
    ['a certificate itself', '"-----BEGIN CERTIFICATE-----"', /not the path of a file/, /\/etc\/mailcase/],
    ['nothing', '"  "', /must not be empty/, /write its value/],
  ])('refuses what is %s, with its place and cure', async (_, name, message, cure) => {
    const place = { line: 8, path: 'mailboxes[0].imap.ca' };
    const found = await problems(`      ca: ${name}\n`);
    const [first] = found;
    expect(first).toMatchObject({ line: place.line });
    expect(first?.path).toMatch(/^mailboxes\[0\]\.imap\.ca(\[0\])?$/);
    expect(first?.message).toMatch(message);
    expect(first?.cure).toMatch(cure);
  });

  it('names every file of a list that is wrong, beside what else is wrong', async () => {
    expect(await problems('      ca: [own.pem, nowhere.pem, empty.pem]\n      port: 0\n')).toMatchObject([
      { path: 'mailboxes[0].imap.ca[1]' },
      { path: 'mailboxes[0].imap.ca[2]' },
      { path: 'mailboxes[0].imap.port' },
    ]);
  });

  it.skipIf(process.getuid?.() === 0)('says that a file must not be read', async () => {
    await chmod(join(folder, 'own.der'), 0);
    expect(await problems('      ca: own.der\n')).toMatchObject([{ message: /must not be read/ }]);
    await chmod(join(folder, 'own.der'), 0o644);
  });

  it('has no use without TLS', async () => {
    expect(await problems('      tls: none\n      allow_plaintext: true\n      ca: own.pem\n')).toMatchObject(
      [{ path: 'mailboxes[0].imap.ca', message: expect.stringContaining('no certificate to verify') }],
    );
  });
});

describe('imap.proxy', () => {
  it.each<[string, string, boolean]>([
    ['http://proxy.example.com:3128', 'the HTTP proxy proxy.example.com:3128', false],
    ['http://proxy', 'the HTTP proxy proxy:80', false],
    ['https://user:pass@proxy/', 'the HTTPS proxy proxy:443', true],
    ['socks5://192.0.2.1', 'the SOCKS5 proxy 192.0.2.1:1080', false],
    ['SOCKS5://user@192.0.2.1:9050', 'the SOCKS5 proxy 192.0.2.1:9050', true],
    ['socks4a://[2001:db8::1]:1080', 'the SOCKS4a proxy [2001:db8::1]:1080', false],
    ['socks4://user@proxy', 'the SOCKS4 proxy proxy:1080', true],
    [`http://u:${CANARY}%40%2F@proxy:1`, 'the HTTP proxy proxy:1', true],
  ])('reads %s', (written, name, hasLogin) => {
    expect(checkProxy(written)).toBeUndefined();
    expect(readProxy(written)).toMatchObject({ name, hasLogin });
    expect(JSON.stringify(readProxy(written))).not.toContain(CANARY);
  });

  it.each<[string, RegExp]>([
    ['proxy.example.com:3128', /begin it with one of `http:\/\/`/],
    ['ftp://proxy', /begin it with one of/],
    ['socks5h://proxy', /`socks5:\/\/`: names are looked up by the proxy/],
    ['socks://proxy', /begin it with `socks5:\/\/`/],
    ['http://', /percent-encode/],
    ['http://user:p@ss/w@proxy:3128', /percent-encode/],
    ['http://user:p#ss@proxy:3128', /percent-encode/],
    ['http://proxy:3128/path', /percent-encode/],
    ['http://proxy:99999', /percent-encode/],
    ['socks4://user:password@proxy', /take the password out/],
    ['socks4a://:password@proxy', /take the password out/],
  ])('refuses %s', (written, cure) => {
    expect(checkProxy(written)?.cure).toMatch(cure);
  });

  it('is a secret as a whole, and its password apart, as written and decoded', async () => {
    const { secrets } = await load(`      proxy: "http://user:${CANARY}%40x@proxy:3128"\n`);
    expect(secrets).toEqual(expect.arrayContaining([`${CANARY}%40x`, `${CANARY}@x`]));
    expect(await problems(`      proxy: "http://user:${CANARY}@ss/w@proxy:3128"\n`)).toHaveLength(1);
  });

  it('makes this machine another one, so that the password is not sent in the clear', async () => {
    const file = join(folder, 'mailcase.yaml');
    const plain = (more: string) =>
      writeFile(
        file,
        `database: {url: postgres://localhost/m}\nmailboxes:\n  - name: support\n    imap: {host: localhost, user: a, password: b, tls: none${more}}\n`,
      ).then(() => loadConfig(file));
    await plain('');
    await plain(', proxy: "http://proxy:3128", allow_plaintext: true');
    await expect(plain(', proxy: "http://proxy:3128"')).rejects.toThrow(/everybody on the way can read/);
  });
});
