import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dovecot, startDovecot } from './dovecot.ts';
import type { OAuthServer } from './oauth-server.ts';

export interface OAuthDovecotOptions {
  /** Takes no passwords any more, as Exchange Online: it still offers PLAIN, and refuses all that comes by it. */
  readonly withoutPasswords?: boolean;
  /**
   * The mailboxes that a token of the app itself opens, as Add-MailboxPermission has it: an app-only token belongs to no
   * person, so the mailbox that is asked for has to be one of these.
   */
  readonly appMailboxes?: readonly string[];
  /** What it offers beside passwords: Gmail has both, Exchange Online has xoauth2 alone. */
  readonly mechanisms?: readonly ('xoauth2' | 'oauthbearer')[];
  readonly extraConfig?: string;
}

/**
 * A Dovecot that takes XOAUTH2 and OAUTHBEARER (RFC 7628), and asks an OAuth2 server about each token (RFC 7662). A
 * person's token opens the mailbox of that name and no other. At Exchange Online a person may have been given other
 * mailboxes, too; that is not made here.
 */
export async function startOAuthDovecot(
  oauth: OAuthServer,
  options: OAuthDovecotOptions = {},
): Promise<Dovecot> {
  const { withoutPasswords = false, appMailboxes = ['support@example.com'], extraConfig = '' } = options;
  const { mechanisms = ['xoauth2', 'oauthbearer'] } = options;
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-dovecot-oauth-'));
  const ofPersons = join(folder, 'persons.conf.ext');
  const ofApps = join(folder, 'apps.conf.ext');
  try {
    const where = `introspection_mode = post\nintrospection_url = ${oauth.introspectionUrl}\n`;
    await writeFile(
      ofPersons,
      `${where}active_attribute = active\nactive_value = true\nusername_attribute = username\n`,
    );
    // Whatever the user is: the format makes one constant of what is asked for and of what is answered.
    await writeFile(
      ofApps,
      `${where}active_attribute = kind\nactive_value = app\nusername_attribute = kind\nusername_format = any\n`,
    );
    // Its service auth reads them after it has given up being root.
    await chmod(folder, 0o755);
    const dovecot = await startDovecot({
      withoutPasswords,
      extraConfig: `
auth_mechanisms = plain login ${mechanisms.join(' ')}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${ofPersons}
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${ofApps}
  username_filter = ${appMailboxes.join(' ') || '!*'}
}
${extraConfig}`,
    });
    return {
      ...dovecot,
      get pid() {
        return dovecot.pid;
      },
      stop: async () => {
        await dovecot.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
