import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bindingOf, readTokens, tokenKeysOf } from '../../src/auth/token-store.ts';
import { insideBase64 } from '../../src/observe/live-secrets.ts';
import { subjectsOf, until, useDaemons } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import type { Dovecot } from '../support/dovecot.ts';
import { startOAuthDovecot } from '../support/dovecot-oauth.ts';
import { mail } from '../support/mail.ts';
import { runMailcase } from '../support/mailcase.ts';
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts';
import { KEY, loadOAuth2, logIn, oauth2Mailbox, oauth2Section } from './servers.ts';

const database = useDatabase();
const daemons = useDaemons(database);
const USER = 'support@example.com';
const MORE = { config: { token_key: KEY } };

let server: OAuthServer;
let dovecot: Dovecot;

beforeAll(async () => {
  server = await startOAuthServer({ rotation: 'strict' });
  dovecot = await startOAuthDovecot(server, { withoutPasswords: true });
});
beforeEach(async () => {
  server.mend();
  Object.assign(server.settings, { accessTokenLife: 3_600, refreshTokenExpiresIn: undefined });
  await database.db.raw('truncate oauth2_tokens');
});
afterAll(async () => {
  await dovecot?.stop();
  await server?.stop();
});

let count = 0;

/** A mailbox of its own name, logged in, and what a daemon is given for it. */
async function ready({ isLoggedIn = true, flow = 'refresh_token' as const } = {}) {
  count += 1;
  const section = oauth2Mailbox(dovecot, USER, oauth2Section(server, flow), {
    ...{ name: `oauth-${count}`, own: [USER], select: 'new', start: 'all' },
    // Each poll logs in.
    idle: false,
  });
  const { config, mailbox } = await loadOAuth2(section);
  const keys = tokenKeysOf(config);
  if (isLoggedIn) await logIn(database.db, server, mailbox, keys);
  const stored = async () => readTokens(database.db, keys, bindingOf(mailbox));
  return { section, mailbox, keys, stored };
}

async function arrives(mailbox: string, subject: string): Promise<void> {
  await deliver(dovecot, USER, [mail({ From: 'joe@customer.example', To: USER, Subject: subject })]);
  await until(
    async () => JSON.stringify(await subjectsOf(database, mailbox)).includes(`"${subject}"`),
    `${subject} is recorded`,
  );
}

describe('a daemon with OAuth2', () => {
  it('goes on with the stored token after it was killed right after a rotation', async () => {
    const { section, mailbox, stored } = await ready();
    const before = await stored();
    const first = await daemons.start([section], MORE);
    await first.output(/"polling"/);
    await until(async () => (await stored())?.generation !== before?.generation, 'the token was rotated', 2);
    first.child.kill('SIGKILL');
    await first.finished;
    const rotated = await stored();
    expect(rotated?.refreshToken).not.toBe(before?.refreshToken);
    // What is left of the first access token is not used either: the second daemon has to show the rotated one.
    server.expireAccessTokens();
    const second = await daemons.start([section], MORE);
    await second.output(/poll done|polling/);
    await arrives(mailbox.name, 'after the kill');
    expect((await stored())?.generation).toBe((rotated?.generation ?? 0) + 1);
    second.child.kill('SIGTERM');
    expect((await second.finished).stdout).not.toContain('poll failed');
  });

  it('polls on without an error when tokens end, and when they are refused before their time', async () => {
    server.settings.accessTokenLife = 5;
    const { section, mailbox } = await ready();
    const running = await daemons.start([section], MORE);
    await running.output(/"polling"/);
    await sleep(1_500);
    const asked = server.asked('token');
    await arrives(mailbox.name, 'before the end');
    await sleep(6_000);
    await arrives(mailbox.name, 'after the end');
    expect(server.asked('token')).toBeGreaterThan(asked);
    server.expireAccessTokens();
    await arrives(mailbox.name, 'after they were refused');
    running.child.kill('SIGTERM');
    const { stdout } = await running.finished;
    expect(stdout).not.toContain('poll failed');
  });

  it('says what to do when the login was taken back, and goes on when somebody has done it', async () => {
    const { section, mailbox, keys } = await ready();
    const running = await daemons.start([section], MORE);
    await running.output(/"polling"/);
    await sleep(1_000);
    server.revoke(USER);
    const said = await running.output(/"code":"imap_credentials"/);
    expect(said).toContain(`run \`mailcase login ${mailbox.name}\``);
    // It rests for a quarter of an hour, and does not ask meanwhile.
    const asked = server.asked('token');
    await sleep(6_000);
    expect(server.asked('token')).toBe(asked);
    await logIn(database.db, server, mailbox, keys);
    await arrives(mailbox.name, 'after the login');
    await running.output(/somebody has logged in, the mailbox is polled now/);
    running.child.kill('SIGTERM');
    await running.finished;
  });

  it('writes no token, whatever it logs', async () => {
    const { section, mailbox, stored } = await ready();
    const first = await stored();
    const running = await daemons.start([section], { config: { token_key: KEY, log: { level: 'trace' } } });
    await running.output(/"polling"/);
    await sleep(1_000);
    await arrives(mailbox.name, 'at level trace');
    const second = await stored();
    // The server's words come into the log here.
    server.expireAccessTokens();
    server.break('token', {
      status: 400,
      body: JSON.stringify({ error: 'invalid_grant', error_description: `no: ${second?.refreshToken}` }),
    });
    await running.output(/"code":"imap_credentials"/);
    running.child.kill('SIGTERM');
    const { stdout, stderr } = await running.finished;
    const secrets = [first?.refreshToken, second?.refreshToken, second?.accessToken?.value, KEY];
    for (const secret of secrets.flatMap((each) => [each ?? '?', ...insideBase64(each ?? '?')])) {
      expect(secret.length).toBeGreaterThan(20);
      expect(stdout + stderr).not.toContain(secret);
    }
  });
});

describe('check', () => {
  const check = async (section: Record<string, unknown>) => {
    const file = await daemons.configFile([section], MORE.config);
    const { stdout, code } = await runMailcase(['check', '--json', '--config', file]);
    const { findings } = JSON.parse(stdout) as {
      findings: { level: string; code: string; message: string; cure: string | null }[];
    };
    return { code, stdout, of: (name: string) => findings.find((each) => each.code === name) };
  };

  it('says that nobody has logged in, and what to do', async () => {
    const { section, mailbox } = await ready({ isLoggedIn: false });
    const { code, of } = await check(section);
    expect(code).toBe(1);
    expect(of('login_refused')).toMatchObject({
      level: 'problem',
      message: `nobody has logged in for ${mailbox.name} yet`,
      cure: `run \`mailcase login ${mailbox.name}\``,
    });
  });

  it('says how the mailbox logs in, and when its tokens die, and leaves a token that is good', async () => {
    server.settings.refreshTokenExpiresIn = 7 * 86_400;
    const { section, mailbox, stored } = await ready();
    const first = await check(section);
    expect(first.code).toBe(0);
    expect(first.of('token')?.message).toMatch(
      /^OAuth2 \(refresh_token\): an access token was got .* good until 2/,
    );
    expect(first.of('refresh_token_dies')).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/0 days ago.* its refresh token dies on 2/),
      cure: expect.stringContaining(`mailcase login ${mailbox.name}`),
    });
    const { generation, refreshToken } = (await stored()) ?? {};
    const second = await check(section);
    expect(await stored()).toMatchObject({ generation, refreshToken });
    expect(second.stdout).not.toContain(refreshToken);
  });
});
