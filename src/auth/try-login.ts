import type { MailboxConfig } from '../config/schema.ts';
import { errorMessage, MailcaseError } from '../errors.ts';
import { openSession } from '../imap/session.ts';

/**
 * Logs in to a mailbox with a token that somebody has just consented to: it is worth something only if it opens this one.
 *
 * @throws MailcaseError `imap_credentials` where it does not, and `imap_connect` or `imap_throttled` where nobody can tell
 */
export async function tryLogin(
  { imap, message_bytes }: MailboxConfig,
  accessToken: string,
  signal: AbortSignal,
): Promise<void> {
  const login = { accessToken, mechanism: imap.oauth2?.mechanism };
  const logins = { next: async () => login, afterRefusal: async () => undefined };
  try {
    const session = await openSession(imap, message_bytes, () => {}, signal, logins);
    await session.logout();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MailcaseError)) throw error;
    throw new MailcaseError(error.code, `${errorMessage(error)}. Nothing was stored`, {
      cause: error,
      fields: { ...error.fields, ...(error.code === 'imap_credentials' && { cure: wrongPerson(imap) }) },
    });
  }
}

function wrongPerson({ user, provider }: MailboxConfig['imap']): string {
  const others = provider === 'exchange' ? ', or as somebody who has full access to that mailbox' : '';
  return `did another person sign in? Run the same command again and sign in as ${user}${others}; and see that IMAP is on for the mailbox, and that the app may use it (\`imap.oauth2.scope\`)`;
}
