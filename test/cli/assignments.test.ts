import { describe, expect, it } from 'vitest';
import { actorFor } from '../../src/cli/actor.ts';
import { customerName, readAssignments } from '../../src/cli/assignments.ts';
import { told } from '../../src/cli/told.ts';

describe('what a case is to be', () => {
  it.each([
    ['status=pending', { status: 'pending' }],
    ['Status= PENDING ', { status: 'pending' }],
    ['priority=10', { priority: 10 }],
    ['priority=', { priority: null }],
    ['language=PT-br', { language: 'pt-BR' }],
    ['language=', { language: null }],
    ['subject=a=b', { subject: 'a=b' }],
    ['subject= two\n lines ', { subject: 'two lines' }],
    ['subject=', { subject: null }],
    ['external_id=ORDER-1', { external_id: 'ORDER-1' }],
    ['external_id=', { external_id: null }],
    ['customer=17', { customer: { id: 17 } }],
    ['customer=Ann@Asker.example', { customer: { address: 'Ann@Asker.example' } }],
    ['customer=', { customer: null }],
    ['labels=a, b,a', { labels: [{ how: 'replace', labels: ['a', 'b'] }] }],
    ['labels=', { labels: [{ how: 'replace', labels: [] }] }],
    ['labels+=vip', { labels: [{ how: 'add', labels: ['vip'] }] }],
    ['labels-=a,b', { labels: [{ how: 'remove', labels: ['a', 'b'] }] }],
    ['custom.Order_Total=9', { custom_fields: new Map([['order_total', '9']]) }],
    ['custom.tier=', { custom_fields: new Map([['tier', null]]) }],
    ['custom.__proto__=x', { custom_fields: new Map([['__proto__', 'x']]) }],
  ])('%j', (word, settings) => {
    expect(readAssignments([word])).toEqual({ labels: [], custom_fields: new Map(), ...settings });
  });

  it('takes labels in the order in which they are said', () => {
    expect(readAssignments(['labels=a', 'labels+=b', 'labels+=c', 'labels-=a']).labels).toEqual([
      { how: 'replace', labels: ['a'] },
      { how: 'add', labels: ['b'] },
      { how: 'add', labels: ['c'] },
      { how: 'remove', labels: ['a'] },
    ]);
  });

  it.each([
    ['status=reopened', 'not one of new, open, pending, resolved, closed: give one of new, '],
    ['status=', 'a case always has a status: give one of '],
    ['priority=11', 'not a whole number from 1 to 10: give one, or nothing to empty it'],
    ['priority+=1', 'only labels are added or taken away: write priority=VALUE'],
    ['language=english', 'not an ISO 639-1 code such as es or pt-BR: give such a code, or nothing'],
    [`external_id=${'x'.repeat(256)}`, 'longer than 255 bytes: give a shorter one'],
    ['customer=joe', 'neither an address nor the number of a customer: give one of them'],
    ['customer=0', 'neither an address nor the number'],
    ['labels+=', 'no label in it: give one, or several with commas between them'],
    ['labels=,', 'no label in it'],
    ['custom.=x', 'a custom field has a name: write custom.KEY=VALUE'],
    [`custom.${'k'.repeat(256)}=x`, 'longer than 255 bytes: give its key a shorter name'],
    ['staus=open', 'a case has no such field: did you mean status?'],
    ['lables+=x', 'only labels are added or taken away'],
    ['lables=x', 'a case has no such field: did you mean labels?'],
    ['constructor=x', 'a case has no such field: possible are status, priority, '],
    ['received_at=2026-01-01', 'a case has no such field: possible are '],
    ['status', 'no value: write FIELD=VALUE, e.g. status=pending'],
    ['=x', 'a case has no such field'],
  ])('%j is refused, with its cure', (word, problem) => {
    expect(() => readAssignments([word])).toThrow(`${word}: ${problem}`);
  });

  it('reports all problems at once, harmlessly', () => {
    const words = ['status=open', 'status=closed', '\u001b[31mx=1', 'priority=high'];
    expect(() => readAssignments(words)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringMatching(
          /^status=closed: said twice.*\n\uFFFD\[31mx=1: a case has no such field.*\npriority=high: not a whole number/,
        ),
      }),
    );
    expect(() => readAssignments([])).toThrow('nothing to set');
  });
});

