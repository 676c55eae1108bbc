// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write, and no promise.
import { describe, expect, it } from 'vitest';
import { FIELD_NAMES } from '../../src/rules/fields.ts';
import type { Actions, Condition, RuleConfig } from '../../src/rules/rule.ts';
import { judged } from './ready.ts';

const JIRA: Condition = { part: 'subject', matches: '\\[JIRA\\] \\((?<key>([A-Z]+)-(\\d+))\\)(?<rest> .*)?' };

async function done(rules: readonly RuleConfig[], fields: Record<string, string> = {}) {
  const { directives } = await judged({ Subject: '[JIRA] (ABC-123)', ...fields }, { rules });
  return directives;
}

const only = (then: Actions, when: Condition = JIRA) => [{ name: 'r', when, then }];

describe('set', () => {
  const VALUES: Readonly<Record<string, [written: string, value: unknown]>> = {
    'customer.email': ['Joe <joe@x.example>', { name: 'Joe', address: 'joe@x.example' }],
    'customer.external_id': ['C-1', 'C-1'],
    'customer.first_name': ['Joe', 'Joe'],
    'customer.last_name': ['Doe', 'Doe'],
    'customer.company': ['Acme', 'Acme'],
    'customer.phone': ['123', '123'],
    'customer.language': ['ES', 'es'],
    'customer.custom_fields.*': ['gold', 'gold'],
    'case.external_id': ['jira-{key}', 'jira-ABC-123'],
    'case.status': ['Closed', 'closed'],
    'case.priority': ['8', 8],
    'case.subject': ['{2} no. {3}', 'ABC no. 123'],
    'case.language': ['pt-br', 'pt-BR'],
    'case.labels': ['a, b', ['a', 'b']],
    'case.custom_fields.*': ['{{x} {1}', '{x} ABC-123'],
    'interaction.direction': ['OUT', 'out'],
    'interaction.kind': ['list', 'list'],
    'interaction.ip_address': ['::1', '::1'],
    'interaction.latitude': ['1.5', 1.5],
    'interaction.longitude': ['-1.5', -1.5],
    'interaction.city': ['Malmö', 'Malmö'],
    'interaction.region': ['Skåne', 'Skåne'],
    'interaction.country_code': ['se', 'SE'],
    'interaction.user_agent': ['curl', 'curl'],
  };

  it('knows every field', () => expect(Object.keys(VALUES)).toEqual(FIELD_NAMES));

  it.each(FIELD_NAMES)('%s', async (field) => {
    const [written = '', value] = VALUES[field] ?? [];
    const name = field.replace('*', 'Key');
    const directives = await done(only({ set: { [name]: [written] } }));
    const [owner, property = ''] = field.split('.') as ['customer' | 'case' | 'interaction', string];
    const held = Object.entries(directives[owner]).find(
      ([key]) => key === (field === 'customer.email' ? 'address' : property),
    )?.[1];
    expect(held).toEqual(field.endsWith('*') ? new Map([['key', value]]) : value);
    expect(directives.applied).toEqual([
      { by: 'rule r', field: name.toLowerCase(), value: expect.any(String) },
    ]);
    expect(directives.refused).toEqual([]);
  });

  it.each<[string, Actions, string, string]>([
    ['a status that is none', { set: { 'case.status': ['{key}'] } }, 'ABC-123', 'case.status: not one of'],
    [
      'a group that took no part',
      { set: { 'case.subject': ['x{rest}'] } },
      '',
      'the group rest matched nothing',
    ],
    [
      'a label that is too long',
      { add: { 'case.labels': [`{key}${'x'.repeat(300)}`] } },
      `ABC-123${'x'.repeat(300)}`,
      'case.labels: longer than 255 bytes',
    ],
  ])('refuses %s, and keeps the rest of the rule', async (_, then, value, reason) => {
    const directives = await done(only({ ...then, clear: ['case.priority'] }));
    expect(directives.refused).toEqual([{ by: 'rule r', value, reason: expect.stringContaining(reason) }]);
    expect(directives.applied).toEqual([{ by: 'rule r', field: 'case.priority', value: '', how: 'cleared' }]);
  });
});

