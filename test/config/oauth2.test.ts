import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { readTokenKey } from '../../src/config/oauth2-checks.ts';
import { presetOf } from '../../src/config/oauth2-presets.ts';
import { ConfigProblems } from '../../src/config/problems.ts';
import type { ImapConfig } from '../../src/config/schema.ts';

const KEY = 'a2V5IGtleSBrZXkga2V5IGtleSBrZXkga2V5IGtleSA=';
const pem = (type: 'rsa' | 'ed25519') => {
  const made =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  return made.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
};
const RSA = pem('rsa');
const GOOGLE_KEY = {
  type: 'service_account',
  client_email: 'mailcase@project.iam.gserviceaccount.com',
  private_key: RSA,
  private_key_id: 'abc',
  token_uri: 'https://oauth2.googleapis.com/token',
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-oauth2-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Imap {
  readonly [option: string]: unknown;
}

async function loadFile(imap: Imap, top: Record<string, unknown> = { token_key: KEY }) {
  const file = join(folder, 'mailcase.yaml');
  const content = {
    database: { url: 'postgres://localhost/m' },
    ...top,
    mailboxes: [{ name: 'support', imap: { user: 'support@example.com', ...imap } }],
  };
  await writeFile(file, JSON.stringify(content, null, 1));
  return loadConfig(file, {});
}

async function load(imap: Imap, top?: Record<string, unknown>): Promise<ImapConfig['oauth2']> {
  return (await loadFile(imap, top)).config.mailboxes[0]?.imap.oauth2;
}

/** What is wrong, as `path: message → cure`. */
async function problems(imap: Imap, top?: Record<string, unknown>): Promise<string[]> {
  try {
    await loadFile(imap, top);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    return error.problems.map(
      ({ path, message, cure }) => `${path.replace('mailboxes[0].imap.', '')}: ${message} → ${cure}`,
    );
  }
}

const APP = { flow: 'client_credentials', tenant: 'example.com', client_id: 'id', client_secret: 'a secret' };
const PERSON = { flow: 'refresh_token', client_id: 'id' };
const ACCOUNT = { flow: 'service_account', key: JSON.stringify(GOOGLE_KEY) };

describe('what a provider fills in', () => {
  it('for an app at Exchange', async () => {
    expect(await load({ provider: 'exchange', oauth2: APP })).toEqual({
      flow: 'client_credentials',
      token_url: 'https://login.microsoftonline.com/example.com/oauth2/v2.0/token',
      authorization_url: 'https://login.microsoftonline.com/example.com/oauth2/v2.0/authorize',
      device_authorization_url: 'https://login.microsoftonline.com/example.com/oauth2/v2.0/devicecode',
      scope: 'https://outlook.office365.com/.default',
      mechanism: undefined,
      client_id: 'id',
      client_secret: 'a secret',
      client_auth: 'post',
      account: undefined,
      refresh_token_lifetime: 90 * 86_400_000,
    });
  });

  it('for a person at Exchange, told by the host', async () => {
    const made = await load({
      host: 'outlook.office365.com',
      oauth2: { ...PERSON, tenant: 'organizations' },
    });
    expect(made).toMatchObject({
      token_url: 'https://login.microsoftonline.com/organizations/oauth2/v2.0/token',
      scope: 'https://outlook.office.com/IMAP.AccessAsUser.All offline_access',
      client_auth: 'none',
    });
  });

  it('for a person at Gmail', async () => {
    const made = await load({ provider: 'gmail', oauth2: { ...PERSON, client_secret: 'a secret' } });
    expect(made).toMatchObject({
      token_url: 'https://oauth2.googleapis.com/token',
      authorization_url: 'https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent',
      device_authorization_url: undefined,
      scope: 'https://mail.google.com/',
      refresh_token_lifetime: undefined,
    });
  });

  it('for a service account', async () => {
    const made = await load({ provider: 'gmail', oauth2: { ...ACCOUNT, subject: 'sales@example.com' } }, {});
    expect(made).toMatchObject({
      token_url: 'https://oauth2.googleapis.com/token',
      scope: 'https://mail.google.com/',
      account: { email: GOOGLE_KEY.client_email, subject: 'sales@example.com', keyId: 'abc' },
    });
    expect((await load({ provider: 'gmail', oauth2: ACCOUNT }))?.account?.subject).toBe(
      'support@example.com',
    );
  });

  it('gives way to what is set by hand, each by itself', async () => {
    const by = { scope: 'a b', mechanism: 'xoauth2', client_auth: 'basic', refresh_token_lifetime: '30d' };
    const made = await load({
      provider: 'exchange',
      oauth2: { ...APP, ...by, refresh_token_lifetime: undefined },
    });
    expect(made).toMatchObject({ scope: 'a b', mechanism: 'xoauth2', client_auth: 'basic' });
    const own = { ...PERSON, token_url: 'https://login.example.com/token', refresh_token_lifetime: '30d' };
    expect(await load({ provider: 'exchange', oauth2: own })).toMatchObject({
      token_url: 'https://login.example.com/token',
      // Not Microsoft's: a person would consent to somebody else.
      authorization_url: undefined,
      refresh_token_lifetime: 30 * 86_400_000,
    });
  });

  it.each([
    [APP, 'https://outlook.office365.com/.default'],
    [PERSON, 'https://outlook.office.com/IMAP.AccessAsUser.All offline_access'],
  ])('has the scope of Exchange also behind a relay, with endpoints set by hand', async (by, scope) => {
    const oauth2 = { ...by, token_url: 'https://login.example.com/token' };
    expect(await load({ provider: 'exchange', host: 'relay.example.com', oauth2 })).toMatchObject({ scope });
  });

  it('is nothing for clouds and servers that have endpoints of their own', () => {
    for (const host of ['outlook.office365.us', 'partner.outlook.cn', 'mail.example.com']) {
      expect(presetOf('exchange', 'client_credentials', host, 'x')).toBeUndefined();
    }
  });
});

describe('what is refused, with its cure', () => {
  it.each<[string, Imap, Record<string, unknown>, string[]]>([
    [
      'both ways to log in',
      { provider: 'exchange', password: 'p', oauth2: APP },
      {},
      ['oauth2: `password` and `oauth2` exclude each other → take one of the two out'],
    ],
    [
      'neither',
      { host: 'imap.example.com' },
      {},
      ['password: required, but missing → add `password: "${IMAP_PASSWORD}"`'],
    ],
    [
      'neither, at Exchange',
      { provider: 'exchange' },
      {},
      [expect.stringMatching(/: needs `oauth2`, since Exchange Online takes no passwords → add `oauth2: /)],
    ],
    [
      'client credentials at Gmail',
      { provider: 'gmail', oauth2: { flow: 'client_credentials', client_id: 'i', client_secret: 's' } },
      {},
      [expect.stringMatching(/^oauth2\.flow: Gmail has no such login.*→ use `service_account`/)],
    ],
    [
      'a service account at Exchange',
      { provider: 'exchange', oauth2: ACCOUNT },
      {},
      [expect.stringMatching(/^oauth2\.flow: Exchange has no such login.*→ use `client_credentials`/)],
    ],
    [
      'an app without tenant and secret',
      { provider: 'exchange', oauth2: { flow: 'client_credentials', client_id: 'i' } },
      {},
      [
        expect.stringMatching(/^oauth2\.client_secret: required, but missing/),
        expect.stringMatching(/^oauth2\.tenant: required, but missing → add `tenant: example\.com`/),
      ],
    ],
    [
      'an app for several directories',
      { provider: 'exchange', oauth2: { ...APP, tenant: 'Common' } },
      {},
      [
        expect.stringMatching(
          /^oauth2\.tenant: stands for several directories.*→ write the id of your directory/,
        ),
      ],
    ],
    [
      'no scope, at a cloud of its own',
      { host: 'outlook.office365.us', oauth2: { ...APP, token_url: 'https://login.example.com/token' } },
      {},
      [expect.stringMatching(/^oauth2: needs `scope`, since this host.*→ add `scope: …`: for an app/)],
    ],
    [
      "no endpoint, at a server of one's own",
      { host: 'imap.example.com', oauth2: { ...PERSON } },
      { token_key: KEY },
      [expect.stringMatching(/^oauth2: needs `token_url`.*→ add `token_url: …`, or `imap\.provider/)],
    ],
    [
      'an endpoint in the clear',
      { host: 'h.example', oauth2: { ...PERSON, token_url: 'http://login.example.com/t' } },
      { token_key: KEY },
      [expect.stringMatching(/^oauth2\.token_url: without TLS everybody.*→ begin it with `https:\/\/`/)],
    ],
    [
      'an endpoint with a password in it',
      { host: 'h.example', oauth2: { ...PERSON, token_url: 'https://u:canary@login.example.com/t' } },
      { token_key: KEY },
      [expect.stringMatching(/^oauth2\.token_url: a URL with a password in it/)],
    ],
    [
      'options of another flow',
      { provider: 'exchange', oauth2: { ...APP, key: JSON.stringify(GOOGLE_KEY) } },
      {},
      ['oauth2.key: means nothing with `flow: client_credentials` → take it out'],
    ],
    [
      'a tenant at Gmail',
      { provider: 'gmail', oauth2: { ...PERSON, client_secret: 's', tenant: 'x' } },
      { token_key: KEY },
      [expect.stringMatching(/^oauth2\.tenant: a part of Microsoft's endpoints/)],
    ],
    [
      'a public client at Gmail, which has none',
      { provider: 'gmail', oauth2: PERSON },
      { token_key: KEY },
      [expect.stringMatching(/^oauth2\.client_secret: required, but missing/)],
    ],
    [
      'a secret that is not shown, and one that is not there',
      { provider: 'exchange', oauth2: { ...APP, client_auth: 'none' } },
      {},
      [expect.stringMatching(/^oauth2\.client_auth: none, though there is a `client_secret`/)],
    ],
    [
      'a refresh token without a key for it',
      { provider: 'exchange', oauth2: { ...PERSON, tenant: 'x' } },
      {},
      [expect.stringMatching(/^oauth2\.flow: needs `token_key`.*→ make one with `openssl rand -base64 32/)],
    ],
    [
      'a token key that is none',
      { host: 'h', password: 'p' },
      { token_key: 'canary' },
      [expect.stringMatching(/^token_key: not a key of 32 bytes/)],
    ],
    [
      'a second token key that is none',
      { host: 'h', password: 'p' },
      { token_key: [KEY, 'canary'] },
      [expect.stringMatching(/^token_key\[1\]: not a key of 32 bytes/)],
    ],
    [
      'a key that is no JSON',
      { provider: 'gmail', oauth2: { ...ACCOUNT, key: 'canary' } },
      {},
      [expect.stringMatching(/^oauth2\.key: not the JSON of a key → .*google-key\.json/)],
    ],
    [
      "a client's JSON as key",
      { provider: 'gmail', oauth2: { ...ACCOUNT, key: '{"installed": {"client_secret": "canary"}}' } },
      {},
      [
        expect.stringMatching(
          /^oauth2\.key: the JSON of an OAuth client, and not the key of a service account/,
        ),
      ],
    ],
    [
      'a key of another kind',
      {
        provider: 'gmail',
        oauth2: { ...ACCOUNT, key: JSON.stringify({ ...GOOGLE_KEY, private_key: pem('ed25519') }) },
      },
      {},
      [expect.stringMatching(/^oauth2\.key: its `private_key` is no RSA key/)],
    ],
  ])('%s', async (_, imap, top, expected) => {
    const found = await problems(imap, top);
    expect(found).toEqual(expected);
    expect(found.join()).not.toContain('canary');
  });
});

it('has token keys as bytes, the first for encrypting', async () => {
  const hex = `${'00'.repeat(31)}ff`;
  const { config } = await loadFile({ host: 'h', password: 'p' }, { token_key: [KEY, hex] });
  expect(config.token_key?.map((key) => key.length)).toEqual([32, 32]);
  expect(readTokenKey(hex)?.at(-1)).toBe(255);
  expect(readTokenKey(KEY.replace(/=$/, ''))).toEqual(Buffer.from(KEY, 'base64'));
  expect([readTokenKey(''), readTokenKey('a'.repeat(42)), readTokenKey('g'.repeat(64))]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it('counts the lines of a private key among the secrets', async () => {
  const { secrets } = await loadFile({ provider: 'gmail', oauth2: ACCOUNT }, {});
  const line = RSA.split('\n')[3] ?? '?';
  expect(secrets).toContain(line);
  expect(secrets).not.toContain('-----BEGIN PRIVATE KEY-----');
});
