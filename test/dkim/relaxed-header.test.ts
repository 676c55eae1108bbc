import { Readable } from 'node:stream';
import fc from 'fast-check';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { describe, expect, it } from 'vitest';
import { hasOtherBlanks, relaxedHeader } from '../../src/dkim/relaxed-header.ts';
import { dkimKey, dkimSignature } from '../support/dkim.ts';
import { SEED } from '../support/seed.ts';

const SIGNATURE = 'DKIM-Signature: v=1; a=rsa-sha256;\r\n\tb=QUFB\r\n\t QUFB; h=a : b';

describe('a header in relaxed form', () => {
  it.each<[string, string[], string[], string]>([
    // RFC 6376, section 3.4.5.
    [
      'as the RFC has it',
      ['A: X\r\n', 'B : Y\t\r\n\tZ  '].map((line) => line.trimEnd()),
      ['a', 'b'],
      'a:X\r\nb:Y Z\r\n',
    ],
    ['in the order of h=', ['A: 1', 'B: 2'], ['b', 'a'], 'b:2\r\na:1\r\n'],
    ['from the bottom up', ['A: 1', 'A: 2'], ['a', 'a'], 'a:2\r\na:1\r\n'],
    ['only as often as it is named', ['A: 1', 'A: 2'], ['a'], 'a:2\r\n'],
    ['without what is not there', ['A: 1'], ['a', 'a', 'c'], 'a:1\r\n'],
    ['an empty one', ['A:'], ['a'], 'a:\r\n'],
    ['blanks of ASCII alone', ['A: \u00C3\u00A0 \t b\v\f'], ['a'], 'a:\u00C3\u00A0 b\v\f\r\n'],
  ])('%s', (_, fields, signed, expected) => {
    const made = relaxedHeader(fields, signed, SIGNATURE).toString('latin1');
    expect(made).toBe(`${expected}dkim-signature:v=1; a=rsa-sha256; b=; h=a : b`);
  });

  it.each<[string, string]>([
    ['b= at the end', 'DKIM-Signature: a=1; bh=x; b=YWJj'],
    ['b= at the beginning', 'DKIM-Signature: b = YWJj ; a=1'],
    ['bh= is another tag', 'DKIM-Signature: bh=b; b=\r\n YWJj'],
  ])('without its own value: %s', (_, signature) => {
    expect(relaxedHeader([], [], signature).toString('latin1')).not.toContain('YWJj');
  });
});

it(`is what mailauth makes of it, but for its other blanks (seed ${SEED})`, async () => {
  const key = dkimKey('example.com');
  const text = fc.string({
    unit: fc.constantFrom('a', 'B', ' ', '\t', '\r\n ', ';', 'b=', 'é', 'ü'),
    maxLength: 30,
  });
  const field = fc.tuple(fc.constantFrom('From', 'from', 'To', 'X-A'), text);
  await fc.assert(
    fc.asyncProperty(fc.array(field, { minLength: 1, maxLength: 5 }), async (given) => {
      const fields = given.map(([name, value]) => `${name}: x${value}y`);
      const message = `${fields.join('\r\n')}\r\n\r\nHello\r\n`;
      const signature = dkimSignature(message, key);
      const { results } = await dkimVerify(Readable.from([Buffer.from(`${signature}\r\n${message}`)]), {
        resolver: async () => [[key.record]],
      });
      const signed = fields.map((each) => each.slice(0, each.indexOf(':')).toLowerCase());
      const lines = fields.map((each) => Buffer.from(each).toString('latin1'));
      const [found] = results as unknown as { signingHeaders: { canonicalizedHeader: string } }[];
      expect(hasOtherBlanks(lines)).toBe(false);
      expect(relaxedHeader(lines, signed, signature).toString('base64')).toBe(
        found?.signingHeaders.canonicalizedHeader,
      );
    }),
    { seed: SEED, numRuns: 40 },
  );
});
