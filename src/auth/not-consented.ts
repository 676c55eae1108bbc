import { MailcaseError } from '../errors.ts';
import { quotedDescription } from './description.ts';

/** What provider's words about a refusal mean, where they do not say what to do. */
const CURES: readonly (readonly [words: RegExp, cure: string])[] = [
  [/AADSTS65004|declined to consent/i, 'sign in again, and consent'],
  [
    /AADSTS(90094|90095|900941)|admin_consent|admin approval/i,
    'in this directory an administrator has to consent: Enterprise applications, the app, Permissions, Grant admin consent',
  ],
  [
    /admin_policy_enforced/i,
    'the administrator of Google Workspace has to trust the app: Admin console, Security, API controls',
  ],
  [/org_internal/i, 'the app is for accounts of its own organisation: sign in with one of them'],
  [/invalid_scope/i, 'correct `imap.oauth2.scope`, and add the permission for it to the app at the provider'],
  [/unauthorized_client/i, 'allow the app this way to sign in, at the provider'],
];

/**
 * The person has not consented, or the provider did not let them.
 *
 * @param error the word of RFC 6749, section 4.1.2.1
 */
export function refusedByPerson(error: string, description: string | null): MailcaseError {
  const said = [error, description ?? ''].join(' ');
  const cure = CURES.find(([words]) => words.test(said))?.[1];
  const what =
    error === 'access_denied' || error === 'authorization_declined'
      ? 'nobody may read the mailbox: what was asked for was refused'
      : 'the provider did not let the person in';
  return new MailcaseError(
    'act_refused',
    `${what} (${[error, quotedDescription(description ?? '')].filter(Boolean).join(': ')})`,
    {
      fields: { cure: cure ?? 'run the same command again, sign in to the mailbox, and allow it' },
    },
  );
}
