import { describe, expect, it } from 'vitest';
import { awaitedKey, byDkim, senderOf, signaturesToVerify } from '../../src/trust/dkim.ts';
import type { DkimTrust, Evidence, Verification } from '../../src/trust/trust.ts';
import { evidenceIn, RECEIVED_AT } from './evidence.ts';

const LISTED: DkimTrust = { domains: ['example.com', '.shop.example'] };

const RECEIVED = 'Received: from a by mx.example.net';
const results = (rest: string) => `Authentication-Results: mx.example.net; ${rest}`;
const PASS = results('dkim=pass header.d=example.com header.s=mail header.b=AAAAAAAA');
const signature = (h: string, more = '', { d = 'example.com', b = 'AAAAAAAABBBB' } = {}) =>
  `DKIM-Signature: v=1; a=rsa-sha256; d=${d}; s=mail; h=${h}; bh=YWJj; b=${b}${more}`;
const ALL = 'from:to:x-desk-case-status';
const SIGNED = signature(ALL);
const FROM = 'From: Shop <www@example.com>';
const TO = 'To: joe@example.org';
const STATUS = 'X-Desk-Case-Status: closed';
const HONEST = [PASS, RECEIVED, SIGNED, FROM, TO, STATUS];

const mailOf = (lines: readonly string[]) => `${lines.join('\r\n')}\r\n\r\nHello\r\n`;
const without = (...gone: string[]) => HONEST.filter((line) => !gone.includes(line));
const swapped = (old: string, ...now: string[]) => HONEST.flatMap((line) => (line === old ? now : [line]));

