import type { Provider } from '../../src/config/provider.ts';
import type { MailboxConfig } from '../../src/config/schema.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { EXCHANGE_DOVECOT, type ExchangeWays, exchangeScript, exchangeWays } from './exchange-like.ts';
import { GMAIL_DOVECOT, type GmailWays, gmailScript } from './gmail-like.ts';
import type { ImapScript } from './imap-script.ts';
import { loadMailbox } from './mailcase.ts';
import { type ScriptedImap, startScriptedImap } from './scripted-imap.ts';

/** A server with the ways of another: a Dovecot of its own, and a proxy in front of it. */
export interface ServerLike {
  readonly name: 'gmail' | 'exchange' | 'old' | 'dovecot';
  readonly provider: Provider;
  /** What mailcase talks to. */
  readonly proxy: ScriptedImap;
  /** What lies behind: here people read, mail is delivered, and a test looks at what has become of it. */
  readonly dovecot: Dovecot;
  /** The configuration of a mailbox at it. */
  mailbox(user: string, more?: Record<string, unknown>): Promise<MailboxConfig>;
  /** What a configuration says of how it is reached. */
  imapOf(): Record<string, unknown>;
  stop(): Promise<void>;
}

export interface GmailLike extends ServerLike {
  readonly ways: GmailWays;
}

export interface ExchangeLike extends ServerLike {
  readonly ways: ExchangeWays;
}

export async function startGmailLike(): Promise<GmailLike> {
  const ways: GmailWays = { autoExpunge: true };
  return { ...(await startLike('gmail', 'gmail', GMAIL_DOVECOT, gmailScript(ways))), ways };
}

export async function startExchangeLike(): Promise<ExchangeLike> {
  const ways = exchangeWays();
  return { ...(await startLike('exchange', 'exchange', EXCHANGE_DOVECOT, exchangeScript(ways))), ways };
}

/**
 * A server that knows RFC 3501 and nothing else: no MOVE, no UIDPLUS, no IDLE, no CONDSTORE, no NAMESPACE, no special
 * folders, no literals but those that wait; it does not say UIDNEXT either, which that did not demand.
 */
export function startOldImap(): Promise<ServerLike> {
  return startLike('old', 'imap', 'imap_capability = IMAP4rev1\n', {
    capabilities: (list) => ['IMAP4rev1', ...list.filter((each) => each.startsWith('AUTH='))],
    on: [
      {
        command: /^(UID (MOVE|EXPUNGE)|IDLE|ENABLE|NAMESPACE|ID|UNSELECT|LIST .* RETURN)\b/i,
        act: { reply: 'BAD Unknown command' },
      },
    ],
    untagged: (line) => {
      if (/^\* OK \[(HIGHESTMODSEQ|NOMODSEQ|UIDNEXT)/i.test(line)) return undefined;
      return line.replace(/^(\* LIST \()([^)]*)/i, (_, before: string, marks: string) => {
        return before + marks.replace(/ ?\\(All|Archive|Drafts|Flagged|Junk|Sent|Trash)\b/g, '');
      });
    },
  });
}

/** Dovecot as it is. */
export function startPlainDovecot(extraConfig = ''): Promise<ServerLike> {
  return startLike('dovecot', 'imap', extraConfig, {});
}

async function startLike(
  name: ServerLike['name'],
  provider: Provider,
  extraConfig: string,
  script: ImapScript,
): Promise<ServerLike> {
  const dovecot = await startDovecot({ extraConfig });
  const proxy = await startScriptedImap(dovecot, script).catch(async (error: unknown) => {
    await dovecot.stop();
    throw error;
  });
  const imapOf = () => ({
    ...{ provider, host: proxy.host, port: proxy.imapPort, tls: 'none', password: dovecot.password },
  });
  return {
    ...{ name, provider, proxy, dovecot, imapOf },
    mailbox: (user, more = {}) => {
      const { imap = {}, ...rest } = more as { imap?: object };
      return loadMailbox(user, { ...rest, imap: { ...imapOf(), ...imap } });
    },
    stop: async () => {
      await proxy.close();
      await dovecot.stop();
    },
  };
}
