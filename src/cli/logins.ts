/* The ways to log in at each provider, in texts: see starter.ts, providers.ts and `mailcase init --login`. */

export type ProviderName = 'gmail' | 'exchange' | 'imap';
export type LoginName = 'app-password' | 'person' | 'service-account' | 'app' | 'password';

export interface Login {
  /** What `--login` is for, in a line. */
  readonly purpose: string;
  /** Above `imap`'s options. */
  readonly comments: readonly string[];
  /** Lines of `imap` that stand in the place of the provider's own, where the server is another one. */
  readonly connection?: readonly string[];
  /** The lines of `imap` below. */
  readonly options: readonly string[];
  /** The options in them that hold a `<…>`, beside the user. */
  readonly placeholders: readonly string[];
  /** What is taken from the environment, with an example of how it is made. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether a refresh token is stored, for which there is a key. */
  readonly isStored: boolean;
  /** What has to be known before the first run, printed beside the next steps. */
  readonly notes: readonly string[];
  /** The file that shows it step by step, in config/. */
  readonly guide?: string;
}

const OWN_AUTHORITY = 'A certificate of an authority of your own: `ca: /path/to/ca.pem` below.';

const MAILBOX_USER = "user: <the mailbox's address>";
const PASSWORD = 'password: ${SUPPORT_PASSWORD}';
const SUPPORT_PASSWORD = { SUPPORT_PASSWORD: '…' };
const CLIENT_SECRET = { CLIENT_SECRET: '…' };
/** Out of a file, since the next shell, and the daemon, need the same one as `mailcase login`. */
const TOKEN_KEY = {
  TOKEN_KEY: '"$(cat token-key)"   # made once, and kept: (umask 077; openssl rand -base64 32 > token-key)',
};

const LOGIN_ONCE =
  'The person signs in once, by `mailcase login support`; what it stores is encrypted with `token_key`.';

export const LOGINS: Readonly<Record<ProviderName, Readonly<Partial<Record<LoginName, Login>>>>> = {
  gmail: {
    'app-password': {
      purpose: 'an app password: one mailbox, in five minutes',
      comments: [
        "Gmail takes no account's password here, only an app password: switch on 2-step verification for the account, " +
          'then make one at myaccount.google.com/apppasswords (16 letters; leave the spaces out). ' +
          'In Google Workspace, the administrator must allow IMAP.',
      ],
      options: [MAILBOX_USER, PASSWORD],
      placeholders: [],
      variables: SUPPORT_PASSWORD,
      isStored: false,
      notes: [
        'Gmail takes only an app password as SUPPORT_PASSWORD, which needs 2-step verification: ' +
          'myaccount.google.com/apppasswords',
      ],
      guide: 'gmail.md',
    },
    person: {
      purpose: 'OAuth2: a person consents once, in a browser',
      comments: [
        'An OAuth client of yours, of the kind "Desktop app" (config/gmail.md, step by step).',
        LOGIN_ONCE,
      ],
      options: [
        MAILBOX_USER,
        'oauth2:',
        '  flow: refresh_token',
        '  client_id: <the client ID>',
        '  client_secret: ${CLIENT_SECRET}',
      ],
      placeholders: ['mailboxes[].imap.oauth2.client_id'],
      variables: { ...CLIENT_SECRET, ...TOKEN_KEY },
      isStored: true,
      notes: [
        'As long as the app is "Testing" at Google, the consent ends after 7 days: publish it, or make it internal.',
      ],
      guide: 'gmail.md',
    },
    'service-account': {
      purpose: 'OAuth2: a service account of Google Workspace, without any person',
      comments: [
        'A service account to which the domain has delegated https://mail.google.com/ (config/gmail.md, step by step).',
      ],
      options: [
        MAILBOX_USER,
        'oauth2:',
        '  flow: service_account',
        '  key: ${GOOGLE_KEY}            # the JSON file; or ${file:google-key}',
      ],
      placeholders: [],
      variables: { GOOGLE_KEY: '"$(cat google-key.json)"' },
      isStored: false,
      notes: [],
      guide: 'gmail.md',
    },
  },
  exchange: {
    app: {
      purpose: 'Exchange Online, OAuth2: an app logs in, without any person',
      comments: [
        'Exchange Online takes no passwords. An app of yours logs in, with IMAP.AccessAsApp, a service principal in Exchange, ' +
          'and full access to the mailbox (config/exchange-online.md, step by step). ' +
          'The user is the mailbox, a shared one too.',
      ],
      options: [
        MAILBOX_USER,
        'oauth2:',
        '  flow: client_credentials',
        '  tenant: <the directory (tenant) ID>',
        '  client_id: <the application (client) ID>',
        '  client_secret: ${CLIENT_SECRET}',
      ],
      placeholders: ['mailboxes[].imap.oauth2.tenant', 'mailboxes[].imap.oauth2.client_id'],
      variables: CLIENT_SECRET,
      isStored: false,
      notes: ['CLIENT_SECRET is the Value of the secret, not its ID; it expires, after 24 months at most.'],
      guide: 'exchange-online.md',
    },
    person: {
      purpose: 'Exchange Online, OAuth2: a person consents once, with a code',
      comments: [
        'Exchange Online takes no passwords. An app of yours that allows public client flows (config/exchange-online.md, ' +
          'step by step). The user is the mailbox, whoever signs in for it.',
        LOGIN_ONCE,
      ],
      options: [
        MAILBOX_USER,
        'oauth2:',
        '  flow: refresh_token',
        '  tenant: <the directory (tenant) ID>',
        '  client_id: <the application (client) ID>',
      ],
      placeholders: ['mailboxes[].imap.oauth2.tenant', 'mailboxes[].imap.oauth2.client_id'],
      variables: TOKEN_KEY,
      isStored: true,
      notes: [],
      guide: 'exchange-online.md',
    },
    password: {
      purpose: 'an Exchange Server on premises, with a password',
      comments: [
        'Its services for IMAP are off until somebody starts them: MSExchangeIMAP4 and MSExchangeIMAP4BE.',
        'A shared mailbox is logged in to as DOMAIN\\user\\alias.',
        OWN_AUTHORITY,
      ],
      connection: [
        'provider: exchange',
        'host: <your Exchange server>',
        'port: 993',
        '#tls: starttls                  # with port: 143',
      ],
      options: [MAILBOX_USER, PASSWORD],
      placeholders: ['mailboxes[].imap.host'],
      variables: SUPPORT_PASSWORD,
      isStored: false,
      notes: ['Exchange Online (Microsoft 365) takes no passwords: `--login app` is for it.'],
    },
  },
  imap: {
    password: {
      purpose: 'a name and a password',
      comments: [OWN_AUTHORITY],
      options: ['user: <the name to log in with>', PASSWORD],
      placeholders: ['mailboxes[].imap.host'],
      variables: SUPPORT_PASSWORD,
      isStored: false,
      notes: [],
    },
  },
};
