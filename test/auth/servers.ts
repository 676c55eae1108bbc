import { randomBytes } from 'node:crypto';
import { Logins } from '../../src/auth/logins.ts';
import { bindingOf, storeLogin, type TokenKeys } from '../../src/auth/token-store.ts';
import type { Config, MailboxConfig } from '../../src/config/schema.ts';
import type { Database } from '../../src/db/connect.ts';
import { openSession } from '../../src/imap/session.ts';
import type { Dovecot } from '../support/dovecot.ts';
import { writeConfig } from '../support/mailcase.ts';
import { consent } from '../support/oauth-client.ts';
import { type OAuthServer, SCOPES } from '../support/oauth-server.ts';

/** The key that tokens are encrypted with, where a test does not say otherwise. */
export const KEY = randomBytes(32).toString('base64');

/** How a mailbox logs in by a flow, at a server of the tests. */
export function oauth2Section(
  server: OAuthServer,
  flow: 'client_credentials' | 'refresh_token' | 'service_account',
): Record<string, unknown> {
  const at = { flow, token_url: server.urls.token };
  switch (flow) {
    case 'client_credentials':
      return {
        ...at,
        ...{ client_id: server.app.id, client_secret: server.app.secret, scope: SCOPES.exchangeApp },
      };
    case 'refresh_token':
      return {
        ...at,
        ...{ client_id: server.device.id, scope: `${SCOPES.exchange} offline_access` },
        ...{ authorization_url: server.urls.authorization, device_authorization_url: server.urls.device },
      };
    case 'service_account':
      return { ...at, key: JSON.stringify(server.serviceAccount.key) };
  }
}

/** A mailbox that logs in with OAuth2. */
export function oauth2Mailbox(
  dovecot: Dovecot,
  user: string,
  oauth2: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  const { host, imapPort: port } = dovecot;
  return { name: 'support', imap: { host, port, tls: 'none', user, oauth2 }, ...more };
}

/** The configuration of one mailbox, as the program sees it. */
export async function loadOAuth2(
  mailbox: Record<string, unknown>,
  tokenKey: string | readonly string[] = KEY,
): Promise<{ config: Config; mailbox: MailboxConfig }> {
  const written = await writeConfig({
    database: { url: 'postgres://unused@localhost/unused' },
    token_key: tokenKey,
    mailboxes: [mailbox],
  });
  try {
    const { config } = await written.load();
    const [first] = config.mailboxes;
    if (first === undefined) throw new Error('the configuration has no mailbox');
    return { config, mailbox: first };
  } finally {
    await written.remove();
  }
}

/** What `mailcase login` leaves behind, without the command: a person consents, and the tokens are stored. */
export async function logIn(
  db: Database,
  server: OAuthServer,
  mailbox: MailboxConfig,
  keys: TokenKeys,
  { accessLivesMs = 0, person = mailbox.imap.user }: { accessLivesMs?: number; person?: string } = {},
): Promise<void> {
  const { accessToken, refreshToken } = await consent(server, { user: person });
  await storeLogin(db, keys, bindingOf(mailbox), {
    refreshToken,
    accessToken,
    endsInMs: accessLivesMs,
    renewInMs: accessLivesMs,
    refreshLivesMs: undefined,
    isSameRefreshToken: false,
  });
}

/** Logs in and out over IMAP. @returns by which mechanism. @throws as a poll would */
export async function tryLogin(logins: Logins, mailbox: MailboxConfig): Promise<string | undefined> {
  const { signal } = new AbortController();
  const session = await openSession(mailbox.imap, 1024 * 1024, () => {}, signal, logins.of(mailbox));
  // What it used stands in no declaration of imapflow's.
  const { authCapabilities } = session.client as unknown as { authCapabilities: Map<string, boolean> };
  const used = [...authCapabilities].find(([, isUsed]) => isUsed)?.[0];
  await session.logout();
  return used;
}

export { Logins };
