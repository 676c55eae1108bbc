import type { Action, Command, ImapScript } from './imap-script.ts';
import { uidOf } from './imap-wire.ts';

/** What Gmail says when it has enough; the words are its own. */
export const GMAIL_SAYS = {
  slowDown: 'OK Success [THROTTLED]',
  overQuota: 'NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)',
  tooMany: 'NO [ALERT] Too many simultaneous connections. (Failure)',
  invalid: 'NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)',
  sessionOver: 'Session expired, please login again.',
} as const;

const BEFORE_LOGIN =
  'IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN AUTH=PLAIN-CLIENTTOKEN AUTH=OAUTHBEARER';
const AFTER_LOGIN =
  'IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584';

/** What of this Dovecot can do itself, for whoever looks at it past the script. */
const TRUE_OF_DOVECOT =
  'IMAP4rev1 UNSELECT IDLE NAMESPACE ID CHILDREN UIDPLUS ENABLE MOVE CONDSTORE ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE';

/** The special folders of an account in German, whose names nobody can guess. */
export const GMAIL_FOLDERS = {
  all: '[Gmail]/Alle Nachrichten',
  sent: '[Gmail]/Gesendet',
  bin: '[Gmail]/Papierkorb',
} as const;

export const GMAIL_DOVECOT = `
imap_capability = ${TRUE_OF_DOVECOT}
namespace inbox {
  mailbox "${GMAIL_FOLDERS.all}" {
    auto = create
    special_use = \\All
  }
  mailbox "${GMAIL_FOLDERS.sent}" {
    auto = create
    special_use = \\Sent
  }
  mailbox "${GMAIL_FOLDERS.bin}" {
    auto = create
    special_use = \\Trash
  }
}
`;

/** What an account can be set to do. */
export interface GmailWays {
  /** Whether what gets \Deleted is gone from the folder at once: the default of an account's settings. */
  autoExpunge: boolean;
}

/**
 * Gmail's ways: its capabilities, its ids and labels (X-GM-EXT-1), which Dovecot keeps as keywords that nobody sees, and
 * what it does with \Deleted. COMPRESS is offered and refused, since the script could not read what is compressed.
 */
export function gmailScript(ways: GmailWays): ImapScript {
  return {
    capabilities: (list) =>
      (list.some((each) => each.startsWith('AUTH=')) ? BEFORE_LOGIN : AFTER_LOGIN).split(' '),
    on: [
      { command: /^COMPRESS/i, act: { reply: 'NO COMPRESS is not available at the moment' } },
      { command: /^(UID )?STORE \S+ [+-]?X-GM-LABELS/i, act: storeLabels },
      { command: /^(UID )?FETCH /i, act: fetchLabels },
      { command: /^UID SEARCH .*X-GM-LABELS /i, act: searchLabels },
      {
        command: /^UID STORE \S+ \+FLAGS\S* \(.*\\Deleted/i,
        act: ({ text }) =>
          ways.autoExpunge ? { send: [text, `UID EXPUNGE ${text.split(' ')[2]}`] } : undefined,
      },
    ],
    untagged: (line) => hideLabels(line),
  };
}

/** Dovecot keeps keywords of 50 octets; so a label has 23 at most here. */
const LABEL = /^\$gl_([0-9a-f]+)$/i;
/** The keyword by which Dovecot keeps a label. */
export const keywordOf = (label: string) => `$gl_${Buffer.from(label).toString('hex')}`;
const labelsOf = (flags: string) =>
  flags.split(' ').flatMap((flag) => {
    const hex = LABEL.exec(flag)?.[1];
    return hex === undefined ? [] : [Buffer.from(hex, 'hex').toString()];
  });

/** The labels of a message, out of the flags that Dovecot has of it. */
export function gmailLabels(flags: Iterable<string>): string[] {
  return labelsOf([...flags].join(' ')).sort();
}

/** Atoms and quoted strings of a list. */
function words(list: string): string[] {
  return [...list.matchAll(/"((?:[^"\\]|\\.)*)"|([^\s()"]+)/g)].map(
    ([, quoted, atom = '']) => quoted?.replace(/\\(.)/g, '$1') ?? atom,
  );
}

function storeLabels({ text }: Command): Action {
  const [, command = '', sign = '', silent = '', list = ''] =
    /^(\S.* )([+-]?)X-GM-LABELS(\.SILENT)? (.*)$/i.exec(text) ?? [];
  if (sign === '') return { reply: 'BAD Could not parse command' };
  const send = `${command}${sign}FLAGS${silent} (${words(list).map(keywordOf).join(' ')})`;
  return { send, untagged: (line) => withItems(line, { labels: true }) };
}

function fetchLabels({ text }: Command): Action | undefined {
  const asked = {
    id: / ?X-GM-MSGID/i.test(text),
    thread: / ?X-GM-THRID/i.test(text),
    labels: /X-GM-LABELS/i.test(text),
  };
  if (!asked.id && !asked.thread && !asked.labels) return undefined;
  const standard = text.replace(/ ?X-GM-(MSGID|THRID|LABELS)/gi, '');
  // Dovecot tells the labels among the flags.
  const send = asked.labels && !/[( ]FLAGS[) ]/i.test(standard) ? standard.replace('(', '(FLAGS ') : standard;
  return { send, untagged: (line) => withItems(line, asked) };
}

function searchLabels({ text }: Command): Action {
  return {
    send: text.replace(/X-GM-LABELS ("(?:[^"\\]|\\.)*"|[^\s()]+)/gi, (_, label: string) => {
      return `KEYWORD ${keywordOf(words(label)[0] ?? '')}`;
    }),
  };
}

/** Adds what Gmail alone says of a message to its row. */
function withItems(line: string, asked: { id?: boolean; thread?: boolean; labels?: boolean }): string {
  const uid = uidOf(line);
  if (uid === undefined) return line;
  const id = String(1_700_000_000_000_000_000n + BigInt(uid));
  const labels = labelsOf(/[( ]FLAGS \(([^)]*)\)/i.exec(line)?.[1] ?? '');
  const items = [
    ...(asked.id ? [`X-GM-MSGID ${id}`] : []),
    ...(asked.thread ? [`X-GM-THRID ${id}`] : []),
    ...(asked.labels ? [`X-GM-LABELS (${labels.map((label) => `"${label}"`).join(' ')})`] : []),
  ];
  return items.length === 0 ? line : line.replace(' FETCH (', ` FETCH (${items.join(' ')} `);
}

/** Takes the keywords that stand for labels out of every list of flags; they stand before any literal. */
function hideLabels(line: string): string {
  return line.replace(
    /^(\* (?:\d+ FETCH \(.*?)?(?:OK \[PERMANENT)?FLAGS )\(([^)]*)\)/i,
    (_, before, flags: string) => {
      const seen = flags.split(' ').filter((flag) => !LABEL.test(flag));
      return `${before}(${seen.join(' ')})`;
    },
  );
}
