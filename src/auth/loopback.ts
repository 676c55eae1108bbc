import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';
import { readRedirect } from './redirect.ts';

/** Where the browser comes back to: on this machine alone (RFC 8252, section 7.3). */
const ADDRESS = '127.0.0.1';

/** A redirect is a line of a few hundred bytes; whoever sends more is no browser that was sent here. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Waits for a browser to be sent back here. */
export interface Loopback {
  readonly redirectUri: string;
  /** The address that it was sent to, which has a code or an error in it. */
  readonly answer: Promise<URL>;
  close(): Promise<void>;
}

/**
 * Listens for the one request that is the answer to a login. Everything else is refused and ends nothing: any page that a
 * browser shows, and any program on this machine, can ask here.
 *
 * @param host as the address that the browser is sent to names this machine: `127.0.0.1`, or `localhost`, where a provider
 *   knows no other
 * @param port 0 for any that is free
 * @throws MailcaseError `usage` where the port is not free
 */
export async function listenForRedirect({
  host,
  port,
  state,
}: {
  readonly host: string;
  readonly port: number;
  readonly state: string;
}): Promise<Loopback> {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES });
  const listening = once(server, 'listening');
  server.listen(port, ADDRESS);
  try {
    await listening;
  } catch (error) {
    throw cannotListen(port, error);
  }
  const address = server.address();
  const redirectUri = redirectUriOf(
    host,
    typeof address === 'object' && address !== null ? address.port : port,
  );
  let isAnswered = false;
  const answer = new Promise<URL>((resolve) => {
    server.on('request', (request, response) => {
      const read = isAnswered ? undefined : readRequest(request, redirectUri, state);
      if (!(read instanceof URL)) {
        refuse(response, read);
        return;
      }
      isAnswered = true;
      const isAllowed = read.searchParams.has('code');
      page(response, 200, isAllowed ? 'mailcase has the answer' : 'Nothing was allowed', TERMINAL);
      resolve(read);
    });
  });
  return {
    redirectUri,
    answer,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      // A page that is on its way is sent; connections that a browser holds open for later are not waited for.
      server.close();
      server.closeIdleConnections();
      const impatience = setTimeout(() => server.closeAllConnections(), LAST_PAGE_MS);
      await closed;
      clearTimeout(impatience);
    },
  };
}

/** How long the browser may take for the last page. */
const LAST_PAGE_MS = 1_000;

const TERMINAL = 'You can close this window. The terminal says how it went on.';

/** As the provider has to know it: with a path, or what is compared there differs by a slash. */
export function redirectUriOf(host: string, port: number): string {
  return `http://${host}:${port}/`;
}

function readRequest(
  { method, url = '' }: IncomingMessage,
  redirectUri: string,
  state: string,
): URL | string | undefined {
  const path = url.split('?')[0];
  if (path !== '/' || method !== 'GET') return undefined;
  return readRedirect(`${redirectUri.slice(0, -1)}${url}`, redirectUri, state);
}

/** @param why undefined where there is nothing at that address */
function refuse(response: ServerResponse, why: string | undefined): void {
  if (why === undefined) page(response, 404, 'There is nothing here', '');
  else page(response, 400, 'This is no answer to the login that is waited for', `What came ${why}.`);
}

/** Nothing of what was asked stands in it but words of ours. */
function page(response: ServerResponse, status: number, title: string, text: string): void {
  const html = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>mailcase</title><h1>${title}</h1><p>${text}</p></html>`;
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    // The address has a code in it.
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'",
    connection: 'close',
  });
  response.end(html);
}

function cannotListen(port: number, error: unknown): MailcaseError {
  const cure =
    errorCode(error) === 'EADDRINUSE'
      ? 'another program has it: leave --port out, or name another'
      : errorCode(error) === 'EACCES'
        ? 'ports below 1024 are for root: name a higher one'
        : errorMessage(error);
  return new MailcaseError('usage', `cannot listen on port ${port} of ${ADDRESS}: ${cure}`, { cause: error });
}