describe('trust by DKIM', () => {
  it.each<[string, string[]]>([
    ['as the server has found', HONEST],
    [
      'Gmail, which says only i=',
      swapped(PASS, results('dkim=pass header.i=@example.com header.b="AAAAAAAA"')),
    ],
    [
      'signed for below',
      [
        results('dkim=pass header.d=shop.example'),
        ...[RECEIVED, signature(ALL, '', { d: 'shop.example' }), 'From: <a@mail.shop.example>', TO, STATUS],
      ],
    ],
    [
      'another signature that says nothing',
      [...[PASS, RECEIVED, signature('from', '', { d: 'esp.example', b: 'CCCC' })], ...HONEST.slice(2)],
    ],
    [
      'results of the same signature that failed elsewhere',
      [results('dkim=fail header.d=esp.example'), ...HONEST],
    ],
    ['signed more often than it is there', swapped(SIGNED, signature(`${ALL}:x-desk-case-status:from:cc`))],
    ['an address beyond ASCII in the name', swapped(FROM, 'From: =?utf-8?Q?J=C3=BCrgen?= <www@example.com>')],
  ])('trusted: %s', (_, lines) => {
    const { trusted, reason } = byDkim(LISTED, evidenceIn(mailOf(lines)));
    expect(reason).toMatch(/is good and covers its headers, as mx\.example\.net has found$/);
    expect(trusted).toBe(true);
  });

  const OPEN = 'the DKIM signature of example.com does not cover x-desk-case-status';
  it.each<[string, string[], string]>([
    [
      'found good, and in the same breath not',
      [results('dkim=fail header.d=example.com header.s=mail header.b=AAAAAAAA'), ...HONEST],
      'mx.example.net says of one DKIM signature that it is good, and that it is not',
    ],
    [
      'a stranger',
      swapped(FROM, 'From: joe@evil.example'),
      'From (evil.example) is none of trust.dkim.domains',
    ],
    [
      'a subdomain that is not listed',
      swapped(FROM, 'From: a@sub.example.com'),
      'From (sub.example.com) is none',
    ],
    ['a domain that ends alike', swapped(FROM, 'From: a@evilexample.com'), 'From (evilexample.com) is none'],
    ['a homograph', swapped(FROM, 'From: a@exаmple.com'), 'From (xn--'],
    ['two From', swapped(FROM, FROM, 'From: a@evil.example'), 'From more than once'],
    ['two addresses', swapped(FROM, 'From: www@example.com, a@evil.example'), 'more than one address'],
    ['a group', swapped(FROM, 'From: us: www@example.com;'), 'plain form'],
    [
      'an address as a name',
      swapped(FROM, 'From: "www@example.com" <a@evil.example>'),
      'From (evil.example)',
    ],
    ['a line that others read otherwise', swapped(TO, TO, 'X-Odd : 1'), 'no header field'],
    ['no signature', without(SIGNED), 'it has no DKIM signature'],
    [
      'a signature that cannot be read',
      swapped(SIGNED, `${SIGNED}; d=evil.example`),
      'DKIM signature 1 cannot be read: it has d= twice',
    ],
    [
      'a good copy beside one that our reader does not take',
      swapped(SIGNED, signature('from:to', '', { b: 'AAAAAAAA*' }), SIGNED),
      'DKIM signature 1 cannot be read: its b=',
    ],
    ['too many signatures', swapped(SIGNED, ...Array.from({ length: 21 }, () => SIGNED)), 'more than 20'],
    ['no results', without(PASS), 'no Authentication-Results of mx.example.net that count'],
    [
      'results of another server',
      swapped(PASS, PASS.replace('mx.example.net', 'mx.example.net.evil')),
      'no Authentication-Results of mx.example.net',
    ],
    [
      'forged under the real ones',
      [results('spf=fail'), RECEIVED, PASS, ...HONEST.slice(2)],
      'has found no DKIM signature good',
    ],
    ['fail', swapped(PASS, PASS.replace('pass', 'fail')), 'has found no DKIM signature good that it has'],
    [
      'SPF alone',
      swapped(PASS, results('spf=pass smtp.mailfrom=example.com; dmarc=pass header.from=example.com')),
      'has found no DKIM',
    ],
    ['a pass of nobody', swapped(PASS, results('dkim=pass')), 'has found no DKIM'],
    [
      'a pass of another domain',
      swapped(PASS, PASS.replace('d=example.com', 'd=evil.example')),
      'has found no DKIM',
    ],
    ['a pass of another selector', swapped(PASS, PASS.replace('s=mail', 's=news')), 'has found no DKIM'],
    [
      'a pass of another signature',
      swapped(PASS, PASS.replace('b=AAAAAAAA', 'b=AAAAAAAC')),
      'has found no DKIM',
    ],
    ['a pass with another b=', swapped(PASS, PASS.replace('b=AAAAAAAA', 'b=aaaaaaaa')), 'has found no DKIM'],
    ['one property of two differs', swapped(PASS, `${PASS} header.d=evil.example`), 'has found no DKIM'],
    ['headers not signed', swapped(SIGNED, signature('from:to')), OPEN],
    ['a header put above the signed one', swapped(STATUS, 'x-desk-CASE-status: open', STATUS), OPEN],
    ['an empty header put there', swapped(STATUS, 'X-Desk-Case-Status:', STATUS), OPEN],
    [
      'a header of another name',
      [...HONEST, 'X-Desk-Customer-Email: victim@example.org'],
      'does not cover x-desk-customer-email',
    ],
    [
      'a custom field',
      [...HONEST, 'X-Desk-Case-Custom-Tier: gold'],
      'does not cover x-desk-case-custom-tier',
    ],
    ['another recipient', [...HONEST, 'To: victim@example.org'], 'does not cover to'],
    ['a Cc that was not there', [...HONEST, 'Cc: victim@example.org'], 'does not cover cc'],
    ['a Reply-To that was not there', [...HONEST, 'Reply-To: victim@example.org'], 'does not cover reply-to'],
    ['l=', swapped(SIGNED, signature(ALL, '; l=5')), 'leaves the end of the body open (l=)'],
    ['expired', swapped(SIGNED, signature(ALL, `; x=${RECEIVED_AT.getTime() / 1000 - 1}`)), 'had expired'],
    ['SHA-1', swapped(SIGNED, SIGNED.replace('sha256', 'sha1')), 'is made with rsa-sha1'],
    [
      'two that a pass may be about, and one of them covers nothing',
      swapped(SIGNED, SIGNED, signature('from:to', '', { b: 'AAAAAAAACCCC' })),
      OPEN,
    ],
    [
      'signed by somebody else',
      swapped(SIGNED, signature(ALL, '', { d: 'esp.example' })).map((line) =>
        line.replace('header.d=example.com', 'header.d=esp.example'),
      ),
      "another domain's than From's",
    ],
    [
      'signed by a parent that is not listed',
      [
        results('dkim=pass header.d=example'),
        ...[RECEIVED, signature(ALL, '', { d: 'example' }), 'From: a@mail.shop.example', TO, STATUS],
      ],
      "another domain's than From's",
    ],
    [
      'signed by a subdomain',
      swapped(SIGNED, signature(ALL, '', { d: 'sub.example.com' })).map((line) =>
        line.replace('d=example.com', 'd=sub.example.com'),
      ),
      "another domain's than From's",
    ],
  ])('not trusted: %s', (_, lines, expected) => {
    const { trusted, reason } = byDkim(LISTED, evidenceIn(mailOf(lines)));
    expect(reason).toContain(expected);
    expect(trusted).toBe(false);
  });
});

