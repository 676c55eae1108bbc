import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Headers, readHeaderLine } from '../../src/message/headers.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { byHmac, newNonce, sign } from '../../src/trust/hmac.ts';
import { signedText } from '../../src/trust/signed-text.ts';
import type { HmacTrust, SigningKey } from '../../src/trust/trust.ts';

const mapping = headerMapping({ prefix: 'x-desk-' });
const OLD: SigningKey = { id: '2026-05', secret: 'the old secret of the shop, long enough' };
const NEW: SigningKey = { id: '2026-11', secret: 'the new secret of the shop, long enough – ü' };
const DAY = 86_400;
const AT = 1_764_000_000;
const NONCE = 'abcdefghijklmnopqrstuv';
const TRUST: HmacTrust = { header: 'x-mailcase-signature', keys: [NEW, OLD], max_age: 5 * DAY * 1000 };

const FIELDS = [
  'Received: from mx.example.com',
  'From: The Shop <Shop@Example.com>',
  'X-Desk-Case-Status: resolved',
  'X-Desk-Customer-Email: "Joe Customer" <joe@example.org>',
  'X-Desk-Case-Labels: a, b',
  'X-Desk-Case-Labels: c',
  'X-Desk-Case-Custom-Depot: =?utf-8?Q?Malm=C3=B6?=',
  'X-Desk-Case-Language:',
  'X-Desk-Colour: red',
  'Subject: Your order',
];

function headersOf(lines: readonly string[]): Headers {
  return new Headers(lines.map((line) => readHeaderLine(Buffer.from(line, 'utf8').toString('latin1'))));
}

function signatureOf(lines: readonly string[] = FIELDS, key = NEW, at = AT): string {
  const signature = sign(key, headersOf(lines), mapping, { at, nonce: NONCE });
  if (typeof signature === 'object') throw new Error(signature.refused);
  return `X-Mailcase-Signature: ${signature}`;
}

/** What is found of fields, received so many seconds after they were signed. */
function found(lines: readonly string[], after = 60, trust = TRUST) {
  return byHmac(trust, headersOf(lines), new Date((AT + after) * 1000), mapping);
}

/** The fields with one of them replaced, taken out or put in, under the signature of what they were. */
function changed(pattern: RegExp, ...replacement: readonly string[]): string[] {
  return [signatureOf(), ...FIELDS.flatMap((line) => (pattern.test(line) ? replacement : [line]))];
}

