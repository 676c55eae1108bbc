import { KEYS } from './hmac-signed.ts';
import { SHOP, SUPPORT } from './letters.ts';

/** The mailboxes under attack, each with another configuration. */
export const BOXES = ['plain', 'secret', 'hmac', 'results', 'bytes', 'gmail', 'verified', 'several'] as const;

export type BoxName = (typeof BOXES)[number];

export const SECRET = 'a-secret-of-the-shop-0123456789';
export const SECRET_HEADER = 'x-our-secret';

/** The receiving server of all but one of them. */
export const SERVER = 'mx.shop.example';

/** Whose results count, beside the mailbox's other options. */
export const GOOGLE = 'mx.google.com';

const dkim = { domains: [SHOP] };

/** The options of a mailbox. @param dns the name server of the tests */
export function boxOptions(name: BoxName, dns: string): Record<string, unknown> {
  return { name, own: [SHOP], ...TRUST[name](dns) };
}

export function accountOf(name: BoxName): string {
  return `${name}.${SUPPORT}`;
}

const TRUST: Readonly<Record<BoxName, (dns: string) => Record<string, unknown>>> = {
  plain: () => ({ authentication: { authserv_id: SERVER } }),
  secret: () => ({ trust: { secret: { header: SECRET_HEADER, value: SECRET } } }),
  hmac: () => ({ trust: { hmac: { keys: KEYS } } }),
  results: () => ({ trust: { dkim }, authentication: { authserv_id: SERVER } }),
  /** Of `results`, for mail that lies in its Maildir byte by byte: LMTP would change line ends. */
  bytes: () => ({ trust: { dkim }, authentication: { authserv_id: SERVER } }),
  gmail: () => ({ trust: { dkim }, authentication: { authserv_id: GOOGLE } }),
  verified: (dns) => ({ trust: { dkim }, authentication: { verify: true, wait: '1s', dns: [dns] } }),
  several: (dns) => ({
    trust: { secret: { header: SECRET_HEADER, value: SECRET }, hmac: { keys: KEYS }, dkim },
    authentication: { authserv_id: SERVER, verify: true, dns: [dns] },
  }),
};
