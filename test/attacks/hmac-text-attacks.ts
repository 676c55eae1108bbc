import { hmacSigned, signedLines } from './hmac-signed.ts';
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

/* What can be done to the text that a signature is made of: one that says something else, and comes to the same bytes. */

const signed: Build = (to) => hmacSigned(shopMail(to));

/** A copy of a signed mail in which something was changed afterwards. */
const altered =
  (from: string | RegExp, to: string): Build =>
  (of) =>
    changed(hmacSigned(shopMail(of)), from, to);

const two = 'x-desk-case-labels: urgent\r\nx-desk-case-labels: shipped';
const labelled = (of: Victim, labels: string) => changed(shopMail(of), 'x-desk-case-labels: shipped', labels);

const rows: Rows = [
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

export const HMAC_TEXT_ATTACKS: readonly Attack[] = rows.map((row) => ({ ...row, box: 'hmac' }));

export const HMAC_HONEST: readonly Honest[] = [
  {
    name: 'hmac-spaces-doubled',
    box: 'hmac',
    // A relay has folded the field anew.
    mail: (to) =>
      changed(
        hmacSigned(shopMail(to, { 'x-desk-case-custom-a': 'b c' })),
        'custom-a: b c',
        'custom-a: b \r\n\t c',
      ),
  },
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
