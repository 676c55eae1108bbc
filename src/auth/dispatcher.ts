import { SocksClient } from 'socks';
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from 'undici';
import type { ImapConfig } from '../config/schema.ts';
import { encryptionOf } from '../imap/tls.ts';

/** The way to the mail server is the way to the OAuth2 server too: the same proxy, the same authorities. */
export type Way = Pick<ImapConfig, 'ca' | 'proxy'>;

/** Answers are a few KB; whoever sends more is no OAuth2 server. */
export const LONGEST_ANSWER = 256 * 1024;

/** How long a connection may take, in milliseconds: less than the answer may. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Makes the connections of one asking; to be destroyed with it. */
export function dispatcherFor(way: Way): Dispatcher {
  const { options } = encryptionOf(way);
  const tls = { ...options, timeout: CONNECT_TIMEOUT_MS } as buildConnector.BuildOptions;
  const limits = { maxResponseSize: LONGEST_ANSWER };
  if (way.proxy === undefined) return new Agent({ ...limits, connect: tls });
  const proxy = new URL(way.proxy);
  if (proxy.protocol.startsWith('socks')) {
    return new Agent({ ...limits, connect: throughSocks(proxy, tls) });
  }
  return new ProxyAgent({ ...limits, uri: way.proxy, requestTls: tls, proxyTls: tls });
}

function throughSocks(proxy: URL, tls: buildConnector.BuildOptions): buildConnector.connector {
  const encrypt = buildConnector(tls);
  const { protocol, port, username, password } = proxy;
  return (options, callback) => {
    SocksClient.createConnection({
      proxy: {
        host: withoutBrackets(proxy.hostname),
        port: port === '' ? 1080 : Number(port),
        type: protocol.startsWith('socks5') ? 5 : 4,
        ...(username !== '' && { userId: decodeURIComponent(username) }),
        ...(password !== '' && { password: decodeURIComponent(password) }),
      },
      command: 'connect',
      destination: {
        host: withoutBrackets(options.hostname),
        port: Number(options.port) || (options.protocol === 'https:' ? 443 : 80),
      },
      timeout: CONNECT_TIMEOUT_MS,
    }).then(
      ({ socket }) => {
        if (options.protocol === 'https:') encrypt({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: unknown) => callback(error as Error, null),
    );
  };
}

/** A URL has an IPv6 address in brackets, which connections do not know. */
function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
