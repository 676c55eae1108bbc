import { arrived, B, COVERED, PASS, signature } from './arrival.ts';
import { MALLORY, ORDERS, onTop, SHOP, strangersMail } from './letters.ts';
import type { Attack, Build, Honest, Rows } from './table.ts';

/*
 * What can be done with From: the one who signs, the one who verifies and the one who reads may each see somebody else
 * in it. The server says that a signature passes: of the shop, for a From that is not plainly the shop's, or of the
 * attacker, for one that looks like it.
 */

/** With this From, and a signature of the domain that passes. */
const from =
  (value: string | readonly string[], d = SHOP): Build =>
  (of) =>
    arrived(
      onTop(strangersMail(of, { From: value }), signature({ d, h: [...COVERED, 'from'] })),
      `dkim=pass header.d=${d} header.s=k1 header.b=${B}`,
    );

const EVIL = 'evil.example';
const BY_MALLORY = { customer: MALLORY, senderAuth: 'pass' } as const;

const rows: Rows = [
  {
    name: 'two-froms',
    does: "writes his own From below the shop's",
    mail: from([`Lamp Shop <${ORDERS}>`, `Mallory <${MALLORY}>`], EVIL),
    why: /From more than once/,
    as: { customer: ORDERS },
  },
  {
    name: 'two-froms-his-own-first',
    does: 'writes his own above it',
    mail: from([`Mallory <${MALLORY}>`, `Lamp Shop <${ORDERS}>`]),
    why: /From more than once/,
    as: { customer: MALLORY },
  },
  {
    name: 'two-froms-in-other-case',
    does: 'writes the second one in capitals',
    mail: (of) => onTop(String(from(ORDERS)(of)), `FROM: ${MALLORY}`),
    why: /From more than once/,
    as: { customer: MALLORY },
  },
  {
    name: 'no-from',
    does: 'writes none',
    mail: (of) => arrived(onTop(strangersMail(of, { From: undefined, Sender: ORDERS }), signature()), PASS),
    why: /no From/,
    as: { customer: null, senderAuth: 'none' },
  },
  {
    name: 'from-of-two',
    does: 'is one of two authors',
    mail: from(`${ORDERS}, ${MALLORY}`),
    why: /more than one address/,
    as: { customer: ORDERS },
  },
  {
    name: 'from-of-two-and-sender',
    does: 'says which of the two sent it',
    mail: (of) =>
      arrived(onTop(strangersMail(of, { From: `${MALLORY}, ${ORDERS}`, Sender: ORDERS }), signature()), PASS),
    why: /more than one address/,
    as: { customer: MALLORY },
  },
  {
    name: 'from-a-group',
    does: 'is a group',
    mail: from(`Lamp Shop: ${ORDERS};`),
    why: /plain form/,
    as: { customer: ORDERS },
  },
  {
    name: 'from-an-empty-group',
    does: 'puts an empty group before his address',
    mail: from(`${ORDERS}:;, ${MALLORY}`),
    why: /From/,
    as: { customer: MALLORY, senderAuth: 'none' },
  },
  {
    name: 'from-a-comment',
    does: 'has the address in a comment',
    mail: from(`(<${ORDERS}>) ${MALLORY}`, EVIL),
    why: /plain form/,
    as: { customer: MALLORY, senderAuth: 'none' },
  },
  {
    name: 'from-two-brackets',
    does: 'has two addresses in brackets',
    mail: from(`<${ORDERS}> <${MALLORY}>`),
    why: /From/,
    as: { customer: ORDERS },
  },
  {
    name: 'from-behind-bracket',
    does: 'writes something behind the address',
    mail: from(`<${ORDERS}>@${EVIL}`),
    why: /From/,
    as: { customer: ORDERS },
  },
  {
    name: 'from-a-route',
    does: 'gives the route of RFC 822',
    mail: from(`<@${EVIL},@a.example:${ORDERS}>`),
    why: /From/,
    as: {},
  },
  {
    name: 'from-quoted-at',
    does: 'has the sign of an address in the local part',
    mail: from(`"${ORDERS},"@${EVIL}`, EVIL),
    why: /plain form/,
    as: { customer: `"${ORDERS},"@${EVIL}`, senderAuth: 'none' },
  },
  {
    name: 'display-name',
    does: "takes the shop's address for his name",
    mail: from(`"${ORDERS}" <${MALLORY}>`, EVIL),
    why: /evil\.example/,
    as: BY_MALLORY,
  },
  {
    name: 'display-name-without-quotes',
    does: 'does so without quotes',
    mail: from(`${ORDERS} <${MALLORY}>`, EVIL),
    why: /plain form/,
    as: { customer: MALLORY, senderAuth: 'none' },
  },
  {
    name: 'encoded-word',
    does: "encodes the shop's address as his name",
    mail: from(`=?utf-8?q?${ORDERS.replace('@', '=40')}?= <${MALLORY}>`, EVIL),
    why: /evil\.example/,
    as: BY_MALLORY,
  },
  {
    name: 'encoded-brackets',
    does: 'encodes the brackets too',
    mail: from(`=?utf-8?b?${Buffer.from(`Lamp Shop <${ORDERS}>`).toString('base64')}?= <${MALLORY}>`, EVIL),
    why: /evil\.example/,
    as: BY_MALLORY,
  },
  {
    name: 'encoded-address',
    does: 'encodes the whole of From',
    mail: from(`=?utf-8?q?<${ORDERS}>?=`),
    why: /From/,
    as: { customer: ORDERS },
  },
  {
    name: 'homograph',
    does: 'has a domain that looks the same',
    mail: from(`Lamp Shop <orders@\u0455hop.example>`, 'xn--hop-0yc.example'),
    why: /none of trust\.dkim\.domains/,
    as: { customer: 'orders@xn--hop-ehd.example', senderAuth: 'none' },
  },
  {
    name: 'homograph-in-a-labels',
    does: 'writes it in A-labels',
    mail: from(`Lamp Shop <orders@xn--hop-smd.example>`, 'xn--hop-smd.example'),
    why: /none of trust\.dkim\.domains/,
    as: { customer: 'orders@xn--hop-smd.example', senderAuth: 'pass' },
  },
  {
    name: 'joined-by-nothing',
    does: 'has a sign of no width in it',
    mail: from(`Lamp Shop <orders@sh\u200Bop.example>`),
    why: /From|domain/,
    as: {},
  },
  {
    name: 'subdomain',
    does: 'writes from a subdomain that anybody can have, and signs for it',
    mail: from(`Lamp Shop <orders@customers.${SHOP}>`, `customers.${SHOP}`),
    why: /customers\.shop\.example/,
    as: { customer: `orders@customers.${SHOP}`, senderAuth: 'pass' },
  },
  {
    name: 'subdomain-signs-for-parent',
    does: 'has the key of a subdomain',
    mail: from(`Lamp Shop <${ORDERS}>`, `customers.${SHOP}`),
    why: /customers\.shop\.example/,
    as: { senderAuth: 'fail', customer: ORDERS },
  },
  {
    name: 'parent',
    does: 'has the key of a domain above it',
    mail: from(`Lamp Shop <orders@example>`, 'example'),
    why: /example/,
    as: { customer: 'orders@example', senderAuth: 'pass' },
  },
  {
    name: 'domain-longer',
    does: "ends with the shop's domain",
    mail: from(`Lamp Shop <orders@not${SHOP}>`, `not${SHOP}`),
    why: /notshop\.example/,
    as: { customer: `orders@not${SHOP}`, senderAuth: 'pass' },
  },
  {
    name: 'sender-of-the-shop',
    does: 'names the shop in Sender, Reply-To and Resent-From',
    mail: (of) =>
      arrived(
        onTop(
          strangersMail(of, {
            Sender: ORDERS,
            'Resent-From': ORDERS,
            'Resent-Sender': ORDERS,
            'X-Original-From': ORDERS,
          }),
          signature({ d: EVIL }),
        ),
        `dkim=pass header.d=${EVIL} header.s=k1 header.b=${B}`,
      ),
    why: /evil\.example/,
    as: BY_MALLORY,
  },
];

