import { createHmac } from 'node:crypto';
import {
  hmacSigned,
  KEYS,
  type Key,
  nonce,
  now,
  RETIRED,
  SIGNATURE_HEADER,
  signatureOf,
  signedLines,
} from './hmac-signed.ts';
import {
  atTheEnd,
  changed,
  forwarded,
  MALLORY,
  ORDERS,
  onTop,
  shopMail,
  strangersMail,
  type Victim,
  without,
} from './letters.ts';
import { AS_STRANGER, type Attack, type Build, type Honest, type Rows } from './table.ts';

/*
 * What can be done to trust by signature. The attacker has copies of what the shop sent to him, and no key; a few have
 * a mistake of the shop's in their favour.
 */

const DAY = 86_400;

const signed: Build = (to) => hmacSigned(shopMail(to));

/** A copy of a signed mail in which something was changed afterwards. */
const altered =
  (from: string | RegExp, to: string): Build =>
  (of) =>
    changed(hmacSigned(shopMail(of)), from, to);

/** Signed under a nonce that is the customer's own, so that two mails can have it. */
const withNonceOf = (of: Victim, message: string, key: Key = KEYS[0]) =>
  hmacSigned(message, { key, n: `nonce-of-customer-${process.pid}-${of.number}` });

const two = 'x-desk-case-labels: urgent\r\nx-desk-case-labels: shipped';
const labelled = (of: Victim, labels: string) => changed(shopMail(of), 'x-desk-case-labels: shipped', labels);

/** A field in place of the one that signing would have made. */
const field = (value: string, message: string) => onTop(message, `${SIGNATURE_HEADER}: ${value}`);

/** Changes the field that signing has made. */
const tampered =
  (from: string | RegExp, to: string): Build =>
  (of) => {
    const message = shopMail(of);
    return field(changed(signatureOf(message), from, to), message);
  };

