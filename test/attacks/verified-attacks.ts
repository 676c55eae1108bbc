import { dkimSigned, type SigningOptions } from '../support/dkim.ts';
import { COVERED, PASS, results } from './arrival.ts';
import { GOOGLE } from './boxes.ts';
import * as keys from './dkim-keys.ts';
import {
  atTheEnd,
  bytes,
  changed,
  firstMessageId,
  forwarded,
  MALLORY,
  ORDERS,
  onTop,
  SHOP,
  shopMail,
  strangersMail,
  type Victim,
  without,
} from './letters.ts';
import { AS_SENT, AS_STRANGER, type Attack, type Build, type Honest, type Rows } from './table.ts';

/* What can be done where mailcase verifies signatures itself: keys, and copies that were changed after they were signed. */

const signed =
  (key = keys.KEY, options: SigningOptions = {}): Build =>
  (to) =>
    dkimSigned(shopMail(to), key, options);

/** A copy that was changed afterwards. */
const altered =
  (from: string | RegExp, to: string): Build =>
  (of) =>
    changed(String(signed()(of)), from, to);

const above =
  (...lines: readonly string[]): Build =>
  (of) =>
    onTop(String(signed()(of)), ...lines);

/** The shop has signed it, so it is what the shop sent; its fields are another matter. */
const AS_SHOP = (of: Victim) => ({ ...AS_SENT(of), senderAuth: 'pass' as const });

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
    as: AS_STRANGER,
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
    name: 'body-appended',
    does: 'adds to a body of which only the beginning is signed',
    mail: (of) => `${signed(keys.KEY, { l: 20 })(of)}Everybody gets a refund.\r\n`,
    why: /leaves the end of the body open \(l=\)/,
    as: { senderAuth: 'fail' },
  },
  {
    name: 'body-changed',
    does: 'writes another text',
    mail: altered('is on its way', 'gets a refund'),
    why: /the body is not the one that was signed/,
  },
  {
    name: 'subject-changed',
    does: 'writes another subject',
    mail: altered('Subject: Your order', 'Subject: Your refund'),
    why: /the header is not the one that was signed/,
  },
  {
    name: 'date-changed',
    does: 'writes another date, so that it is another mail',
    mail: altered('08:15:00', '08:16:00'),
    why: /the header is not the one that was signed/,
  },
  {
    name: 'to-changed',
    does: 'writes another addressee',
    mail: altered(/^To: Joe Customer/m, 'To: Jo Customer'),
    why: /the header is not the one that was signed/,
  },
  {
    name: 'message-id-changed',
    does: 'writes another Message-ID',
    mail: altered('@shop.example>\r\nx', '@shop2.example>\r\nx'),
    why: /the header is not the one that was signed/,
  },
  {
    name: 'from-changed',
    does: 'writes another From',
    mail: altered(ORDERS, `other.${ORDERS}`),
    why: /the header is not the one that was signed/,
    as: { customer: `other.${ORDERS}` },
  },
  {
    name: 'status-changed',
    does: 'writes another status',
    mail: altered('status: resolved', 'status: closed'),
    why: /the header is not the one that was signed/,
  },
  {
    name: 'status-removed',
    does: 'leaves the status out',
    mail: (of) => without(String(signed()(of)), 'x-desk-case-status'),
    why: /the header is not the one that was signed/,
  },
  {
    name: 'status-prepended',
    does: 'puts a second status before the signed one',
    mail: above('x-desk-case-status: closed'),
    why: /does not cover x-desk-case-status/,
    as: AS_SHOP,
  },
  {
    name: 'status-appended',
    does: 'puts one at the end',
    mail: (of) => atTheEnd(String(signed()(of)), 'x-desk-case-status: closed'),
    why: /the header is not the one that was signed/,
  },
  {
    name: 'field-added',
    does: 'adds a field that the shop never uses',
    mail: above('x-desk-customer-company: Taken Over Ltd'),
    why: /does not cover x-desk-customer-company/,
    as: AS_SHOP,
  },
  {
    name: 'uncovered',
    does: 'writes fields into a mail that is signed as most are',
    mail: signed(keys.KEY, { h: ['from', 'to', 'subject', 'date', 'message-id'] }),
    why: /x-desk-/,
    as: AS_SHOP,
  },
  {
    name: 'from-prepended',
    does: 'puts a From of his own before the signed one',
    mail: above(`From: Lamp Shop <${ORDERS}>`),
    why: /From more than once/,
  },
  {
    name: 'from-prepended-mallory',
    does: 'does so with his own address',
    mail: above(`From: ${MALLORY}`),
    why: /From more than once/,
    as: { customer: MALLORY },
  },
  {
    name: 'line-with-vertical-tab',
    does: 'begins a line with a sign that some take for folding',
    mail: (of) => bytes(String(above('X-Note: a', '\vx-desk-case-status: closed')(of))),
    why: /a line that is no header field/,
  },
  {
    name: 'other-space-in-value',
    does: 'writes another space into a signed value, which a lenient canonical form makes the same',
    mail: (of) =>
      bytes(
        changed(
          dkimSigned(shopMail(of, { 'x-desk-case-external-id': `order ${of.number}` }), keys.KEY),
          `external-id: order ${of.number}`,
          `external-id: order\u00A0${of.number}`,
        ),
      ),
    why: /the header is not the one that was signed/,
  },
  {
    name: 'reply-to-added',
    does: 'adds whom to reply to',
    mail: above(`Reply-To: ${MALLORY}`),
    why: /does not cover reply-to/,
    as: AS_SHOP,
  },
  {
    name: 'cc-added',
    does: 'adds a recipient',
    mail: above(`Cc: ${MALLORY}`),
    why: /does not cover cc/,
    as: AS_SHOP,
  },
  {
    name: 'original-from-added',
    does: 'adds for whom it is said to be written',
    mail: above(`X-Original-From: ${MALLORY}`),
    why: /does not cover x-original-from/,
    // That is what a list of the shop's own writes, and who writes From can write it too.
    as: { customer: MALLORY, senderAuth: 'pass' },
  },
  {
    name: 'sent-again-as-another-mail',
    does: 'sends his copy once more as a new mail, by a Message-ID and a Date that are not signed',
    mail: signed(keys.KEY, { h: COVERED.filter((name) => name !== 'message-id' && name !== 'date') }),
    why: /does not cover message-id, date/,
    as: AS_SHOP,
    honest: signed(keys.KEY, { h: COVERED }),
  },
  {
    name: 'sent-again-into-another-case',
    does: "sends a copy of his own as an answer to the customer's mail, for its status to be set in that case",
    mail: (of) => {
      const his = { 'x-desk-customer-email': MALLORY, 'x-desk-case-external-id': undefined };
      return onTop(
        dkimSigned(shopMail(of, { To: MALLORY, ...his }), keys.KEY),
        `In-Reply-To: ${firstMessageId(of)}`,
      );
    },
    why: /does not cover in-reply-to/,
    as: { direction: 'out', customer: MALLORY, senderAuth: 'pass' },
    joins: true,
  },
  {
    name: 'second-signature-copied',
    does: 'adds a signature with the value of the real one, which claims to cover more',
    mail: (of) => {
      const message = dkimSigned(shopMail(of), keys.KEY, { h: ['from', 'to', 'subject', 'date'] });
      const real = message.slice(0, message.indexOf('\r\nFrom:'));
      return onTop(message, changed(real, /h=[\s\S]*?;/, `h=${COVERED.join(':')};`));
    },
    why: /x-desk-/,
    as: AS_SHOP,
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
