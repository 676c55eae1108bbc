import { arrived, B, COVERED, FAIL, PASS, signature } from './arrival.ts';
import {
  atTheEnd,
  bytes,
  changed,
  forwarded,
  MALLORY,
  ORDERS,
  onTop,
  strangersMail,
  type Victim,
} from './letters.ts';
import { AS_STRANGER, type Attack, type Build, type Honest, type Rows } from './table.ts';

/*
 * What can be done with the header block itself, where two readers see two lists of fields. The server says that the
 * shop's signature passes, and it covers each field that it knows of.
 */

const FROM_SHOP = { From: `Lamp Shop <${ORDERS}>` };
const signed = (of: Victim) => onTop(strangersMail(of, FROM_SHOP), signature());
const STATUS = 'x-desk-case-status: closed';

/** Lines above the signature, as bytes: what the signer never saw. */
const above =
  (...lines: readonly string[]): Build =>
  (of) =>
    bytes(arrived(onTop(signed(of), ...lines), PASS));

const PASSED = { senderAuth: 'pass' } as const;

const rows: Rows = [
  {
    name: 'bare-cr',
    does: 'ends a line with CR alone',
    mail: above(`X-Note: a\r${STATUS}`),
    why: /a CR that ends no line/,
  },
  {
    name: 'bare-cr-in-covered-field',
    does: 'ends a line with CR alone in a field that is signed',
    mail: (of) => bytes(changed(arrived(signed(of), PASS), 'labels: stolen', `labels: stolen\r${STATUS}`)),
    why: /a CR that ends no line/,
  },
  {
    name: 'cr-cr-lf',
    does: 'ends a line with two CR',
    mail: above(`X-Note: a\r\r\n${STATUS}`),
    why: /a CR that ends no line/,
  },
  {
    name: 'lf-cr',
    does: 'ends a line with LF and CR',
    mail: above(`X-Note: a\n\r${STATUS}`),
    why: /a CR that ends no line/,
  },
  {
    name: 'vertical-tab',
    does: 'begins a line with a sign that some take for folding',
    mail: above('X-Note: a', `\v${STATUS}`),
    why: /a line that is no header field/,
  },
  {
    name: 'form-feed',
    does: 'does so with a form feed',
    mail: above('X-Note: a', `\f${STATUS}`),
    why: /a line that is no header field/,
  },
  {
    name: 'no-break-space',
    does: 'does so with a space that is none of ASCII',
    mail: above('X-Note: a', `\u00A0${STATUS}`),
    why: /a line that is no header field/,
  },
  {
    name: 'line-without-colon',
    does: 'writes a line that is no field',
    mail: above('no field at all', STATUS),
    why: /a line that is no header field/,
  },
  {
    name: 'name-with-blank',
    does: 'writes a name of two words',
    mail: above('x-desk-case status: a', STATUS),
    why: /a line that is no header field/,
  },
  {
    name: 'name-with-tab',
    does: 'writes a tab before the colon',
    mail: above('x-desk-case-status\t: closed'),
    why: /a line that is no header field/,
  },
  {
    name: 'line-of-blanks',
    does: 'writes a line of blanks, which is folding to some and the end to others',
    mail: above('X-Note: a', ' ', STATUS),
    why: /a line that is no header field/,
  },
  {
    name: 'fold-at-the-beginning',
    does: 'begins the block with a folded line',
    mail: (of) => bytes(onTop(signed(of), ` ${STATUS}`)),
    why: /a line that is no header field/,
    as: { senderAuth: 'none' },
  },
  {
    name: 'mbox-line',
    does: 'begins with the line that an mbox has before a mail',
    mail: (of) => onTop(arrived(signed(of), PASS), 'From orders@shop.example Mon Nov 09 09:15:00 2026'),
    why: /a line that is no header field/,
  },
  {
    name: 'mbox-line-inside',
    does: 'writes such a line in the middle',
    mail: above('From orders@shop.example Mon Nov 09 09:15:00 2026', STATUS),
    why: /a line that is no header field/,
  },
  {
    name: 'byte-order-mark',
    does: 'begins his part with a byte order mark',
    mail: above(`\u00EF\u00BB\u00BF${STATUS}`),
    why: /a line that is no header field/,
  },
  {
    name: 'name-beyond-ascii',
    does: 'writes a name beyond ASCII',
    mail: above('x-desk-case-st\u00E4tus: closed'),
    why: /a line that is no header field/,
  },
  {
    name: 'nul',
    does: 'writes a NUL behind a name',
    mail: above(`x-desk-case-status\0: closed`),
    why: /a line that is no header field/,
  },
  {
    name: 'hidden-in-a-fold',
    does: 'folds a field so that another one stands at the beginning of a line',
    mail: (of) =>
      arrived(
        onTop(
          changed(strangersMail(of, FROM_SHOP), `${STATUS}\r\n`, ''),
          `X-Note: a\r\n ${STATUS}`,
          signature({ h: COVERED.filter((name) => !name.endsWith('labels')) }),
        ),
        PASS,
      ),
    why: /x-desk-case-labels/,
    as: PASSED,
  },
  {
    name: 'signature-beyond-the-limit',
    does: 'pushes his From and the signature beyond what is read of a header',
    mail: (of) =>
      bytes(
        arrived(
          onTop(signed(of), ...Array.from({ length: 23_000 }, (_, i) => `X-Pad-${i}: ${'p'.repeat(80)}`)),
          PASS,
        ),
      ),
    why: /^$/,
    as: { customer: null, refused: false, senderAuth: 'none' },
  },
  {
    name: 'fields-in-the-body',
    does: 'writes fields behind an empty line',
    mail: (of) => arrived(`From: ${MALLORY}\r\nTo: ${ORDERS}\r\nSubject: fields\r\n\r\n${signed(of)}`, FAIL),
    why: /^$/,
    as: { ...AS_STRANGER, refused: false, senderAuth: 'none' },
  },
  {
    name: 'mail-in-a-mail',
    does: 'attaches a whole mail of the shop',
    mail: (of) => arrived(forwarded(strangersMail(of), arrived(signed(of), PASS)), 'dkim=none'),
    why: /From \(evil\.example\) is none of/,
    as: AS_STRANGER,
  },
  {
    name: 'fields-of-a-part',
    does: 'writes them into the header of a part',
    mail: (of) => {
      const part = ['--b', 'Content-Type: text/plain', STATUS, signature(), results(), '', 'Hello.', '--b--'];
      const outer = atTheEnd(
        strangersMail(of),
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary=b',
      );
      return arrived(
        outer.replace(/\r\n\r\n[\s\S]*/, () => `\r\n\r\n${part.join('\r\n')}\r\n`),
        'dkim=none',
      );
    },
    why: /From \(evil\.example\) is none of/,
    as: AS_STRANGER,
  },
];

