import { describe, expect, it } from 'vitest';
import { parseAuthenticationResults } from '../../src/trust/authentication-results.ts';

/** `dkim=pass header.d=example.com` for each result, behind the server's name. */
function read(raw: string): string[] {
  const found = parseAuthenticationResults(raw);
  if ('refused' in found) return [`refused: ${found.refused}`];
  return [
    found.authservId,
    ...found.results.map(({ method, result, properties }) =>
      [`${method}=${result}`, ...properties.map(({ name, value }) => `${name}=${value}`)].join(' '),
    ),
  ];
}

describe('Authentication-Results', () => {
  it.each<[string, string, string[]]>([
    // RFC 8601, appendix B.
    ['B.2: none', 'example.org 1; none', ['example.org']],
    [
      'B.3',
      'example.com; spf=pass smtp.mailfrom=example.net',
      ['example.com', 'spf=pass smtp.mailfrom=example.net'],
    ],
    [
      'B.4: comments, several results',
      'example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; spf=pass smtp.mailfrom=example.net',
      ['example.com', 'auth=pass smtp.auth=sender@example.net', 'spf=pass smtp.mailfrom=example.net'],
    ],
    [
      'B.6: several of one method, reason',
      'example.com; dkim=pass reason="good signature" header.i=@mail-router.example.net; dkim=fail reason="bad signature" header.i=@newyork.example.com',
      [
        'example.com',
        'dkim=pass header.i=@mail-router.example.net',
        'dkim=fail header.i=@newyork.example.com',
      ],
    ],
    [
      'B.7: comments everywhere',
      "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 1362471462",
      ['foo.example.net', 'dkim=fail policy.expired=1362471462'],
    ],
    // Seen in practice.
    [
      'Gmail',
      'mx.google.com; dkim=pass header.i=@example.com header.s=mail header.b="Ab/cD+eF"; spf=pass (google.com: domain of a@example.com designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@example.com; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.com',
      [
        'mx.google.com',
        'dkim=pass header.i=@example.com header.s=mail header.b=Ab/cD+eF',
        'spf=pass smtp.mailfrom=a@example.com',
        'dmarc=pass header.from=example.com',
      ],
    ],
    [
      'base64 without quotes',
      'mx.a.example; dkim=pass header.b=Ab/cD+e= header.d=b.example',
      ['mx.a.example', 'dkim=pass header.b=Ab/cD+e= header.d=b.example'],
    ],
    [
      'properties without a type',
      'mx.a.example; dkim=pass (2048-bit rsa key sha256) header.d=b.example header.a=rsa-sha256 x-bits=2048',
      ['mx.a.example', 'dkim=pass header.d=b.example header.a=rsa-sha256 x-bits=2048'],
    ],
    [
      'a semicolon at the end, and one without a blank',
      'mx.a.example;spf=pass smtp.mailfrom=b.example;dkim=none;',
      ['mx.a.example', 'spf=pass smtp.mailfrom=b.example', 'dkim=none'],
    ],
    [
      'a bounce has no sender',
      'mx.a.example; spf=none smtp.mailfrom=; dkim=pass header.d=b.example',
      ['mx.a.example', 'spf=none smtp.mailfrom=', 'dkim=pass header.d=b.example'],
    ],
    [
      'an address in brackets',
      'mx.a.example; spf=none smtp.mailfrom=<>',
      ['mx.a.example', 'spf=none smtp.mailfrom=<>'],
    ],
    // Letter cases, quotes, blanks.
    [
      'letter cases',
      'MX.Google.COM; DKIM=Pass Header.D=Example.com',
      ['mx.google.com', 'dkim=pass header.d=Example.com'],
    ],
    ['a quoted name is the same name', '"mx.google.com"; none', ['mx.google.com']],
    ['with quoted pairs', '"mx\\.google.com"; none', ['mx.google.com']],
    ['no blank between name and version', 'mx.a.example(x)1; none', ['mx.a.example']],
    [
      'a quoted value hides what looks like a result',
      'mx.a.example; spf=fail smtp.mailfrom="x; dkim=pass header.d=example.com"@evil.example',
      ['mx.a.example', 'spf=fail smtp.mailfrom=x; dkim=pass header.d=example.com@evil.example'],
    ],
    [
      'a comment hides what looks like a result',
      'mx.a.example; spf=fail (helo; dkim=pass header.d=example.com \\) (nested)) smtp.helo=x',
      ['mx.a.example', 'spf=fail smtp.helo=x'],
    ],
    // Refused as a whole.
    ['nothing', '', ['refused: who says so is missing or cannot be read']],
    ['no results', 'mx.a.example', ['refused: it has no results']],
    ['an empty result', 'mx.a.example;', ['refused: it has no results']],
    [
      'Exchange Online: no name',
      'spf=pass (sender) smtp.mailfrom=a.example; dkim=pass header.d=a.example',
      ['refused: something stands where a semicolon should'],
    ],
    [
      'none beside results',
      'mx.a.example; none; dkim=pass header.d=a.example',
      ['refused: it has no results'],
    ],
    ['a result without a method', 'mx.a.example; =pass', ['refused: a method is missing or cannot be read']],
    ['a method without a result', 'mx.a.example; dkim', ['refused: a method has no result']],
    [
      'a version of the future',
      'mx.a.example 2; dkim=pass header.d=a.example',
      ['refused: it is of an unknown version'],
    ],
    [
      'a method of the future',
      'mx.a.example; dkim/2=pass header.d=a.example',
      ['refused: a method has an unknown version'],
    ],
    [
      'a semicolon is missing',
      'mx.a.example dkim=pass header.d=a.example',
      ['refused: something stands where a semicolon should'],
    ],
    ['a property without a value', 'mx.a.example; dkim=pass header.d', ['refused: a property has no value']],
    [
      'a comment that does not end',
      'mx.a.example; dkim=pass (oh header.d=a.example',
      ['refused: a comment does not end'],
    ],
    ['a comment that ends in a backslash', 'mx.a.example; none (\\', ['refused: a comment does not end']],
    [
      'a quoted string that does not end',
      'mx.a.example; spf=pass smtp.mailfrom="a',
      ['refused: a value is missing or cannot be read'],
    ],
    [
      'a NUL',
      'mx.google.com\0; dkim=pass header.d=a.example',
      ['refused: something stands where a semicolon should'],
    ],
    [
      'a control character in quotes',
      '"mx\x07"; none',
      ['refused: who says so is missing or cannot be read'],
    ],
  ])('%s', (_, raw, expected) => {
    expect(read(raw)).toEqual(expected);
  });

  it.each([
    'mx.google.com.evil.example',
    'evil.mx.google.com',
    'mx.google.com.',
    'mx.google.co',
    'mx.googIe.com',
    'mx.gооgle.com',
    'ｍx.google.com',
    '"mx.google.com "',
    '" mx.google.com"',
  ])('does not take %s for mx.google.com', (id) => {
    expect(read(`${id}; none`)[0]).not.toBe('mx.google.com');
  });

  it('knows the letters of ASCII alone: the sign for kelvin is no k', () => {
    expect(read('mx.ban\u212A.example; none')[0]).not.toBe('mx.bank.example');
  });

  it('takes no longer for what is made to take long', () => {
    // Of the processor, for the machine may be busy with other tests.
    const begun = process.cpuUsage();
    const raws = [
      `mx.a.example; dkim=pass ${'('.repeat(100_000)}`,
      `mx.a.example; ${'dkim=pass '.repeat(50_000)}`,
      `mx.a.example; x=y z.z="${'\\"'.repeat(100_000)}`,
      `mx.a.example; x=y ${'a'.repeat(200_000)}`,
      `mx.a.example; x=y z.z=${'a"b"'.repeat(50_000)}"`,
    ];
    for (const raw of raws) read(raw);
    expect(process.cpuUsage(begun).user / 1000).toBeLessThan(1_000);
  });
});
