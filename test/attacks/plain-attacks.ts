import { arrived } from './arrival.ts';
import { SECRET, SECRET_HEADER } from './boxes.ts';
import {
  atTheEnd,
  forwarded,
  MALLORY,
  ORDERS,
  onTop,
  SHOP,
  shopMail,
  strangersMail,
  type Victim,
} from './letters.ts';
import { AS_COLLEAGUE, AS_STRANGER, type Attack, type Rows } from './table.ts';

/* What can be done where nobody is trusted, and to trust by a shared secret. */

const NOBODY = /trusts nobody/;
const FORGED = `dmarc=fail (p=REJECT) header.from=${SHOP}`;
const FORGER = { ...AS_COLLEAGUE, senderAuth: 'fail' } as const;

const plain: Rows = [
  { name: 'stranger', does: 'just writes the fields', mail: (of) => strangersMail(of), why: NOBODY },
  {
    name: 'reply-to-planted',
    does: "gives the customer's address to reply to",
    mail: (of) => strangersMail(of, { 'Reply-To': of.address }),
    why: NOBODY,
  },
  {
    name: 'reply-to-planted-in-a-list',
    does: 'gives it behind one of his own',
    mail: (of) => strangersMail(of, { 'Reply-To': `${MALLORY}, ${of.address}` }),
    why: NOBODY,
  },
  {
    name: 'x-original-from-planted',
    does: 'claims that the customer wrote it, through a list',
    mail: (of) => strangersMail(of, { 'X-Original-From': of.address, 'List-Id': '<support.shop.example>' }),
    why: NOBODY,
  },
  {
    name: 'sender-planted',
    does: 'claims so by Sender and Resent-From',
    mail: (of) => strangersMail(of, { Sender: of.address, 'Resent-From': of.address }),
    why: NOBODY,
  },
  {
    name: 'own-but-failing',
    does: 'writes to the customer in the name of the shop; DMARC fails',
    mail: (of) => arrived(shopMail(of), FORGED),
    why: NOBODY,
    as: FORGER,
  },
  {
    name: 'own-but-failing-with-a-form',
    does: "writes in the name of the shop's form, which may name the customer in Reply-To",
    mail: (of) => arrived(strangersMail(of, { From: ORDERS, 'Reply-To': of.address }), FORGED),
    why: NOBODY,
    as: FORGER,
  },
  {
    name: 'own-but-failing-in-full-width',
    does: 'does so in letters of full width, which stand for the same domain',
    mail: (of) => arrived(shopMail(of, { From: 'Lamp Shop <orders@\uFF53hop.example>' }), FORGED),
    why: NOBODY,
    as: FORGER,
  },
  {
    name: 'own-in-other-letters',
    does: 'does so in a letter that becomes an s, for which DMARC finds no policy',
    mail: (of) =>
      arrived(shopMail(of, { From: 'orders@\u017Fhop.example' }), 'dmarc=none header.from=\u017Fhop.example'),
    why: NOBODY,
    as: AS_COLLEAGUE,
  },
  {
    name: 'own-with-the-dot-of-the-root',
    does: 'does so with a dot behind the domain',
    mail: (of) => arrived(shopMail(of, { From: `${ORDERS}.` }), 'dmarc=none'),
    why: NOBODY,
    as: AS_COLLEAGUE,
  },
  {
    name: 'case-number-as-the-customer',
    does: "does so in the customer's own name; DMARC fails",
    mail: (of) =>
      arrived(
        strangersMail(of, { From: of.address, Subject: `Re: [#${of.number}]` }),
        'dmarc=fail header.from=customer.example',
      ),
    why: NOBODY,
    as: ({ address }) => ({ direction: 'in', customer: address, senderAuth: 'fail' }),
  },
  {
    name: 'case-number-of-another',
    does: "writes the case's number into the subject",
    mail: (of) => strangersMail(of, { Subject: `Re: [#${of.number}]` }),
    why: NOBODY,
  },
  {
    name: 'case-number-as-the-shop',
    does: 'does so in the name of the shop, to the customer; DMARC fails',
    mail: (of) => arrived(shopMail(of, { Subject: `Re: [#${of.number}]` }), FORGED),
    why: NOBODY,
    as: FORGER,
  },
  {
    name: 'bounce-that-asks',
    does: 'asks as a mail system, which nobody is',
    mail: (of) =>
      strangersMail(of, {
        From: 'Mail Delivery System <mailer-daemon@shop.example>',
        'Auto-Submitted': 'auto-replied',
      }),
    why: NOBODY,
    as: { customer: null },
  },
];

