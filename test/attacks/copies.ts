import { dkimSigned } from '../support/dkim.ts';
import { arrived, PASS, signature } from './arrival.ts';
import type { BoxName } from './boxes.ts';
import * as keys from './dkim-keys.ts';
import { hmacSigned } from './hmac-signed.ts';
import { changed, onTop, shopMail } from './letters.ts';
import type { Build } from './table.ts';

/** A copy of the company's own mail, sent again. It is the same mail, and changes nothing. */
export interface Copy {
  readonly name: string;
  readonly does: string;
  readonly box: BoxName;
  /** What the company sent, and the mailbox has by then. */
  readonly mail: Build;
  /** What is sent again. */
  readonly again: (mail: string) => string;
}

const same = (mail: string) => mail;

export const COPIES: readonly Copy[] = [
  {
    name: 'copy-of-hmac',
    does: 'sends his copy again as it is',
    box: 'hmac',
    mail: (to) => hmacSigned(shopMail(to)),
    again: same,
  },
  {
    name: 'copy-of-hmac-answering',
    does: 'adds what it is said to answer: it is still the same mail',
    box: 'hmac',
    mail: (to) => hmacSigned(shopMail(to)),
    again: (mail) => onTop(mail, 'In-Reply-To: <another@customer.example>'),
  },
  {
    name: 'copy-of-hmac-without-signature',
    does: 'takes the signature off',
    box: 'hmac',
    mail: (to) => hmacSigned(shopMail(to)),
    again: (mail) => mail.slice(mail.indexOf('\r\n') + 2),
  },
  {
    name: 'copy-of-signed',
    does: 'sends his copy again as it is',
    box: 'verified',
    mail: (to) => dkimSigned(shopMail(to), keys.KEY),
    again: same,
  },
  {
    name: 'copy-of-signed-with-other-folding',
    does: 'folds it anew',
    box: 'verified',
    mail: (to) => dkimSigned(shopMail(to), keys.KEY),
    again: (mail) => changed(mail, 'external-id: ', 'external-id:\r\n\t '),
  },
  {
    name: 'copy-by-results',
    does: 'sends his copy again, and the server finds the same',
    box: 'results',
    mail: (to) => arrived(onTop(shopMail(to), signature()), PASS),
    again: same,
  },
];
