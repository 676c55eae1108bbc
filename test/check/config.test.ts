import { describe, expect, it } from 'vitest';
import { configFindings } from '../../src/check/config.ts';
import { publicDomainReason } from '../../src/check/public-domains.ts';
import { writeConfig } from '../support/mailcase.ts';

const SECRET = 'canary-secret-0123456789';

/** What is said of a configuration of one mailbox, all that is fine left out. */
async function said(
  mailbox: Record<string, unknown>,
  database: object = { url: 'postgres://u@h/d' },
  isSampled = false,
) {
  const { imap = {}, ...rest } = mailbox as { imap?: object };
  const written = await writeConfig({
    database,
    mailboxes: [
      {
        ...{ name: 'support', own: ['example.com'], ...rest },
        imap: { host: 'imap.example.com', user: 'support@example.com', password: 'canary-password', ...imap },
      },
    ],
  });
  const { config, file } = await written.load();
  await written.remove();
  const findings = configFindings(config, config.mailboxes, file, isSampled);
  expect(findings.every(({ section, level }) => section === 'Configuration' && level !== 'problem')).toBe(
    true,
  );
  expect(JSON.stringify(findings)).not.toMatch(/canary/);
  return findings;
}

const warnings = async (...args: Parameters<typeof said>) =>
  (await said(...args)).filter(({ level }) => level === 'warning');

describe('warnings of a configuration that can be understood', () => {
  it('an ordinary one has none, and says what trust none means', async () => {
    const findings = await said({});
    expect(findings.map(({ level, code }) => [level, code])).toEqual([
      ['ok', 'config_read'],
      ['ok', 'trust_none'],
    ]);
    expect(findings[0]?.message).toMatch(/mailcase\.yaml can be understood \(mailboxes: support\)$/);
    expect(findings[1]?.message).toContain('check --sample');
    // Whoever has asked for a sample is not told to.
    const [, sampled] = await said({}, undefined, true);
    expect(sampled?.message).toBe('support: trust is none: x-headers are kept and change nothing');
  });

  it.each<[name: string, mailbox: Record<string, unknown>, code: string, message: RegExp, cure: RegExp]>([
    [
      'a public domain in own',
      { own: ['example.com', 'gmail.com'] },
      'own_public_domain',
      /gmail\.com, a public domain: anybody can have an address there/,
      /own: \[support@example\.com\]/,
    ],
    ['with its subdomains', { own: ['.GMX.de'] }, 'own_public_domain', /\.GMX\.de, a public domain/, /own:/],
    [
      'of an access provider',
      { own: ['t-online.de', 'comcast.net'].slice(1) },
      'own_public_domain',
      /every customer of the provider/,
      /own:/,
    ],
    ['own empty', { own: undefined, imap: { user: 'support' } }, 'own_empty', /is no address/, /own: \[/],
    ['own empty on purpose', { own: [] }, 'own_empty', /`own` is empty/, /own: \[/],
    [
      'a public domain in dkim',
      { trust: { dkim: { domains: ['gmail.com'] } }, authentication: { verify: true } },
      'dkim_public_domain',
      /has gmail\.com, a public domain: anybody can have an address there/,
      /nobody but your company/,
    ],
    [
      'results of Exchange Online',
      {
        imap: {
          host: 'outlook.office365.com',
          password: undefined,
          oauth2: {
            flow: 'client_credentials',
            tenant: 'example.com',
            client_id: 'app',
            client_secret: SECRET,
          },
        },
        trust: { dkim: { domains: ['example.com'] } },
        authentication: { authserv_id: 'mx.example.com' },
      },
      'authserv_id_exchange',
      /Exchange Online gives no name/,
      /verify: true/,
    ],
    ...['outlook.office365.com', 'outlook.office365.us', 'partner.outlook.cn'].map(
      (host) =>
        [
          ...[`a password at ${host}`, { imap: { host } }, 'password_exchange'],
          ...[/takes no passwords/, /imap\.oauth2.*--provider exchange/],
        ] as never,
    ),
    ['trust all', { trust: 'all' }, 'trust_all', /can change any customer and any case/, /sign.*hmac/],
    [
      'trust secret',
      { trust: { secret: { header: 'x-our-secret', value: SECRET } } },
      'trust_secret',
      /x-our-secret: whoever gets a mail with it can use it/,
      /nobody but this mailbox gets/,
    ],
    ['shadow mode', { processed: 'none' }, 'shadow_mode', /shadow mode/, /beside another system/],
    [
      'no TLS, beyond this machine',
      { imap: { tls: 'none', allow_plaintext: true } },
      'tls_none',
      /everybody on the way to imap\.example\.com/,
      /implicit/,
    ],
  ])('%s', async (_, mailbox, code, message, cure) => {
    expect(await warnings(mailbox)).toEqual([
      expect.objectContaining({
        code,
        message: expect.stringMatching(message),
        cure: expect.stringMatching(cure),
      }),
    ]);
  });

  it('the embedded database is for first steps', async () => {
    const [warning] = await warnings({}, { embedded: './data' });
    expect(warning).toMatchObject({ code: 'database_embedded', cure: expect.stringContaining('production') });
  });

  it('no TLS on this machine, an address at a public domain, and a domain that only looks public are fine', async () => {
    expect(await warnings({ imap: { host: '127.0.0.1', tls: 'none' } })).toEqual([]);
    expect(
      await warnings({ own: ['we@gmail.com', 'notgmail.com', 'gmail.com.example', '.yahoo.example'] }),
    ).toEqual([]);
  });
});

describe('public domains', () => {
  it.each([
    'gmail.com',
    'googlemail.com',
    'outlook.com',
    'outlook.de',
    'hotmail.co.uk',
    'live.nl',
    'yahoo.com',
    'yahoo.co.jp',
    'yahoo.com.br',
    'yahoo.de',
    'gmx.de',
    'web.de',
    'icloud.com',
    'proton.me',
    'qq.com',
    'orange.fr',
  ])('%s', (domain) => {
    expect(publicDomainReason(domain)).toMatch(/has? an address there|have an address there/);
  });

  it.each([
    'example.com',
    'live.example.com',
    'outlook.example',
    'yahoo-shop.com',
    'gmail.de.example',
    'posteo.com',
  ])('%s is none', (domain) => {
    expect(publicDomainReason(domain)).toBeUndefined();
  });
});
