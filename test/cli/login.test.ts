import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { browse, type Person } from '../support/browser.ts';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { deliver } from '../support/deliver.ts';
import type { Dovecot } from '../support/dovecot.ts';
import { startOAuthDovecot } from '../support/dovecot-oauth.ts';
import { mail } from '../support/mail.ts';
import {
  type ConfigFile,
  type Running,
  runMailcase,
  startMailcase,
  writeConfig,
} from '../support/mailcase.ts';
import { consentedSection, TOKEN_KEY } from '../support/oauth-client.ts';
import { type OAuthServer, SCOPES, startOAuthServer } from '../support/oauth-server.ts';
import { rows } from '../support/poll.ts';

const USER = 'support@example.com';
const database = useDatabase();

/** Gives a program a terminal; of util-linux. */
const hasScript = spawnSync('script', ['--version']).status === 0;

let microsoft: OAuthServer;
let google: OAuthServer;
let dovecot: Dovecot;
let googleDovecot: Dovecot;
const written: ConfigFile[] = [];
const running: Running[] = [];

beforeAll(async () => {
  microsoft = await startOAuthServer();
  google = await startOAuthServer({ like: 'google' });
  dovecot = await startOAuthDovecot(microsoft, { withoutPasswords: true, mechanisms: ['xoauth2'] });
  googleDovecot = await startOAuthDovecot(google);
});

beforeEach(async () => {
  for (const each of [microsoft, google]) each.mend();
  Object.assign(microsoft.settings, { deviceCodeLife: 900, refreshTokenExpiresIn: undefined });
  await database.db.raw('delete from oauth2_tokens');
});

afterEach(async () => {
  for (const { child, finished } of running.splice(0)) {
    child.kill('SIGKILL');
    await finished;
  }
  for (const each of written.splice(0)) await each.remove();
});

afterAll(async () => {
  for (const each of [dovecot, googleDovecot, microsoft, google]) await each?.stop();
});

const imap = (server: Dovecot, oauth2: unknown, more: object = {}) => ({
  ...{ host: server.host, port: server.imapPort, tls: 'none', user: USER, oauth2, ...more },
});
const exchangeLike = (oauth2: Record<string, unknown> = {}) =>
  imap(dovecot, consentedSection(microsoft, microsoft.device, oauth2));
/** As the preset has it: what Google wants to be asked stands in the address, and there are no codes for devices. */
const gmailLike = (oauth2: Record<string, unknown> = {}) => {
  const { device_authorization_url: _, ...section } = consentedSection(google, google.desktop, {
    authorization_url: `${google.urls.authorization}?access_type=offline&prompt=consent`,
    scope: SCOPES.gmail,
  });
  return imap(googleDovecot, { ...section, ...oauth2 });
};

async function config(section: unknown, more: Record<string, unknown> = {}): Promise<string> {
  const file = await writeConfig({
    ...{ database: { url: database.url }, token_key: TOKEN_KEY },
    mailboxes: [{ name: 'support', imap: section }],
    ...more,
  });
  written.push(file);
  return file.file;
}

function login(file: string, args: readonly string[] = []): Running {
  const started = startMailcase(
    ['login', ...args, '--config', file],
    {},
    undefined,
    [inject('program')],
    'pipe',
  );
  running.push(started);
  return started;
}

/** The address that the person is told to open. */
async function addressIn({ output }: Running): Promise<string> {
  return (await output(/^ {2}(http\S+)$/m)).match(/^ {2}(http\S+)$/m)?.[1] ?? '';
}

/** Does what a person does in the browser. @returns what it shows in the end */
async function consentInBrowser(started: Running, person: Person = { user: USER }): Promise<string> {
  const { url } = await browse(await addressIn(started), person);
  return (await fetch(url, { headers: { connection: 'close' } })).text();
}

const stored = () => rows(database.db, 'select mailbox, imap_user, client_id from oauth2_tokens');

/** Polls once with what was stored. @returns how many mails the mailbox has given so far */
async function pollOnce(file: string, server: Dovecot): Promise<number> {
  const subject = `mail ${Math.random()}`;
  const text = mail({ From: 'joe@buyer.example', To: USER, Subject: subject });
  await deliver(server, USER, [text]);
  const { code, stdout, stderr } = await runMailcase(['run', '--once', '--config', file]);
  expect([code, stderr], stdout).toEqual([0, '']);
  return (await rows(database.db, 'select id from interactions where subject = ?', [subject])).length;
}

