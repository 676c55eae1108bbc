/* What an operator of each provider has to know to begin with, in texts: see starter.ts and `mailcase init`. */

import { LOGINS, type Login, type LoginName, type ProviderName } from './logins.ts';

export interface Provider {
  /** What `--provider` is for, in a line. */
  readonly purpose: string;
  /** Finishes "configuration for …". */
  readonly title: string;
  /** The ways to log in that there are; the first is the one that is written if none is named. */
  readonly logins: readonly [LoginName, ...LoginName[]];
  /** How the server is reached, as lines of `imap`. */
  readonly connection: readonly string[];
  /** The folder of what was sent, as it stands in the file. */
  readonly sent: string;
  /** Whether it is there on every server of the provider, by that name or a translated one. */
  readonly sentIsSure: boolean;
  readonly sentNotes: readonly string[];
  /** What has to be known of marking mail there. */
  readonly markNotes: readonly string[];
  /** How it is known here who has signed a mail with DKIM. */
  readonly dkim: string;
}

/** @returns undefined where the provider has no such way */
export function loginOf(provider: ProviderName, name?: string): Login | undefined {
  const { logins } = PROVIDERS[provider];
  const found = name === undefined ? logins[0] : logins.find((each) => each === name);
  return found === undefined ? undefined : LOGINS[provider][found];
}

export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = {
  gmail: {
    purpose: 'Gmail and Google Workspace',
    title: 'a mailbox of Gmail or Google Workspace',
    logins: ['app-password', 'person', 'service-account'],
    connection: ['provider: gmail                 # imap.gmail.com:993'],
    sent: '"[Gmail]/Sent Mail"',
    sentIsSure: true,
    sentNotes: [
      "Gmail names it in the account's language ([Gmail]/Gesendet, [Gmail]/Messages envoyés): `mailcase check` lists " +
        'the folders. In Gmail, Settings > Labels must have "Show in IMAP" ticked for it.',
    ],
    markNotes: ['Gmail also takes a label, which has to be there: `processed: {label: Recorded}`.'],
    dkim:
      'Or let the server that sends your mail sign them with DKIM (`trust: {dkim: …}`, README): Gmail says of each mail ' +
      'whose signature is good, as mx.google.com.',
  },
  exchange: {
    purpose: 'Exchange Online (Microsoft 365), or an Exchange Server on premises',
    title: 'a mailbox of Exchange',
    logins: ['app', 'person', 'password'],
    connection: ['provider: exchange              # outlook.office365.com:993'],
    sent: 'Sent Items',
    sentIsSure: true,
    sentNotes: [
      "Exchange names it in the mailbox's language (Gesendete Elemente): `mailcase check` lists the folders. " +
        'What is sent as a shared mailbox lies with the person who sent it, until Set-Mailbox ' +
        '-MessageCopyForSentAsEnabled $true.',
    ],
    markNotes: ['Exchange keeps no keywords: mark by flag, or move (`processed: {move: Recorded}`).'],
    dkim:
      'Or let the server that sends your mail sign them with DKIM (`trust: {dkim: …}`, README). Exchange Online gives no ' +
      'name in its Authentication-Results: `authentication: {verify: true}` has mailcase verify the signatures.',
  },
  imap: {
    purpose: 'any other IMAP server',
    title: 'a mailbox of an IMAP server',
    logins: ['password'],
    connection: ['host: <your IMAP server>', 'port: 993', '#tls: starttls                  # with port: 143'],
    sent: 'Sent',
    sentIsSure: false,
    sentNotes: [
      'Servers name it differently (Sent, INBOX.Sent, Sent Messages): `mailcase check` lists the folders.',
    ],
    markNotes: [],
    dkim:
      'Or let the server that sends your mail sign them with DKIM (`trust: {dkim: …}`, README): with ' +
      '`authentication: {authserv_id: …}`, your receiving server says whose signature is good; or `verify: true`.',
  },
};