describe('who wins', () => {
  const rule = (name: string, then: Actions): RuleConfig => ({ name, then });

  it('a rule over a header, with the header refused', async () => {
    const rules = [rule('r', { set: { 'case.status': ['closed'] } })];
    const directives = await done(rules, { 'X-Desk-Case-Status': 'open' });
    expect(directives.case.status).toBe('closed');
    expect(directives.applied).toEqual([{ by: 'rule r', field: 'case.status', value: 'closed' }]);
    expect(directives.refused).toEqual([
      { by: 'x-desk-case-status', value: 'open', reason: 'rule r sets case.status instead' },
    ]);
  });

  it('a header where the value of the rule cannot be taken', async () => {
    const rules = [rule('r', { set: { 'case.status': ['{1}'] } })].map((each) => ({ ...each, when: JIRA }));
    const directives = await done(rules, { 'X-Desk-Case-Status': 'open' });
    expect(directives.case.status).toBe('open');
  });

  it('a later rule over an earlier one', async () => {
    const rules = [
      rule('a', { set: { 'case.priority': ['1'], 'customer.custom_fields.tier': ['gold'] } }),
      rule('b', { set: { 'case.priority': ['2'] }, clear: ['customer.custom_fields.tier'] }),
    ];
    const directives = await done(rules);
    expect(directives.case.priority).toBe(2);
    expect(directives.customer.custom_fields.size).toBe(0);
    expect([...(directives.byRules?.cleared ?? [])]).toEqual(['customer.custom_fields.tier']);
    expect(directives.applied.map(({ by, field }) => `${by} ${field}`)).toEqual([
      'rule b customer.custom_fields.tier',
      'rule b case.priority',
    ]);
    expect(directives.byRules?.matched).toEqual(['a', 'b']);
  });

  it('what is set after it was cleared is set', async () => {
    const directives = await done([
      rule('a', { clear: ['case.priority'] }),
      rule('b', { set: { 'case.priority': ['2'] } }),
    ]);
    expect(directives.case.priority).toBe(2);
    expect(directives.byRules?.cleared.size).toBe(0);
  });
});

describe('lists', () => {
  it('labels: header and rules add, a rule takes out', async () => {
    const rules: RuleConfig[] = [
      { name: 'a', then: { add: { 'case.labels': ['vip', 'b'] } } },
      { name: 'b', then: { remove: { 'case.labels': ['spam', 'b'] } } },
    ];
    const directives = await done(rules, { 'X-Desk-Case-Labels': 'spam, c' });
    expect(directives.case.labels).toEqual(['c', 'vip']);
    expect([...(directives.byRules?.labelsRemoved ?? [])]).toEqual(['spam', 'b']);
    expect(directives.applied.map(({ by, value, how }) => [by, value, how])).toEqual([
      ['x-desk-case-labels', 'spam, c', undefined],
      ['rule a', 'vip, b', 'added'],
      ['rule b', 'spam, b', 'removed'],
    ]);
  });

  it('labels that are set take the place of all', async () => {
    const rules: RuleConfig[] = [{ name: 'a', then: { set: { 'case.labels': ['x', 'y'] } } }];
    const directives = await done(rules, { 'X-Desk-Case-Labels': 'spam' });
    expect(directives.case.labels).toEqual(['x', 'y']);
    expect([...(directives.byRules?.cleared ?? [])]).toEqual(['case.labels']);
  });

  it('what a group holds is one label, whatever commas are in it', async () => {
    const when: Condition = { part: 'subject', matches: '(?<all>.*)' };
    const add = { 'case.labels': ['x-{all}, y'], 'customer.custom_fields.topics': ['{all}'] };
    const directives = await done([{ name: 'r', when, then: { add } }], { Subject: 'vip, refund' });
    expect(directives.case.labels).toEqual(['x-vip, refund', 'y']);
    expect(directives.byRules?.lists.size).toBe(0);
    expect(directives.refused).toEqual([
      { by: 'rule r', value: 'vip, refund', reason: expect.stringContaining('a group held a comma') },
    ]);
    const set = { 'case.labels': ['{all}'] };
    const one = await done([{ name: 'r', when, then: { set } }], { Subject: 'vip, refund' });
    expect(one.case.labels).toEqual(['vip, refund']);
  });

  it('the hundred and first label is refused, with the reason', async () => {
    const labels = Array.from({ length: 99 }, (_, i) => `l${i}`);
    const rules: RuleConfig[] = [
      { name: 'a', then: { add: { 'case.labels': ['one', 'two'] } } },
      { name: 'b', then: { add: { 'case.labels': ['three'] } } },
    ];
    const directives = await done(rules, { 'X-Desk-Case-Labels': labels.join(', ') });
    expect(directives.case.labels).toEqual([...labels, 'one']);
    expect(directives.applied.slice(1)).toEqual([
      { by: 'rule a', field: 'case.labels', value: 'one', how: 'added' },
    ]);
    const reason = 'case.labels: the first 100 labels of a mail count';
    expect(directives.refused).toEqual([
      { by: 'rule a', value: 'one, two', reason },
      { by: 'rule b', value: 'three', reason },
    ]);
  });

  it('custom fields: the last says what counts', async () => {
    const field = 'customer.custom_fields.topics';
    const rules: RuleConfig[] = [
      { name: 'a', then: { add: { [field]: ['x, y'] } } },
      { name: 'b', then: { remove: { [field]: ['y', 'z'] } } },
      { name: 'c', then: { add: { [field]: ['z'] } } },
    ];
    const directives = await done(rules);
    expect(directives.byRules?.lists).toEqual(new Map([[field, { added: ['x', 'z'], removed: ['y'] }]]));
  });
});

