import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Some bytes on their way. */
export interface Piece {
  /** Counted from 1, in the order in which the program connected. */
  readonly connection: number;
  readonly from: 'client' | 'server';
  readonly bytes: Buffer;
  /** The same as text, one character per byte (latin1). */
  readonly text: string;
  /** Hands bytes on to the other side now: for hooks that let a piece through bit by bit, and then `drop` it. */
  forward(bytes: Buffer): void;
}

/**
 * What becomes of a piece: it goes on, is swallowed, or takes its connection with it, by an end that both sides see
 * (`cut`) or by RST (`reset`). Neither of the two lets the piece through.
 */
export type Fate = 'pass' | 'drop' | 'cut' | 'reset';

/**
 * Looks at each piece. While its promise is open the piece waits, and so does all that comes behind it in the same
 * direction of the same connection, as on a line that stalls: both sides stay connected.
 */
export type Tap = (piece: Piece) => Fate | Promise<Fate>;

export interface TapProxy {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** From now on pieces meet this tap; the ones that wait go on waiting for theirs. */
  tap(tap: Tap): void;
  /** Connections that are open on either side. */
  connections(): number;
  /** Ends all connections there are; new ones are taken. */
  cutAll(how?: 'cut' | 'reset'): void;
  /** Whether new connections are refused, as by a server that is down. The ones that are open stay. */
  refuse(refuses: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Stands between the program and a server (IMAP or Postgres), and passes everything until a tap says otherwise. */
export async function startTapProxy(
  target: { readonly host: string; readonly port: number },
  first: Tap = () => 'pass',
): Promise<TapProxy> {
  let tap = first;
  let counter = 0;
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    counter += 1;
    const upstream = connect({ ...target, allowHalfOpen: true });
    const pair = [client, upstream] as const;
    for (const socket of pair) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.once('close', (wasBroken) => {
        open.delete(socket);
        // In good order, what is on its way still arrives, and the end behind it; a line that breaks loses it.
        if (wasBroken) for (const each of pair) each.destroy();
      });
    }
    const connection = counter;
    const look: Tap = (piece) => tap(piece);
    relay({ connection, from: 'client', source: client, sink: upstream, pair }, look);
    relay({ connection, from: 'server', source: upstream, sink: client, pair }, look);
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const cutAll = (how: 'cut' | 'reset' = 'cut') => {
    for (const socket of open) end(socket, how);
  };
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the proxy listens on no port');
  const { port } = address;
  return {
    host: '127.0.0.1',
    port,
    tap: (next) => {
      tap = next;
    },
    connections: () => Math.ceil(open.size / 2),
    cutAll,
    refuse: async (refuses) => {
      if (refuses && server.listening) server.close();
      if (!refuses && !server.listening) await listen(port);
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cutAll();
      await closed;
    },
  };
}

/** One direction of one connection. */
interface Line {
  readonly connection: number;
  readonly from: 'client' | 'server';
  readonly source: Socket;
  readonly sink: Socket;
  readonly pair: readonly Socket[];
}

/** Brings what one side sends to the other, one piece after the other. */
async function relay({ connection, from, source, sink, pair }: Line, tap: Tap): Promise<void> {
  const forward = (bytes: Buffer) => {
    if (!sink.destroyed) sink.write(bytes);
  };
  try {
    // Nothing is read while a piece waits: so the sender feels the stall, once the buffers between are full.
    for await (const bytes of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const fate = await tap({ connection, from, bytes, text: bytes.toString('latin1'), forward });
      if (fate === 'pass') forward(bytes);
      if (fate === 'cut' || fate === 'reset') for (const socket of pair) end(socket, fate);
    }
    sink.end();
  } catch {
    // The line broke, or its tap did: neither side may wait for the other.
    for (const socket of pair) socket.destroy();
  }
}

function end(socket: Socket, how: 'cut' | 'reset'): void {
  if (how === 'reset') socket.resetAndDestroy();
  else socket.destroy();
}
