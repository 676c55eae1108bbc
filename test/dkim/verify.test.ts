import { describe, expect, it } from 'vitest';
import { verifySignatures } from '../../src/dkim/verify.ts';
import { bodyStart, readHead } from '../../src/message/head.ts';
import { readHeaderLine } from '../../src/message/headers.ts';
import { type DkimSignature, parseDkimSignature } from '../../src/trust/dkim-signature.ts';
import { dkimKey, dkimSigned } from '../support/dkim.ts';
import { mail } from '../support/mail.ts';

const key = dkimKey('example.com');
const AT = new Date(Date.UTC(2026, 10, 9));

function signaturesIn(source: Buffer): DkimSignature[] {
  const { lines } = readHead(source.subarray(0, bodyStart(source)));
  return lines
    .map(readHeaderLine)
    .filter((field) => field.key === 'dkim-signature')
    .flatMap(({ raw }, index) => {
      const found = parseDkimSignature(raw, index);
      return 'refused' in found ? [] : [found];
    });
}

const verify = (text: string | Buffer, record = key.record) => {
  const source = Buffer.from(text);
  return verifySignatures(
    source,
    signaturesIn(source).map((signature) => ({ signature, record })),
    AT,
  );
};

const SHOP = { From: 'www@example.com', To: 'joe@customer.example', 'X-Desk-Case-Status': 'closed' };
const good = () => dkimSigned(mail(SHOP), key);

describe('verifying', () => {
  it('each signature on its own', async () => {
    const twice = dkimSigned(good(), dkimKey('example.com'), { h: ['from'] });
    expect(await verify(twice)).toEqual([
      { index: 0, why: 'the header is not the one that was signed, or the key is another one' },
      { index: 1, why: undefined },
    ]);
  });

  it.each<[string, string | Buffer]>([
    ['with bare LF as line ends', good().replaceAll('\r\n', '\n')],
    ['without a body', dkimSigned(`${mail(SHOP).split('\r\n\r\n')[0]}\r\n\r\n`, key)],
    ['below a megabyte of other fields', `X-Other: ${'x'.repeat(1_000_000)}\r\n${good()}`],
    [
      'beside a chain of ARC, whose keys nobody asks for',
      `ARC-Seal: i=1; a=rsa-sha256; d=evil.example; s=x; cv=none; b=YWJj\r\nARC-Message-Signature: i=1; a=rsa-sha256; d=evil.example; s=x; h=from; bh=YWJj; b=YWJj\r\nARC-Authentication-Results: i=1; x; none\r\n${good()}`,
    ],
  ])('good: %s', async (_, text) => {
    expect((await verify(text)).map(({ why }) => why)).toEqual([undefined]);
  });

  it.each<[string, string, string]>([
    [
      'signs other signatures',
      dkimSigned(good(), key, { h: ['from', 'dkim-signature'] }),
      'it signs other signatures',
    ],
    [
      'has signs that another reader takes for comments or quotes',
      dkimSigned(mail(SHOP), key, { more: ["z=From:(x) 'y"] }),
      'it has signs that it need not have',
    ],
    ['has a key that is none', good(), 'its key cannot be read'],
  ])('not good: it %s', async (name, text, why) => {
    const [first] = await verify(text, name.includes('none') ? 'p=AAAA' : key.record);
    expect(first?.why).toBe(why);
  });
});