describe('the text that is signed', () => {
  it('has a line for each field of the prefix that is not empty, known or not, sorted by name, those of one name in their order', () => {
    expect(signedText({ keyId: 'k1', time: 1, nonce: NONCE }, headersOf(FIELDS), mapping)).toBe(
      [
        'mailcase-signature-v1',
        'k=k1',
        't=1',
        `n=${NONCE}`,
        'from=shop@example.com',
        'x-desk-case-custom-depot:Malmö',
        'x-desk-case-labels:a, b',
        'x-desk-case-labels:c',
        'x-desk-case-status:resolved',
        'x-desk-colour:red',
        'x-desk-customer-email:Joe Customer <joe@example.org>',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['an address in other cases', 'From: A <Shop@BÜCHER.example>', 'from=shop@xn--bcher-kva.example'],
    ['a value over lines', 'X-Desk-Case-Subject: a\r\n\t b \r\n c', 'x-desk-case-subject:a b c'],
    ['spaces that say something', 'X-Desk-Case-Subject: 10\u00A0€', 'x-desk-case-subject:10\u00A0€'],
    ['letters that are not put together', 'X-Desk-Case-Subject: o\u0308', 'x-desk-case-subject:o\u0308'],
    [
      'a line break in an encoded word',
      'X-Desk-Case-Subject: =?utf-8?Q?a=0D=0Ax-b:c?=',
      'x-desk-case-subject:a x-b:c',
    ],
    ['an address alone', 'X-Desk-Customer-Email: <joe@x.example>', 'x-desk-customer-email:joe@x.example'],
    [
      'a name without quotes',
      'X-Desk-Customer-Email: Joe <j@x.example>',
      'x-desk-customer-email:Joe <j@x.example>',
    ],
    [
      'a name in typographic quotes',
      'X-Desk-Customer-Email: “Joe” <j@x.example>',
      'x-desk-customer-email:Joe <j@x.example>',
    ],
    [
      'a name with quotes in it',
      'X-Desk-Customer-Email: "J \\"X\\" C" <j@x.example>',
      'x-desk-customer-email:J "X" C <j@x.example>',
    ],
    [
      'a name with a comma',
      'X-Desk-Customer-Email: "C, Joe" <j@x.example>',
      'x-desk-customer-email:C, Joe <j@x.example>',
    ],
    [
      'all of it encoded',
      'X-Desk-Customer-Email: =?utf-8?Q?=C3=85sa_=3Ca=40x.example=3E?=',
      'x-desk-customer-email:Åsa <a@x.example>',
    ],
    ['no address', 'X-Desk-Customer-Email: Joe', 'x-desk-customer-email:Joe'],
  ])('has %s', (_, line, expected) => {
    const lines = line.startsWith('From') ? [line] : ['From: a@example.com', line];
    const text = signedText({ keyId: 'k', time: 1, nonce: NONCE }, headersOf(lines), mapping);
    expect(String(text).split('\n').slice(4)).toContain(expected);
  });

  it.each([
    ['two From', ['From: a@example.com', 'From: a@example.com'], 'the mail has From more than once'],
    ['no From', [], 'the mail has no From'],
    [
      'two customers',
      ['From: a@example.com', 'X-Desk-Customer-Email: a@x.example, b@x.example'],
      'x-desk-customer-email has more than one address',
    ],
    [
      'a customer that is no address',
      ['From: a@example.com', 'X-Desk-Customer-Email: "Joe <a@x.example> @'],
      'x-desk-customer-email cannot be read as one address',
    ],
    [
      'a customer of a page',
      ['From: a@example.com', `X-Desk-Customer-Email: ${'x'.repeat(5_000)} <a@x.example>`],
      'x-desk-customer-email is too long for an address',
    ],
    [
      'megabytes',
      ['From: a@example.com', ...Array(30).fill(`X-Desk-Case-Subject: ${'x'.repeat(9_000)}`)],
      'its mapped header fields have more than 250000 characters',
    ],
  ])('is none with %s', (_, lines, refused) => {
    expect(signedText({ keyId: 'k', time: 1, nonce: NONCE }, headersOf(lines), mapping)).toEqual({ refused });
  });

  it('is what HMAC-SHA256 is made of, with the bytes of the secret in UTF-8', () => {
    const text = signedText({ keyId: NEW.id, time: AT, nonce: NONCE }, headersOf(FIELDS), mapping);
    const mac = createHmac('sha256', Buffer.from(NEW.secret, 'utf8'))
      .update(String(text), 'utf8')
      .digest('hex');
    expect(signatureOf()).toBe(`X-Mailcase-Signature: v=1; k=2026-11; t=${AT}; n=${NONCE}; s=${mac}`);
  });
});

describe('a signed mail', () => {
  it.each<[string, string[]]>([
    ['as it was signed', [signatureOf(), ...FIELDS]],
    ['with the signature at the end', [...FIELDS, signatureOf()]],
    ['with the signature folded', [signatureOf().replaceAll('; ', ';\r\n\t'), ...FIELDS]],
    ['with the old key', [signatureOf(FIELDS, OLD), ...FIELDS]],
    ['with another Subject, which is not signed', changed(/^Subject/, 'Subject: Re: Your order')],
    [
      'with a new Message-ID and Date',
      changed(/^Received/, 'Message-ID: <a@ses.example>', 'Date: Mon, 9 Nov 2026 08:00:00 +0000'),
    ],
    ['with another name in From', changed(/^From/, 'From: =?utf-8?Q?The_Shop_=C3=BC?= <shop@example.com>')],
    ['with From as an address alone', changed(/^From/, 'From: SHOP@example.com')],
    ['with field names in other cases', changed(/^X-Desk-Case-Status/, 'x-DESK-case-STATUS: resolved')],
    ['with a value folded', changed(/^X-Desk-Case-Labels: a/, 'X-Desk-Case-Labels:\r\n a,\r\n\tb')],
    [
      'with a value encoded',
      changed(/^X-Desk-Case-Status/, 'X-Desk-Case-Status: =?iso-8859-1?B?cmVzb2x2ZWQ=?='),
    ],
    [
      'with an encoded value in other words',
      changed(/Depot/, 'X-Desk-Case-Custom-Depot: =?utf-8?B?TWFs?= =?utf-8?B?bcO2?='),
    ],
    ['with an encoded value raw', changed(/Depot/, 'X-Desk-Case-Custom-Depot: Malmö')],
    [
      'without the quotes',
      changed(/Customer-Email/, 'X-Desk-Customer-Email: Joe Customer <joe@example.org>'),
    ],
    [
      'with fields of other names in another order',
      [signatureOf(), ...[...FIELDS.slice(0, 4), ...FIELDS.slice(6), ...FIELDS.slice(4, 6)]],
    ],
    ['with an empty field more', changed(/^Received/, 'X-Desk-Case-Priority:')],
    ['with a field more that is no instruction', changed(/^Received/, 'X-Shop-Shape: round')],
  ])('is trusted %s', (_, lines) => {
    const keyId = lines.some((line) => line.includes('k=2026-05')) ? '2026-05' : '2026-11';
    expect(found(lines)).toEqual({
      trusted: true,
      reason: `x-mailcase-signature is right, signed with ${keyId}`,
      covered: expect.arrayContaining(['x-desk-case-status', 'x-desk-customer-email']),
      nonces: [{ value: NONCE, keyId }],
      senderWhy: 'x-mailcase-signature signs it',
    });
  });

  it('covers what has the prefix, and nothing that anybody may have put beside it', () => {
    const { covered = [] } = found([signatureOf(), ...FIELDS, 'X-Shop-Case-Status: closed']);
    expect([...new Set(covered)].sort()).toEqual([
      ...['x-desk-case-custom-depot', 'x-desk-case-labels', 'x-desk-case-language'],
      ...['x-desk-case-status', 'x-desk-colour', 'x-desk-customer-email'],
    ]);
  });

  const MISFIT =
    'x-mailcase-signature does not fit: another secret, or From or a mapped header field is not as it was signed with 2026-11';
  it.each<[string, string[]]>([
    ['another From', changed(/^From/, 'From: The Shop <shop@example.net>')],
    ['another value', changed(/^X-Desk-Case-Status/, 'X-Desk-Case-Status: closed')],
    ['another letter case in a value', changed(/^X-Desk-Case-Status/, 'X-Desk-Case-Status: Resolved')],
    ['a field more', changed(/^Received/, 'X-Desk-Case-Priority: 1')],
    ['a field more that no mapping knows yet', changed(/^Received/, 'X-Desk-Shape: round')],
    [
      'a field more above one of its name',
      changed(/^X-Desk-Case-Status/, 'X-Desk-Case-Status: closed', 'X-Desk-Case-Status: resolved'),
    ],
    ['a field less', changed(/^X-Desk-Case-Status/)],
    ['a field emptied', changed(/^X-Desk-Case-Status/, 'X-Desk-Case-Status:')],
    [
      'two fields of one name in another order',
      [signatureOf(), ...FIELDS.slice(0, 4), ...FIELDS.slice(4, 6).reverse(), ...FIELDS.slice(6)],
    ],
    [
      'two fields put into one',
      [signatureOf(), ...FIELDS.slice(0, 4), 'X-Desk-Case-Labels: a, b, c', ...FIELDS.slice(6)],
    ],
    [
      'another name of the customer',
      changed(/Customer-Email/, 'X-Desk-Customer-Email: Joe <joe@example.org>'),
    ],
    [
      'another address of the customer',
      changed(/Customer-Email/, 'X-Desk-Customer-Email: Joe Customer <eve@example.org>'),
    ],
    [
      'the address in the name',
      changed(/Customer-Email/, 'X-Desk-Customer-Email: "Joe Customer <joe@example.org>" <eve@example.org>'),
    ],
    ['the value under another name', changed(/Depot/, 'X-Desk-Case-Custom-Store: Malmö')],
    ['letters put together', changed(/Depot/, 'X-Desk-Case-Custom-Depot: Malmo\u0308')],
    ['the same signed with another secret', [signatureOf(FIELDS, { ...NEW, secret: OLD.secret }), ...FIELDS]],
    ['another time', [signatureOf().replace(`t=${AT}`, `t=${AT + 1}`), ...FIELDS]],
    ['another nonce', [signatureOf().replace(NONCE, NONCE.toUpperCase()), ...FIELDS]],
    ['another MAC', [signatureOf().replace(/.$/, (digit) => (digit === '0' ? '1' : '0')), ...FIELDS]],
  ])('is not trusted with %s', (_, lines) => {
    expect(found(lines)).toEqual({ trusted: false, reason: MISFIT });
  });

  it('is not trusted with the id of another key', () => {
    const reason = MISFIT.replace('2026-11', '2026-05');
    expect(found([signatureOf().replace('2026-11', '2026-05'), ...FIELDS])).toEqual({
      trusted: false,
      reason,
    });
  });

  it.each<[string, string[], number, RegExp]>([
    ['no signature', FIELDS, 0, /^the mail has no x-mailcase-signature$/],
    [
      'two signatures',
      [signatureOf(), signatureOf(), ...FIELDS],
      0,
      /^the mail has x-mailcase-signature more than once$/,
    ],
    [
      'an unknown key',
      [signatureOf(FIELDS, { ...OLD, id: '2025-01' }), ...FIELDS],
      0,
      /names a key that is not configured: 2025-01$/,
    ],
    [
      'a broken signature',
      ['x-mailcase-signature: v=1; k=a', ...FIELDS],
      0,
      /^x-mailcase-signature has no t=$/,
    ],
    [
      'a signature too old',
      [signatureOf(), ...FIELDS],
      5 * DAY + 1,
      /^x-mailcase-signature was made at 2025-11-24T16:00:00Z, which is older than max_age allows$/,
    ],
    [
      'a signature of the future',
      [signatureOf(), ...FIELDS],
      -601,
      /which is later than the mail was received: the clock/,
    ],
    [
      'two From',
      [signatureOf(), ...FIELDS, 'From: evil@example.net'],
      0,
      /^x-mailcase-signature signs nothing: the mail has From more than once$/,
    ],
    [
      'a comment in From',
      changed(/^From/, 'From: Shop@example.com (evil@example.net)'),
      0,
      /signs nothing: From is more than one name/,
    ],
  ])('is not trusted with %s', (_, lines, after, reason) => {
    expect(found(lines, after)).toEqual({ trusted: false, reason: expect.stringMatching(reason) });
  });

  it.each([0, 5 * DAY, -600])('is trusted %s seconds after it was signed', (after) => {
    expect(found([signatureOf(), ...FIELDS], after).trusted).toBe(true);
  });

  it('is told with no secret, and with no MAC that would be right', () => {
    const wrong = signatureOf().replace(/s=.*/, `s=${'0'.repeat(64)}`);
    const { reason } = found([wrong, ...FIELDS]);
    expect(reason).not.toContain('secret of the shop');
    expect(reason).not.toMatch(/[0-9a-f]{16}/);
  });
});

it('a new nonce is of the right form, and never the same', () => {
  const nonces = Array.from({ length: 1_000 }, newNonce);
  expect(nonces.every((nonce) => /^[A-Za-z0-9_-]{22}$/.test(nonce))).toBe(true);
  expect(new Set(nonces).size).toBe(1_000);
});
