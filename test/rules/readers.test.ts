import { describe, expect, it } from 'vitest';
import { readHeaderLine } from '../../src/message/headers.ts';
import * as read from '../../src/rules/readers.ts';

/** A header field as it arrives: a latin1 string of the UTF-8 bytes. */
const field = (body: string) => readHeaderLine(Buffer.from(`X: ${body}`, 'utf8').toString('latin1'));

describe('values taken', () => {
  it.each<[string, read.Reader<unknown>, string, unknown]>([
    ['text', read.readText, 'Malmö', 'Malmö'],
    ['text, encoded', read.readText, '=?iso-8859-1?Q?Malm=F6?=', 'Malmö'],
    ['identifier', read.readIdentifier, 'ORDER-1', 'ORDER-1'],
    ['identifier of 255 bytes', read.readIdentifier, 'a'.repeat(255), 'a'.repeat(255)],
    [
      'identifier of 255 bytes in 128 letters',
      read.readIdentifier,
      `${'ö'.repeat(127)}a`,
      `${'ö'.repeat(127)}a`,
    ],
    ['identifier with the letter case it has', read.readIdentifier, 'Order', 'Order'],
    ['status', read.readStatus, 'resolved', 'resolved'],
    ['status in capitals', read.readStatus, 'CLOSED', 'closed'],
    ['status new', read.readStatus, 'new', 'new'],
    ['direction', read.readDirection, 'out', 'out'],
    ['direction in capitals', read.readDirection, 'In', 'in'],
    ['label', read.readLabels, 'vip', ['vip']],
    ['labels', read.readLabels, 'vip, new customer ,x', ['vip', 'new customer', 'x']],
    ['text with spaces doubled by folding', read.readText, 'a  b   c', 'a b c'],
    ['an identifier with them', read.readIdentifier, 'order  7', 'order 7'],
    ['labels with them', read.readLabels, 'big  lamp, small   lamp', ['big lamp', 'small lamp']],
    ['labels with doubles and empties', read.readLabels, 'a,,b, a,', ['a', 'b']],
    ['labels, encoded', read.readLabels, '=?utf-8?Q?gr=C3=BC=C3=9Fe=2C_b?=', ['grüße', 'b']],
    ['language', read.readLanguage, 'es', 'es'],
    ['language in capitals', read.readLanguage, 'ES', 'es'],
    ['language with a region', read.readLanguage, 'PT-br', 'pt-BR'],
    ['country', read.readCountry, 'SE', 'SE'],
    ['country in small letters', read.readCountry, 'se', 'SE'],
    ['IPv4', read.readIpAddress, '192.0.2.1', '192.0.2.1'],
    ['IPv6', read.readIpAddress, '2001:db8::1', '2001:db8::1'],
    ['IPv4 within IPv6', read.readIpAddress, '::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['latitude', read.readLatitude, '55.6050', 55.605],
    ['latitude at the south pole', read.readLatitude, '-90', -90],
    ['latitude with a sign', read.readLatitude, '+90.0', 90],
    ['latitude without a leading digit', read.readLatitude, '-.5', -0.5],
    ['longitude', read.readLongitude, '123.4', 123.4],
    ['longitude at the limit', read.readLongitude, '-180', -180],
    ['priority, least', read.readPriority, '1', 1],
    ['priority, most', read.readPriority, '10', 10],
    ['customer', read.readCustomer, 'joe@example.com', { name: '', address: 'joe@example.com' }],
    [
      'customer in quotes',
      read.readCustomer,
      '"Joe C" <joe@example.com>',
      { name: 'Joe C', address: 'joe@example.com' },
    ],
    [
      'customer without quotes',
      read.readCustomer,
      'Joe C <joe@example.com>',
      { name: 'Joe C', address: 'joe@example.com' },
    ],
    [
      'typographic quotes',
      read.readCustomer,
      '“C, Joe” <joe@example.com>',
      { name: 'C, Joe', address: 'joe@example.com' },
    ],
    [
      'name encoded',
      read.readCustomer,
      '=?utf-8?Q?J=C3=B6rg?= <j@example.com>',
      { name: 'Jörg', address: 'j@example.com' },
    ],
    [
      'all of it encoded, B',
      read.readCustomer,
      `=?utf-8?B?${Buffer.from('“Joe C” <joe@example.com>').toString('base64')}?=`,
      { name: 'Joe C', address: 'joe@example.com' },
    ],
    // As Ruby's mail writes it: the whole value, folded wherever the line is full.
    ...(['asa@exampl', 'asa@example.', 'a', 'asa@', '<asa', 'asa@example.org'] as const).map(
      (part): [string, read.Reader<unknown>, string, unknown] => {
        const rest = '<asa@example.org>'.slice('<asa@example.org>'.indexOf(part) + part.length);
        const first = '<asa@example.org>'.slice(0, '<asa@example.org>'.length - rest.length);
        return [
          `all of it encoded, Q, folded behind ${part}`,
          read.readCustomer,
          `=?UTF-8?Q?=22=C3=85sa_=C3=96berg=22_${first}?= =?UTF-8?Q?${rest}?=`,
          { name: 'Åsa Öberg', address: 'asa@example.org' },
        ];
      },
    ),
    [
      'address alone, encoded',
      read.readCustomer,
      '=?utf-8?Q?joe=40example.com?=',
      { name: '', address: 'joe@example.com' },
    ],
    [
      'address alone, at unencoded',
      read.readCustomer,
      '=?utf-8?Q?joe@example.com?=',
      { name: '', address: 'joe@example.com' },
    ],
  ])('%s: %3$j', (_, reader, body, value) => {
    expect(reader(field(body))).toEqual({ value });
  });

  it('two addresses: the first, with a note', () => {
    expect(read.readCustomer(field('a@example.com, b@example.com'))).toEqual({
      value: { name: '', address: 'a@example.com' },
      note: 'more than one address: the first counts',
    });
  });
});

describe('values refused', () => {
  it.each<[string, read.Reader<unknown>, string, string]>([
    ['identifier of 256 bytes', read.readIdentifier, 'a'.repeat(256), 'longer than 255 bytes'],
    ['identifier of 256 bytes in 128 letters', read.readIdentifier, 'ö'.repeat(128), 'longer than 255 bytes'],
    ['status', read.readStatus, 'reopened', 'not one of new, open, pending, resolved, closed'],
    ['status in two words', read.readStatus, 'open closed', 'not one of'],
    ['status with a comma', read.readStatus, 'open,', 'not one of'],
    ['direction', read.readDirection, 'outbound', 'not one of in, out'],
    ['labels of commas', read.readLabels, ', ,', 'no label'],
    ['language by name', read.readLanguage, 'english', 'ISO 639-1'],
    ['language that is none', read.readLanguage, 'xx', 'ISO 639-1'],
    ['language of three letters', read.readLanguage, 'eng', 'ISO 639-1'],
    ['language with an underscore', read.readLanguage, 'pt_BR', 'ISO 639-1'],
    ['language with a region that is none', read.readLanguage, 'pt-XX', 'region XX'],
    ['country by name', read.readCountry, 'Sweden', 'ISO 3166-1'],
    ['country that is none', read.readCountry, 'XX', 'ISO 3166-1'],
    ['country of three letters', read.readCountry, 'SWE', 'ISO 3166-1'],
    ['country as a number', read.readCountry, '752', 'ISO 3166-1'],
    ['country by an inherited name', read.readCountry, 'constructor', 'ISO 3166-1'],
    ['IPv4 out of range', read.readIpAddress, '192.0.2.256', 'IPv4 or IPv6'],
    ['IPv4 with a port', read.readIpAddress, '192.0.2.1:80', 'IPv4 or IPv6'],
    ['IPv4 with a mask', read.readIpAddress, '192.0.2.0/24', 'IPv4 or IPv6'],
    ['IPv6 with a zone', read.readIpAddress, 'fe80::1%eth0', 'IPv4 or IPv6'],
    ['host name', read.readIpAddress, 'example.com', 'IPv4 or IPv6'],
    ['latitude out of range', read.readLatitude, '123', 'from -90 to 90'],
    ['latitude just out of range', read.readLatitude, '90.0001', 'from -90 to 90'],
    ['latitude with a comma', read.readLatitude, '55,6', 'from -90 to 90'],
    ['latitude in degrees and minutes', read.readLatitude, '55°36′', 'from -90 to 90'],
    ['latitude with an exponent', read.readLatitude, '1e1', 'from -90 to 90'],
    ['latitude NaN', read.readLatitude, 'NaN', 'from -90 to 90'],
    ['latitude in hexadecimal', read.readLatitude, '0x10', 'from -90 to 90'],
    ['longitude out of range', read.readLongitude, '-180.5', 'from -180 to 180'],
    ['longitude that is a dot', read.readLongitude, '.', 'from -180 to 180'],
    ['priority 0', read.readPriority, '0', '1 to 10'],
    ['priority 11', read.readPriority, '11', '1 to 10'],
    ['priority with a fraction', read.readPriority, '5.5', '1 to 10'],
    ['priority in words', read.readPriority, 'high', '1 to 10'],
    ['customer without an address', read.readCustomer, 'Joe Customer', 'no usable e-mail address'],
    ['customer with half an address', read.readCustomer, 'Joe <joe@>', 'no usable e-mail address'],
    ['customer with an address too long', read.readCustomer, `${'a'.repeat(250)}@example.com`, 'no usable'],
    ['customer that is a mail system', read.readCustomer, 'MAILER-DAEMON@example.com', 'mail system'],
    ['customer that is a postmaster', read.readCustomer, 'Post <postmaster@example.com>', 'mail system'],
  ])('%s', (_, reader, body, reason) => {
    expect(reader(field(body))).toEqual({ refused: expect.stringContaining(reason) });
  });
});
