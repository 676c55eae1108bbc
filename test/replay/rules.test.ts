// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write.
import { beforeEach, describe, expect, it } from 'vitest';
import { type CaseSettings, setCase } from '../../src/desk/set-case.ts';
import type { Told } from '../record/story.ts';
import { useDatabase } from '../support/database.ts';
import { configOfToday, replayOn } from './replaying.ts';

/* Mail that was recorded before there were rules, or under others. */

const database = useDatabase();
const { query, clear, record, act, casesOfMails, replayed, run } = replayOn(database);

beforeEach(clear);

const ann: Told = { From: 'Ann <ann@asker.example>', Subject: 'Lamp' };
const toAnn: Told = { From: 'support@example.com', To: 'ann@asker.example' };
const at = (minute: number): Told => ({ '@minute': String(minute) });
const A: Told = { 'x-desk-case-external-id': 'A' };

type Rule = Record<string, unknown>;

const rulesOf = (...rules: Rule[]) =>
  configOfToday({
    headers: { prefix: 'x-desk-' },
    rules: rules.map((rule, index) => ({ name: `r${index + 1}`, ...rule })),
  });

const jira = {
  name: 'jira',
  when: { part: 'subject', matches: '\\[JIRA\\] \\((?P<key>[A-Z]+-\\d+)\\)' },
  then: { set: { 'case.external_id': 'jira-{key}' }, add: { 'case.labels': ['jira'] } },
};

const set = (id: number, settings: Partial<CaseSettings>) =>
  act((started) => setCase(started, { id }, { labels: [], custom_fields: new Map(), ...settings }));

const kept = async (id: number) =>
  (
    await query<{ directives: Record<string, unknown> }>(
      `select directives from interaction_contents where interaction_id = ${id}`,
    )
  )[0]?.directives;

