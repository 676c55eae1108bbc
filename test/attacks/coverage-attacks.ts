import { arrived, B, COVERED, PASS, signature } from './arrival.ts';
import { atTheEnd, changed, ORDERS, onTop, strangersMail, type Victim } from './letters.ts';
import type { Attack, Build, Honest, Rows } from './table.ts';

/*
 * What can be done with a signature of the shop's that passes, as the server says for certain: fields that it does not
 * cover, or not for ever. The mail is a copy of the attacker's own, or one that the shop signs for anybody who fills a
 * form.
 */

const FROM_SHOP = { From: `Lamp Shop <${ORDERS}>` };

const plain = (of: Victim) => strangersMail(of, FROM_SHOP);

/** A mail whose signature passes. @param lines on top of what is signed */
const signed =
  (field: string, ...lines: readonly string[]): Build =>
  (of) =>
    arrived(onTop(plain(of), ...lines, field), PASS);

const covering = (h: readonly string[], more = '') => signature({ h, more });
const lacking = (...names: readonly string[]) => COVERED.filter((name) => !names.includes(name));

const rows: Rows = [
  {
    name: 'covers-nothing-of-ours',
    does: 'adds fields to a mail that is signed as most are',
    mail: signed(covering(['from', 'to', 'subject', 'date', 'message-id'])),
    why: /x-desk-/,
    honest: signed(covering(COVERED)),
  },
  {
    name: 'covers-all-but-one',
    does: 'adds the one field that is missing',
    mail: signed(covering(lacking('x-desk-case-status'))),
    why: /x-desk-case-status/,
  },
  {
    name: 'covers-not-from',
    does: 'writes a From of his choice',
    mail: signed(covering(lacking('from'))),
    why: /its h= cannot be taken/,
    as: { senderAuth: 'fail' },
  },
  {
    name: 'prepended',
    does: 'puts a second status before the signed one, for the first one counts',
    mail: signed(covering(COVERED), 'x-desk-case-status: closed'),
    why: /x-desk-case-status/,
    honest: signed(covering([...COVERED, 'x-desk-case-labels']), 'x-desk-case-labels: urgent'),
  },
  {
    name: 'prepended-in-other-case',
    does: 'does so in capitals',
    mail: signed(covering(COVERED), 'X-DESK-CASE-STATUS: closed'),
    why: /x-desk-case-status/,
    honest: signed(covering(COVERED.map((name) => name.toUpperCase()))),
  },
  {
    name: 'prepended-empty',
    does: 'puts an empty one before it',
    mail: signed(covering(COVERED), 'x-desk-case-status:'),
    why: /x-desk-case-status/,
  },
  {
    name: 'prepended-labels',
    does: 'adds a label, for all of them count',
    mail: signed(covering(COVERED), 'x-desk-case-labels: vip'),
    why: /x-desk-case-labels/,
  },
  {
    name: 'prepended-custom-field',
    does: 'adds a field of a name that only he knows',
    mail: signed(covering(COVERED), 'x-desk-customer-custom-discount: 90'),
    why: /x-desk-customer-custom-discount/,
    honest: signed(
      covering([...COVERED, 'X-Desk-Customer-Custom-Discount']),
      'x-desk-customer-custom-discount: 5',
    ),
  },
  {
    name: 'prepended-with-blank',
    does: 'writes a blank before the colon, which not every reader takes for the same name',
    mail: signed(covering(COVERED), 'x-desk-case-status : closed'),
    why: /a line that is no header field/,
    as: { senderAuth: 'fail' },
  },
  {
    name: 'prepended-with-kelvin-sign',
    does: 'writes a K that is a letter of another alphabet, and becomes the same in lower case',
    mail: signed(covering(COVERED), 'x-des\u212A-case-status: closed'),
    why: /a line that is no header field/,
    as: { senderAuth: 'fail' },
  },
  {
    name: 'appended',
    does: 'puts a second status at the end, which a signer that covers the first one would not see',
    mail: (of) => arrived(atTheEnd(onTop(plain(of), signature()), 'x-desk-case-status: closed'), PASS),
    why: /x-desk-case-status/,
  },
  {
    name: 'h-in-another-tag',
    does: 'counts on a reader that looks for h= anywhere',
    mail: signed(covering(['from', 'to'], ` z=h=${COVERED.join(':')};`)),
    why: /x-desk-/,
    honest: signed(covering(COVERED, ' z=From:orders@shop.example|h=from;')),
  },
  {
    name: 'h-twice',
    does: 'writes h= twice, for the reader that takes the longer one',
    mail: signed(covering(COVERED, ' h=from;')),
    why: /it has h= twice/,
    as: { senderAuth: 'fail' },
  },
  {
    name: 'h-as-a-comment',
    does: 'covers names in a comment, which DKIM does not have',
    mail: signed(covering(['from', `to (:${COVERED.slice(1).join(':')})`])),
    why: /x-desk-|DKIM-Signature/,
    honest: signed(covering(COVERED.map((name) => `\r\n\t ${name} `))),
  },
  {
    name: 'h-with-a-wildcard',
    does: 'covers x-desk-*',
    mail: signed(covering(['from', 'x-desk-*'])),
    why: /x-desk-|DKIM-Signature/,
  },
  {
    name: 'second-signature-covers-more',
    does: 'adds one of the same domain, selector and beginning, which covers everything',
    mail: signed(covering(['from']), signature({ b: `${B}Zm9yZ2Vk` })),
    why: /x-desk-/,
    honest: signed(covering(COVERED), signature({ d: 'sender.example', h: ['from'] })),
  },
  {
    name: 'second-signature-below',
    does: 'does so below the real one',
    mail: (of) => arrived(onTop(plain(of), covering(['from']), signature({ b: `${B}Zm9yZ2Vk` })), PASS),
    why: /x-desk-/,
  },
  {
    name: 'second-signature-with-the-whole-value',
    does: 'copies the whole b= of the real one into it',
    mail: (of) => arrived(onTop(plain(of), signature(), covering(['from'])), PASS),
    why: /x-desk-/,
  },
  {
    name: 'signature-of-another-value',
    does: "adds a signature, while the server's pass is that of one which was taken away",
    mail: signed(signature({ b: 'T3RoZXIv' })),
    why: /found no DKIM signature good/,
    as: { senderAuth: 'fail' },
  },
  {
    name: 'signature-of-another-selector',
    does: 'does so with another key of the domain',
    mail: signed(signature({ s: 'newsletter' })),
    why: /found no DKIM signature good/,
    as: { senderAuth: 'fail' },
  },
  {
    name: 'signature-gone',
    does: 'has none at all',
    mail: (of) => arrived(plain(of), PASS),
    why: /it has no DKIM signature/,
    as: { senderAuth: 'fail' },
  },
  {
    name: 'body-length',
    does: 'adds to the body, of which only the beginning is signed',
    mail: signed(covering(COVERED, ' l=20;')),
    why: /leaves the end of the body open \(l=\)/,
    as: { senderAuth: 'fail' },
  },
  {
    name: 'body-length-of-nothing',
    does: 'writes a body of his own over none',
    mail: signed(covering(COVERED, '\r\n\tl = 0 ;')),
    why: /leaves the end of the body open \(l=\)/,
    as: { senderAuth: 'fail' },
  },
  {
    name: 'expired',
    does: 'sends a mail again whose signature has run out',
    mail: signed(covering(COVERED, ' t=1700000000; x=1700086400;')),
    why: /had expired when the mail was received/,
    as: { senderAuth: 'fail' },
    honest: signed(covering(COVERED, ` t=1700000000; x=${Math.floor(Date.now() / 1_000) + 86_400};`)),
  },
  {
    name: 'sha1',
    does: 'has made two mails with one hash',
    mail: signed(signature({ a: 'rsa-sha1' })),
    why: /is made with rsa-sha1/,
    as: { senderAuth: 'fail' },
    honest: signed(signature({ a: 'ed25519-sha256' })),
  },
  {
    name: 'copy-of-his-own',
    does: 'turns the copy that he got into one about another case',
    mail: (of) => {
      const order = `${of.order}0`;
      const copy = onTop(strangersMail({ ...of, order }, FROM_SHOP), signature());
      return arrived(
        changed(copy, `external-id: ${order}`, `external-id: ${of.order}`),
        PASS.replace('pass', 'fail'),
      );
    },
    why: /found no DKIM signature good/,
    as: { senderAuth: 'fail' },
  },
];

/** The server vouches for the sender here; the fields are another matter. */
export const COVERAGE_ATTACKS: readonly Attack[] = rows.map((row) => ({
  ...row,
  box: 'results',
  as: { senderAuth: 'pass', ...(typeof row.as === 'object' ? row.as : {}) },
}));

export const COVERAGE_HONEST: readonly Honest[] = [
  {
    name: 'covers-more-than-there-is',
    box: 'results',
    // Signed twice as often as they occur, so that nobody adds one.
    mail: signed(covering([...COVERED, ...COVERED, 'from', 'x-desk-case-priority'])),
  },
  {
    name: 'signed-by-sender-and-shop',
    box: 'results',
    mail: (of) =>
      arrived(
        onTop(
          plain(of),
          signature({ d: 'amazonses.com', s: 'ses', h: ['from', 'subject'], b: 'U2VzU2Vz' }),
          signature(),
        ),
        `${PASS}; dkim=pass header.i=@amazonses.com header.s=ses header.b=U2VzU2Vz`,
      ),
  },
];
