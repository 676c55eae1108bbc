import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Command, ImapScript, Rule, ScriptedConnection } from './imap-script.ts';
import { Conversation, type CountedRule, counted } from './scripted-conversation.ts';

export interface ScriptedImap {
  readonly host: '127.0.0.1';
  readonly imapPort: number;
  /** All that was said by clients, in order. */
  readonly commands: readonly Command[];
  /** Bytes that clients were sent. */
  readonly bytesSent: number;
  readonly connections: readonly ScriptedConnection[];
  /** The texts of the commands that match. */
  said(pattern: RegExp): string[];
  /** Forgets what was said so far, and the bytes. */
  forget(): void;
  /**
   * Adds a rule before the others that were added, which holds until the returned function is called. What it leaves of a
   * command, the script's own rules are asked about.
   */
  add(rule: Rule): () => void;
  /** The same for as long as some work takes, whatever becomes of it. */
  during<T>(rule: Rule, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Stands between clients and an IMAP server, knows what a command and what an answer is, and does what a script says. A
 * literal of the client's is asked for by the proxy itself and passed on as a non-synchronising one (RFC 7888). After
 * STARTTLS all passes as it is.
 */
export async function startScriptedImap(
  target: { readonly host: string; readonly imapPort: number },
  script: ImapScript = {},
): Promise<ScriptedImap> {
  const commands: Command[] = [];
  const open = new Set<Conversation>();
  const added: CountedRule[] = [];
  const rules = (script.on ?? []).map(counted);
  let connections = 0;
  let bytesSent = 0;
  const server = createServer((client) => {
    connections += 1;
    const conversation = new Conversation(client, connect(target.imapPort, target.host), {
      script,
      number: connections,
      note: (command) => commands.push(command),
      rules: () => [added, rules],
      onSent: (bytes) => {
        bytesSent += bytes;
      },
      onClose: () => open.delete(conversation),
    });
    open.add(conversation);
  });
  const add = (rule: Rule) => {
    const one = counted(rule);
    added.unshift(one);
    return () => void added.splice(added.indexOf(one), added.includes(one) ? 1 : 0);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the proxy listens on no port');
  return {
    ...{ host: '127.0.0.1', imapPort: address.port, commands },
    get bytesSent() {
      return bytesSent;
    },
    get connections() {
      return [...open];
    },
    said: (pattern) => commands.map(({ text }) => text).filter((text) => pattern.test(text)),
    forget: () => {
      commands.length = 0;
      bytesSent = 0;
    },
    add,
    during: async (rule, work) => {
      const remove = add(rule);
      try {
        return await work();
      } finally {
        remove();
      }
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const conversation of open) conversation.cut();
      await closed;
    },
  };
}
