import { byLogin, cured, type Meaning } from './meaning.ts';

/** Google's texts, which say more than the word beside them. */
export const TEXTS: readonly (readonly [text: RegExp, meaning: Meaning])[] = [
  [
    /token has been expired or revoked/i,
    byLogin(
      'the refresh token has expired or was taken back; while the app is in Testing, Google lets it live for 7 days',
    ),
  ],
  [
    /invalid jwt signature/i,
    cured(
      'the key of the service account is not known to Google any more: make a new one, and set it as `imap.oauth2.key`',
    ),
  ],
  [
    /invalid jwt.*(short-lived|timeframe|iat|exp)|token used too (early|late)/i,
    cured('the clock of this machine is wrong: set it (timedatectl)'),
  ],
  [
    /unauthorized to retrieve access tokens using this method|not authorized for any of the scopes/i,
    cured(
      "in Google's Admin console (Security, API controls, domain-wide delegation), allow the client id of the service account the scope",
    ),
  ],
  [
    /(in|not a )valid email or user id|account not found|invalid impersonation/i,
    cured(
      'there is no such account: correct `imap.oauth2.subject` or `imap.user`, and for the service account its key',
    ),
  ],
  [
    /client_secret is missing/i,
    cured("set `imap.oauth2.client_secret`: Google's clients have one, those for the desktop too"),
  ],
];

/** Words of RFC 6749 (section 5.2), of RFC 8628 and OpenID Connect, and of Google. */
export const WORDS: Readonly<Record<string, Meaning>> = {
  invalid_client: cured('correct `imap.oauth2.client_id` and `imap.oauth2.client_secret`'),
  unauthorized_client: cured(
    'the app may not ask in this way: see what it is allowed at the provider, and that `imap.oauth2.flow` is the one',
  ),
  invalid_scope: cured('correct `imap.oauth2.scope`, or allow the app the scope at the provider'),
  invalid_target: cured('correct `imap.oauth2.scope`'),
  invalid_resource: cured('correct `imap.oauth2.scope`'),
  unsupported_grant_type: cured(
    'the server does not know this way to ask: correct `imap.oauth2.flow` or `imap.oauth2.token_url`',
  ),
  invalid_request: cured('see that the options of `imap.oauth2` are right'),
  access_denied: cured('somebody did not allow it: see what the app is allowed at the provider'),
  admin_policy_enforced: cured(
    'the administrator of Google Workspace does not let the app in: have it trusted (Admin console, Security, API controls)',
  ),
  org_internal: cured('the app is for accounts of its own organisation alone'),
  deleted_client: cured('the app was deleted: make a new one, and set `imap.oauth2.client_id`'),
  disabled_client: cured('the app is disabled at the provider'),
  interaction_required: byLogin('a person has to sign in again'),
  login_required: byLogin('a person has to sign in again'),
  consent_required: byLogin('a person has to consent again'),
  expired_token: byLogin('the code has expired'),
  slow_down: { kind: 'throttled', meaning: undefined, cure: undefined },
  rate_limit_exceeded: { kind: 'throttled', meaning: undefined, cure: undefined },
  temporarily_unavailable: { kind: 'throttled', meaning: undefined, cure: undefined },
  server_error: { kind: 'network', meaning: undefined, cure: undefined },
  internal_failure: { kind: 'network', meaning: undefined, cure: undefined },
};
