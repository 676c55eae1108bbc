import { OPTIONS } from '../config/options.ts';
import { TRUST_BY_HMAC } from '../config/trust-schema.ts';
import { indented } from '../terminal/width.ts';
import type { Login, ProviderName } from './logins.ts';
import { PROVIDERS, type Provider } from './providers.ts';

/** The lines of the file are no longer, so that they can be read without scrolling. */
const WIDTH = 112;

const MAILBOX = '    ';
const IMAP = '      ';

/** The environment variables that a starter configuration takes its secrets from, each with an example. */
export function variablesOf({ variables }: Login): Readonly<Record<string, string>> {
  return { DATABASE_URL: 'postgres://mailcase:…@localhost/mailcase', ...variables };
}

/** A short configuration to begin with. It loads once its `<…>` are replaced, and not before. */
export function starterConfig(name: ProviderName, login: Login): string {
  const provider = PROVIDERS[name];
  return `${[...head(provider), ...database(), ...tokenKey(login), ...mailbox(provider, login)].join('\n')}\n`;
}

/** The options that hold a `<…>`, as patterns, in the order of the file. */
export function placeholdersOf({ placeholders }: Login): string[] {
  const isHost = (pattern: string) => pattern.endsWith('.host');
  return [
    'mailboxes[].own',
    ...placeholders.filter(isHost),
    'mailboxes[].imap.user',
    ...placeholders.filter((pattern) => !isHost(pattern)),
  ];
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

function tokenKey({ isStored }: Login): string[] {
  if (!isStored) return [];
  return [
    '',
    ...comment('', sentence('token_key')),
    `token_key: \${TOKEN_KEY}           # openssl rand -base64 32`,
  ];
}

function mailbox(provider: Provider, login: Login): string[] {
  return [
    '',
    'mailboxes:',
    '  - name: support',
    ...comment(MAILBOX, sentence('mailboxes[].own'), sentence('mailboxes[].own[]')),
    `${MAILBOX}own: [<your domain>]`,
    '',
    `${MAILBOX}imap:`,
    ...comment(IMAP, ...login.comments),
    ...[...(login.connection ?? provider.connection), ...login.options].map((line) => `${IMAP}${line}`),
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
    ...comment(MAILBOX, ...provider.markNotes),
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
