import { type DkimKey, dkimKey } from '../support/dkim.ts';
import type { DnsReply } from '../support/dns-server.ts';
import { SHOP } from './letters.ts';

/** The shop's keys, each with what is wrong with it; and one of the attacker's own. */
export const KEY = dkimKey(SHOP, { selector: 'k1', bits: 1024 });
export const ED25519 = dkimKey(SHOP, { selector: 'ed', type: 'ed25519' });
export const REMOVED = dkimKey(SHOP, { selector: 'removed', bits: 1024 });
export const REVOKED = dkimKey(SHOP, { selector: 'revoked', bits: 1024 });
export const SHORT = dkimKey(SHOP, { selector: 'short', bits: 768 });
export const SHORTER = dkimKey(SHOP, { selector: 'shorter', bits: 512 });
export const TESTING = dkimKey(SHOP, { selector: 'testing', bits: 1024, tags: 'v=DKIM1; k=rsa; t=y; ' });
export const STRICT = dkimKey(SHOP, { selector: 'strict', bits: 1024, tags: 'v=DKIM1; k=rsa; t=s; ' });
export const FOR_SHA1 = dkimKey(SHOP, { selector: 'for-sha1', bits: 1024, tags: 'v=DKIM1; k=rsa; h=sha1; ' });
export const FOR_TLS_REPORTS = dkimKey(SHOP, {
  selector: 'tls',
  bits: 1024,
  tags: 'v=DKIM1; k=rsa; s=tlsrpt; ',
});
export const BROKEN = dkimKey(SHOP, { selector: 'broken', bits: 1024 });
export const SILENT = dkimKey(SHOP, { selector: 'silent', bits: 1024 });
export const OF_MALLORY = dkimKey('evil.example', { selector: 'k1', bits: 1024 });
export const OF_CUSTOMERS = dkimKey(`customers.${SHOP}`, { selector: 'k1', bits: 1024 });

/** The same selector of the shop's domain, with a key that is not in DNS. */
export const FORGED: DkimKey = {
  ...dkimKey('evil.example', { bits: 1024 }),
  domain: SHOP,
  selector: 'k1',
};

const published = [
  KEY,
  ED25519,
  SHORT,
  SHORTER,
  TESTING,
  STRICT,
  FOR_SHA1,
  FOR_TLS_REPORTS,
  OF_MALLORY,
  OF_CUSTOMERS,
];

/** What DNS says of them. */
export const RECORDS: Readonly<Record<string, DnsReply>> = {
  ...Object.fromEntries(published.map(({ name, record }) => [name, [record]])),
  [REVOKED.name]: ['v=DKIM1; k=rsa; p='],
  [BROKEN.name]: 'SERVFAIL',
  [SILENT.name]: 'silence',
};
