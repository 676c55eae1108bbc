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
import { changed, MALLORY, ORDERS, onTop, shopMail, strangersMail, type Victim } from './letters.ts';
import { AS_STRANGER, type Attack, type Build, type Rows } from './table.ts';

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
];

export const HMAC_ATTACKS: readonly Attack[] = rows.map((row) => ({ ...row, box: 'hmac' }));