describe('mailcase login', () => {
  it('has a person consent by a code, and polls go on with it', async () => {
    const file = await config(exchangeLike());
    const started = login(file, ['support']);
    const said = await started.output(/Waiting/);
    expect(said).toContain(
      `To let mailcase read ${USER} (mailbox support), on any device with a browser, open`,
    );
    const [, whole = ''] = said.match(/\(or open (\S+), where it is filled in\)/) ?? [];
    expect(said).toContain(`\n  ${microsoft.issuer}/device\n`);
    expect(said).toContain(`\n  ${new URL(whole).searchParams.get('user_code')}\n`);
    expect((await browse(whole, { user: USER })).text).toContain('You are signed in');
    const { code, stdout, stderr } = await started.finished;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`The login of ${USER} works, and is stored for the mailbox support.`);
    expect(await stored()).toEqual([{ mailbox: 'support', imap_user: USER, client_id: 'device' }]);
    expect(await pollOnce(file, dovecot)).toBe(1);
    expect(await readFile(dovecot.logFile, 'utf8')).toContain('method=XOAUTH2');
    // The access token of the login was used; once it is gone, the refresh token gives another one.
    microsoft.expireAccessTokens();
    expect(await pollOnce(file, dovecot)).toBe(1);
    expect(microsoft.granted.at(-1)).toBe('refresh_token');
  });

  it('has a person consent in a browser here, with PKCE, and polls go on with it', async () => {
    const file = await config(gmailLike());
    const started = login(file);
    const address = new URL(await addressIn(started));
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      ...{ client_id: 'desktop', scope: SCOPES.gmail, access_type: 'offline', prompt: 'consent' },
      ...{ response_type: 'code', code_challenge_method: 'S256', login_hint: USER },
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
    });
    const { port } = new URL(address.searchParams.get('redirect_uri') ?? '');
    expect(await started.output(/ssh -L/)).toContain(`ssh -L ${port}:127.0.0.1:${port}`);
    expect(await consentInBrowser(started)).toContain('mailcase has the answer');
    const { code, stdout, stderr } = await started.finished;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('is stored for the mailbox support');
    google.expireAccessTokens();
    expect(await pollOnce(file, googleDovecot)).toBe(1);
  });

  it('takes the address that a person pastes', async () => {
    const file = await config(gmailLike());
    const started = login(file, ['--paste', '--port', '8421']);
    const { url } = await browse(await addressIn(started), { user: USER });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:8421\/\?code=/);
    started.child.stdin?.write('http://127.0.0.1:8421/?code=guessed&state=guessed\n');
    await started.output(/That belongs to another login/);
    started.child.stdin?.write(`${url}\n`);
    const { code, stdout, stderr } = await started.finished;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('is stored');
    expect(stdout).not.toContain(new URL(url).searchParams.get('code'));
    expect(await stored()).toHaveLength(1);
  });

  it.skipIf(!hasScript)('takes at a terminal what is pasted while the browser is waited for', async () => {
    const file = await config(gmailLike());
    const command = [process.execPath, inject('program'), 'login', '--config', file].join(' ');
    const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exit = once(child, 'close');
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    while (!said.includes('paste that address here')) await new Promise((resolve) => setTimeout(resolve, 20));
    const { url } = await browse(said.match(/^ {2}(http\S+)/m)?.[1] ?? '', { user: USER });
    child.stdin.write(`${url}\n`);
    expect((await exit)[0], said).toBe(0);
    expect(await stored()).toHaveLength(1);
  });

  it('answers as JSON, and says the rest on standard error', async () => {
    microsoft.settings.refreshTokenExpiresIn = 604_800;
    const file = await config(exchangeLike());
    const started = login(file, ['support', '--json']);
    let said = '';
    started.child.stderr?.on('data', (text: string) => {
      said += text;
    });
    while (!said.includes('Waiting')) await new Promise((resolve) => setTimeout(resolve, 20));
    await browse(said.match(/or open (\S+),/)?.[1] ?? '', { user: USER });
    const { code, stdout } = await started.finished;
    expect(code).toBe(0);
    const { refresh_token_dies_at: dies, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ mailbox: 'support', user: USER, way: 'device', stored: true });
    expect(Math.abs(Date.parse(dies) - Date.now() - 604_800_000)).toBeLessThan(60_000);
  });

  it('waits for a database that went away, so that nobody has to consent again', async () => {
    const proxy = await startDatabaseProxy(database.url);
    await proxy.open();
    const file = await config(gmailLike(), { database: { url: proxy.url } });
    const started = login(file);
    await addressIn(started);
    await proxy.close();
    await consentInBrowser(started);
    await started.output(/It is tried again, until it is stored/);
    expect(await stored()).toEqual([]);
    await proxy.open();
    const { code, stderr } = await started.finished;
    await proxy.close();
    expect(code, stderr).toBe(0);
    expect(await stored()).toHaveLength(1);
  });

  it('blanks nothing out of what is to be copied, whatever words are secrets', async () => {
    const other = { name: 'other', imap: imap(googleDovecot, undefined, { password: 'example' }) };
    const mailboxes = [{ name: 'support', imap: gmailLike() }, other];
    const started = login(await config(undefined, { mailboxes }), ['support']);
    expect(new URL(await addressIn(started)).searchParams.get('login_hint')).toBe(USER);
    await consentInBrowser(started);
    expect((await started.finished).code).toBe(0);
  });

  it('takes the place of a login that was there, and shows no token', async () => {
    const file = await config(gmailLike());
    const texts: string[] = [];
    for (let time = 0; time < 2; time += 1) {
      const started = login(file);
      await consentInBrowser(started);
      const { code, stdout, stderr } = await started.finished;
      expect(code, stderr).toBe(0);
      texts.push(stdout, stderr);
    }
    expect(await stored()).toHaveLength(1);
    const [row] = await rows(
      database.db,
      'select generation, refresh_token, access_token from oauth2_tokens',
    );
    expect(row?.generation).toBe(2);
    const tokens = google.refreshTokens();
    expect(tokens.length).toBeGreaterThanOrEqual(2);
    for (const token of tokens) {
      for (const text of texts) expect(text).not.toContain(token);
      expect(String(row?.refresh_token)).not.toContain(token);
    }
    for (const text of texts) expect(text).not.toContain(google.desktop.secret);
  });
});

