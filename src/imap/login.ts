import type { ImapConfig } from '../config/schema.ts';
import { errorMessage, MailcaseError } from '../errors.ts';

/** What a connection logs in with. */
export type Login =
  | { readonly password: string }
  | {
      readonly accessToken: string;
      /** Undefined takes what the server offers. */
      readonly mechanism: 'xoauth2' | 'oauthbearer' | undefined;
    };

/** Where a mailbox has its logins from. */
export interface LoginSource {
  /**
   * What to log in with now.
   *
   * @param signal ends the waiting
   * @throws MailcaseError `imap_credentials`, `imap_throttled` or `imap_connect` where a token cannot be had
   */
  next(signal: AbortSignal): Promise<Login>;
  /** What to try once more after the server refused a login; undefined where there is nothing newer. */
  afterRefusal(refused: Login, signal: AbortSignal): Promise<Login | undefined>;
}

/** The password in the configuration: it is what it is. */
export function passwordOf({ password }: ImapConfig): LoginSource {
  // A mistake of the caller's: such mailboxes have their logins from src/auth.
  if (password === undefined) throw new Error('the mailbox has no password');
  return { next: async () => ({ password }), afterRefusal: async () => undefined };
}

/** Why nothing was sent: imapflow's own verdict on what the server offers. @param place `host:port` */
export function notOffered(place: string, error: unknown): MailcaseError | undefined {
  if (errorMessage(error) !== 'Unsupported authentication mechanism') return undefined;
  const cure = 'use `imap.password`, or correct `imap.host`, `imap.port` and `imap.oauth2.mechanism`';
  const text = `${place} offers no login with OAuth2, or not by the mechanism that is wanted`;
  return new MailcaseError('imap_credentials', text, { cause: error, fields: { cure } });
}
