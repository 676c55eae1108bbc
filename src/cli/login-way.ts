import type { Provider } from '../config/provider.ts';
import type { OAuth2Config } from '../config/schema.ts';
import { MailcaseError } from '../errors.ts';

/**
 * How a person consents: with a code that they type on any device; in a browser that comes back to this machine; or in one
 * elsewhere, whose last address they paste here.
 */
export type Way =
  | { readonly kind: 'device' }
  | { readonly kind: 'loopback' | 'paste'; readonly host: string; readonly port: number };

export interface WayOptions {
  readonly device?: boolean;
  readonly loopback?: boolean;
  readonly paste?: boolean;
  readonly port?: string;
}

/** Ports that a browser elsewhere is sent to are of those that nobody is given (RFC 6335, section 6). */
const FIRST_DYNAMIC_PORT = 49_152;
const LAST_PORT = 65_535;

/**
 * The way that was chosen, else the one that the provider has: a code is the least trouble.
 *
 * @throws MailcaseError `usage` where the provider has no such way, or options do not go together
 */
export function wayFor(options: WayOptions, oauth2: OAuth2Config, provider: Provider): Way {
  const chosen = (['device', 'loopback', 'paste'] as const).filter((kind) => options[kind] === true);
  const [first, second] = chosen;
  if (first && second) throw usage(`--${first} and --${second} exclude each other: leave one out`);
  const { authorization_url, device_authorization_url } = oauth2;
  const kind = first ?? (device_authorization_url === undefined || options.port ? 'loopback' : 'device');
  if (kind === 'device') {
    if (device_authorization_url === undefined) throw usage(noDeviceCode(provider));
    if (options.port !== undefined) throw usage('--port is for --loopback and --paste: leave it out');
    return { kind };
  }
  if (authorization_url === undefined) {
    const also = device_authorization_url === undefined ? '' : ', or use --device';
    throw usage(`there is no address to sign in at: set \`imap.oauth2.authorization_url\`${also}`);
  }
  return { kind, host: hostFor(provider), port: portFor(kind, options.port) };
}

/** Google gives device codes, but not for the scope of mail. */
function noDeviceCode(provider: Provider): string {
  return provider === 'gmail'
    ? 'Google gives no device code for mail: use --loopback, or --paste where there is no browser'
    : 'there is no address to ask for a device code: set `imap.oauth2.device_authorization_url`, or use --loopback or --paste';
}

/** Microsoft's forms for apps take http:// for localhost alone; elsewhere the number is the safer one (RFC 8252, section 8.3). */
function hostFor(provider: Provider): string {
  return provider === 'exchange' ? 'localhost' : '127.0.0.1';
}

/** @returns 0 for any that is free, where it is listened on */
function portFor(kind: 'loopback' | 'paste', given: string | undefined): number {
  if (given !== undefined) {
    const port = /^\d{1,5}$/.test(given) ? Number(given) : 0;
    if (port < 1 || port > LAST_PORT) throw usage(`--port is no port: write a number from 1 to ${LAST_PORT}`);
    return port;
  }
  if (kind === 'loopback') return 0;
  return FIRST_DYNAMIC_PORT + Math.floor(Math.random() * (LAST_PORT + 1 - FIRST_DYNAMIC_PORT));
}

function usage(message: string): MailcaseError {
  return new MailcaseError('usage', message);
}