it.each([
  ['7', { id: 7 }],
  ['joe@example.com', { address: 'joe@example.com' }],
  ['-7', undefined],
  ['99999999999999999999', undefined],
  ['joe', undefined],
  ['a\u0000@b.example', undefined],
])('%j names a customer', (text, name) => {
  expect(customerName(text)).toEqual(name);
});

describe('who acts', () => {
  it.each([
    ['Ann Agent', undefined, 'Ann Agent'],
    [' Ann\n\u001b[31m Agent ', undefined, 'Ann \uFFFD[31m Agent'],
    ['Ann', 'root', 'Ann'],
    [undefined, 'ann', 'ann'],
  ])('%j, sudo by %j', (by, sudo, name) => {
    expect(actorFor(by, sudo)).toBe(name);
  });

  it('is the user of the system, else', () => {
    expect(actorFor(undefined, '')).toMatch(/^\S+$/);
  });

  it.each(['', ' \n '])('is not nobody (%j)', (by) => {
    expect(() => actorFor(by)).toThrow('nobody acts: say who you are with --by NAME');
  });

  it('has no name that goes on and on', () => {
    expect(actorFor('é'.repeat(127))).toHaveLength(127);
    expect(() => actorFor('é'.repeat(128))).toThrow('--by is longer than 255 bytes');
  });
});

describe('what is told', () => {
  const customers = new Map([
    [3, { id: 3, first_name: 'Käthe', last_name: null, addresses: ['k@x.example'] }],
    [13, { id: 13, first_name: 'Joe', last_name: 'C\u001b[2J', addresses: [] }],
    [14, { id: 14, first_name: null, last_name: null, addresses: [] }],
  ]);

  it.each([
    [{ of: 'case', id: 3, field: 'status', old: 'open', new: 'pending' }, 'case 3: status open → pending'],
    [
      { of: 'case', id: 3, field: 'subject', old: null, new: 'A\u001b[31m\nb' },
      'case 3: subject (empty) → "A\uFFFD[31m b"',
    ],
    [
      { of: 'case', id: 3, field: 'custom_fields.a\u202Eb', old: 'x', new: null },
      'case 3: custom_fields.a\uFFFDb "x" → (empty)',
    ],
    [{ of: 'case', id: 5, field: 'merged_into', old: null, new: '3' }, 'case 5: merged into case 3'],
    [{ of: 'case', id: 7, field: 'merged_into', old: '5', new: '3' }, 'case 7: merged_into 5 → 3'],
    [{ of: 'case', id: 3, gained: 'interactions', count: 1, from: 5 }, 'case 3: 1 interaction of case 5'],
    [
      { of: 'customer', id: 3, gained: 'addresses', count: 1200, from: 5 },
      'customer 3: 1,200 addresses of customer 5',
    ],
    [{ of: 'interaction', id: 17, field: 'case_id', old: '3', new: '5' }, 'interaction 17: case 3 → case 5'],
    [
      { of: 'interaction', id: 17, field: 'case_id', old: '3', new: null },
      'interaction 17: case 3 → the new case',
    ],
    [
      { of: 'case', id: 4, field: 'customer_id', old: '13', new: '3' },
      'case 4: customer 13 (Joe C\uFFFD[2J) → customer 3 (Käthe, k@x.example)',
    ],
    [{ of: 'case', id: 4, field: 'customer_id', old: null, new: '14' }, 'case 4: no customer → customer 14'],
    [{ of: 'case', id: null, field: 'status', old: null, new: 'new' }, 'new case: status (empty) → new'],
  ] as const)('%j', (change, line) => {
    expect(told([change], false, customers)).toBe(line);
    expect(told([change], true, customers)).toBe(`would change: ${line}`);
  });

  it('says so where there is nothing', () => {
    expect(told([], true, customers)).toBe('nothing to change: it is like that already');
  });
});