describe('mailcase login stores nothing', () => {
  async function failure(started: Running): Promise<string> {
    const { code, stderr } = await started.finished;
    expect(code, stderr).toBe(1);
    expect(await stored()).toEqual([]);
    return stderr;
  }

  it('where another person signed in', async () => {
    const started = login(await config(gmailLike()));
    await consentInBrowser(started, { user: 'boss@example.com' });
    const said = await failure(started);
    expect(said).toContain(`refused the login of ${USER}`);
    expect(said).toContain('Nothing was stored');
    expect(said).toContain(`did another person sign in? Run the same command again and sign in as ${USER}`);
  });

  it.each([
    ['in the browser', ['--loopback']],
    ['on the device', ['--device']],
  ])('where the person refused, %s', async (_, args) => {
    const started = login(await config({ ...exchangeLike(), provider: 'exchange' }), args);
    const person = { user: USER, refuses: true };
    if (args.includes('--loopback')) {
      // The name that Microsoft's forms take.
      expect(await addressIn(started)).toContain(`redirect_uri=${encodeURIComponent('http://localhost:')}`);
      expect(await consentInBrowser(started, person)).toContain('Nothing was allowed');
    } else {
      const said = await started.output(/or open (\S+),/);
      await browse(said.match(/or open (\S+),/)?.[1] ?? '', person);
    }
    expect(await failure(started)).toMatch(
      /what was asked for was refused \(access_denied.*\n→ run the same command/,
    );
  });

  it('where nobody entered the code in time', async () => {
    microsoft.settings.deviceCodeLife = 2;
    const started = login(await config(exchangeLike()));
    expect(await failure(started)).toContain('nobody consented in time');
  });

  it.each([
    [
      'Microsoft',
      () => exchangeLike({ scope: SCOPES.exchange }),
      'add `offline_access` to `imap.oauth2.scope`',
    ],
    ['Google', () => gmailLike({ authorization_url: google.urls.authorization }), 'offline_access'],
  ])('where %s gives no refresh token', async (_, section, cure) => {
    const started = login(await config(section()), ['--loopback']);
    await consentInBrowser(started);
    const said = await failure(started);
    expect(said).toContain('the provider gave no refresh token');
    expect(said).toContain(cure);
  });

  it.each([
    ['--device', 'SIGINT'],
    ['--loopback', 'SIGINT'],
    ['--paste', 'SIGTERM'],
  ] as const)('where it is ended, with %s by %s', async (arg, signal) => {
    const started = login(await config(exchangeLike()), [arg]);
    await started.output(/Ctrl-C|paste it here/);
    started.child.kill(signal);
    expect(await failure(started)).toBe('mailcase: ended before it was done: nothing was stored\n');
  });

  it('where the input ends without an address', async () => {
    const started = login(await config(gmailLike()), ['--paste']);
    await started.output(/paste it here/);
    started.child.stdin?.end('nothing\n');
    expect(await failure(started)).toContain('no address was pasted before the input ended');
  });

  it('where the mail server cannot be reached, which is nobody’s mistake', async () => {
    const started = login(await config({ ...gmailLike(), port: 1 }));
    await consentInBrowser(started);
    const said = await failure(started);
    expect(said).toContain('cannot connect to 127.0.0.1:1');
    expect(said).not.toContain('another person');
  });

  it('where the client is not known, and says what to correct', async () => {
    const started = login(await config(exchangeLike({ client_id: 'nobody' })));
    expect(await failure(started)).toMatch(/invalid_client.*\n→ correct `imap\.oauth2\.client_id`/);
  });
});

describe('mailcase login asks nobody', () => {
  async function refusal(file: string, args: readonly string[], exitCode = 2): Promise<string> {
    const before = [microsoft.asked('device'), microsoft.asked('authorization')];
    const { code, stdout, stderr } = await login(file, args).finished;
    expect([code, stdout], stderr).toEqual([exitCode, '']);
    expect([microsoft.asked('device'), microsoft.asked('authorization')]).toEqual(before);
    return stderr;
  }

  it('for a mailbox that is not there', async () => {
    const file = await config(exchangeLike());
    expect(await refusal(file, ['suport'])).toBe(
      'mailcase: there is no mailbox suport: did you mean support?\n',
    );
    expect(await refusal(file, ['x'])).toContain('there is no mailbox x: write one of support');
  });

  it('without a name, where there are several mailboxes', async () => {
    const mailboxes = ['support', 'orders'].map((name) => ({ name, imap: exchangeLike() }));
    const file = await config(undefined, { mailboxes });
    expect(await refusal(file, [])).toContain('which mailbox? Write one of support, orders');
  });

  it('where no person has to consent', async () => {
    const { token_url } = consentedSection(microsoft);
    const app = { flow: 'client_credentials', client_id: 'app', client_secret: 'app-secret', token_url };
    expect(await refusal(await config(imap(dovecot, app)), [])).toContain(
      'logs in by itself (`flow: client_credentials`), nobody has to consent: `mailcase check --mailbox support`',
    );
    const password = imap(dovecot, undefined, { password: 'correct-horse' });
    expect(await refusal(await config(password), [])).toContain('logs in with a password');
  });

  it('without a key to store it with', async () => {
    const file = await config(exchangeLike(), { token_key: undefined });
    const said = await refusal(file, []);
    expect(said).toContain('token_key');
  });

  it('without a database, or its tables', async () => {
    const url = 'postgres://nobody@127.0.0.1:1/nothing';
    expect(await refusal(await config(exchangeLike(), { database: { url } }), [], 1)).toContain(
      '127.0.0.1:1',
    );
  });

  it('where the options do not go together', async () => {
    const file = await config(exchangeLike());
    expect(await refusal(file, ['--device', '--paste'])).toContain('exclude each other');
    expect(await refusal(file, ['--port', 'x'])).toContain('--port is no port');
    expect(await refusal(await config(gmailLike()), ['--device'])).toContain('device_authorization_url');
  });

  it('where the port is not free', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = String(typeof address === 'object' && address !== null ? address.port : 0);
    const said = await refusal(await config(gmailLike()), ['--port', port]);
    expect(said).toContain(`cannot listen on port ${port} of 127.0.0.1: another program has it`);
    await new Promise((resolve) => other.close(resolve));
  });
});
