import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { type Fate, startTapProxy, type Tap, type TapProxy } from './tap-proxy.ts';

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** A server that answers each line with the same line, and says good-bye at the end. */
async function startEcho(): Promise<{ port: number; heard: () => string; broken: () => number }> {
  let heard = '';
  let broken = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {
      broken += 1;
    });
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.toString();
      socket.write(bytes);
    });
    socket.on('end', () => socket.end('bye'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as { port: number };
  return { port, heard: () => heard, broken: () => broken };
}

function client({ port }: TapProxy): { socket: Socket; heard: () => string; ended: Promise<string> } {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let heard = '';
  let how = 'closed';
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    how = error.code ?? error.message;
  });
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(how)));
  undo.push(() => socket.destroy());
  return { socket, heard: () => heard, ended };
}

async function start(tap?: Tap) {
  const echo = await startEcho();
  const proxy = await startTapProxy({ host: '127.0.0.1', port: echo.port }, tap);
  undo.push(() => proxy.close());
  return { echo, proxy, ...client(proxy) };
}

it('passes what both sides say, and an end in good order behind the last of it', async () => {
  const seen: string[] = [];
  const { socket, heard, ended, proxy } = await start(({ connection, from, text }) => {
    seen.push(`${connection} ${from} ${text}`);
    return 'pass';
  });
  socket.write('one');
  await expect.poll(heard).toBe('one');
  socket.end();
  expect(await ended).toBe('closed');
  expect(heard()).toBe('onebye');
  expect(seen).toEqual(['1 client one', '1 server one', '1 server bye']);
  await expect.poll(() => proxy.connections()).toBe(0);
});

it('holds a piece and what is behind it, while the other direction goes on, and keeps their order', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { socket, heard, echo } = await start(async ({ from, text }): Promise<Fate> => {
    if (from === 'client' && text.includes('two')) await held;
    return 'pass';
  });
  socket.write('one ');
  await expect.poll(heard).toBe('one ');
  socket.write('two ');
  await sleep(50);
  socket.write('three ');
  await sleep(50);
  expect(echo.heard()).toBe('one ');
  release();
  await expect.poll(heard).toBe('one two three ');
});

it('lets a hook pass a piece bit by bit', async () => {
  const { socket, heard } = await start(async ({ from, bytes, forward }) => {
    if (from === 'server') return 'pass';
    for (const byte of bytes) {
      forward(Buffer.of(byte));
      await sleep(1);
    }
    return 'drop';
  });
  socket.write('dripping');
  await expect.poll(heard).toBe('dripping');
});

it.each([
  ['cut', 'closed'],
  ['reset', 'ECONNRESET'],
] as const)('%s: neither side gets the piece, and the client sees %s', async (fate, seen) => {
  const { socket, ended, echo, heard, proxy } = await start(({ text }) => (text === 'no' ? fate : 'pass'));
  socket.write('yes');
  await expect.poll(heard).toBe('yes');
  socket.write('no');
  expect(await ended).toBe(seen);
  expect(echo.heard()).toBe('yes');
  await expect.poll(() => proxy.connections()).toBe(0);
  await expect.poll(() => echo.broken()).toBe(fate === 'reset' ? 1 : 0);
});

it('refuses connections like a server that is down, and takes them again at the same port', async () => {
  const { proxy, socket, heard } = await start();
  socket.write('here');
  await expect.poll(heard).toBe('here');
  await proxy.refuse(true);
  expect(await client(proxy).ended).toBe('ECONNREFUSED');
  socket.write(' still');
  await expect.poll(heard).toBe('here still');
  proxy.cutAll('reset');
  await proxy.refuse(false);
  const again = client(proxy);
  again.socket.write('again');
  await expect.poll(again.heard).toBe('again');
});
