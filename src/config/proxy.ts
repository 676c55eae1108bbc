import type { Complaint } from './problems.ts';

/** Ways to go through a proxy, with the port of each where the URL names none. */
const SCHEMES = {
  http: { name: 'HTTP', port: 80 },
  https: { name: 'HTTPS', port: 443 },
  socks5: { name: 'SOCKS5', port: 1080 },
  socks4a: { name: 'SOCKS4a', port: 1080 },
  socks4: { name: 'SOCKS4', port: 1080 },
} as const;

type Scheme = keyof typeof SCHEMES;

/** A proxy, without the user and the password that its URL may have. */
export interface Proxy {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
  /** `the HTTP proxy proxy.example.com:3128` */
  readonly name: string;
  readonly hasLogin: boolean;
}

/** What a URL of a proxy must begin with, for editors. */
export const PROXY_PATTERN = `^\\s*(${Object.keys(SCHEMES).join('|')})://`;

/** @returns undefined where it cannot be understood */
export function readProxy(written: string): Proxy | undefined {
  const [, scheme] = /^([a-z0-9]+):\/\//i.exec(written.trim()) ?? [];
  if (!isScheme(scheme?.toLowerCase()) || !URL.canParse(written)) return undefined;
  const { protocol, hostname, port, username, password } = new URL(written);
  const kind = protocol.slice(0, -1) as Scheme;
  if (hostname === '') return undefined;
  const where = { host: hostname, port: port === '' ? SCHEMES[kind].port : Number(port) };
  return {
    ...where,
    scheme: kind,
    name: `the ${SCHEMES[kind].name} proxy ${where.host}:${where.port}`,
    hasLogin: username !== '' || password !== '',
  };
}

/** Never quotes the URL, which may hold a password. */
export function checkProxy(written: string): Complaint | undefined {
  const [, scheme = ''] = /^([a-z0-9+.-]+):\/\//i.exec(written.trim()) ?? [];
  const possible = Object.keys(SCHEMES).map((each) => `\`${each}://\``);
  if (!isScheme(scheme.toLowerCase())) {
    const cure = /^socks(5h)?$/i.test(scheme)
      ? 'begin it with `socks5://`: names are looked up by the proxy then'
      : `begin it with one of ${possible.join(', ')}`;
    return { message: 'not the URL of a proxy', cure };
  }
  const proxy = readProxy(written);
  // `p@ss/w` as a password reads as a host `ss`, which would be looked up, and so printed.
  const { pathname, search, hash } = proxy ? new URL(written) : { pathname: '@', search: '', hash: '' };
  if (proxy === undefined || !['', '/'].includes(pathname) || search !== '' || hash !== '') {
    return {
      message: 'not a URL of a proxy that can be read',
      cure: 'write http://user:password@host:port, and percent-encode signs like @ / : # in the password (@ is %40)',
    };
  }
  if (proxy.scheme.startsWith('socks4') && new URL(written).password !== '') {
    return {
      message: 'SOCKS4 knows a user and no password',
      cure: 'take the password out, or use `socks5://`',
    };
  }
  return undefined;
}

function isScheme(word: string | undefined): word is Scheme {
  return word !== undefined && Object.hasOwn(SCHEMES, word);
}