it('what a signature covers may become an instruction later, and nothing else', () => {
  const lines = swapped(SIGNED, signature(`${ALL}:x-one:x-two:x-none:subject`));
  const more = ['X-One: 1', 'X-Two: 1', 'X-Two: 2', 'X-Open: 1', 'Subject: a'];
  expect(byDkim(LISTED, evidenceIn(mailOf([...lines, ...more]))).covered).toEqual([
    'x-desk-case-status',
    'x-one',
  ]);
  const many = Array.from({ length: 150 }, (_, i) => `x-${i}`);
  const signed = swapped(SIGNED, signature([ALL, ...many].join(':')));
  const fields = many.map((name) => `${name}: 1`);
  expect(byDkim(LISTED, evidenceIn(mailOf([...signed, ...fields]))).covered).toHaveLength(101);
});

const verified = (result: Verification['result'], index = 0): Partial<Evidence> => ({
  authentication: { authserv_id: undefined, verify: true },
  verified: [{ index, result, why: `it came to ${result}` }],
});

describe('trust by our own verification', () => {
  it.each<[Verification['result'], boolean, string]>([
    ['pass', true, 'is good and covers its headers, as mailcase has verified'],
    ['fail', false, 'it came to fail'],
    ['temperror', false, 'it came to temperror'],
    ['error', false, 'it came to error'],
  ])('%s', (result, trusted, reason) => {
    expect(byDkim(LISTED, evidenceIn(mailOf(without(PASS)), verified(result)))).toEqual({
      trusted,
      reason: expect.stringContaining(reason),
      ...(trusted && {
        covered: ['x-desk-case-status'],
        nonces: [expect.objectContaining({ value: expect.stringMatching(/^[\w-]{43}$/) })],
      }),
    });
  });

  it('is known by all signatures of the domain: who sends the mail again may leave out the one that was good', () => {
    const lines = [signature(ALL), signature(ALL, '', { b: 'CCCCDDDD' }), ...without(PASS, SIGNED)];
    const { nonces = [] } = byDkim(LISTED, evidenceIn(mailOf(lines), verified('pass')));
    expect(new Set(nonces.map(({ value }) => value)).size).toBe(2);
  });

  it('is only of what covers the headers', () => {
    const lines = swapped(SIGNED, signature('from:to'));
    expect(byDkim(LISTED, evidenceIn(mailOf(lines), verified('pass'))).trusted).toBe(false);
  });

  const verify = { authentication: { authserv_id: 'mx.example.net', verify: true } };
  it.each<[string, string[], Partial<Evidence>, number[]]>([
    ['a signature of a listed domain', without(PASS), {}, [0]],
    [
      'one that covers no headers: it says who wrote it',
      [SIGNED.replace(ALL, 'from'), FROM, STATUS],
      {},
      [0],
    ],
    [
      'the ones that count',
      [signature(ALL, '; l=1'), signature(ALL, '', { d: 'esp.example' }), ...without(PASS)],
      {},
      [2],
    ],
    ['at most four', [...Array.from({ length: 9 }, () => SIGNED), ...without(PASS)], {}, [0, 1, 2, 3]],
    ['none where the server has found it good', HONEST, {}, []],
    [
      "a stranger's, two at most",
      [
        ...Array.from({ length: 3 }, () => signature(ALL, '', { d: 'evil.example' })),
        'From: a@mail.evil.example',
        STATUS,
      ],
      {},
      [0, 1],
    ],
    [
      "none of another one's than From's",
      [signature(ALL, '', { d: 'evil.example' }), 'From: a@other.example', STATUS],
      {},
      [],
    ],
    ['none of sent mail', without(PASS), { role: 'sent' }, []],
    ['none where it is off', without(PASS), { authentication: { verify: false } }, []],
    ['none of a header that is read in two ways', [...without(PASS), 'X : 1'], {}, []],
  ])('looks at %s', (_, lines, given, expected) => {
    const found = signaturesToVerify(LISTED, evidenceIn(mailOf(lines), { ...verify, ...given }));
    expect(found.signatures.map(({ index }) => index)).toEqual(expected);
  });

  it.each<[string, string[], Verification['result'], string | undefined]>([
    ['it would be trusted', without(PASS), 'temperror', 'example.com'],
    [
      'it would not: headers not covered',
      [...without(PASS), 'X-Desk-Case-Labels: a'],
      'temperror',
      undefined,
    ],
    ['it has no headers', without(PASS, STATUS), 'temperror', undefined],
    ['it has an empty one', [...without(PASS, STATUS), 'X-Desk-Case-Status:'], 'temperror', undefined],
    ['its key is known', without(PASS), 'fail', undefined],
  ])('waits for a key: %s', (_, lines, result, expected) => {
    expect(awaitedKey(LISTED, evidenceIn(mailOf(lines), verified(result)))).toBe(expected);
  });
});

