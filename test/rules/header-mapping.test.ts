import { describe, expect, it } from 'vitest';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { headersOf } from '../message/build.ts';

const mapping = headerMapping({ prefix: 'x-desk-' }, ['x-desk-secret']);
const read = (...lines: string[]) => mapping.read(headersOf(...lines));

describe('every row of the table', () => {
  it.each([
    ['x-desk-customer-email', 'Joe <joe@example.com>', 'customer.email', 'joe@example.com', 'Joe'],
    ['x-desk-customer-external-id', 'C-7', 'customer.external_id', 'C-7', 'x'.repeat(256)],
    ['x-desk-customer-company', 'Acme', 'customer.company', 'Acme', undefined],
    ['x-desk-customer-phone', '+46 40 123', 'customer.phone', '+46 40 123', undefined],
    ['x-desk-customer-custom-tier', 'gold', 'customer.custom_fields.tier', 'gold', undefined],
    ['x-desk-case-external-id', 'ORDER-1', 'case.external_id', 'ORDER-1', 'x'.repeat(256)],
    ['x-desk-case-status', 'Closed', 'case.status', 'closed', 'reopened'],
    ['x-desk-case-labels', 'a, b', 'case.labels', 'a, b', ','],
    ['x-desk-case-language', 'ES', 'case.language', 'es', 'english'],
    ['x-desk-case-priority', '8', 'case.priority', '8', '11'],
    ['x-desk-case-subject', 'Your order', 'case.subject', 'Your order', undefined],
    ['x-desk-case-custom-order', '10423', 'case.custom_fields.order', '10423', undefined],
    ['x-desk-interaction-direction', 'OUT', 'interaction.direction', 'out', 'outbound'],
    ['x-desk-interaction-ip-address', '192.0.2.1', 'interaction.ip_address', '192.0.2.1', '192.0.2.999'],
    ['x-desk-interaction-lat', '55.60', 'interaction.latitude', '55.6', '123'],
    ['x-desk-interaction-lng', '13.0', 'interaction.longitude', '13', '181'],
    ['x-desk-interaction-city', 'Malmö', 'interaction.city', 'Malmö', undefined],
    ['x-desk-interaction-region', 'Skåne', 'interaction.region', 'Skåne', undefined],
    ['x-desk-interaction-country-code', 'se', 'interaction.country_code', 'SE', 'Sweden'],
    [
      'x-desk-interaction-user-agent',
      'Mozilla/5.0 (X)',
      'interaction.user_agent',
      'Mozilla/5.0 (X)',
      undefined,
    ],
  ])('%s', (by, good, field, value, bad) => {
    expect(mapping.isMapped(by)).toBe(true);
    expect(read(`${by.toUpperCase()}: ${good}`)).toMatchObject({
      applied: [{ by, field, value }],
      refused: [],
    });
    expect(read(`${by}: `)).toMatchObject({ applied: [], refused: [] });
    if (bad === undefined) return;
    expect(read(`${by}: ${bad}`)).toMatchObject({ applied: [], refused: [{ by, value: bad }] });
  });

  it('sets the fields themselves', () => {
    const { applied, ...directives } = read(
      'X-Desk-Customer-Email: “Joe Customer”\r\n <joe@example.com>',
      'X-Desk-Customer-External-Id: C-7',
      'X-Desk-Customer-Company: Acme',
      'X-Desk-Customer-Phone: 123',
      'X-Desk-Customer-Custom-Tier: gold',
      'X-Desk-Case-External-Id: ORDER-1',
      'X-Desk-Case-Status: open',
      'X-Desk-Case-Labels: a, b',
      'X-Desk-Case-Language: pt-br',
      'X-Desk-Case-Priority: 3',
      'X-Desk-Case-Subject: s',
      'X-Desk-Case-Custom-Order: 1',
      'X-Desk-Interaction-Direction: in',
      'X-Desk-Interaction-Ip-Address: ::1',
      'X-Desk-Interaction-Lat: -1.5',
      'X-Desk-Interaction-Lng: 0',
      'X-Desk-Interaction-City: c',
      'X-Desk-Interaction-Region: r',
      'X-Desk-Interaction-Country-Code: se',
      'X-Desk-Interaction-User-Agent: u',
    );
    expect(applied).toHaveLength(20);
    expect(directives).toEqual({
      customer: {
        address: { name: 'Joe Customer', address: 'joe@example.com' },
        external_id: 'C-7',
        company: 'Acme',
        phone: '123',
        custom_fields: new Map([['tier', 'gold']]),
      },
      case: {
        external_id: 'ORDER-1',
        status: 'open',
        labels: ['a', 'b'],
        language: 'pt-BR',
        priority: 3,
        subject: 's',
        custom_fields: new Map([['order', '1']]),
      },
      interaction: {
        direction: 'in',
        ip_address: '::1',
        latitude: -1.5,
        longitude: 0,
        city: 'c',
        region: 'r',
        country_code: 'SE',
        user_agent: 'u',
      },
      refused: [],
      decided: [],
    });
  });
});

