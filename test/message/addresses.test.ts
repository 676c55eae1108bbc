import { describe, expect, it } from 'vitest';
import {
  addressKey,
  isMailSystem,
  isUsableAddress,
  ownMatcher,
  parseAddresses,
  parseQuotedAddresses,
} from '../../src/message/addresses.ts';

const written = (addresses: readonly { name: string; address: string }[]) =>
  addresses.map(({ name, address }) => `${name}|${address}`);

describe('address lists', () => {
  it.each([
    ['bare', 'joe@example.com', ['|joe@example.com']],
    ['with a name', 'Joe Customer <joe@example.com>', ['Joe Customer|joe@example.com']],
    ['with a quoted comma', '"Customer, Joe" <joe@example.com>', ['Customer, Joe|joe@example.com']],
    ['two', 'a@example.com, B <b@example.com>', ['|a@example.com', 'B|b@example.com']],
    ['name in a comment', 'joe@example.com (Joe Customer)', ['Joe Customer|joe@example.com']],
    ['group', 'Us: a@example.com, B <b@example.com>;', ['|a@example.com', 'B|b@example.com']],
    ['empty group', 'undisclosed-recipients:;', []],
    ['nothing', '', []],
    ['brackets alone', '<>', []],
    ['stray commas', ', <joe@example.com>, ,', ['|joe@example.com']],
    ['encoded name', '=?utf-8?Q?J=C3=B6rg?= <j@example.com>', ['Jörg|j@example.com']],
    ['raw UTF-8 name', 'Jörg <j@example.com>', ['Jörg|j@example.com']],
    [
      'structure inside an encoded name',
      '=?utf-8?Q?=22=2C_=3Cevil=40x.example=3E?= <joe@example.com>',
      ['", <evil@x.example>|joe@example.com'],
    ],
    ['address as name', 'evil@x.example <joe@example.com>', ['evil@x.example|joe@example.com']],
    ['encoded word as address', '=?utf-8?Q?joe@example.com?=', []],
    ['NUL in an encoded name', '=?utf-8?Q?a=00b?= <joe@example.com>', ['a\uFFFDb|joe@example.com']],
    ['lone surrogate in an encoded name', '=?utf-16be?B?2AA=?= <j@example.com>', ['\uFFFD|j@example.com']],
  ])('%s', (_, raw, expected) => {
    expect(written(parseAddresses(raw))).toEqual(expected);
  });

  it.each([
    ['typographic', '“Joe Customer” <joe@example.com>', 'Joe Customer|joe@example.com'],
    ['typographic with a comma', '“Customer, Joe” <joe@example.com>', 'Customer, Joe|joe@example.com'],
    ['German', '„Joe Customer“ <joe@example.com>', 'Joe Customer|joe@example.com'],
    ['French', '«Joe Customer» <joe@example.com>', 'Joe Customer|joe@example.com'],
    ['straight', '"Joe Customer" <joe@example.com>', 'Joe Customer|joe@example.com'],
    ['one alone', '5” Pizza <joe@example.com>', '5” Pizza|joe@example.com'],
    [
      'a name whose word has an address in it',
      '=?utf-8?Q?x_<evil@x.example>?= <joe@example.com>',
      'x <evil@x.example>|joe@example.com',
    ],
  ])('quotes: %s', (_, raw, expected) => {
    expect(written(parseQuotedAddresses(raw))).toEqual([expected]);
  });
});

describe('usable addresses', () => {
  it.each([
    ['plain', 'joe@example.com', true],
    ['tagged', 'joe+x@example.com', true],
    ['in other scripts', 'ελένη@παράδειγμα.example', true],
    ['255 bytes', `${'a'.repeat(243)}@example.com`, true],
    ['256 bytes', `${'a'.repeat(244)}@example.com`, false],
    ['255 bytes in other letters', `${'ö'.repeat(121)}a@example.com`, true],
    ['too long in bytes only', `${'ö'.repeat(122)}@example.com`, false],
    ['empty', '', false],
    ['no at', 'joe', false],
    ['no domain', 'joe@', false],
    ['no local part', '@example.com', false],
    ['space', 'j oe@example.com', false],
    ['line break', 'joe@example.com\r\nx', false],
    ['NUL', 'joe\0@example.com', false],
    ['lone surrogate', 'joe\uD800@example.com', false],
    ['what was a NUL', 'joe\uFFFD@example.com', false],
    ['angle bracket', 'joe<@example.com', false],
    ['encoded word', '=?utf-8?q?joe?=@example.com', false],
    ['what a fold has left of one', 'joe@example.?=', false],
    ['a question mark before the at', 'joe?@example.com', true],
  ])('%s', (_, address, expected) => {
    expect(isUsableAddress(address)).toBe(expected);
  });
});