describe('a rule that is new', () => {
  it('brings what belongs together into one case: trusted or not, and only what it matches', async () => {
    const mail = (subject: string, minute: number, from = 'jira@atlassian.example') => ({
      ...{ From: from, Subject: subject, ...at(minute) },
    });
    await record(
      [
        mail('[JIRA] (ABC-1) Lamp is broken', 1),
        mail('[JIRA] (ABC-2) Chair', 2),
        mail('Re: [JIRA] (ABC-1) Lamp is broken', 3, 'ann@asker.example'),
        mail('Nothing of it', 4),
      ],
      { trust: 'none' },
    );
    expect(await replayed({}, await rulesOf(jira))).toEqual([
      'case 1 external_id: - -> jira-ABC-1 (rule jira)',
      'case 1 labels: - -> jira (rule jira)',
      'mail 3 outsider: false -> true (rule jira)',
      'case 2 external_id: - -> jira-ABC-2 (rule jira)',
      'case 2 labels: - -> jira (rule jira)',
      'case 3 status: new -> closed (its only mail went to another case)',
      'mail 3 case_id: 3 -> 1 (rule jira)',
    ]);
    expect(await casesOfMails()).toEqual([1, 2, 1, 4]);
    expect(await kept(3)).toMatchObject({
      applied: [
        { by: 'rule jira', field: 'case.external_id', value: 'jira-ABC-1' },
        { by: 'rule jira', field: 'case.labels', value: 'jira', how: 'added' },
      ],
      rules: ['jira'],
    });
    expect(
      await query(`select distinct actor, reason from case_events where field = 'labels' and case_id = 1`),
    ).toEqual([{ actor: 'Rita', reason: 'replay: rule jira' }]);
  });

  it('sets, adds to, removes from and clears fields of the case', async () => {
    await record([
      {
        ...ann,
        ...{ 'x-desk-case-labels': 'a, b', 'x-desk-case-language': 'sv', 'x-desk-case-custom-tags': 'x, y' },
        ...{ 'x-desk-case-custom-depot': 'Lund', 'x-desk-case-priority': '3' },
      },
    ]);
    const then = {
      set: { 'case.status': 'resolved', 'case.priority': '9' },
      add: { 'case.labels': ['c'], 'case.custom_fields.tags': ['z'] },
      remove: { 'case.labels': ['a'], 'case.custom_fields.tags': ['x'] },
      clear: ['case.language', 'case.custom_fields.depot'],
    };
    expect(await replayed({}, await rulesOf({ then }))).toEqual([
      'case 1 status: new -> resolved (rule r1 says so)',
      'case 1 priority: 3 -> 9 (rule r1)',
      'case 1 language: sv -> - (rule r1)',
      'case 1 labels: a, b -> b, c (x-desk-case-labels, rule r1)',
      'case 1 custom_fields.depot: Lund -> - (rule r1)',
      'case 1 custom_fields.tags: x, y -> y, z (x-desk-case-custom-tags, rule r1)',
      'mail 1 left x-desk-case-language: sv: rule r1 sets case.language instead',
      'mail 1 left x-desk-case-custom-depot: Lund: rule r1 sets case.custom_fields.depot instead',
      'mail 1 left x-desk-case-priority: 3: rule r1 sets case.priority instead',
    ]);
  });

  it('sets labels in the place of all', async () => {
    await record([{ ...ann, 'x-desk-case-labels': 'a, b' }]);
    expect(await replayed({}, await rulesOf({ then: { set: { 'case.labels': ['b', 'c'] } } }))).toEqual([
      'case 1 labels: a, b -> b, c (rule r1)',
      'mail 1 left x-desk-case-labels: a, b: rule r1 sets case.labels instead',
    ]);
  });

  it('says whose mail it is, what he is, and what the mail is', async () => {
    await record([{ ...ann, 'x-desk-customer-company': 'Lamps' }]);
    const then = {
      set: {
        ...{ 'customer.first_name': 'Anna', 'customer.language': 'sv', 'interaction.kind': 'auto_reply' },
        ...{ 'customer.custom_fields.tier': 'gold', 'interaction.city': 'Lund' },
      },
      clear: ['customer.company'],
    };
    expect(await replayed({}, await rulesOf({ then }))).toEqual([
      'mail 1 kind: mail -> auto_reply (rule r1)',
      'mail 1 city: - -> Lund (rule r1)',
      'mail 1 left x-desk-customer-company: Lamps: rule r1 sets customer.company instead',
      'customer 1 first_name: Ann -> Anna (rule r1)',
      'customer 1 company: Lamps -> - (rule r1)',
      'customer 1 language: - -> sv (rule r1)',
      'customer 1 custom_fields.tier: - -> gold (rule r1)',
    ]);
    expect(await query('select kind, city from interactions')).toEqual([
      { kind: 'auto_reply', city: 'Lund' },
    ]);
  });

  it('that would skip the mail today: it stays, and that is said', async () => {
    await record([ann, { ...ann, Subject: 'Win a lamp' }]);
    const rule = { when: { part: 'subject', starts_with: 'Win' }, then: { skip: 'spam' } };
    const config = await rulesOf(rule);
    expect(await run({ apply: true }, config)).toMatchObject({
      changed: 0,
      left: [
        {
          reason: 'it is recorded, and stays so, though today it would be skipped by rule r1: spam',
          interaction_ids: [2],
        },
      ],
    });
    expect(await query('select id from interactions order by id')).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await run({ apply: true }, config)).toMatchObject({ known: 2, looked_at: 0 });
  });

  it('clears what the mail said of itself', async () => {
    await record([{ ...ann, 'x-desk-interaction-city': 'Lund', 'x-desk-interaction-region': 'Skåne' }]);
    expect(await replayed({}, await rulesOf({ then: { clear: ['interaction.city'] } }))).toEqual([
      'mail 1 city: Lund -> - (rule r1)',
      'mail 1 left x-desk-interaction-city: Lund: rule r1 sets interaction.city instead',
    ]);
  });
});

