import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { OAuth2Config } from '../../src/config/schema.ts';
import { useDatabase } from '../support/database.ts';
import type { Dovecot } from '../support/dovecot.ts';
import { startOAuthDovecot } from '../support/dovecot-oauth.ts';
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts';
import { Logins, loadOAuth2, logIn, oauth2Mailbox, oauth2Section, tryLogin } from './servers.ts';

const database = useDatabase();
const USER = 'support@example.com';
const FLOWS = ['client_credentials', 'refresh_token', 'service_account'] as const;

let server: OAuthServer;
let dovecot: Dovecot;

beforeAll(async () => {
  server = await startOAuthServer();
  dovecot = await startOAuthDovecot(server, { withoutPasswords: true });
});

beforeEach(async () => {
  server.mend();
  Object.assign(server.settings, { rotation: 'lenient', accessTokenLife: 3_600 });
  await database.db.raw('truncate oauth2_tokens');
});

afterAll(async () => {
  await dovecot?.stop();
  await server?.stop();
});

async function ready(flow: OAuth2Config['flow'], more: Record<string, unknown> = {}) {
  const section = oauth2Mailbox(dovecot, USER, { ...oauth2Section(server, flow), ...more });
  const { config, mailbox } = await loadOAuth2(section);
  if (flow === 'refresh_token') await logIn(database.db, server, mailbox, config.token_key ?? []);
  const logins = new Logins({ config, db: database.db });
  return { config, mailbox, logins };
}

describe.each(FLOWS)('the flow %s', (flow) => {
  it.each([
    [undefined, 'AUTH=OAUTHBEARER'],
    ['xoauth2', 'AUTH=XOAUTH2'],
    ['oauthbearer', 'AUTH=OAUTHBEARER'],
  ])('logs in, by %s', async (mechanism, used) => {
    const { mailbox, logins } = await ready(flow, mechanism === undefined ? {} : { mechanism });
    expect(await tryLogin(logins, mailbox)).toBe(used);
    await logins.close();
  });

  it('asks for one token, however many want to log in', async () => {
    const { mailbox, logins } = await ready(flow);
    const before = server.asked('token');
    await Promise.all([1, 2, 3, 4].map(() => tryLogin(logins, mailbox)));
    await tryLogin(logins, mailbox);
    expect(server.asked('token') - before).toBe(1);
    await logins.close();
  });

  it('gets another token where the server refuses one that was good before', async () => {
    const { mailbox, logins } = await ready(flow);
    await tryLogin(logins, mailbox);
    server.expireAccessTokens();
    const before = server.asked('token');
    await tryLogin(logins, mailbox);
    expect(server.asked('token') - before).toBe(1);
    await logins.close();
  });

  it('gets another token before one ends', async () => {
    server.settings.accessTokenLife = 5;
    const { mailbox, logins } = await ready(flow);
    const before = server.asked('token');
    await tryLogin(logins, mailbox);
    await new Promise((resolve) => setTimeout(resolve, 4_100));
    await tryLogin(logins, mailbox);
    expect(server.asked('token') - before).toBe(2);
    await logins.close();
  });

  it('is refused for good, without asking again, where a new token is refused', async () => {
    const { config, mailbox } = await ready(flow);
    const imap = { ...mailbox.imap, user: 'somebody@example.com' };
    const other = { ...mailbox, imap };
    if (flow === 'refresh_token') {
      await logIn(database.db, server, other, config.token_key ?? [], { person: USER });
    }
    const logins = new Logins({ config, db: database.db });
    const before = server.asked('token');
    await expect(tryLogin(logins, other)).rejects.toMatchObject({ code: 'imap_credentials' });
    expect(server.asked('token') - before).toBe(1);
    await logins.close();
  });
});

it('says so where a server takes no login of this kind', async () => {
  const { host, imapPort: port } = inject('dovecot');
  const { mailbox, logins } = await ready('client_credentials');
  const passwords = { ...mailbox, imap: { ...mailbox.imap, host, port } };
  await expect(tryLogin(logins, passwords)).rejects.toMatchObject({
    code: 'imap_credentials',
    message: expect.stringContaining('OAuth2'),
  });
  await logins.close();
});