export const FROM_ATTACKS: readonly Attack[] = rows.map((row) => ({ ...row, box: 'results' }));

const names: Readonly<Record<string, string>> = {
  alone: ORDERS,
  brackets: `<${ORDERS}>`,
  'in-capitals': `"LAMP SHOP" <Orders@SHOP.Example>`,
  'with-comma': `"Shop, Lamp" <${ORDERS}>`,
  'with-quotes': `"The \\"Lamp\\" Shop" <${ORDERS}>`,
  'with-at': `"Lamp Shop @ Home" <${ORDERS}>`,
  'with-brackets': `"Lamp Shop (Lund)" <${ORDERS}>`,
  encoded: `=?UTF-8?Q?L=C3=A5mpan?= =?UTF-8?Q?_&_Co?= <${ORDERS}>`,
  'encoded-folded': `=?UTF-8?B?TMOlbXBhbiBvY2ggZW4gcmlrdGlndCBsw6VuZ3QgbmFtbg==?=\r\n =?UTF-8?B?IHDDpSB0dsOl?= <${ORDERS}>`,
  'raw-utf8': `Lampan på hörnet <${ORDERS}>`,
  'without-space': `"Lamp Shop"<${ORDERS}>`,
  'name-is-address': `"${ORDERS}" <${ORDERS}>`,
};

export const FROM_HONEST: readonly Honest[] = Object.entries(names).map(([name, value]) => ({
  name: `from-${name}`,
  box: 'results',
  mail: from(value),
}));
