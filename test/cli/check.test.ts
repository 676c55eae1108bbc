import { afterEach, describe, expect, inject, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { withClient } from '../support/imap-client.ts';
import { startImapProxy } from '../support/imap-proxy.ts';
import { mail } from '../support/mail.ts';
import { type ConfigFile, mailboxSection, runMailcase, writeConfig } from '../support/mailcase.ts';
import { dumpOf, flagsOf } from '../support/untouched.ts';

const database = useDatabase();
const server = inject('dovecot');

const written: ConfigFile[] = [];
afterEach(async () => {
  for (const made of written.splice(0)) await made.remove();
});

async function config(...mailboxes: Record<string, unknown>[]): Promise<string> {
  const made = await writeConfig({ database: { url: database.url }, mailboxes });
  written.push(made);
  return made.file;
}

const run = async (file: string, ...args: string[]) => runMailcase(['check', '--config', file, ...args]);

const SECRET = 'canary-secret-0123456789';
const EVIL = '\u001b]0;owned\u0007\u001b[2J';

describe('mailcase check', () => {
  it('tells in plain words what is, changes nothing, and ends with 0 where nothing is wrong', async () => {
    const user = 'cli-check@example.com';
    await deliver(server, user, [
      mail({
        From: 'shop@shop.example',
        To: 'joe@customer.example',
        Subject: `${EVIL}Your order`,
        'x-desk-case-status': `reopened ${EVIL}`,
        'x-desk-case-external-id': 'A-1',
      }),
      mail({ From: `"${EVIL}" <joe@customer.example>`, To: user, Subject: 'Hello' }),
    ]);
    const file = await config(mailboxSection(user));
    const before = [await dumpOf(database.db), await flagsOf(user)];
    const { code, stdout, stderr } = await run(file, '--sample');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect([await dumpOf(database.db), await flagsOf(user)]).toEqual(before);
    for (const text of [
      /^Configuration\n {2}✓ .*mailcase\.yaml can be understood/,
      /\n\nDatabase\n {2}✓ PostgreSQL \d/,
      /\n\nMailbox support\n/,
      /INBOX: 2 messages, 2 waiting for the next poll\n {6}unseen mail is recorded, then marked \\Seen\n/,
      /\n\nSample of support\n {2}✓ the last 2 messages, /,
      /\n {2}! 1 of 2 carries x-desk- headers, and none is applied: the mailbox trusts nobody/,
      /\n {4}→ if your own systems wrote them: /,
      /x-desk-case-status: reopened �\]0;owned��\[2J: not one of/,
      /\nNothing keeps the daemon from working; \d warnings\.\n$/,
    ])
      expect(stdout).toMatch(text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('as data, for one mailbox, with the number of messages that was asked for', async () => {
    const user = 'cli-check-json@example.com';
    await deliver(
      server,
      user,
      ['a', 'b', 'c'].map((name) => mail({ From: 'joe@x.example', To: user, Subject: `${EVIL}${name}` })),
    );
    const file = await config(
      mailboxSection('other@example.com', { name: 'other' }),
      mailboxSection(user, { name: 'wanted' }),
    );
    const { code, stdout, stderr } = await run(file, '--json', '--sample', '2', '--mailbox', 'wanted');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const data = JSON.parse(stdout) as {
      ok: boolean;
      findings: { section: string; level: string; code: string; message: string; cure: string | null }[];
      mailboxes: { name: string; sample: { read: number } }[];
    };
    expect(data.ok).toBe(true);
    expect(data.mailboxes).toEqual([
      expect.objectContaining({
        ...{ name: 'wanted', user, last_polled_at: null, last_error: null },
        folders: [expect.objectContaining({ path: 'INBOX', messages: 3, waiting: 3, left: 0, unmarked: 0 })],
        sample: expect.objectContaining({ read: 2, inbound: 2, customers: 1 }),
      }),
    ]);
    expect(new Set(data.findings.map(({ section }) => section))).toEqual(
      new Set(['Configuration', 'Database', 'Mailbox wanted', 'Sample of wanted']),
    );
    for (const { level, cure } of data.findings) {
      expect(['ok', 'warning']).toContain(level);
      expect(cure === null).toBe(level === 'ok');
    }
  });

  it('ends with 1 where something keeps the daemon from working, and prints no secret that a server quotes', async () => {
    const user = 'cli-check-bad@example.com';
    const password = 'canary-password-quoted';
    const proxy = await startImapProxy(server, (text) =>
      text.replace(
        /^(\S+) NO .*/m,
        `$1 NO [AUTHENTICATIONFAILED] ${EVIL}LOGIN ${user} "${password}" ${SECRET}`,
      ),
    );
    try {
      const file = await config(
        mailboxSection(user, {
          trust: { secret: { header: 'x-our-secret', value: SECRET } },
          imap: { port: proxy.port, password },
        }),
      );
      for (const args of [[], ['--json'], ['--sample', '--json']]) {
        const { code, stdout, stderr } = await run(file, ...args);
        expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
        expect(stdout).toMatch(/refused the login/);
        expect(stdout).toContain('[secret]');
        expect(stdout).not.toMatch(/canary/);
        expect(stdout).not.toContain('\u001b');
      }
    } finally {
      await proxy.close();
    }
  });

  it('a password of the database is not printed when it is refused', async () => {
    const url = new URL(database.url);
    url.username = 'nobody_of_this_name';
    url.password = 'canary-password';
    url.pathname = '/no_such_database';
    const made = await writeConfig({
      database: { url: url.href },
      mailboxes: [mailboxSection('cli-check@example.com')],
    });
    written.push(made);
    const { code, stdout, stderr } = await run(made.file);
    expect(code).toBe(1);
    // A server that asks for no password, perhaps that of TEST_DATABASE_URL, finds the role missing instead.
    expect(stdout).toMatch(
      /✗ \S+:\d+\/no_such_database cannot\s+be\s+used: [^→]*\n {4}→ (see that user and password|[^→]*make the role)/,
    );
    expect(stdout).toMatch(/1 problem.*: as it is, the daemon would not do all of its work\.\n$/);
    expect(stdout + stderr).not.toContain('canary');
  });

  it('a part of the password that is taken for the host is not printed either', async () => {
    const made = await writeConfig({
      database: { url: 'postgres://mailcase:p@canary#1@localhost/mailcase' },
      mailboxes: [mailboxSection('cli-check@example.com')],
    });
    written.push(made);
    for (const command of [['check'], ['check', '--json'], ['run', '--once'], ['case', '1']]) {
      const { code, stdout, stderr } = await runMailcase([...command, '--config', made.file]);
      expect(code).toBe(1);
      expect(stdout + stderr).toMatch(/must\s+be\s+percent-encoded/);
      expect(stdout + stderr).not.toMatch(/canary|#1|1@/);
    }
  });

  it('says what the last poll failed of, harmless and with the secrets blanked', async () => {
    const user = 'cli-check-error@example.com';
    await withClient(user, async () => {});
    await database.db.raw('insert into mailboxes (name, last_error) values (?, ?)', [
      'failing',
      `${EVIL} said ${server.password}`,
    ]);
    const { code, stdout } = await run(await config(mailboxSection(user, { name: 'failing' })));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /! no poll went well yet; the last attempt failed: �\]0;owned��\[2J said \[secret\]/,
    );
    expect(stdout).not.toContain(server.password);
  });

  it('says whether the certificate was verified', async () => {
    const user = 'cli-check-tls@example.com';
    const imap = { host: 'localhost', port: server.imapsPort, tls: 'implicit' };
    const file = await config(mailboxSection(user, { imap }));
    const args = ['check', '--config', file];
    const verified = await runMailcase(args, { NODE_EXTRA_CA_CERTS: server.caFile });
    expect(verified.code).toBe(0);
    expect(verified.stdout).toMatch(/✓ TLSv1\.[23], the certificate is verified/);
    const blind = await runMailcase(args, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect(blind.code).toBe(1);
    // It is for other programs' experiments: a certificate is verified all the same.
    expect(blind.stdout).toMatch(/✗ cannot connect to localhost.*self-signed[\s\S]*imap\.ca/);
  });

  it.each<[string, string[], RegExp]>([
    ['a mailbox that is not configured', ['--mailbox', 'nope'], /no mailbox nope.*one of support/],
    ['a sample of nothing', ['--sample', '0'], /--sample is no number/],
    ['of too much', ['--sample', '10001'], /--sample is no number from 1 to 10,000/],
    ['of a word', ['--sample', 'all'], /--sample is no number/],
    ['an unknown option', ['--fix'], /unknown option/],
  ])('wrong usage is 2: %s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(await config(mailboxSection('a@example.com')), ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('a wrong configuration is 2, with every problem: in words, and as findings', async () => {
    const { imap, ...mailbox } = mailboxSection('a@example.com');
    const made = await writeConfig({ database: { url: 'x' }, mailboxes: [mailbox] });
    written.push(made);
    const words = await run(made.file);
    expect(words).toMatchObject({ code: 2, stdout: '' });
    expect(words.stderr).toMatch(/2 problems in the configuration/);
    const { code, stdout, stderr } = await run(made.file, '--json');
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    const wrong = {
      ...{ section: 'Configuration', level: 'problem', code: 'config_invalid', file: made.file },
      ...{ message: expect.any(String), cure: expect.any(String), details: [] },
    };
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      findings: [
        { ...wrong, line: expect.any(Number), option: 'database.url' },
        { ...wrong, line: expect.any(Number), option: 'mailboxes[0].imap' },
      ],
      mailboxes: [],
    });
    const { findings } = JSON.parse(stdout) as { findings: { message: string; cure: string }[] };
    for (const { message, cure } of findings) {
      expect(words.stderr).toContain(message);
      expect(words.stderr).toContain(cure);
    }
  });

  it('a configuration that is not there is 2, and a finding about the file as a whole', async () => {
    const { code, stdout } = await run('/nowhere/mailcase.yaml', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      findings: [{ code: 'config_invalid', file: '/nowhere/mailcase.yaml', line: null, option: null }],
    });
  });

  it('a secret is found before the line is broken in its middle, and not in numbers of the JSON', async () => {
    const user = 'cli-check-secrets@example.com';
    const secret = Array.from({ length: 30 }, (_, index) => `canary${index}`).join(' ');
    const proxy = await startImapProxy(server, (text) =>
      text.replace(/^(\S+) NO .*/m, `$1 NO [AUTHENTICATIONFAILED] not with ${secret}, nor with 1`),
    );
    try {
      const file = await config(
        mailboxSection(user, { imap: { port: proxy.port, password: secret } }),
        mailboxSection(user, { name: 'digits', imap: { port: proxy.port, password: `${proxy.port}` } }),
      );
      const words = await run(file);
      expect(words.code).toBe(1);
      expect(words.stdout).toContain('not with [secret], nor');
      expect(words.stdout).not.toContain('canary');
      const { code, stdout } = await run(file, '--json');
      expect(code).toBe(1);
      const { mailboxes } = JSON.parse(stdout) as { mailboxes: { port: number }[] };
      expect(mailboxes.map(({ port }) => port)).toEqual([proxy.port, proxy.port]);
      expect(stdout).not.toContain('canary');
    } finally {
      await proxy.close();
    }
  });

  it('explains itself', async () => {
    const { code, stdout } = await runMailcase(['check', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--sample \[number\]/);
    expect(stdout).toMatch(/Examples:\n {2}mailcase check\n/);
  });
});
