import { dkimSigned, type SigningOptions } from '../support/dkim.ts';
import { COVERED, PASS, results } from './arrival.ts';
import { GOOGLE } from './boxes.ts';
import * as keys from './dkim-keys.ts';
import { changed, forwarded, onTop, SHOP, shopMail, strangersMail } from './letters.ts';
import { AS_SENT, AS_STRANGER, type Attack, type Build, type Honest, type Rows } from './table.ts';

/* What can be done where mailcase verifies signatures itself: to keys, and to what answers for them. */

const signed =
  (key = keys.KEY, options: SigningOptions = {}): Build =>
  (to) =>
    dkimSigned(shopMail(to), key, options);

const HOUR = 3_600;
const now = () => Math.floor(Date.now() / 1_000);

const rows: Rows = [
  {
    name: 'unsigned',
    does: 'sends it unsigned',
    mail: (of) => shopMail(of),
    why: /it has no DKIM signature/,
    honest: signed(),
  },
  {
    name: 'forged',
    does: "signs with a key of his own under the shop's name",
    mail: signed(keys.FORGED),
    why: /the header is not the one that was signed/,
    honest: signed(keys.ED25519),
  },
  {
    name: 'results-invented',
    does: 'writes results, where none of them count',
    mail: (of) => onTop(String(signed(keys.FORGED)(of)), results(PASS), results(PASS, GOOGLE)),
    why: /the header is not the one that was signed/,
  },
  {
    name: 'key-of-mallory',
    does: 'signs for his own domain',
    mail: signed(keys.OF_MALLORY),
    why: /signature of evil\.example is another domain's/,
  },
  {
    name: 'key-of-mallory-for-himself',
    does: 'signs his own mail with his own key',
    mail: (of) => dkimSigned(strangersMail(of), keys.OF_MALLORY),
    why: /From \(evil\.example\) is none of/,
    as: { ...AS_STRANGER, senderAuth: 'pass' },
  },
  {
    name: 'key-of-a-subdomain',
    does: 'has the key of a subdomain',
    mail: signed(keys.OF_CUSTOMERS),
    why: /signature of customers\.shop\.example is another domain's/,
  },
  {
    name: 'selector-leads-elsewhere',
    does: 'names a selector that is his own domain',
    mail: signed({ ...keys.FORGED, selector: 'k1._domainkey.evil.example' }),
    why: /there is no key/,
  },
  {
    name: 'key-removed',
    does: 'has a key that is no longer in DNS',
    mail: signed(keys.REMOVED),
    why: /there is no key/,
  },
  {
    name: 'key-revoked',
    does: 'has a key that was revoked',
    mail: signed(keys.REVOKED),
    why: /its key was taken back/,
  },
  {
    name: 'key-of-768-bits',
    does: 'has computed a key that is too short',
    mail: signed(keys.SHORT),
    why: /its key has fewer than 1024 bits/,
  },
  {
    name: 'key-of-512-bits',
    does: 'has computed a shorter one',
    mail: signed(keys.SHORTER),
    why: /its key has fewer than 1024 bits/,
  },
  {
    name: 'key-under-test',
    does: 'uses a key that is being tried out',
    mail: signed(keys.TESTING),
    why: /trying DKIM out \(t=y\)/,
  },
  {
    name: 'key-for-sha1-alone',
    does: 'uses a key that is meant for another hash',
    mail: signed(keys.FOR_SHA1),
    why: /for other algorithms \(h=\)/,
  },
  {
    name: 'key-for-other-services',
    does: 'uses a key that is not meant for mail',
    mail: signed(keys.FOR_TLS_REPORTS),
    why: /not for mail \(s=\)/,
  },
  {
    name: 'identity-of-a-subdomain',
    does: 'writes for a subdomain, which the key excludes',
    mail: signed(keys.STRICT, { i: `@customers.${SHOP}` }),
    why: /not for subdomains \(t=s\)/,
    honest: signed(keys.STRICT, { i: `@${SHOP}` }),
  },
  {
    name: 'dns-fails',
    isAwaited: true,
    does: 'keeps the name server from answering',
    mail: signed(keys.BROKEN),
    why: /cannot be looked up: the name server says SERVFAIL/,
    as: (of) => ({ ...AS_SENT(of), senderAuth: 'none' }),
  },
  {
    name: 'dns-is-silent',
    isAwaited: true,
    does: 'keeps it from saying anything',
    mail: signed(keys.SILENT),
    why: /cannot be looked up: no name server answers/,
    as: (of) => ({ ...AS_SENT(of), senderAuth: 'none' }),
  },
  {
    name: 'sha1-signed',
    does: 'signs with a hash that can be forged',
    mail: signed(keys.KEY, { a: 'rsa-sha1' }),
    why: /made with rsa-sha1/,
  },
  {
    name: 'expired-signature',
    does: 'sends a mail whose signature has run out',
    mail: signed(keys.KEY, { t: now() - 2 * HOUR, x: now() - HOUR }),
    why: /had expired when the mail was received/,
    honest: signed(keys.KEY, { t: now() - 2 * HOUR, x: now() + HOUR }),
  },
  {
    name: 'in-an-attachment',
    does: 'attaches a whole signed mail',
    mail: (of) => forwarded(strangersMail(of), String(signed()(of))),
    why: /From \(evil\.example\) is none of/,
    as: AS_STRANGER,
  },
];

/** What is known for certain not to be the shop's is nobody's of ours. */
export const VERIFIED_ATTACKS: readonly Attack[] = rows.map((row) => ({
  ...row,
  name: `verified-${row.name}`,
  box: 'verified',
}));

const HONEST: Readonly<Record<string, Build>> = {
  'covers-twice': (to) => {
    const message = shopMail(to);
    return dkimSigned(message, keys.KEY, { h: [...COVERED, ...COVERED] });
  },
  'several-signatures': (to) =>
    dkimSigned(dkimSigned(shopMail(to), keys.KEY), { ...keys.OF_MALLORY, domain: 'sender.example' }),
  'below-what-servers-add': (to) =>
    onTop(
      String(signed()(to)),
      'X-Spam-Status: No',
      'Received: from a.example by b.example; Mon, 09 Nov 2026 08:15:01 +0000',
    ),
  'raw-utf8': (to) =>
    dkimSigned(shopMail(to, { 'x-desk-case-custom-note': 'Försändelse à la carte' }), keys.KEY),
  'encoded-words': (to) =>
    dkimSigned(shopMail(to, { 'x-desk-case-custom-note': '=?utf-8?q?F=C3=B6rs=C3=A4ndelse?=' }), keys.KEY),
  'fields-refolded': (to) =>
    changed(String(signed()(to)), `external-id: ${to.order}`, `external-id:\r\n\t${to.order}`),
};

export const VERIFIED_HONEST: readonly Honest[] = Object.entries(HONEST).map(([name, mail]) => ({
  name: `verified-${name}`,
  box: 'verified',
  mail,
}));
