import { byLogin, cured, type Meaning } from './meaning.ts';

/**
 * What Microsoft's AADSTS numbers mean for a mailbox. The words around them change; the numbers do not. What is not here
 * is judged by the word of the standard beside it.
 */
export const MICROSOFT_CODES: Readonly<Record<string, Meaning>> = {
  // The app, and its secret.
  '7000215': cured(
    '`imap.oauth2.client_secret` is wrong: it is the value of the secret (shown once, when it is made), and not its id',
  ),
  '7000222': cured(
    'the secret of the app has expired: make a new one in the app registration, and set it as `imap.oauth2.client_secret`',
  ),
  '7000216': cured('the app has to show a secret: set `imap.oauth2.client_secret`'),
  '7000218': cured(
    'the app has to show a secret: set `imap.oauth2.client_secret`, or allow public client flows in the app registration (Authentication)',
  ),
  '7000112': cured('the app is disabled in the directory: enable it (Enterprise applications, Properties)'),
  '700016': cured(
    'the directory has no such app: correct `imap.oauth2.client_id` (Application (client) ID) or `imap.oauth2.tenant`, or have an administrator consent to the app',
  ),
  '700025': cured('the app is a public client, which shows no secret: take `imap.oauth2.client_secret` out'),
  '90002': cured('there is no such directory: correct `imap.oauth2.tenant`'),
  '90023': cured('`imap.oauth2.tenant` is neither the id of a directory nor one of its domains'),
  '900023': cured('`imap.oauth2.tenant` is neither the id of a directory nor one of its domains'),
  '50059': cured('set `imap.oauth2.tenant` to the id of the directory, or to one of its domains'),
  '50194': cured(
    'the app is for one directory: set `imap.oauth2.tenant` to its id, or to one of its domains',
  ),
  '50020': cured(
    'the account is of another directory than the app: correct `imap.oauth2.tenant`, or sign in with another account',
  ),
  // What was consented to.
  '65001': byLogin('nobody has consented to the app for IMAP'),
  '65004': byLogin('the person did not consent'),
  '90094': cured('an administrator has to consent to the app (Enterprise applications, Permissions)'),
  '90095': cured('an administrator has to consent to the app, and was asked to'),
  '500011': cured('the scope names something that the directory does not have: correct `imap.oauth2.scope`'),
  '70011': cured('the scope is not one that exists: correct `imap.oauth2.scope`'),
  '650053': cured('the scope is not one that exists: correct `imap.oauth2.scope`'),
  '1002012': cured('the scope of an app ends in `/.default`: correct `imap.oauth2.scope`'),
  '50105': cured(
    'the app is for assigned people alone: assign the account to it (Enterprise applications, Users and groups)',
  ),
  // The refresh token.
  '70000': byLogin('the refresh token is not taken any more'),
  '70008': byLogin('the refresh token has expired'),
  '700082': byLogin('the refresh token has expired: it was not used for 90 days'),
  '700084': byLogin(
    'the refresh token has expired: those of single-page apps live a day, so register the app for mobile and desktop',
  ),
  '700081': byLogin('the refresh token has expired'),
  '50173': byLogin('the refresh token was taken back, as after a new password'),
  '50133': byLogin('the session was taken back, as after a new password'),
  '50078': byLogin('the sign-in with a second factor has expired'),
  '50076': byLogin('a second factor is asked for'),
  '50079': byLogin('a second factor is asked for, and the account has none yet'),
  '50158': byLogin('something more is asked for at sign-in'),
  '53000': cured(
    'the rules of the directory (conditional access) want a device that is managed: have the app excepted',
  ),
  '53003': cured('the rules of the directory (conditional access) do not let the app in: have it excepted'),
  // The account.
  '50034': cured('the directory has no such account: correct `imap.user`'),
  '50053': cured('the account is locked: see why, unlock it, then run `mailcase login` again'),
  '50055': byLogin('the password of the account has expired: set a new one'),
  '50057': cured('the account is disabled: enable it in the directory'),
  '50126': byLogin('user name or password was wrong at sign-in'),
  // Trouble of their own, and of the network.
  '50196': {
    kind: 'throttled',
    meaning: 'Microsoft was asked for too many tokens in a short time',
    cure: undefined,
  },
  '90055': {
    kind: 'throttled',
    meaning: 'Microsoft was asked for too many tokens in a short time',
    cure: undefined,
  },
  '90033': { kind: 'network', meaning: 'trouble at Microsoft', cure: undefined },
  '90013': {
    kind: 'credentials',
    meaning: 'the request was not understood',
    cure: 'see that the options of `imap.oauth2` are right',
  },
  '90006': { kind: 'network', meaning: 'trouble at Microsoft', cure: undefined },
  '90012': { kind: 'network', meaning: 'trouble at Microsoft', cure: undefined },
};
