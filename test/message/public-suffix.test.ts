import { describe, expect, it } from 'vitest';
import { isPublicSuffix, isRegistrySuffix } from '../../src/message/public-suffix.ts';

describe('public suffixes', () => {
  it.each([
    ['com', true, true],
    ['COM.', true, true],
    ['co.uk', true, true],
    ['Co.Uk', true, true],
    // A wildcard with an exception: *.ck, !www.ck.
    ['foo.ck', true, true],
    ['www.ck', false, false],
    ['公司.cn', true, true],
    ['xn--55qx5d.cn', true, true],
    ['github.io', true, false],
    ['s3.amazonaws.com', true, false],
    ['example.com', false, false],
    ['example.co.uk', false, false],
    ['pages.github.io', false, false],
    ['gmail.com', false, false],
    // Not listed: a network's own, and what is no domain.
    ['local', false, false],
    ['test', false, false],
    ['mail.local', false, false],
    ['192.0.2.1', false, false],
    ['a..b', false, false],
    ['', false, false],
  ])('%s: of anybody %s, of a registry %s', (domain, isPublic, isRegistry) => {
    expect(isPublicSuffix(domain)).toBe(isPublic);
    expect(isRegistrySuffix(domain)).toBe(isRegistry);
  });
});
