import { readProxy } from '../config/proxy.ts';
import type { ImapConfig } from '../config/schema.ts';
import { errorMessage } from '../errors.ts';

/** What went wrong on the way to the server, where there is a proxy: in whose words, and what can be done. */
interface ProxyFailure {
  readonly cause: unknown;
  readonly said: string;
}

/** ` through the HTTP proxy proxy.example.com:3128`; empty where the connection is direct. */
export function throughProxy({ proxy }: Pick<ImapConfig, 'proxy'>): string {
  const read = proxy === undefined ? undefined : readProxy(proxy);
  return read === undefined ? '' : ` through ${read.name}`;
}

/**
 * What a proxy, or the way to it, refused. Once it has let us through, what fails is the server's.
 *
 * @returns undefined where it was not the proxy
 */
export function proxyFailure(imap: ImapConfig, error: unknown): ProxyFailure | undefined {
  const proxy = imap.proxy === undefined ? undefined : readProxy(imap.proxy);
  const inner = (error as { _err?: unknown } | null)?._err;
  if (proxy === undefined || inner === undefined) return undefined;
  const said = errorMessage(inner);
  return { cause: inner, said: `${said}${proxyCure(said, imap, proxy.hasLogin)}` };
}

/** Of HTTP the status (RFC 9110, sections 9.3.6 and 15), of SOCKS the words of the library `socks`. */
function proxyCure(said: string, { host, port }: ImapConfig, hasLogin: boolean): string {
  const [, status] = /Invalid response from proxy: (\d{3})/.exec(said) ?? [];
  if (status === '407' || /authentication failed|no accepted authentication/i.test(said)) {
    return hasLogin
      ? ' (the proxy refuses the user and the password of imap.proxy)'
      : ' (the proxy asks for a login: write imap.proxy as http://user:password@host:port)';
  }
  if (status === '403' || status === '405' || /NotAllowed/.test(said)) {
    return ` (the proxy does not let it through: have it allow connections to ${host}:${port})`;
  }
  if (
    status?.startsWith('5') ||
    / - \(?(HostUnreachable|NetworkUnreachable|ConnectionRefused|TTLExpired|Fail)/.test(said)
  ) {
    return ` (the proxy cannot reach ${host}:${port})`;
  }
  if (/Invalid response from proxy|Socks.* handshake/i.test(said)) {
    return ' (it may be a proxy of another kind: see the beginning of imap.proxy)';
  }
  if (/certificate|self-signed/i.test(said)) {
    return ' (the certificate of the proxy; for an authority of your own, start mailcase with NODE_EXTRA_CA_CERTS=/path/to/ca.pem)';
  }
  return ' (see that the proxy runs, and that imap.proxy is right)';
}
