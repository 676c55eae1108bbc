import { connect, createServer, type Socket } from 'node:net';

export interface DatabaseProxy {
  /** The database, at the proxy's port. */
  readonly url: string;
  /** From now on it is reached. */
  open(): Promise<void>;
  /** Cuts its connections; from now on it refuses them. */
  close(): Promise<void>;
  /** From now on nothing comes through, and nobody is told: neither those connected, nor who connects. */
  stall(): void;
  /** The network is back for new connections; those from before hang for ever. */
  flow(): void;
}

/** Stands between the program and the tests' database, which so can go away and come back. It begins closed. */
export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let stalled = false;
  const server = createServer((client) => {
    if (stalled) {
      client.pause();
      sockets.add(client.on('error', () => {}).on('close', () => sockets.delete(client)));
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket.on('error', () => {}));
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  const listenOn = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listenOn(0);
  const address = server.address();
  const port = address !== null && typeof address !== 'string' ? address.port : 0;
  await close();
  const stall = () => {
    stalled = true;
    for (const socket of sockets) socket.unpipe().pause();
  };
  const flow = () => {
    stalled = false;
  };
  const url = new URL(databaseUrl);
  url.port = String(port);
  return { url: url.href, open: () => listenOn(port), close, stall, flow };
}
