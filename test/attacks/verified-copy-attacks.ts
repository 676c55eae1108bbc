import { dkimSigned, type SigningOptions } from '../support/dkim.ts';
import { COVERED } from './arrival.ts';
import * as keys from './dkim-keys.ts';
import {
  atTheEnd,
  bytes,
  changed,
  firstMessageId,
  MALLORY,
  ORDERS,
  onTop,
  shopMail,
  type Victim,
  without,
} from './letters.ts';
import { AS_SENT, type Attack, type Build, type Rows } from './table.ts';

/* What can be done with a copy of a mail that the shop signed, where mailcase verifies signatures itself. */

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

/** The same over a mail that does not say itself whose history it goes into. */
const aboveUnnamed =
  (...lines: readonly string[]): Build =>
  (of) =>
    onTop(dkimSigned(shopMail(of, { 'x-desk-customer-email': undefined }), keys.KEY), ...lines);

/** A copy with a Message-ID and a Date that are not signed. */
const unsignedId: Build = (of) =>
  dkimSigned(shopMail(of), keys.KEY, {
    h: COVERED.filter((name) => name !== 'message-id' && name !== 'date'),
  });

/** The shop has signed it, so it is what the shop sent; its fields are another matter. */
const AS_SHOP = (of: Victim) => ({ ...AS_SENT(of), senderAuth: 'pass' as const });

const rows: Rows = [
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
    mail: aboveUnnamed(`Reply-To: ${MALLORY}`),
    honest: above(`Reply-To: ${ORDERS}`),
    why: /does not cover reply-to/,
    as: AS_SHOP,
  },
  {
    name: 'cc-added',
    does: 'adds a recipient',
    mail: aboveUnnamed(`Cc: ${MALLORY}`),
    why: /does not cover cc/,
    as: AS_SHOP,
  },
  {
    name: 'original-from-added',
    does: 'adds for whom it is said to be written',
    mail: aboveUnnamed(`X-Original-From: ${MALLORY}`),
    why: /does not cover x-original-from/,
    // That is what a list of the shop's own writes, and who writes From can write it too.
    as: { customer: MALLORY, senderAuth: 'pass' },
  },
  {
    name: 'sent-again-as-another-mail',
    does: 'sends his copy once more as a new mail, by a Message-ID and a Date that are not signed',
    before: unsignedId,
    mail: unsignedId,
    why: /its signature was used for another mail already/,
    as: AS_SHOP,
  },
  {
    name: 'sent-again-with-a-case-number',
    does: "sends a copy of his own to the customer, with the number of the customer's case in a subject that is not signed",
    mail: (of) => {
      const his = { 'x-desk-customer-email': MALLORY, 'x-desk-case-external-id': undefined };
      const h = COVERED.filter((name) => name !== 'subject' && name !== 'to');
      return dkimSigned(shopMail(of, { Subject: `Your order [#${of.number}]`, ...his }), keys.KEY, { h });
    },
    why: /does not cover .*subject/,
    as: (of) => ({ ...AS_SHOP(of), customer: of.address }),
    joins: true,
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
];

export const VERIFIED_COPY_ATTACKS: readonly Attack[] = rows.map((row) => ({
  ...row,
  name: `verified-${row.name}`,
  box: 'verified',
}));
