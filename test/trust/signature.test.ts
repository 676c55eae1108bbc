import { describe, expect, it } from 'vitest';
import { formatSignature, parseSignature } from '../../src/trust/signature.ts';

const MAC = 'ab'.repeat(32);
const NONCE = 'abcdefghijklmnop';
const READ = { keyId: '2026-11', time: 1764000000, nonce: NONCE, mac: MAC };

describe('a signature field', () => {
  it.each([
    ['as it is written', `v=1; k=2026-11; t=1764000000; n=${NONCE}; s=${MAC}`],
    ['without spaces', `v=1;k=2026-11;t=1764000000;n=${NONCE};s=${MAC}`],
    ['in another order', `s=${MAC}; n=${NONCE}; t=1764000000; k=2026-11; v=1`],
    ['with white space everywhere', ` v = 1 ;\tk = 2026-11;  t= 1764000000 ; n =${NONCE}; s= ${MAC} `],
  ])('is read %s', (_, raw) => {
    expect(parseSignature(raw)).toEqual(READ);
  });

  it('is written as it is read', () => {
    expect(parseSignature(formatSignature(READ))).toEqual(READ);
  });

  it.each([
    ['empty', '', 'is no list of tags (v=1; k=…)'],
    ['words', 'hunter2', 'is no list of tags (v=1; k=…)'],
    ['an end that is empty', `v=1; k=a; t=1; n=${NONCE}; s=${MAC};`, 'is no list of tags (v=1; k=…)'],
    ['another version', `v=2; k=a; t=1; n=${NONCE}; s=${MAC}`, 'has no version 1 in v='],
    ['no version', `k=a; t=1; n=${NONCE}; s=${MAC}`, 'has no v='],
    ['no key', `v=1; t=1; n=${NONCE}; s=${MAC}`, 'has no k='],
    ['no time', `v=1; k=a; n=${NONCE}; s=${MAC}`, 'has no t='],
    ['no nonce', `v=1; k=a; t=1; s=${MAC}`, 'has no n='],
    ['no signature', `v=1; k=a; t=1; n=${NONCE}`, 'has no s='],
    ['a tag twice', `v=1; k=a; k=a; t=1; n=${NONCE}; s=${MAC}`, 'has k= more than once'],
    [
      'an unknown tag',
      `v=1; k=a; t=1; n=${NONCE}; s=${MAC}; b=1`,
      'has a tag that is not one of v, k, t, n and s',
    ],
    [
      'a tag in upper case',
      `V=1; k=a; t=1; n=${NONCE}; s=${MAC}`,
      'has a tag that is not one of v, k, t, n and s',
    ],
    ['a tag of the language', `constructor=1; k=a`, 'has a tag that is not one of v, k, t, n and s'],
    ['a key with a space', `v=1; k=a b; t=1; n=${NONCE}; s=${MAC}`, 'has no id of a key in k='],
    ['a key of 65', `v=1; k=${'a'.repeat(65)}; t=1; n=${NONCE}; s=${MAC}`, 'has no id of a key in k='],
    ['a time before 1970', `v=1; k=a; t=-1; n=${NONCE}; s=${MAC}`, 'has no time in Unix seconds in t='],
    ['a time with a fraction', `v=1; k=a; t=1.5; n=${NONCE}; s=${MAC}`, 'has no time in Unix seconds in t='],
    ['milliseconds', `v=1; k=a; t=1764000000000; n=${NONCE}; s=${MAC}`, 'has no time in Unix seconds in t='],
    [
      'a nonce of 15',
      `v=1; k=a; t=1; n=${'a'.repeat(15)}; s=${MAC}`,
      'has no nonce of 16 to 64 letters, digits, - and _ in n=',
    ],
    [
      'a nonce of 65',
      `v=1; k=a; t=1; n=${'a'.repeat(65)}; s=${MAC}`,
      'has no nonce of 16 to 64 letters, digits, - and _ in n=',
    ],
    [
      'a nonce in base64',
      `v=1; k=a; t=1; n=${'+/'.repeat(9)}; s=${MAC}`,
      'has no nonce of 16 to 64 letters, digits, - and _ in n=',
    ],
    [
      'a signature of 63',
      `v=1; k=a; t=1; n=${NONCE}; s=${MAC.slice(1)}`,
      'has no signature of 64 hexadecimal digits in s=',
    ],
    [
      'a signature in two parts',
      `v=1; k=a; t=1; n=${NONCE}; s=${MAC.slice(32)} ${MAC.slice(32)}`,
      'has no signature of 64 hexadecimal digits in s=',
    ],
    ['a line break', `v=1; k=a\n; t=1; n=${NONCE}; s=${MAC}`, 'has no id of a key in k='],
    ['a megabyte', ' '.repeat(1_000_000), 'is too long for a signature'],
  ])('is refused with %s', (_, raw, refused) => {
    expect(parseSignature(raw)).toEqual({ refused });
  });
});
