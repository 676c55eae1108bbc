import { OPTIONS } from '../config/options.ts';
import { TRUST_BY_HMAC } from '../config/trust-schema.ts';
import { indented } from '../terminal/width.ts';
import { PROVIDERS, type Provider, type ProviderName } from './providers.ts';

/** The lines of the file are no longer, so that they can be read without scrolling. */
const WIDTH = 112;

const MAILBOX = '    ';
const IMAP = '      ';

/** The environment variables that a starter configuration takes its secrets from. */
export const STARTER_VARIABLES = ['DATABASE_URL', 'SUPPORT_PASSWORD'] as const;

/** A short configuration to begin with. It loads once its `<…>` are replaced, and not before. */
export function starterConfig(name: ProviderName): string {
  const provider = PROVIDERS[name];
  return `${[...head(provider), ...database(), ...mailbox(provider)].join('\n')}\n`;
}

/** The options that hold a `<…>`, as patterns, in the order of the file. */
export function placeholdersOf(name: ProviderName): string[] {
  const host = PROVIDERS[name].host.startsWith('<') ? ['mailboxes[].imap.host'] : [];
  return ['mailboxes[].own', ...host, 'mailboxes[].imap.user'];
}

function head({ title }: Provider): string[] {
  return comment(
    '',
    `mailcase's configuration for ${title}, made by \`mailcase init\`.`,
    'Set what stands in <…>. Every option: config/mailcase.example.yaml and config/reference.md of mailcase.',
    `\${NAME} is taken from the environment, \${file:NAME} from a file: no password has to stand here.`,
  );
}

function database(): string[] {
  return [
    '',
    'database:',
    `  url: \${DATABASE_URL}             # postgres://user:password@host:port/database`,
    '  # or, instead of url, for first steps:  embedded: ./data',
  ];
}

function mailbox(provider: Provider): string[] {
  return [
    '',
    'mailboxes:',
    '  - name: support',
    ...comment(MAILBOX, sentence('mailboxes[].own'), sentence('mailboxes[].own[]')),
    `${MAILBOX}own: [<your domain>]`,
    '',
    `${MAILBOX}imap:`,
    ...comment(IMAP, ...provider.login),
    ...[`host: ${provider.host}`, 'port: 993', ...provider.connection].map((line) => `${IMAP}${line}`),
    `${IMAP}user: ${provider.user}`,
    `${IMAP}password: \${SUPPORT_PASSWORD}`,
    '',
    `${MAILBOX}folders:`,
    `${MAILBOX}  - INBOX`,
    ...comment(
      `${MAILBOX}  `,
      'What your people send from this mailbox: recorded as outbound, never marked.',
    ),
    ...comment(`${MAILBOX}  `, ...provider.sentNotes),
    `${MAILBOX}  ${provider.sentIsSure ? '' : '#'}- {path: ${provider.sent}, role: sent}`,
    '',
    ...comment(
      MAILBOX,
      'Unread mail is recorded and then marked as read. To look first, without touching the mailbox:',
    ),
    `${MAILBOX}#processed: none`,
    '',
    ...trust(provider),
  ];
}

function trust({ dkim }: Provider): string[] {
  return [
    ...comment(
      MAILBOX,
      sentence('mailboxes[].trust'),
      'Your systems sign what they send, for a Bcc copy is the very mail that the customer gets ("Signed header fields" in the README).',
      dkim,
    ),
    `${MAILBOX}trust: none`,
    `${MAILBOX}#${TRUST_BY_HMAC}   # openssl rand -hex 32`,
  ];
}

/** What the declaration says of an option, so that a file to begin with says the same. */
function sentence(pattern: string): string {
  return OPTIONS.get(pattern)?.meta.description ?? '';
}

/** Comment lines, each note wrapped on its own. */
function comment(indent: string, ...notes: readonly string[]): string[] {
  return notes.flatMap((note) => indented(note, `${indent}# `, WIDTH));
}
