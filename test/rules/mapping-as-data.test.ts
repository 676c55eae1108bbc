import { describe, expect, it } from 'vitest';
import type { HeaderEntry } from '../../src/rules/header-entry.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { headersOf } from '../message/build.ts';

const mapped = (map: readonly HeaderEntry[], desk = true) =>
  headerMapping({ prefix: 'x-desk-', desk, map }, ['x-secret']);

function read(map: readonly HeaderEntry[], ...lines: string[]) {
  const { applied, refused, ...directives } = mapped(map).read(headersOf(...lines));
  return {
    directives,
    applied: applied.map(({ by, field, value }) => `${by} > ${field}: ${value}`),
    refused: refused.map(({ by, reason }) => `${by}: ${reason}`),
  };
}

const STATE: HeaderEntry = {
  header: 'x-state',
  sets: 'case.status',
  values: { 'Pending Reminder': 'pending' },
};

describe('values', () => {
  it.each([
    ['a word of theirs', 'pending reminder', ['x-state > case.status: pending'], []],
    ['in another case', 'PENDING REMINDER', ['x-state > case.status: pending'], []],
    ['a word of ours', 'closed', ['x-state > case.status: closed'], []],
    ['neither', 'merged', [], ['x-state: not one of new, open, pending, resolved, closed']],
    ['a name that all objects have', 'constructor', [], [expect.stringContaining('x-state: not one of')]],
  ])('%s', (_, value, applied, refused) => {
    expect(read([STATE], `X-State: ${value}`)).toMatchObject({ applied, refused });
  });

  it('a priority in words', () => {
    const map: HeaderEntry[] = [{ header: 'x-prio', sets: 'case.priority', values: { '3 high': '8' } }];
    expect(read(map, 'X-Prio: 3 high').directives.case.priority).toBe(8);
  });
});

describe('readers', () => {
  it.each<[string, HeaderEntry, string, string[], string[]]>([
    [
      'a custom field that is read as a country',
      { header: 'x-land', sets: 'case.custom_fields.land', reader: 'country' },
      'X-Land: se',
      ['x-land > case.custom_fields.land: SE'],
      [],
    ],
    [
      'and is none',
      { header: 'x-land', sets: 'case.custom_fields.land', reader: 'country' },
      'X-Land: Sweden',
      [],
      ['x-land: not an ISO 3166-1 alpha-2 country code such as SE'],
    ],
    [
      'a custom field that is read as an address',
      { header: 'x-agent', sets: 'case.custom_fields.agent', reader: 'address' },
      'X-Agent: "Ann" <ann@example.com>',
      ['x-agent > case.custom_fields.agent: ann@example.com'],
      [],
    ],
    [
      'labels with another separator',
      { header: 'x-tags', sets: 'case.labels', separator: ';' },
      'X-Tags: a, b; c',
      ['x-tags > case.labels: a, b, c'],
      [],
    ],
    [
      'a customer by name',
      { header: 'x-first', sets: 'customer.first_name' },
      'X-First: Ann',
      ['x-first > customer.first_name: Ann'],
      [],
    ],
  ])('%s', (_, entry, line, applied, refused) => {
    expect(read([entry], line)).toMatchObject({ applied, refused });
  });
});

describe('keys', () => {
  const FIELD: HeaderEntry = { header: 'x-field-*', sets: 'case.custom_fields.*' };
  it.each<[string, HeaderEntry[], string, string[]]>([
    ['what stands for the *', [FIELD], 'X-Field-Order: 7', ['x-field-order > case.custom_fields.order: 7']],
    ['an underscore', [FIELD], 'X-Field-A_b: 7', ['x-field-a_b > case.custom_fields.a_b: 7']],
    ['signs of a replacement', [FIELD], 'X-Field-$&: 7', ['x-field-$& > case.custom_fields.$&: 7']],
    ['nothing for it', [FIELD], 'X-Field-: 7', []],
    [
      'a name of its own comes first',
      [FIELD, { header: 'x-field-state', sets: 'case.status' }],
      'X-Field-State: open',
      ['x-field-state > case.status: open'],
    ],
    [
      'the longest beginning',
      [FIELD, { header: 'x-field-c-*', sets: 'customer.custom_fields.*' }],
      'X-Field-C-Tier: gold',
      ['x-field-c-tier > customer.custom_fields.tier: gold'],
    ],
    [
      'two fields of one header',
      [
        { header: 'x-user', sets: 'customer.external_id' },
        { header: 'x-user', sets: 'case.custom_fields.user' },
      ],
      'X-User: u1',
      ['x-user > customer.external_id: u1', 'x-user > case.custom_fields.user: u1'],
    ],
  ])('%s', (_, map, line, applied) => expect(read(map, line)).toMatchObject({ applied, refused: [] }));
});

describe('several that set one field', () => {
  const map: HeaderEntry[] = [
    { header: 'x-followup-state', sets: 'case.status' },
    { header: 'x-state', sets: 'case.status' },
  ];
  it.each([
    ['the first of the list, wherever it stands', ['X-State: open', 'X-FollowUp-State: closed'], 'closed', 1],
    ["Desk's last", ['X-Desk-Case-Status: open', 'X-State: closed'], 'closed', 1],
    ['the next, where the first cannot be read', ['X-State: open', 'X-FollowUp-State: ?'], 'open', 1],
    ['the first of one name', ['X-State: open', 'X-State: closed'], 'open', 1],
  ])('%s', (_, lines, status, refused) => {
    const result = read(map, ...lines);
    expect(result.directives.case.status).toBe(status);
    expect(result.refused).toHaveLength(refused);
  });

  it('says which one', () => {
    expect(read(map, 'X-State: open', 'X-FollowUp-State: closed').refused).toEqual([
      'x-state: x-followup-state sets case.status already',
    ]);
  });

  it("one of Desk's names takes its place", () => {
    const own: HeaderEntry[] = [
      { header: 'x-desk-case-status', sets: 'case.status', values: { fertig: 'closed' } },
    ];
    expect(read(own, 'X-Desk-Case-Status: fertig').directives.case.status).toBe('closed');
  });

  it('labels of all of them', () => {
    const tags: HeaderEntry[] = [{ header: 'x-tags', sets: 'case.labels' }];
    expect(read(tags, 'X-Desk-Case-Labels: a', 'X-Tags: b').directives.case.labels).toEqual(['b', 'a']);
  });
});

describe('what is an instruction', () => {
  const map: HeaderEntry[] = [
    { header: 'x-who', sets: 'customer.email' },
    { header: 'x-field-*', sets: 'case.custom_fields.*' },
  ];
  const headers = headersOf(
    'X-Who: a@x.example',
    'X-Field-A: 1',
    'X-Desk-Case-Status: open',
    'X-Desk-Colour: red',
    'X-Secret: s',
    'Subject: s',
  );
  it.each([
    ['with Desk', true, ['x-who', 'x-field-a', 'x-desk-case-status', 'x-desk-colour']],
    ['without', false, ['x-who', 'x-field-a']],
  ])('%s', (_, desk, keys) => {
    const mapping = mapped(map, desk);
    expect(mapping.carried(headers).map(({ key }) => key)).toEqual(keys);
    expect(mapping.isMapped('x-desk-case-status')).toBe(desk);
    expect(mapping.read(headers).case.status).toBe(desk ? 'open' : undefined);
  });

  it.each([
    ['x-who', true],
    ['x-desk-customer-email', true],
    ['x-field-a', false],
    ['x-desk-case-status', false],
    ['from', false],
  ])('%s is read as an address: %s', (key, expected) => {
    expect(mapped(map).isAddress(key)).toBe(expected);
  });
});
