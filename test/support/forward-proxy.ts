import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/* Forward proxies for the tests, as sites have them between mailcase and the mail server. */

export interface ForwardProxy {
  readonly port: number;
  /** Where clients wanted to go: `imap.example.com:993`. */
  readonly asked: string[];
  close(): Promise<void>;
}

export interface ForwardProxyOptions {
  readonly user?: string;
  readonly password?: string;
  /** What is answered instead of connecting: a status of HTTP, a reply code of SOCKS. */
  readonly refuses?: number;
  /** Of an HTTP proxy that is spoken to over TLS, in PEM. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

/** A proxy that knows CONNECT (RFC 9110, section 9.3.6). */
export function startHttpProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const { user, password, refuses, tls } = options;
  const asked: string[] = [];
  const server = tls ? createHttpsServer(tls) : createHttpServer();
  server.on('request', (_, response) => response.writeHead(405).end());
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    const [host = '', port = ''] = (request.url ?? '').split(/:(?=\d+$)/);
    asked.push(request.url ?? '');
    const login = Buffer.from(`${user}:${password}`).toString('base64');
    const isKnown = user === undefined || request.headers['proxy-authorization'] === `Basic ${login}`;
    const status = isKnown ? refuses : 407;
    if (status !== undefined) client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    else tunnel(client, host, Number(port), () => client.write('HTTP/1.1 200 Connected\r\n\r\n'));
  });
  return started(server, asked);
}

/** A proxy that knows SOCKS5 (RFC 1928, RFC 1929) and SOCKS4a. */
export function startSocksProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const asked: string[] = [];
  const server = createServer((client) => {
    client.on('error', () => {});
    void serveSocks(client, asked, options).catch(() => client.destroy());
  });
  return started(server, asked);
}

async function serveSocks(client: Socket, asked: string[], options: ForwardProxyOptions): Promise<void> {
  const read = reader(client);
  const [version = 0] = await read(1);
  if (version === 4) return serveSocks4(client, asked, read, options);
  const { user, password, refuses } = options;
  await read((await read(1))[0] ?? 0);
  if (user === undefined) {
    client.write(Buffer.from([5, 0]));
  } else {
    client.write(Buffer.from([5, 2]));
    await read(1);
    const given = [];
    for (let i = 0; i < 2; i += 1) given.push((await read((await read(1))[0] ?? 0)).toString());
    const isKnown = given[0] === user && given[1] === password;
    client.write(Buffer.from([1, isKnown ? 0 : 1]));
    if (!isKnown) return void client.end();
  }
  const [, , , kind] = await read(4);
  const host =
    kind === 1
      ? (await read(4)).join('.')
      : (await read(kind === 4 ? 16 : ((await read(1))[0] ?? 0))).toString();
  const port = (await read(2)).readUInt16BE();
  asked.push(`${host}:${port}`);
  const answer = (code: number) => client.write(Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]));
  if (refuses === undefined) tunnel(client, host, port, () => answer(0));
  else client.end(Buffer.from([5, refuses, 0, 1, 0, 0, 0, 0, 0, 0]));
}

async function serveSocks4(
  client: Socket,
  asked: string[],
  read: (length: number) => Promise<Buffer>,
  { refuses }: ForwardProxyOptions,
): Promise<void> {
  await read(1);
  const port = (await read(2)).readUInt16BE();
  const address = await read(4);
  const text = async () => {
    let word = '';
    for (let byte = await read(1); byte[0] !== 0; byte = await read(1)) word += byte.toString();
    return word;
  };
  await text();
  // SOCKS4a: an address that cannot be, and the name behind the user.
  const isNamed = address[0] === 0 && address[1] === 0 && address[2] === 0;
  const host = isNamed ? await text() : address.join('.');
  asked.push(`${host}:${port}`);
  const answer = (code: number) => client.write(Buffer.from([0, code, 0, 0, 0, 0, 0, 0]));
  if (refuses === undefined) tunnel(client, host, port, () => answer(90));
  else answer(refuses);
}

/** Bytes in the pieces that are asked for; what is left over stays with the socket. */
function reader(client: Socket): (length: number) => Promise<Buffer> {
  return async (length) => {
    if (length === 0) return Buffer.alloc(0);
    for (;;) {
      const bytes = client.read(length) as Buffer | null;
      if (bytes) return bytes;
      await once(client, 'readable');
    }
  };
}

function tunnel(client: Socket, host: string, port: number, onConnected: () => void): void {
  const upstream = connect(port, host, () => {
    onConnected();
    client.pipe(upstream);
    upstream.pipe(client);
  });
  for (const socket of [client, upstream]) {
    socket.on('error', () => {});
    socket.on('close', () => {
      client.destroy();
      upstream.destroy();
    });
  }
}

async function started(server: Server, asked: string[]): Promise<ForwardProxy> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