describe('the run', () => {
  it('stops', async () => {
    const rules: RuleConfig[] = [
      { name: 'a', then: { add: { 'case.labels': ['a'] }, stop: true } },
      { name: 'b', then: { add: { 'case.labels': ['b'] } } },
    ];
    const directives = await done(rules);
    expect([directives.case.labels, directives.byRules?.matched]).toEqual([['a'], ['a']]);
  });

  it.each([
    ['with a reason', 'spam', 'spam'],
    ['without', 'true', ''],
  ])('skips %s, and tries nothing more', async (_, skip, reason) => {
    const rules: RuleConfig[] = [
      { name: 'a', then: { skip } },
      { name: 'b', then: { add: { 'case.labels': ['b'] } } },
    ];
    const directives = await done(rules);
    expect(directives.byRules).toMatchObject({ matched: ['a'], skip: { rule: 'a', reason } });
    expect(directives.case.labels).toEqual([]);
  });

  it('acts on untrusted mail too', async () => {
    const { directives, trusted } = await judged(
      { 'X-Desk-Case-Status': 'closed' },
      { trust: 'none', rules: [{ name: 'a', then: { set: { 'case.priority': ['3'] } } }] },
    );
    expect([trusted, directives.case.status, directives.case.priority]).toEqual([false, undefined, 3]);
  });

  it('a rule that costs too much leaves those behind it their share', async () => {
    const nasty = { part: 'body', matches: '(?:[a-z]{0,20}){0,20}9' } as const;
    const plain = { part: 'subject', matches: '(?<key>[A-Z]+)' } as const;
    const rules: RuleConfig[] = [
      ...['a', 'b', 'c'].map((name) => ({ name, when: nasty, then: { stop: true } })),
      { name: 'plain', when: plain, then: { add: { 'case.labels': ['{key}'] } } },
    ];
    const { directives } = await judged({ Subject: 'ABC' }, { rules, body: 'x'.repeat(9_990) });
    expect(directives.case.labels).toEqual(['ABC']);
    expect(directives.refused.map(({ by }) => by)).toEqual(['rule a', 'rule b', 'rule c']);
  });

  it('a group takes its value from a pattern that has matched for certain', async () => {
    const when: Condition = {
      all: [
        { any: [{ part: 'from', matches: '(?<key>ann)(@)' }, { trusted: true }] },
        { not: { all: [{ part: 'from', matches: '(?<key>asker)()' }, { direction: 'out' }] } },
        { part: 'subject', matches: '(?<key>[A-Z]+)-(\\d+)' },
      ],
    };
    const directives = await done(only({ set: { 'case.external_id': ['{key} {2}'] } }, when));
    expect(directives.case.external_id).toBe('ABC 123');
  });

  it('a mail with too much text for patterns: they do not match, and this is kept', async () => {
    const fields = Array.from({ length: 900 }, () => `X-Much: ${'a'.repeat(900)}`).join('\r\n');
    const source = Buffer.from(`From: a@asker.example\r\n${fields}\r\n\r\nx`);
    const when: Condition = { header: 'x-much', matches: '(?:[a-z]{0,20}){0,20}9' };
    const rules: RuleConfig[] = [
      { name: 'nasty', when, then: { stop: true } },
      { name: 'plain', when: { header: 'x-much', contains: 'aaa' }, then: { add: { 'case.labels': ['x'] } } },
    ];
    const begun = process.cpuUsage();
    const { directives } = await judged(source, { rules });
    const { user, system } = process.cpuUsage(begun);
    expect((user + system) / 1_000).toBeLessThan(10_000);
    expect(directives.byRules?.matched).toEqual(['plain']);
    expect(directives.refused).toEqual([
      { by: 'rule nasty', value: '', reason: 'not tried: the mail has too much text for patterns' },
    ]);
  });
});