describe('what is left', () => {
  it('what a person has set: not cleared, nothing added, nothing removed', async () => {
    await record([ann]);
    await set(1, {
      ...{ language: 'en', labels: [{ how: 'replace', labels: ['mine'] }] },
      custom_fields: new Map([['tags', 'x']]),
    });
    const then = {
      add: { 'case.labels': ['c'], 'case.custom_fields.tags': ['z'] },
      remove: { 'case.labels': ['mine'] },
      clear: ['case.language'],
    };
    expect(await replayed({}, await rulesOf({ then }))).toEqual([
      'mail 1 left rule r1: : a person set it last',
      'mail 1 left rule r1: z: a person set it last',
      'mail 1 left rule r1: mine: a person set it last',
      'mail 1 left rule r1: c: a person set it last',
    ]);
    expect(await query('select language, labels, custom_fields from cases')).toEqual([
      { language: 'en', labels: ['mine'], custom_fields: { tags: 'x' } },
    ]);
  });

  it('what a newer mail has said is not taken away, but something may come to it', async () => {
    await record([
      { ...toAnn, ...A, ...at(1), Subject: 'Old' },
      { ...toAnn, ...A, ...at(2), 'x-desk-case-labels': 'new', 'x-desk-case-custom-tags': 'n' },
    ]);
    const old = { part: 'subject', equals: 'Old' };
    const then = {
      add: { 'case.labels': ['old'], 'case.custom_fields.tags': ['o'] },
      remove: { 'case.labels': ['new'], 'case.custom_fields.tags': ['n'] },
    };
    expect(await replayed({}, await rulesOf({ when: old, then }))).toEqual([
      'case 1 labels: new -> new, old (rule r1)',
      'case 1 custom_fields.tags: n -> n, o (rule r1)',
      'mail 1 left rule r1: n: a newer mail has said it since',
      'mail 1 left rule r1: new: a newer mail has said it since',
    ]);
  });

  it('what a newer mail has cleared stays empty', async () => {
    const said = { 'x-desk-case-language': 'sv', 'x-desk-customer-company': 'First' };
    await record([
      { ...ann, ...A, ...at(1), ...said },
      { ...ann, ...A, ...at(2), Subject: 'Old' },
      { ...ann, ...A, ...at(3), Subject: 'Clear' },
    ]);
    const fields = ['case.language', 'customer.company', 'customer.custom_fields.tier'];
    const config = await rulesOf(
      { when: { part: 'subject', equals: 'Clear' }, then: { clear: fields } },
      {
        when: { part: 'subject', equals: 'Old' },
        then: { set: { 'case.language': 'en', 'customer.company': 'Old', 'customer.phone': '1' } },
      },
    );
    await run({ since: new Date(3 * 60_000), apply: true }, config);
    expect(await replayed({}, config)).toEqual([
      'mail 2 left rule r2: Old: a newer mail has said it since',
      'mail 2 left rule r2: en: a newer mail has said it since',
      'customer 1 phone: - -> 1 (rule r2)',
    ]);
  });

  it('what a rule says no more is not taken back; what it says otherwise is', async () => {
    await record([ann]);
    const first = { then: { set: { 'case.priority': '8' }, add: { 'case.labels': ['a', 'b'] } } };
    await run({ apply: true }, await rulesOf(first));
    const second = { then: { add: { 'case.labels': ['b', 'c'] } } };
    expect(await replayed({}, await rulesOf(second))).toEqual(['case 1 labels: a, b -> a, b, c (rule r1)']);
    expect(await query('select priority from cases')).toEqual([{ priority: 8 }]);
    const third = { then: { set: { 'case.priority': '2' } } };
    expect(await replayed({}, await rulesOf(third))).toEqual(['case 1 priority: 8 -> 2 (rule r1)']);
  });

  it('a label that a person took away does not come back, though other labels do', async () => {
    await record([ann]);
    await run({ apply: true }, await rulesOf({ then: { add: { 'case.labels': ['a'] } } }));
    await set(1, { labels: [{ how: 'remove', labels: ['a'] }] });
    expect(
      await replayed({}, await rulesOf({ name: 'renamed', then: { add: { 'case.labels': ['a'] } } })),
    ).toEqual([]);
    expect(await kept(1)).toMatchObject({ applied: [{ by: 'rule renamed' }], rules: ['renamed'] });
  });
});

describe('--rule', () => {
  const vip = { name: 'vip', when: { part: 'from', ends_with: '@asker.example' } };
  const big = (priority: string) => ({ ...vip, then: { set: { 'case.priority': priority } } });
  const all = { name: 'all', then: { add: { 'case.labels': ['seen'] } } };

  it('replays the mail that it matches, all that is said of it; the rest is looked at another time', async () => {
    await record([ann, { From: 'bob@b.example' }]);
    const config = await rulesOf(big('9'), all);
    const report = await run({ rule: 'vip', apply: true }, config);
    expect(report).toMatchObject({ mails: 2, looked_at: 1, changed: 1, unmatched: 1, remaining: 0 });
    expect(await query('select priority, labels from cases order by id')).toEqual([
      { priority: 9, labels: ['seen'] },
      { priority: null, labels: [] },
    ]);
    expect(await run({ apply: true }, config)).toMatchObject({ known: 1, looked_at: 1, changed: 1 });
  });

  it('replays the mail that it matched before too', async () => {
    await record([ann, { From: 'bob@b.example' }]);
    await run({ apply: true }, await rulesOf(big('9')));
    const narrower = {
      ...vip,
      when: { part: 'from', equals: 'bob@b.example' },
      then: { set: { 'case.priority': '5' } },
    };
    const report = await run({ rule: 'vip', apply: true }, await rulesOf(narrower));
    expect(report).toMatchObject({ looked_at: 2, changed: 1, rerecorded: 1, unmatched: 0 });
    expect(await query('select priority from cases order by id')).toEqual([{ priority: 9 }, { priority: 5 }]);
  });

  it('with a limit counts those that it matches', async () => {
    await record([{ From: 'bob@b.example' }, ann, { From: 'cy@c.example' }, ann]);
    const report = await run({ rule: 'vip', limit: 1, apply: true }, await rulesOf(big('9')));
    expect(report).toMatchObject({ changed: 1 });
    expect(await query('select id from cases where priority = 9')).toEqual([{ id: 2 }]);
  });
});
