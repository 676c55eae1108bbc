import { ImapFlow } from 'imapflow';
import { inject } from 'vitest';

export interface ImapServer {
  readonly host: string;
  readonly imapPort: number;
  readonly password: string;
}

export interface ClientOptions {
  readonly path?: string;
  readonly readOnly?: boolean;
  /** The tests' own Dovecot unless a test has started another one. */
  readonly server?: ImapServer;
}

/** Works on a mailbox as a person or another client would, with a folder open. */
export async function withClient<T>(
  user: string,
  work: (client: ImapFlow) => Promise<T>,
  { path = 'INBOX', readOnly = false, server = inject('dovecot') }: ClientOptions = {},
): Promise<T> {
  const client = new ImapFlow({
    host: server.host,
    port: server.imapPort,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass: server.password },
    logger: false,
  });
  await client.connect();
  try {
    await client.mailboxOpen(path, { readOnly });
    return await work(client);
  } finally {
    await client.logout();
  }
}

/** UIDs of what a folder holds and their flags, read without changing anything. */
export async function contentOf(
  user: string,
  options: ClientOptions = {},
): Promise<{ uid: number; flags: string[] }[]> {
  const messages = await withClient(user, (client) => client.fetchAll('1:*', { uid: true, flags: true }), {
    ...options,
    readOnly: true,
  });
  // Who opens a folder first is told what is \\Recent; it says nothing of the message.
  const lasting = (flags: Iterable<string>) => [...flags].filter((flag) => flag !== '\\Recent').sort();
  return messages.map(({ uid, flags }) => ({ uid, flags: lasting(flags ?? []) }));
}

/** UIDs of the messages with \Seen. */
export async function seenUids(user: string, options: ClientOptions = {}): Promise<number[]> {
  const content = await contentOf(user, options);
  return content.filter(({ flags }) => flags.includes('\\Seen')).map(({ uid }) => uid);
}