const withSecret = (of: Victim, ...values: readonly string[]) =>
  onTop(strangersMail(of), ...values.map((value) => `${SECRET_HEADER}: ${value}`));

const secret: Rows = [
  {
    name: 'secret-missing',
    does: 'has none',
    mail: (of) => strangersMail(of),
    why: /has no x-our-secret/,
    honest: (of) => withSecret(of, SECRET),
  },
  {
    name: 'secret-guessed',
    does: 'guesses',
    mail: (of) => withSecret(of, 'a-secret-of-the-shop-0123456780'),
    why: /another one/,
  },
  {
    name: 'secret-begun',
    does: 'knows the beginning',
    mail: (of) => withSecret(of, SECRET.slice(0, -1)),
    why: /another one/,
  },
  {
    name: 'secret-longer',
    does: 'writes more than one into one value',
    mail: (of) => withSecret(of, `${SECRET}, a-secret`),
    why: /another one/,
  },
  {
    name: 'secret-in-capitals',
    does: 'counts on a comparison without case',
    mail: (of) => withSecret(of, SECRET.toUpperCase()),
    why: /another one/,
    honest: (of) => onTop(strangersMail(of), `${SECRET_HEADER.toUpperCase()}:\r\n\t${SECRET}`),
  },
  {
    name: 'secret-twice',
    does: 'tries many with one mail',
    mail: (of) => withSecret(of, 'a-guess', SECRET),
    why: /more than once/,
  },
  { name: 'secret-empty', does: 'writes none', mail: (of) => withSecret(of, ''), why: /another one/ },
  {
    name: 'secret-encoded-guess',
    does: 'guesses in an encoded word',
    mail: (of) => withSecret(of, '=?utf-8?q?a-secret?='),
    why: /another one/,
    honest: (of) => withSecret(of, `=?utf-8?b?${Buffer.from(SECRET).toString('base64')}?=`),
  },
  {
    name: 'secret-in-another-field',
    does: 'knows it, and not the field',
    mail: (of) => onTop(strangersMail(of), `x-their-secret: ${SECRET}`),
    why: /has no x-our-secret/,
  },
  {
    name: 'secret-in-the-body',
    does: 'writes it into the body',
    mail: (of) => strangersMail(of, {}, `${SECRET_HEADER}: ${SECRET}`),
    why: /has no x-our-secret/,
  },
  {
    name: 'secret-in-an-attachment',
    does: 'sends a mail that has it as an attachment',
    mail: (of) => forwarded(strangersMail(of), withSecret(of, SECRET)),
    why: /has no x-our-secret/,
  },
  {
    name: 'secret-on-the-last-line',
    does: 'begins a line of the body with it, behind a line of blanks',
    mail: (of) => atTheEnd(strangersMail(of), ` \r\n\r\n${SECRET_HEADER}: ${SECRET}`),
    why: /has no x-our-secret/,
  },
];

const inBox = (box: Attack['box'], rows: Rows): Attack[] =>
  rows.map((row) => ({ as: AS_STRANGER, ...row, box }));

export const PLAIN_ATTACKS: readonly Attack[] = [...inBox('plain', plain), ...inBox('secret', secret)];
