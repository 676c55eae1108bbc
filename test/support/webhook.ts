import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly url: string | undefined;
  readonly body: string;
}

export interface Webhook {
  /** `http://127.0.0.1:1234` */
  readonly origin: string;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/**
 * A web server that alarms are posted to.
 *
 * @param answer is given how many have come, this one too
 */
export async function startWebhook(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<Webhook> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    received.push({ headers: request.headers, body, url: request.url });
    answer(request, response, received.length);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
