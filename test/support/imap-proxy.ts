import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface ImapProxy {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Stands between a client and the tests' IMAP server, and changes what the server says. Bytes pass as latin1 strings.
 *
 * @param answer what becomes of a piece of the server's answer; undefined cuts the connection there
 * @param heard is told what the client says
 */
export async function startImapProxy(
  target: { host: string; imapPort: number },
  answer: (text: string) => string | undefined,
  heard: (text: string) => void = () => {},
): Promise<ImapProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.imapPort, target.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes: Buffer) => heard(bytes.toString('latin1')));
    client.pipe(upstream);
    upstream.on('data', (bytes: Buffer) => {
      const text = answer(bytes.toString('latin1'));
      if (text === undefined) client.destroy();
      else client.write(Buffer.from(text, 'latin1'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the proxy listens on no port');
  return {
    port: address.port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
