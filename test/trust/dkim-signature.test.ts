import { describe, expect, it } from 'vitest';
import {
  type DkimSignature,
  parseDkimSignature,
  uncovered,
  weakness,
} from '../../src/trust/dkim-signature.ts';
import { headersOf } from '../message/build.ts';

const PLAIN = 'v=1; a=rsa-sha256; d=example.com; s=mail; h=From:To; bh=YWJj; b=YWJj';

function signature(raw: string): DkimSignature {
  const found = parseDkimSignature(raw);
  if ('refused' in found) throw new Error(found.refused);
  return found;
}

describe('a DKIM-Signature', () => {
  it('says what it is', () => {
    const raw =
      'v=1; a=RSA-SHA256; c=relaxed/simple; d=Example.COM; s=Mail.2026;  i=joe@News.Example.com; t=1700000000; x=1700000600;\th=From : To:\t Subject :from; bh=YW Jj; b=Y\tWJj ;';
    expect(parseDkimSignature(raw, 2)).toEqual({
      index: 2,
      algorithm: 'rsa-sha256',
      domain: 'example.com',
      selector: 'mail.2026',
      identity: 'news.example.com',
      signed: ['from', 'to', 'subject', 'from'],
      isPartial: false,
      expires: 1_700_000_600,
      value: 'YWJj',
    });
  });

  it.each<[string, string]>([
    ['blanks around the equals sign', PLAIN.replaceAll('=', ' = ').replace('YWJj ', 'YWJj')],
    ['unknown tags', `${PLAIN}; foo=bar; r2=`],
    ['z=', `${PLAIN}; z=From:joe@example.com|To:x`],
    ['q=', `${PLAIN}; q=dns/txt`],
    ['a semicolon at the end', `${PLAIN};`],
  ])('takes %s', (_, raw) => {
    expect(parseDkimSignature(raw)).toMatchObject({ domain: 'example.com', value: 'YWJj' });
  });

  it.each<[string, string, string]>([
    ['no tag list', 'hello', 'no list of tags'],
    ['nothing', '', 'no list of tags'],
    ['an empty tag', PLAIN.replace('; s=', ';; s='), 'no list of tags'],
    ['a tag twice', `${PLAIN}; d=evil.example`, 'd= twice'],
    [
      'a tag in another letter case, which some take for the same',
      `${PLAIN}; D=evil.example`,
      'no list of tags',
    ],
    ['h= twice', `${PLAIN}; h=from:x-desk-case-status`, 'h= twice'],
    ['another version', PLAIN.replace('v=1', 'v=2'), 'its v='],
    ['no version', PLAIN.replace('v=1; ', ''), 'its v='],
    ['an unknown algorithm', PLAIN.replace('rsa-sha256', 'rsa-md5'), 'its a='],
    ['no domain', PLAIN.replace('d=example.com; ', ''), 'its d='],
    ['a domain beyond ASCII', PLAIN.replace('example.com', 'exämple.com'), 'no list of tags'],
    ['a domain with a blank', PLAIN.replace('example.com', 'example .com'), 'its d='],
    ['a domain that ends in a dot', PLAIN.replace('example.com', 'example.com.'), 'its d='],
    ['no selector', PLAIN.replace('s=mail', 's='), 'its s='],
    ['From not signed', PLAIN.replace('From:To', 'To'), 'its h='],
    ['an empty name in h=', PLAIN.replace('From:To', 'From::To'), 'its h='],
    ['i= of another domain', `${PLAIN}; i=@evil.example`, 'its i='],
    ['i= of a domain that ends alike', `${PLAIN}; i=@evilexample.com`, 'its i='],
    ['signs in b= that some skip', PLAIN.replace('; b=YWJj', '; b=YW*Jj'), 'its b='],
    ['no body hash', PLAIN.replace('bh=YWJj; ', ''), 'its bh='],
    ['l= that is no number', `${PLAIN}; l=-1`, 'its l='],
    ['t= that is no number', `${PLAIN}; t=soon`, 'its t='],
    ['x= before t=', `${PLAIN}; t=1700000600; x=1700000000`, 'its x='],
    ['another query', `${PLAIN}; q=http`, 'its q='],
  ])('refuses %s', (_, raw, reason) => {
    expect(parseDkimSignature(raw)).toEqual({ refused: expect.stringContaining(reason) });
  });

  it.each<[string, string, string[], string[]]>([
    ['once, and signed once', 'from:x-a', ['From: a@b', 'X-A: 1'], []],
    ['in another letter case', 'FROM:x-A', ['from: a@b', 'X-a: 1'], []],
    ['not signed', 'from', ['From: a@b', 'X-A: 1'], ['x-a']],
    ['twice, and signed once: one was put above it', 'from:x-a', ['X-A: 2', 'From: a@b', 'X-A: 1'], ['x-a']],
    ['twice, and signed twice', 'from:x-a:x-a', ['X-A: 2', 'From: a@b', 'X-A: 1'], []],
    ['absent, and signed as absent', 'from:x-a', ['From: a@b'], []],
    ['absent, and not signed', 'from', ['From: a@b'], []],
  ])('%s', (_, h, lines, expected) => {
    const parsed = signature(PLAIN.replace('From:To', h));
    expect(uncovered(parsed, headersOf(...lines), ['from', 'x-a', 'x-a'])).toEqual(expected);
  });

  it.each<[string, string, string | undefined]>([
    ['none', PLAIN, undefined],
    ['l=', `${PLAIN}; l=3`, 'leaves the end of the body open (l=)'],
    ['l=0', `${PLAIN}; l=0`, 'leaves the end of the body open (l=)'],
    ['SHA-1', PLAIN.replace('sha256', 'sha1'), 'is made with rsa-sha1'],
    ['expired', `${PLAIN}; x=1699999999`, 'had expired when the mail was received (x=)'],
    ['expires at that second', `${PLAIN}; x=1700000000`, undefined],
    ['expires later', `${PLAIN}; x=1700000001`, undefined],
  ])('weakness: %s', (_, raw, expected) => {
    expect(weakness(signature(raw), new Date(1_700_000_000_000))).toBe(expected);
  });

  it.each([
    `v=1; a=${' '.repeat(500_000)}\u0001`,
    `v=1; ${'a'.repeat(500_000)}`,
    `v=1; h=${'a:'.repeat(250_000)}`,
    `v=1; d=${'a.'.repeat(250_000)}`,
    `${';'.repeat(500_000)}`,
  ])('is not read where it is too long for a signature, whatever it is made of (%#)', (raw) => {
    const begun = process.cpuUsage();
    expect(parseDkimSignature(raw)).toEqual({ refused: 'it is too long' });
    // The most that is read takes no time either, wherever its blanks stand.
    for (const most of ['v=1; a=', 'v=1; a', 'v=1;']) {
      parseDkimSignature(`${most}${' '.repeat(16_000)}\u0001`);
      parseDkimSignature(`${most}${' \t'.repeat(8_000)}x${' '.repeat(10)}`);
    }
    expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(500);
  });

  it('has no key that DNS could not have: a name server would not even be asked', () => {
    const of = (s: string) => parseDkimSignature(PLAIN.replace(/s=[^;]*/, `s=${s}`));
    expect(of('a'.repeat(64))).toEqual({ refused: 'its s= cannot be taken' });
    expect(of('a'.repeat(63))).toMatchObject({ selector: 'a'.repeat(63) });
    expect(of(Array(4).fill('a'.repeat(60)).join('.'))).toMatchObject({
      refused: expect.stringMatching(/too long/),
    });
  });
});
