import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** Stands before a token endpoint, and can keep its answers back: the server has acted, and who asked does not know it. */
export interface Gate {
  readonly url: string;
  /** From now on answers wait. */
  shut(): void;
  /** How many answers wait. */
  waiting(): number;
  /** They go out, and those that come. */
  open(): void;
  stop(): Promise<void>;
}

/** @param target the token endpoint */
export async function startGate(target: string): Promise<Gate> {
  let isShut = false;
  let waiting: (() => void)[] = [];
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const answer = await fetch(target, {
      method: 'POST',
      headers: { 'content-type': request.headers['content-type'] ?? '' },
      body: Buffer.concat(parts),
    });
    const text = await answer.text();
    if (isShut) await new Promise<void>((resolve) => waiting.push(resolve));
    const type = answer.headers.get('content-type') ?? '';
    response.writeHead(answer.status, { 'content-type': type, connection: 'close' }).end(text);
  };
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const open = () => {
    isShut = false;
    for (const go of waiting.splice(0)) go();
  };
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/token`,
    shut: () => {
      isShut = true;
      waiting = [];
    },
    waiting: () => waiting.length,
    open,
    stop: async () => {
      open();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
