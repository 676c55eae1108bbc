import { describe, expect, it } from 'vitest';
import { Headers, readHeaderLine } from '../../src/message/headers.ts';
import { plainFrom } from '../../src/trust/from.ts';

function from(...bodies: readonly string[]) {
  const lines = bodies.map((body) => Buffer.from(`From: ${body}`, 'utf8').toString('latin1'));
  return plainFrom(new Headers(lines.map(readHeaderLine)));
}

describe('From in plain form', () => {
  it.each([
    ['shop@example.com', '', 'shop@example.com'],
    ['<shop@example.com>', '', 'shop@example.com'],
    ['The Shop <shop@example.com>', 'The Shop', 'shop@example.com'],
    ['"Shop, The" <shop@example.com>', 'Shop, The', 'shop@example.com'],
    ['"The \\"Shop\\"" <shop@example.com>', 'The "Shop"', 'shop@example.com'],
    ['"evil@example.net" <shop@example.com>', 'evil@example.net', 'shop@example.com'],
    ['"(no comment)" <shop@example.com>', '(no comment)', 'shop@example.com'],
    ["Dr. O'Neil & Sons <a.b+c@sub.example.com>", "Dr. O'Neil & Sons", 'a.b+c@sub.example.com'],
    ['=?utf-8?Q?B=C3=BCcher?= <shop@example.com>', 'Bücher', 'shop@example.com'],
    ['=?utf-8?B?QsO8Y2hlcg==?=\r\n <shop@example.com>', 'Bücher', 'shop@example.com'],
    ['Bücher <bücher@bücher.example>', 'Bücher', 'bücher@bücher.example'],
    ['The Shop\r\n <shop@example.com>', 'The Shop', 'shop@example.com'],
  ])('%s', (body, name, address) => {
    expect(from(body)).toEqual({ name, address });
  });

  it.each([
    ['two addresses', 'shop@example.com, evil@example.net', /more than one address/],
    ['two in brackets', '<evil@example.net> <shop@example.com>', /plain form|more than one/],
    ['a group', 'Shop: shop@example.com;', /plain form/],
    ['a group of two', 'Shop: shop@example.com, evil@example.net;', /more than one address/],
    ['an empty group before it', 'None:; shop@example.com', /plain form|usable/],
    ['a comment', 'shop@example.com (The Shop)', /plain form/],
    ['a comment in the name', 'The (evil@example.net) Shop <shop@example.com>', /plain form/],
    ['a comment in the address', 'shop(x)@example.com', /plain form|usable/],
    ['something behind the bracket', '<shop@example.com> evil', /plain form/],
    ['an address before the bracket', 'evil@example.net <shop@example.com>', /plain form/],
    ['an open quotation', '"The Shop <shop@example.com>', /plain form|usable/],
    ['a route', '<@evil.example:shop@example.com>', /plain form|usable/],
    ['a quoted local part', '"shop"@example.com', /plain form/],
    ['a quoted local part with an at', '"evil@example.net "@example.com', /plain form|usable/],
    ['an address literal', 'shop@[192.0.2.1]', /plain form/],
    ['an encoded address', '=?utf-8?Q?shop=40example.com?=', /usable/],
    ['an encoded address in brackets', '<=?utf-8?Q?shop=40example.com?=>', /usable/],
    [
      'an encoded word with a bracket in it',
      '=?utf-8?Q?x<evil@example.net>?= <shop@example.com>',
      /plain form|more/,
    ],
    ['a carriage return', 'x\rFrom: evil@example.net <shop@example.com>', /plain form|more|usable/],
    ['a NUL', 'shop@example.com\0', /plain form|usable/],
    ['a dot at the end', 'shop@example.com.', /plain form/],
    ['a megabyte', `${'x'.repeat(1_000_000)}@example.com`, /too long/],
    ['no address', 'The Shop', /usable/],
    ['nothing', '', /usable/],
  ])('refuses %s', (_what, body, reason) => {
    expect(from(body)).toEqual({ refused: expect.stringMatching(reason) });
  });

  it('refuses no From, and two', () => {
    expect(from()).toEqual({ refused: 'the mail has no From' });
    expect(from('shop@example.com', 'shop@example.com')).toEqual({
      refused: 'the mail has From more than once',
    });
  });
});