describe('address keys', () => {
  it.each([
    ['letter case', 'JOE@Example.COM', 'joe@example.com'],
    ['IDN as U-label', 'joe@Bücher.example', 'joe@xn--bcher-kva.example'],
    ['IDN as A-label', 'joe@XN--BCHER-KVA.example', 'joe@xn--bcher-kva.example'],
    ['decomposed domain', 'joe@bu\u0308cher.example', 'joe@xn--bcher-kva.example'],
    ['decomposed local part', 'jo\u0308rg@example.com', 'jörg@example.com'],
    ['marks that lower case puts into another order', '\u0130\u0316@a.example', 'i\u0316\u0307@a.example'],
    ['dot of the root', 'joe@example.com.', 'joe@example.com'],
    ['dots of the root', 'joe@example.com..', 'joe@example.com'],
    ['an ideographic dot of the root', 'joe@example.com\u3002', 'joe@example.com'],
    ['an IDN and a path', 'joe@bücher.example/x', 'joe@bücher.example/x'],
    ['an IDN and a port', 'joe@bücher.example:25', 'joe@bücher.example:25'],
    ['at in the local part', 'a@b@example.com', 'a@b@example.com'],
    ['a number that is no IPv4 address', 'joe@127.1', 'joe@127.1'],
    ['a tag stays', 'joe+x@example.com', 'joe+x@example.com'],
  ])('%s', (_, address, expected) => {
    expect(addressKey(address)).toBe(expected);
  });
});

describe('own addresses', () => {
  const isOwn = ownMatcher(['support@example.com', 'lamps.example', '.Shop.example', 'bücher.example']);

  it.each([
    ['listed', 'support@example.com', true],
    ['listed, other letter case', 'Support@EXAMPLE.com', true],
    ['listed with a +tag', 'support+case-7@example.com', true],
    ['another of that domain', 'joe@example.com', false],
    ['longer local part', 'support2@example.com', false],
    ['domain', 'anyone@lamps.example', true],
    ['domain with a +tag', 'anyone+x@lamps.example', true],
    ['subdomain of a domain alone', 'anyone@news.lamps.example', false],
    ['dotted domain itself', 'anyone@shop.example', true],
    ['its subdomain', 'anyone@mail.shop.example', true],
    ["its subdomain's subdomain", 'anyone@a.b.shop.example', true],
    ['a domain that only ends alike', 'anyone@workshop.example', false],
    ['a domain that begins alike', 'anyone@lamps.example.evil.example', false],
    ['IDN as A-label', 'a@xn--bcher-kva.example', true],
    ['IDN as U-label in capitals', 'a@BÜCHER.example', true],
    ['IDN as U-label, composed otherwise', 'a@bu\u0308cher.example', true],
    ['in full-width letters', 'anyone@\uFF4Camps.example', false],
    ['with a long s', 'anyone@lamp\u017F.example', false],
    ['with a Kelvin sign', 'anyone@lamps.example.\u212A', false],
    ['with another dot', 'anyone@lamps\u3002example', false],
    ['with a sign of no width', 'anyone@la\u00ADmps.example', false],
    ["with the root's dot", 'anyone@lamps.example.', false],
    ['own address as local part', 'support@example.com@evil.example', false],
    ['bare +tag', '+x@example.com', false],
  ])('%s', (_, address, expected) => {
    expect(isOwn(address)).toBe(expected);
  });

  it('none listed, none own', () => {
    expect(ownMatcher([])('support@example.com')).toBe(false);
  });
});

describe('mail systems', () => {
  it.each([
    ['MAILER-DAEMON@example.com', true],
    ['postmaster@example.com', true],
    ['postmaster2@example.com', false],
    ['joe@postmaster.example', false],
  ])('%s: %s', (address, expected) => {
    expect(isMailSystem(address)).toBe(expected);
  });
});
