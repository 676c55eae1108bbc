import { dkimSigned } from '../support/dkim.ts';
import { arrived, FAIL, PASS, signature } from './arrival.ts';
import { SECRET, SECRET_HEADER } from './boxes.ts';
import * as keys from './dkim-keys.ts';
import { hmacSigned } from './hmac-signed.ts';
import {
  atTheEnd,
  changed,
  MALLORY,
  ORDERS,
  onTop,
  shopMail,
  strangersMail,
  type Victim,
} from './letters.ts';
import { AS_SENT, AS_STRANGER, type Attack, type Honest, type Rows } from './table.ts';

/* What can be done where several ways to be trusted are open: each is as good as it is alone. */

const WRONG_HMAC = /the mail has no x-our-secret; x-mailcase-signature does not fit/;

const rows: Rows = [
  {
    name: 'several-by-none',
    does: 'has nothing',
    mail: (of) => strangersMail(of),
    why: /^the mail has no x-our-secret; the mail has no x-mailcase-signature; From \(evil\.example\) is none of/,
    as: AS_STRANGER,
  },
  {
    name: 'several-by-half-of-each',
    does: 'signs From by DKIM and has a signature that was made for another mail, which is not as much as one of them',
    mail: (of) => {
      const copy = changed(hmacSigned(shopMail(of)), 'status: resolved', 'status: closed');
      return dkimSigned(copy, keys.KEY, { h: ['from', 'to', 'subject', 'date', 'message-id'] });
    },
    why: /does not fit.*; the DKIM signature of shop\.example does not cover x-desk-customer-email/,
    as: (of) => ({ ...AS_SENT(of), senderAuth: 'pass' }),
  },
  {
    name: 'several-with-a-used-nonce',
    does: 'uses a nonce again, and the server finds his DKIM signature bad',
    before: (to) => arrived(withNonce(to, shopMail(to)), FAIL),
    mail: (of) => arrived(onTop(withNonce(of, shopMail(of, {}, 'Another text.')), signature()), FAIL),
    why: /its signature was used for another mail already/,
    as: { direction: 'in', customer: ORDERS, senderAuth: 'fail' },
  },
  {
    name: 'several-server-and-key-disagree',
    does: 'has the server say that a signature fails, and one of another key that does not cover anything',
    mail: (of) => {
      const his = dkimSigned(atTheEnd(shopMail(of), `X-Note: ${MALLORY}`), keys.OF_MALLORY);
      return arrived(onTop(his, signature()), FAIL);
    },
    why: /the header is not the one that was signed|the body is not the one that was signed/,
    as: { direction: 'in', customer: ORDERS, senderAuth: 'fail' },
  },
  {
    name: 'several-secret-in-what-is-signed',
    does: 'guesses the secret below a signature that does not fit',
    mail: (of) => onTop(changed(hmacSigned(shopMail(of)), 'shipped', 'stolen'), `${'X-Secret'}: ${SECRET}`),
    why: WRONG_HMAC,
    as: { direction: 'in', customer: ORDERS, senderAuth: 'fail' },
  },
];

const withNonce = (of: Victim, message: string) =>
  hmacSigned(message, { n: `several-of-customer-${process.pid}-${of.number}` });

export const SEVERAL_ATTACKS: readonly Attack[] = rows.map((row) => ({ ...row, box: 'several' }));

export const SEVERAL_HONEST: readonly Honest[] = [
  {
    name: 'several-by-secret',
    box: 'several',
    mail: (to) => onTop(strangersMail(to), `${SECRET_HEADER}: ${SECRET}`),
    senderAuth: 'none',
  },
  { name: 'several-by-hmac', box: 'several', mail: (to) => hmacSigned(shopMail(to)) },
  { name: 'several-by-dkim', box: 'several', mail: (to) => dkimSigned(shopMail(to), keys.KEY) },
  {
    name: 'several-by-results',
    box: 'several',
    mail: (to) => arrived(onTop(shopMail(to), signature()), PASS),
  },
];