describe('what is known of From', () => {
  const dmarc = (result: string, from = 'example.com') => results(`dmarc=${result} header.from=${from}`);
  it.each<[string, string[], Partial<Evidence>, string]>([
    ['signed', HONEST, {}, 'pass'],
    ['signed, without the headers', swapped(SIGNED, signature('from')), {}, 'pass'],
    [
      'signed, and not listed',
      [
        results('dkim=pass header.d=other.example'),
        ...[RECEIVED, signature('from', '', { d: 'other.example' }), 'From: a@mail.other.example'],
      ],
      {},
      'pass',
    ],
    ['verified by us', without(PASS), verified('pass'), 'pass'],
    ['l= is no signature of the whole', swapped(SIGNED, signature(ALL, '; l=5')), {}, 'fail'],
    [
      'a stranger of whom nothing is known',
      [results('spf=pass'), RECEIVED, 'From: a@other.example'],
      {},
      'none',
    ],
    [
      'SPF and DMARC by SPF alone',
      [dmarc('pass', 'other.example'), RECEIVED, 'From: a@other.example'],
      {},
      'none',
    ],
    ['no results', without(PASS), {}, 'none'],
    ['dmarc=fail', [dmarc('fail', 'other.example'), RECEIVED, 'From: a@other.example'], {}, 'fail'],
    [
      'dmarc=fail, of no domain by name',
      [results('dmarc=fail'), RECEIVED, 'From: a@other.example'],
      {},
      'fail',
    ],
    [
      'dmarc=fail, and signed by the domain above, which DMARC may not take',
      [
        results('dkim=pass header.d=other.example; dmarc=fail header.from=mail.other.example'),
        ...[RECEIVED, signature('from', '', { d: 'other.example' }), 'From: a@mail.other.example'],
      ],
      {},
      'fail',
    ],
    ...['co.uk', 'github.io', 'test'].map((d): [string, string[], Partial<Evidence>, string] => [
      `signed by ${d}, under which there is anybody`,
      [results(`dkim=pass header.d=${d}`), RECEIVED, signature('from', '', { d }), `From: a@bank.${d}`],
      {},
      'none',
    ]),
    [
      'listed, and signed by a domain above that is not',
      [
        results('dkim=pass header.d=shops.example'),
        ...[RECEIVED, signature('from', '', { d: 'shops.example' }), 'From: a@listed.shops.example'],
      ],
      {},
      'fail',
    ],
    [
      'dmarc=fail of another From',
      [dmarc('fail', 'third.example'), RECEIVED, 'From: a@other.example'],
      {},
      'none',
    ],
    [
      'dmarc=fail, forged below',
      [results('spf=pass'), RECEIVED, dmarc('fail', 'other.example'), 'From: a@other.example'],
      {},
      'none',
    ],
    ['listed, and not signed', [results('spf=pass'), RECEIVED, FROM], {}, 'fail'],
    ['listed, and the signature is bad', swapped(PASS, PASS.replace('pass', 'fail')), {}, 'fail'],
    ['listed, and two From', swapped(FROM, FROM, FROM), {}, 'fail'],
    ['listed, and a header to be read in two ways', swapped(TO, 'To : x'), {}, 'fail'],
    ['listed, and the server could not tell', swapped(PASS, PASS.replace('pass', 'temperror')), {}, 'none'],
    ['listed, and our own verification says so', without(PASS), verified('fail'), 'fail'],
    ['listed, and no key can be looked up', without(PASS), verified('temperror'), 'none'],
    ['listed, and it cannot be told, for its size say', without(PASS), verified('error'), 'fail'],
    [
      "listed, and a stranger's key could not be looked up",
      [
        results('dkim=temperror header.d=evil.example'),
        RECEIVED,
        signature('from', '', { d: 'evil.example' }),
        FROM,
      ],
      {},
      'fail',
    ],
    [
      'listed, and the key of a domain above that is not could not be looked up',
      [
        results('dkim=temperror header.d=shops.example'),
        ...[RECEIVED, signature('from', '', { d: 'shops.example' }), 'From: a@listed.shops.example'],
      ],
      {},
      'fail',
    ],
    [
      'listed, and From is endless',
      [results('spf=pass'), RECEIVED, `From: ${'x '.repeat(20_000)}<a@example.com>`],
      {},
      'fail',
    ],
    ['listed, and we have looked: no signature', [FROM], { verified: [] }, 'fail'],
    ['sent from here', HONEST, { role: 'sent' }, 'none'],
  ])('%s', (_, lines, given, expected) => {
    const { senderAuth, senderWhy } = senderOf(
      { domains: [...LISTED.domains, 'listed.shops.example'] },
      evidenceIn(mailOf(lines), given),
    );
    expect(senderAuth).toBe(expected);
    expect(senderWhy === undefined).toBe(expected === 'none');
  });

  it('fails nobody whose domain is not known to sign', () => {
    expect(senderOf(undefined, evidenceIn(mailOf([results('spf=pass'), RECEIVED, FROM]))).senderAuth).toBe(
      'none',
    );
  });
});
