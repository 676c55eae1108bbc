import { describe, expect, it } from 'vitest';
import { keyObjection, keyRecord } from '../../src/dkim/key-record.ts';
import { parseDkimSignature } from '../../src/trust/dkim-signature.ts';

function signature(more = '') {
  const found = parseDkimSignature(
    `v=1; a=rsa-sha256; d=example.com; s=mail; h=from; bh=YWJj; b=YWJj${more}`,
  );
  if ('refused' in found) throw new Error(found.refused);
  return found;
}

describe('the record of a key', () => {
  it.each<[string, string[], string | undefined]>([
    ['one', ['v=DKIM1; p=AAAA'], 'v=DKIM1; p=AAAA'],
    ['beside another that is none', ['v=spf1 -all', 'p=AAAA'], 'p=AAAA'],
    ['two', ['p=AAAA', 'p=BBBB'], undefined],
    ['none', ['v=spf1 -all'], undefined],
  ])('is found: %s', (_, records, expected) => {
    expect(keyRecord(records)).toBe(expected);
  });

  it.each<[string, string, string | undefined, string?]>([
    ['plain', 'v=DKIM1; k=rsa; p=AAAA', undefined],
    ['bare', 'p=AAAA', undefined],
    ['for these algorithms', 'h=sha1:SHA256; p=AAAA', undefined],
    ['for mail', 's=email; p=AAAA', undefined],
    ['for everything', 's=*; t=s; p=AAAA', undefined],
    ['for subdomains', 't=; p=AAAA', undefined, '; i=@sub.example.com'],
    ['another version', 'v=DKIM2; p=AAAA', 'unknown version'],
    ['taken back', 'v=DKIM1; p=', 'taken back'],
    ['of another kind', 'k=ed25519; p=AAAA', 'another kind'],
    ['for other algorithms', 'h=sha1; p=AAAA', 'other algorithms'],
    ['not for mail', 's=tlsrpt; p=AAAA', 'not for mail'],
    ['on trial', 't=y; p=AAAA', 'trying DKIM out'],
    ['on trial, among other flags', 't=s : y; p=AAAA', 'trying DKIM out'],
    ['not for subdomains', 't=s; p=AAAA', 'not for subdomains', '; i=@sub.example.com'],
    ['a tag twice', 'p=AAAA; p=BBBB', 'cannot be read'],
    ['no list of tags', 'p=AAAA; hello', 'cannot be read'],
  ])('%s', (_, record, expected, more) => {
    const objection = keyObjection(record, signature(more));
    if (expected === undefined) expect(objection).toBeUndefined();
    else expect(objection).toContain(expected);
  });
});

it('is not read in more time where blanks stand everywhere, and not at all where it is too long', () => {
  const begun = process.cpuUsage();
  const long = `v=DKIM1; p=${' '.repeat(500_000)}\u0001`;
  expect(keyRecord([long])).toBeUndefined();
  keyObjection(`v=DKIM1; p=${' '.repeat(100_000)}\u0001`, signature());
  expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(500);
});