describe('how values arrive', () => {
  it.each([
    ['folded', 'X-Desk-Case-Custom-A: one\r\n two\r\n\tthree', 'one two three'],
    ['encoded words, joined', 'X-Desk-Case-Custom-A: =?utf-8?Q?J=C3?=\r\n =?utf-8?Q?=B6rg?=', 'Jörg'],
    ['raw UTF-8', 'X-Desk-Case-Custom-A: Ελένη', 'Ελένη'],
    ['NUL through an encoded word', 'X-Desk-Case-Custom-A: =?utf-8?Q?a=00?=', 'a\uFFFD'],
    ['lone surrogate through an encoded word', 'X-Desk-Case-Custom-A: =?utf-16be?B?2AA=?=', '\uFFFD'],
    ['letter case of the value stays', 'X-DESK-CASE-CUSTOM-A: AbC', 'AbC'],
  ])('%s', (_, line, value) => {
    expect(read(line).case.custom_fields).toEqual(new Map([['a', value]]));
  });
});

describe('repeats', () => {
  it('labels: all count, without doubles', () => {
    const directives = read('X-Desk-Case-Labels: a, b', 'X-Desk-Case-Labels: b, c');
    expect(directives.case.labels).toEqual(['a', 'b', 'c']);
    expect(directives.applied.map(({ value }) => value)).toEqual(['a, b', 'b, c']);
    expect(directives.refused).toEqual([]);
  });

  it.each([
    ['the first counts', ['open', 'closed'], 'open', ['closed']],
    ['each further one is reported', ['open', 'closed', 'new'], 'open', ['closed', 'new']],
    ['the same again is reported', ['open', 'open'], 'open', ['open']],
    ['an empty one is not the first', ['', 'closed'], 'closed', []],
    ['the first counts when it is refused', ['reopened', 'closed'], undefined, ['reopened', 'closed']],
  ])('single value: %s', (_, values, status, refused) => {
    const directives = read(...values.map((value) => `X-Desk-Case-Status: ${value}`));
    expect(directives.case.status).toBe(status);
    expect(directives.refused.map(({ value }) => value)).toEqual(refused);
  });

  it('two addresses in one: the first is applied, the rest is reported', () => {
    const directives = read('X-Desk-Customer-Email: a@example.com, b@example.com');
    expect(directives.customer.address).toEqual({ name: '', address: 'a@example.com' });
    expect(directives.refused).toMatchObject([{ reason: 'more than one address: the first counts' }]);
  });
});

describe('custom keys', () => {
  it.each([
    ['plain', 'tier', 'tier'],
    ['letter case: kept small', 'Loyalty-Tier', 'loyalty-tier'],
    ['constructor', 'constructor', 'constructor'],
    ['toString', 'toString', 'tostring'],
    ['digits', '7', '7'],
    ['255 bytes', 'k'.repeat(255), 'k'.repeat(255)],
  ])('taken: %s', (_, key, field) => {
    for (const owner of ['customer', 'case'] as const) {
      const directives = read(`X-Desk-${owner}-Custom-${key}: v`);
      expect(directives[owner].custom_fields).toEqual(new Map([[field, 'v']]));
      expect(directives.applied).toMatchObject([{ field: `${owner}.custom_fields.${field}` }]);
    }
  });

  it.each([
    ['underscore', 'loyalty_tier', 'underscore'],
    ['__proto__', '__proto__', 'underscore'],
    ['256 bytes', 'k'.repeat(256), 'longer than 255 bytes'],
    ['none', '', 'no header of this name'],
  ])('refused: %s', (_, key, reason) => {
    const directives = read(`X-Desk-Case-Custom-${key}: v`);
    expect(directives.case.custom_fields.size).toBe(0);
    expect(directives.refused).toMatchObject([{ value: 'v', reason: expect.stringContaining(reason) }]);
    expect(Object.prototype).not.toHaveProperty('v');
  });
});

describe('names', () => {
  it.each([
    ['mapped', 'x-desk-case-status', true],
    ['custom', 'x-desk-case-custom-a', true],
    ['custom without a key', 'x-desk-case-custom-', false],
    ['unknown behind the prefix', 'x-desk-case-colour', false],
    ['the secret', 'x-desk-secret', false],
    ['another prefix', 'x-other-case-status', false],
    ['prefix alone', 'x-desk-', false],
    ['inherited name', 'x-desk-constructor', false],
  ])('isMapped: %s', (_, key, expected) => {
    expect(mapping.isMapped(key)).toBe(expected);
  });

  it('an unknown name behind the prefix is reported', () => {
    expect(read('X-Desk-Case-Colour: red').refused).toEqual([
      { by: 'x-desk-case-colour', value: 'red', reason: 'no header of this name is mapped to a field' },
    ]);
  });

  it('the secret is neither applied nor reported, though it has the prefix', () => {
    expect(read('X-Desk-Secret: abc')).toMatchObject({ applied: [], refused: [] });
  });

  it('another prefix', () => {
    const shop = headerMapping({ prefix: 'x-shop-' });
    const headers = headersOf('X-Shop-Case-Status: open', 'X-Desk-Case-Status: closed');
    expect(shop.read(headers).case.status).toBe('open');
    expect(shop.carried(headers).map(({ key }) => key)).toEqual(['x-shop-case-status']);
  });
});
