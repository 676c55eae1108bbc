import type { Action, Changed, Command, ImapScript } from './imap-script.ts';
import { setSize, uidOf, withoutBodies } from './imap-wire.ts';

/** What Exchange Online says when something is not as it should be; the words are its own. */
export const EXCHANGE_SAYS = {
  throttled: (ms: number) => `BAD Request is throttled. Suggested Backoff Time: ${ms} milliseconds`,
  closed: 'Connection closed. 14',
  tooLong: 'BAD Command Error. 10',
  notConnected: 'BAD User is authenticated but not connected.',
  refused: 'NO AUTHENTICATE failed.',
  busy: 'NO Server Busy',
} as const;

const CAPABILITIES = 'IMAP4 IMAP4rev1 UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+';

/** The special folders of a German mailbox. */
export const EXCHANGE_FOLDERS = { sent: 'Gesendete Elemente', bin: 'Gelöschte Elemente' } as const;

export const EXCHANGE_DOVECOT = `
imap_capability = ${CAPABILITIES}
namespace inbox {
  mailbox "${EXCHANGE_FOLDERS.sent}" {
    auto = create
    special_use = \\Sent
  }
  mailbox "${EXCHANGE_FOLDERS.bin}" {
    auto = create
    special_use = \\Trash
  }
}
`;

/** How it is at the moment; a test changes it while the server runs. */
export interface ExchangeWays {
  /** How long a login takes, in milliseconds; 30 s have been seen. */
  loginMs: number;
  /** After how long an IDLE is ended with BYE, in milliseconds. */
  idleMs: number | undefined;
  /** What it says that a message has in bytes. */
  estimate: (bytes: number, uid: number) => number;
  /** UIDs that a FETCH passes over with OK: mail that is not ready. */
  readonly withoutRow: Set<number>;
  /** UIDs of which a FETCH says NIL for the body: mail that is not ready. */
  readonly withoutBody: Set<number>;
  /** False where the mailbox cannot be reached behind a login that was good. */
  isConnected: boolean;
  /** UIDs that one command may have. */
  maxUids: number;
}

export function exchangeWays(): ExchangeWays {
  return {
    ...{ loginMs: 0, idleMs: undefined, estimate: (bytes) => bytes },
    ...{ withoutRow: new Set(), withoutBody: new Set(), isConnected: true, maxUids: 100 },
  };
}

/** All that can be kept of a message: no keyword but the one that says that a receipt was sent. */
const KEPT = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft', '$MDNSent'];

/** Exchange's ways: see the fields of ExchangeWays, and no keywords, no CONDSTORE, a search for US-ASCII only. */
export function exchangeScript(ways: ExchangeWays): ImapScript {
  return {
    capabilities: (list) =>
      list.some((each) => each.startsWith('AUTH='))
        ? ['IMAP4', 'IMAP4rev1', 'AUTH=PLAIN', 'AUTH=XOAUTH2', 'SASL-IR', ...CAPABILITIES.split(' ').slice(2)]
        : CAPABILITIES.split(' '),
    greeting: (line) => line.replace(/\] .*/, '] The Microsoft Exchange IMAP4 service is ready.'),
    on: [
      { command: /^(LOGIN|AUTHENTICATE) /i, act: () => ({ delayMs: ways.loginMs }) },
      {
        command: /^(SELECT|EXAMINE|STATUS|LIST|NAMESPACE)\b/i,
        act: () => (ways.isConnected ? undefined : { reply: EXCHANGE_SAYS.notConnected }),
      },
      {
        command: /^UID /i,
        act: ({ text }) => (longestSet(text) > ways.maxUids ? { reply: EXCHANGE_SAYS.tooLong } : undefined),
      },
      {
        command: /^(UID )?SEARCH .*CHARSET "?(?!US-ASCII)/i,
        act: { reply: 'NO [BADCHARSET (US-ASCII)] The specified charset is not supported.' },
      },
      { command: /^(UID )?STORE /i, act: storeKept },
      {
        command: /^IDLE$/i,
        act: () =>
          ways.idleMs === undefined
            ? undefined
            : { later: { ms: ways.idleMs, isForIdle: true, bye: EXCHANGE_SAYS.closed } },
      },
      { command: /^(ENABLE|COMPRESS|GETQUOTA\w*|XLIST)\b/i, act: { reply: 'BAD Command Error. 12' } },
    ],
    untagged: (line) => asExchange(line, ways),
  };
}

/** How many UIDs the longest set of a command has. */
export function longestSet(text: string): number {
  const sets = text.match(/(?<= )[\d*]+(?:[:,][\d*]+)*(?= |$)/g) ?? [];
  return Math.max(0, ...sets.map(setSize));
}

/** A keyword is taken with OK, and not kept. */
function storeKept({ text }: Command): Action | undefined {
  const list = /\(([^)]*)\)$/.exec(text);
  const flags = (list?.[1] ?? '').split(' ').filter(Boolean);
  const kept = flags.filter((flag) => KEPT.some((each) => each.toLowerCase() === flag.toLowerCase()));
  if (list === null || kept.length === flags.length) return undefined;
  if (kept.length === 0) return { reply: 'OK STORE completed.' };
  return { send: `${text.slice(0, list.index)}(${kept.join(' ')})` };
}

function asExchange(line: string, ways: ExchangeWays): Changed {
  if (/^\* OK \[(HIGHESTMODSEQ|NOMODSEQ)/i.test(line)) return undefined;
  if (/^\* FLAGS \(/i.test(line)) return `* FLAGS (${KEPT.join(' ')})`;
  // A folder that is open for reading keeps none at all, and stays so.
  if (/^\* OK \[PERMANENTFLAGS \(.+\)/i.test(line))
    return `* OK [PERMANENTFLAGS (${KEPT.join(' ')})] Permanent flags`;
  const uid = uidOf(line);
  // What is news of a flag has no UID perhaps, and is no answer to be left out.
  if (uid === undefined) return line;
  if (ways.withoutRow.has(uid)) return undefined;
  const estimated = line.replace(/([( ]RFC822\.SIZE )(\d+)/i, (_, before: string, bytes: string) => {
    return `${before}${Math.round(ways.estimate(Number(bytes), uid))}`;
  });
  return ways.withoutBody.has(uid) ? withoutBodies(estimated) : estimated;
}
