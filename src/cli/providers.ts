/* What an operator of each provider has to know to begin with, in texts: see starter.ts and `mailcase init`. */

export interface Provider {
  /** What `--provider` is for, in a line. */
  readonly purpose: string;
  /** Finishes "configuration for …". */
  readonly title: string;
  readonly host: string;
  readonly user: string;
  /** About the login, above `imap`'s options. */
  readonly login: readonly string[];
  /** More lines of `imap`, as they stand in the file. */
  readonly connection: readonly string[];
  /** The folder of what was sent, as it stands in the file. */
  readonly sent: string;
  /** Whether it is there on every server of the provider, by that name or a translated one. */
  readonly sentIsSure: boolean;
  readonly sentNotes: readonly string[];
  /** How it is known here who has signed a mail with DKIM. */
  readonly dkim: string;
  /** What has to be known before the first run, printed beside the next steps. */
  readonly notes: readonly string[];
}

export type ProviderName = 'gmail' | 'exchange' | 'imap';

const OWN_AUTHORITY = 'A certificate of an authority of your own: `ca: /path/to/ca.pem` below.';

const NO_OAUTH =
  'Exchange Online (Microsoft 365, outlook.office365.com) takes no passwords, and OAuth2 is not in this version ' +
  'yet: such a mailbox cannot be read. An Exchange Server on premises that takes passwords can.';

export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = {
  gmail: {
    purpose: 'Gmail and Google Workspace, with an app password',
    title: 'a mailbox of Gmail or Google Workspace',
    host: 'imap.gmail.com',
    user: "<the mailbox's address>",
    login: [
      "Gmail takes no account's password here, only an app password: switch on 2-step verification for the account, " +
        'then make one at myaccount.google.com/apppasswords (16 letters; leave the spaces out). ' +
        'In Google Workspace, the administrator must allow IMAP.',
    ],
    connection: [],
    sent: '"[Gmail]/Sent Mail"',
    sentIsSure: true,
    sentNotes: [
      "Gmail names it in the account's language ([Gmail]/Gesendet, [Gmail]/Messages envoyés): `mailcase check` lists " +
        'the folders. In Gmail, Settings > Labels must have "Show in IMAP" ticked for it.',
    ],
    dkim:
      'Or let the server that sends your mail sign them with DKIM (`trust: {dkim: …}`, README): Gmail says of each mail ' +
      'whose signature is good, as mx.google.com.',
    notes: [
      'Gmail takes only an app password as SUPPORT_PASSWORD, which needs 2-step verification: ' +
        'myaccount.google.com/apppasswords',
    ],
  },
  exchange: {
    purpose:
      'an Exchange Server on premises, with a password (not Exchange Online: it wants OAuth2, which is to come)',
    title: 'a mailbox of an Exchange Server on premises',
    host: '<your Exchange server>',
    user: "<the mailbox's address>",
    login: [
      NO_OAUTH,
      'Its services for IMAP are off until somebody starts them: MSExchangeIMAP4 and MSExchangeIMAP4BE.',
      'A shared mailbox is logged in to as DOMAIN\\user\\alias.',
      OWN_AUTHORITY,
    ],
    connection: [
      '#tls: starttls                  # with port: 143',
      '#ca: /path/to/ca.pem            # the authority of your own',
    ],
    sent: 'Sent Items',
    sentIsSure: true,
    sentNotes: [
      "Exchange names it in the mailbox's language (Gesendete Elemente): `mailcase check` lists the folders. " +
        'What is sent as a shared mailbox lies with the person who sent it, until Set-Mailbox ' +
        '-MessageCopyForSentAsEnabled $true.',
    ],
    dkim:
      'Or let the server that sends your mail sign them with DKIM (`trust: {dkim: …}`, README). Exchange Online gives no ' +
      'name in its Authentication-Results: `authentication: {verify: true}` has mailcase verify the signatures.',
    notes: [NO_OAUTH],
  },
  imap: {
    purpose: 'any other IMAP server, with a password',
    title: 'a mailbox of an IMAP server',
    host: '<your IMAP server>',
    user: '<the name to log in with>',
    login: [OWN_AUTHORITY],
    connection: [
      '#tls: starttls                  # with port: 143',
      '#ca: /path/to/ca.pem            # the authority of your own',
    ],
    sent: 'Sent',
    sentIsSure: false,
    sentNotes: [
      'Servers name it differently (Sent, INBOX.Sent, Sent Messages): `mailcase check` lists the folders.',
    ],
    dkim:
      'Or let the server that sends your mail sign them with DKIM (`trust: {dkim: …}`, README): with ' +
      '`authentication: {authserv_id: …}`, your receiving server says whose signature is good; or `verify: true`.',
    notes: [],
  },
};
