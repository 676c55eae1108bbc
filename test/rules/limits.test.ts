import { describe, expect, it } from 'vitest';
import { Headers, readHeaderLine } from '../../src/message/headers.ts';
import { noDirectives } from '../../src/rules/directives.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { keptDirectives } from '../../src/rules/kept-directives.ts';

const mapping = headerMapping({ prefix: 'x-desk-' });

function read(...lines: string[]) {
  return mapping.read(
    new Headers(lines.map((line) => readHeaderLine(Buffer.from(line, 'utf8').toString('latin1')))),
  );
}

const numbered = (count: number, make: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i));

describe('what one mail may set', () => {
  it.each([
    ['a text at the limit', 'a'.repeat(10_000), []],
    ['a text beyond it', 'a'.repeat(10_001), ['longer than 10,000 characters']],
  ])('%s', (_, value, refused) => {
    const directives = read(`x-desk-case-custom-note: ${value}`);
    expect(directives.refused.map(({ reason }) => reason)).toEqual(refused);
    expect(directives.case.custom_fields.get('note')).toBe(refused.length === 0 ? value : undefined);
  });

  it.each([
    ['254 bytes', 'a'.repeat(254), true],
    ['255 bytes', 'a'.repeat(255), true],
    ['256 bytes', 'a'.repeat(256), false],
    ['255 bytes of two each but one', `a${'ö'.repeat(127)}`, true],
    ['256 bytes of two each', 'ö'.repeat(128), false],
  ])('a label of %s', (_, label, isTaken) => {
    expect(read(`x-desk-case-labels: ${label}`).case.labels).toEqual(isTaken ? [label] : []);
    const beside = read(`x-desk-case-labels: vip, ${label}`);
    expect(beside.case.labels).toEqual(isTaken ? ['vip', label] : ['vip']);
    expect(beside.refused.map(({ reason }) => reason)).toEqual(
      isTaken ? [] : ['labels longer than 255 bytes are left out'],
    );
  });

  it.each([
    ['a key of 255 bytes', 'k'.repeat(255), true],
    ['a key of 256 bytes', 'k'.repeat(256), false],
    ['__proto__ (an underscore)', '__proto__', false],
    ['constructor', 'constructor', true],
    ['tostring', 'tostring', true],
  ])('%s', (_, key, isTaken) => {
    const directives = read(`x-desk-case-custom-${key}: v`, `x-desk-customer-custom-${key}: v`);
    expect(directives.case.custom_fields).toEqual(new Map(isTaken ? [[key, 'v']] : []));
    expect(directives.customer.custom_fields).toEqual(new Map(isTaken ? [[key, 'v']] : []));
    expect(directives.refused).toHaveLength(isTaken ? 0 : 2);
  });

  it('the first hundred labels, of one header or of several', () => {
    const one = read(`x-desk-case-labels: ${numbered(101, (i) => `l${i}`).join(',')}`);
    expect(one.case.labels).toEqual(numbered(100, (i) => `l${i}`));
    expect(one.refused.map(({ reason }) => reason)).toEqual(['the first 100 labels of a mail count']);
    const [half, more] = [0, 60].map((from) => numbered(60, (i) => `l${from + i}`).join(','));
    const two = read(`x-desk-case-labels: ${half}`, `x-desk-case-labels: ${more}`);
    expect(two.refused.map(({ reason }) => reason)).toEqual(['the first 100 labels of a mail count']);
    const several = read(...numbered(103, (i) => `x-desk-case-labels: l${i}`));
    expect(several.case.labels).toEqual(numbered(100, (i) => `l${i}`));
    expect(several.refused).toHaveLength(3);
  });

  it('the first hundred custom fields of the case, and of the customer', () => {
    const directives = read(
      ...numbered(102, (i) => `x-desk-case-custom-k${i}: v`),
      ...numbered(100, (i) => `x-desk-customer-custom-k${i}: v`),
    );
    expect(directives.case.custom_fields.size).toBe(100);
    expect(directives.customer.custom_fields.size).toBe(100);
    expect(directives.refused.map(({ by, reason }) => `${by}: ${reason}`)).toEqual([
      'x-desk-case-custom-k100: the first 100 custom fields of a case in a mail count',
      'x-desk-case-custom-k101: the first 100 custom fields of a case in a mail count',
    ]);
  });
});

describe('what is kept of the directives', () => {
  it('within the limits, everything', () => {
    const directives = read('x-desk-case-status: open', 'x-desk-case-status: closed');
    expect(keptDirectives(directives)).toEqual(directives);
  });

  it('beyond them, the first ones and how many there were, with the beginning of each value', () => {
    const refused = numbered(502, (i) => String(i)).map((by) => ({
      by,
      value: 'v'.repeat(1_001),
      reason: 'r',
    }));
    const kept = keptDirectives({ ...noDirectives(), refused });
    expect(kept.refused).toHaveLength(501);
    expect(kept.refused[499]).toEqual({ by: '499', value: `${'v'.repeat(1_000)}…`, reason: 'r' });
    expect(kept.refused[500]).toEqual({ by: 'limits', value: '', reason: '2 more were refused' });
  });

  it('no half of a character', () => {
    const applied = [{ by: 'x', field: 'f', value: `${'v'.repeat(999)}😀` }];
    expect(keptDirectives({ ...noDirectives(), applied }).applied[0]?.value).toBe(`${'v'.repeat(999)}…`);
  });
});