const results = () =>
  `Authentication-Results: mx.shop.example; dkim=pass header.d=shop.example header.s=k1 header.b=${B}`;

export const BLOCK_ATTACKS: readonly Attack[] = rows.map((row) => ({ ...row, box: 'bytes' }));

const HONEST: Readonly<Record<string, (of: Victim) => string>> = {
  'folded-by-a-relay': (of) =>
    changed(signed(of), 'x-desk-case-labels: stolen', 'x-desk-case-labels:\r\n\tstolen'),
  'no-blank-behind-the-colon': (of) =>
    changed(signed(of), 'x-desk-case-labels: stolen', 'x-desk-case-labels:stolen'),
  'name-with-signs': (of) => onTop(signed(of), "X-Odd_Name.1+2!#$%&'*: a"),
  'value-of-raw-utf8': (of) =>
    changed(signed(of), 'x-desk-case-labels: stolen', 'x-desk-case-labels: försändelse à la carte'),
  'empty-body': (of) => `${signed(of).split('\r\n\r\n', 1)[0]}\r\n\r\n`,
};

export const BLOCK_HONEST: readonly Honest[] = Object.entries(HONEST).map(([name, mail]) => ({
  name: `block-${name}`,
  box: 'bytes',
  mail: (of: Victim) => arrived(mail(of), PASS),
}));