const rows: Rows = [
  {
    name: 'hmac-missing',
    does: "sends the shop's mail without the signature",
    mail: (of) => shopMail(of),
    why: /the mail has no x-mailcase-signature/,
    honest: signed,
  },
  {
    name: 'hmac-on-another-mail',
    does: 'takes the signature of his own mail to one about another case',
    mail: (of) => field(signatureOf(shopMail(of)), strangersMail(of)),
    why: /x-mailcase-signature.*(does not match|another)/,
    as: AS_STRANGER,
  },
  {
    name: 'hmac-other-from',
    does: 'sends his copy on, with his own From',
    mail: altered(ORDERS, MALLORY),
    why: /x-mailcase-signature/,
    as: { direction: 'in', customer: MALLORY },
    honest: (to) =>
      hmacSigned(shopMail(to, { From: `=?utf-8?q?L=C3=A1mp_Shop?= <Orders@SHOP.example>` }), {
        lines: signedLines(shopMail(to)),
      }),
  },
  {
    name: 'hmac-second-from',
    does: 'puts a From of his own before the one that is signed',
    mail: (of) => onTop(String(signed(of)), `From: ${MALLORY}`),
    why: /From more than once/,
    as: { direction: 'in', customer: MALLORY },
  },
  {
    name: 'hmac-second-address-in-from',
    does: 'adds a second author',
    mail: altered(`<${ORDERS}>`, `<${ORDERS}>, ${MALLORY}`),
    why: /From has more than one address/,
  },
  {
    name: 'hmac-group-in-from',
    does: 'makes a group of From',
    mail: altered(`Lamp Shop <${ORDERS}>`, `Lamp Shop: ${ORDERS};`),
    why: /From is more than one name and one address/,
  },
  {
    name: 'hmac-other-body',
    does: 'sends his copy once more, with another text under the same signature',
    before: (to) => withNonceOf(to, shopMail(to)),
    mail: (of) => withNonceOf(of, shopMail(of, {}, 'Everybody gets a refund.')),
    why: /nonce|used/,
  },
  {
    name: 'hmac-other-message-id',
    does: 'sends his copy once more as a new mail, by Message-ID, Date and To',
    before: (to) => withNonceOf(to, shopMail(to)),
    mail: (of) => withNonceOf(of, shopMail(of, { Date: 'Mon, 09 Nov 2026 10:00:00 +0000', To: of.address })),
    why: /nonce|used/,
  },
  {
    name: 'hmac-nonce-of-another-key',
    does: 'counts on nonces that are remembered for each key',
    before: (to) => withNonceOf(to, shopMail(to)),
    mail: (of) => withNonceOf(of, shopMail(of, { 'x-desk-case-status': 'closed' }), KEYS[1]),
    why: /nonce|used/,
    honest: (to) => hmacSigned(shopMail(to), { key: KEYS[1] }),
  },
  {
    name: 'hmac-nonce-twice-at-once',
    does: 'sends it twice with another text each, for one poll to find both',
    before: (to) => withNonceOf(to, shopMail(to)),
    mail: (of) => withNonceOf(of, shopMail(of, { Subject: 'Another' }, 'Another text.')),
    why: /nonce|used/,
  },
  {
    name: 'hmac-expired',
    does: 'sends a mail of six days ago, which never came to the mailbox',
    mail: (of) => hmacSigned(shopMail(of), { t: now() - 6 * DAY }),
    why: /old|max_age/,
    honest: (to) => hmacSigned(shopMail(to), { t: now() - 4 * DAY }),
  },
  {
    name: 'hmac-future',
    does: 'uses a signature that was made for tomorrow',
    mail: (of) => hmacSigned(shopMail(of), { t: now() + DAY }),
    why: /future|ahead/,
    honest: (to) => hmacSigned(shopMail(to), { t: now() + 300 }),
  },
  {
    name: 'hmac-later-timestamp',
    does: 'writes a later time into an old signature',
    mail: (of) => {
      const message = shopMail(of);
      const t = now();
      return field(changed(signatureOf(message, { t: t - 6 * DAY }), `t=${t - 6 * DAY}`, `t=${t}`), message);
    },
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-other-nonce',
    does: 'writes a fresh nonce into a used signature',
    mail: (of) => {
      const [message, n] = [shopMail(of), nonce()];
      return field(changed(signatureOf(message, { n }), n, nonce()), message);
    },
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-unknown-key',
    does: 'names a key of his own',
    mail: (of) => hmacSigned(shopMail(of), { key: { id: 'mallory', secret: 'm'.repeat(40) } }),
    why: /key/,
  },
  {
    name: 'hmac-retired-key',
    does: 'has a key that was taken out of the configuration',
    mail: (of) => hmacSigned(shopMail(of), { key: RETIRED }),
    why: /key/,
    honest: (to) => hmacSigned(shopMail(to), { key: KEYS[1] }),
  },
  {
    name: 'hmac-key-of-another-id',
    does: 'signs with one key under the id of the other',
    mail: (of) => hmacSigned(shopMail(of), { key: { id: KEYS[0].id, secret: KEYS[1].secret } }),
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-empty-key',
    does: 'signs with no key at all',
    mail: (of) => hmacSigned(shopMail(of), { key: { id: KEYS[0].id, secret: '' } }),
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-key-id-of-the-language',
    does: 'names a key that every object of the language has',
    mail: tampered(`k=${KEYS[0].id}`, 'k=__proto__'),
    why: /key/,
  },
  {
    name: 'hmac-field-twice',
    does: 'writes the signature twice',
    mail: (of) => {
      const message = shopMail(of);
      const value = signatureOf(message);
      return field(value, field(value, message));
    },
    why: /more than once/,
  },
  {
    name: 'hmac-two-signatures',
    does: 'puts one of his own before it',
    mail: (of) => field(signatureOf(strangersMail(of)), String(signed(of))),
    why: /more than once/,
  },
  {
    name: 'hmac-tag-twice',
    does: 'repeats a tag, for one reader to take the first and another the last',
    mail: tampered(/$/, `; k=${KEYS[1].id}`),
    why: /k.*(twice|repeat|more than once)|(twice|repeat|more than once).*k/,
  },
  {
    name: 'hmac-unknown-tag',
    does: 'adds a tag that nobody knows',
    mail: tampered(/$/, '; x=1'),
    why: /x-mailcase-signature/,
    honest: (to) => {
      const message = shopMail(to);
      const tags = signatureOf(message).split('; ').reverse();
      return field(tags.join(' ;\r\n\t'), message);
    },
  },
  {
    name: 'hmac-no-nonce',
    does: 'leaves the nonce out',
    mail: tampered(/ n=[^;]*;/, ''),
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-version',
    does: 'says that it is of another version',
    mail: tampered('v=1', 'v=2'),
    why: /version|v=/,
  },
  {
    name: 'hmac-truncated',
    does: 'guesses a MAC of 8 digits',
    mail: tampered(/s=([0-9a-f]{8}).*/, 's=00000000'),
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-mac-not-of-this-text',
    does: 'takes the MAC of the text without From',
    mail: (of) => {
      const message = shopMail(of);
      return hmacSigned(message, { lines: signedLines(message).slice(1) });
    },
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-plain-hash',
    does: 'hashes key and text, and adds to the end of the text',
    mail: (of) => {
      const message = shopMail(of);
      const mac = createHmac('sha1', KEYS[0].secret).update(message).digest('hex');
      return field(`v=1; k=${KEYS[0].id}; t=${now()}; n=${nonce()}; s=${mac}`, message);
    },
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-status-changed',
    does: 'writes another status',
    mail: altered('status: resolved', 'status: closed'),
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-field-added',
    does: 'adds a field',
    mail: (of) => atTheEnd(String(signed(of)), 'x-desk-case-priority: 10'),
    why: /x-mailcase-signature/,
    honest: (to) => hmacSigned(atTheEnd(shopMail(to), 'x-desk-case-priority: 10')),
  },
  {
    name: 'hmac-field-removed',
    does: 'leaves a field out',
    mail: (of) => without(String(signed(of)), 'x-desk-case-status'),
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-field-prepended',
    does: 'puts a second status before the signed one, for the first one counts',
    mail: (of) => onTop(String(signed(of)), 'X-Desk-Case-Status: closed'),
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-field-appended',
    does: 'repeats the labels with one of his own',
    mail: (of) => atTheEnd(String(signed(of)), 'x-desk-case-labels: stolen'),
    why: /x-mailcase-signature/,
    honest: (to) => hmacSigned(labelled(to, two)),
  },
  {
    name: 'hmac-fields-swapped',
    does: 'swaps two fields of one name, for the first one counts',
    mail: (of) =>
      hmacSigned(labelled(of, two), {
        lines: signedLines(labelled(of, two.split('\r\n').reverse().join('\r\n'))),
      }),
    why: /x-mailcase-signature/,
    // Servers sort fields of different names as they like.
    honest: (to) => {
      const message = shopMail(to);
      const moved = atTheEnd(
        without(message, 'x-desk-case-external-id'),
        `x-desk-case-external-id: ${to.order}`,
      );
      return hmacSigned(moved, { lines: signedLines(message) });
    },
  },
  {
    name: 'hmac-field-renamed',
    does: 'moves a value to another mapped field',
    mail: (of) =>
      changed(
        hmacSigned(shopMail(of, { 'x-desk-case-custom-tier': 'gold' })),
        'case-custom',
        'customer-custom',
      ),
    why: /x-mailcase-signature/,
    honest: (to) => hmacSigned(shopMail(to, { 'X-DESK-Case-Custom-Tier': 'gold' })),
  },
  {
    name: 'hmac-text-moved',
    does: 'moves letters from a name to the value behind it',
    mail: (of) =>
      changed(hmacSigned(shopMail(of, { 'x-desk-case-custom-ab': 'c' })), 'custom-ab: c', 'custom-a: bc'),
    why: /x-mailcase-signature/,
    honest: (to) => hmacSigned(shopMail(to, { 'x-desk-case-custom-a': 'b:c' })),
  },
  {
    name: 'hmac-line-smuggled',
    does: 'has one field sign the text of two, by a line end in an encoded word',
    mail: (of) => {
      const both = { 'x-desk-case-custom-a': 'b', 'x-desk-case-custom-c': 'd' };
      const one = { 'x-desk-case-custom-a': '=?utf-8?q?b=0Ax-desk-case-custom-c:d?=' };
      return hmacSigned(shopMail(of, one), { lines: signedLines(shopMail(of, both)) });
    },
    why: /x-mailcase-signature/,
    honest: (to) =>
      hmacSigned(shopMail(to, { 'x-desk-case-custom-a': '=?utf-8?q?b=20c?=' }), {
        lines: signedLines(shopMail(to, { 'x-desk-case-custom-a': 'b c' })),
      }),
  },
  {
    name: 'hmac-space-inside',
    does: 'parts a word',
    mail: (of) => changed(hmacSigned(shopMail(of)), of.order, of.order.replace('-', ' -')),
    why: /x-mailcase-signature/,
    honest: (to) =>
      hmacSigned(shopMail(to, { 'x-desk-case-custom-a': 'b\r\n\t  c' }), {
        lines: signedLines(shopMail(to, { 'x-desk-case-custom-a': 'b c' })),
      }),
  },
  {
    name: 'hmac-other-space',
    does: 'writes a space that is none of ASCII, so that it is another id',
    mail: (of) =>
      changed(
        hmacSigned(shopMail(of, { 'x-desk-case-external-id': `order ${of.number}` })),
        `external-id: order ${of.number}`,
        `external-id: order\u00A0${of.number}`,
      ),
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-name-of-customer',
    does: 'renames the customer',
    mail: altered('"Joe Customer"', '"Mallory Customer"'),
    why: /x-mailcase-signature/,
    honest: (to) => changed(hmacSigned(shopMail(to)), '"Joe Customer"', 'Joe Customer'),
  },
  {
    name: 'hmac-address-before-customer',
    does: "puts an address before the customer's",
    mail: (of) => changed(hmacSigned(shopMail(of)), '"Joe Customer"', `${MALLORY}, "Joe Customer"`),
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-address-as-name',
    does: "makes the customer's address a name, and his own the address",
    mail: (of) =>
      changed(
        hmacSigned(shopMail(of)),
        `"Joe Customer" <${of.address}>`,
        `"Joe Customer <${of.address}>" <${MALLORY}>`,
      ),
    why: /x-mailcase-signature/,
  },
  {
    name: 'hmac-in-attachment',
    does: 'sends a whole signed mail as an attachment',
    mail: (of) => forwarded(strangersMail(of), String(signed(of))),
    why: /the mail has no x-mailcase-signature/,
    as: AS_STRANGER,
  },
  {
    name: 'hmac-in-body',
    does: 'writes the signed fields behind an empty line',
    mail: (of) => `From: ${MALLORY}\r\nTo: ${ORDERS}\r\nSubject: fields\r\n\r\n${signed(of)}`,
    why: /^$/,
    as: { direction: 'in', customer: MALLORY, refused: false },
  },
];

export const HMAC_ATTACKS: readonly Attack[] = rows.map((row) => ({ ...row, box: 'hmac' }));

export const HMAC_HONEST: readonly Honest[] = [
  {
    name: 'hmac-through-relays',
    box: 'hmac',
    // SES and others replace Message-ID and Date, and add what they like.
    mail: (to) => {
      const message = changed(
        hmacSigned(shopMail(to)),
        /Message-ID: .*/,
        'Message-ID: <0102@email.amazonses.com>',
      );
      return onTop(message, 'Feedback-ID: 1.eu-west-1', 'X-SES-Outgoing: 2026.11.09-54.240.1.1');
    },
  },
  {
    name: 'hmac-from-alone',
    box: 'hmac',
    mail: (to) => hmacSigned(shopMail(to, { From: ORDERS }), { lines: signedLines(shopMail(to)) }),
  },
  {
    name: 'hmac-empty-field',
    box: 'hmac',
    mail: (to) => atTheEnd(String(signed(to)), 'x-desk-case-language:'),
  },
];
