import { beforeEach, describe, expect, it } from 'vitest';
import { mergeCases } from '../../src/desk/merge-cases.ts';
import { type CaseSettings, setCase } from '../../src/desk/set-case.ts';
import { useDatabase } from '../support/database.ts';
import { deskOn, lines } from './desk.ts';

const desk = deskOn(useDatabase());

beforeEach(() => desk.clear());

const ann = { From: 'Ann Asker <ann@asker.example>' };
const bob = { From: 'Bob <bob@b.example>' };
const settings = (given: Partial<CaseSettings>): CaseSettings => ({
  labels: [],
  custom_fields: new Map(),
  ...given,
});
const set = (id: number, given: Partial<CaseSettings>, acting = {}) =>
  desk.act((act) => setCase(act, { id }, settings(given)), acting);

describe('case set', () => {
  it('sets every field, with an event under the name of who did it', async () => {
    await desk.record([{ ...ann, Subject: 'Lamp', 'x-desk-case-labels': 'old, gone' }, bob]);
    const told = await set(1, {
      status: 'pending',
      priority: 8,
      language: 'pt-BR',
      subject: 'The lamp',
      external_id: 'ORDER-1',
      customer: { address: 'Bob@b.example' },
      labels: [
        { how: 'add', labels: ['vip', 'old'] },
        { how: 'remove', labels: ['gone', 'never'] },
      ],
      custom_fields: new Map([['__proto__', 'x']]),
    });
    expect(lines(told)).toEqual([
      'case 1 status: new -> pending',
      'case 1 customer_id: 1 -> 2',
      'case 1 external_id: - -> ORDER-1',
      'case 1 subject: Lamp -> The lamp',
      'case 1 priority: - -> 8',
      'case 1 language: - -> pt-BR',
      'case 1 labels: old, gone -> old, vip',
      'case 1 custom_fields.__proto__: - -> x',
    ]);
    expect(await desk.deeds('case', 1)).toEqual(
      lines(told).map((line) => line.replace('case 1 ', '').concat(' by Ann Agent')),
    );
    const [row] = await desk.query<{ fields: string; fresh: boolean }>(
      `select custom_fields::text as fields, updated_at > created_at as fresh, status, priority, language, subject,
         external_id, customer_id, labels from cases where id = 1`,
    );
    expect(row).toMatchObject({
      ...{ status: 'pending', priority: 8, language: 'pt-BR', subject: 'The lamp', external_id: 'ORDER-1' },
      ...{ customer_id: 2, labels: ['old', 'vip'], fresh: true, fields: '{"__proto__": "x"}' },
    });
  });

  it('sets the times that go with a status, and only once when it was first resolved', async () => {
    await desk.record([ann]);
    expect(lines(await set(1, { status: 'resolved' }))).toEqual(['case 1 status: new -> resolved']);
    const times = async () =>
      (
        await desk.query<Record<string, Date | null>>(
          'select opened_at, first_resolved_at, resolved_at, closed_at from cases where id = 1',
        )
      )[0];
    const first = await times();
    expect(first).toMatchObject({ opened_at: null, closed_at: null });
    expect(first?.first_resolved_at).toEqual(first?.resolved_at);
    await set(1, { status: 'open' });
    await set(1, { status: 'resolved' });
    const second = await times();
    expect(second?.first_resolved_at).toEqual(first?.first_resolved_at);
    expect(second?.resolved_at?.getTime()).toBeGreaterThan(first?.resolved_at?.getTime() ?? Infinity);
    expect(second?.opened_at).toBeInstanceOf(Date);
    await set(1, { status: 'closed' });
    expect((await times())?.closed_at).toBeInstanceOf(Date);
  });

  it('empties fields', async () => {
    await desk.record([
      {
        ...ann,
        Subject: 'Lamp',
        'x-desk-case-priority': '3',
        'x-desk-case-language': 'sv',
        'x-desk-case-external-id': 'X',
        'x-desk-case-labels': 'a',
        'x-desk-case-custom-tier': 'gold',
      },
    ]);
    const none = { priority: null, language: null, subject: null, external_id: null, customer: null };
    await set(1, {
      ...none,
      labels: [{ how: 'replace', labels: [] }],
      custom_fields: new Map([['tier', null]]),
    });
    expect(
      await desk.query(
        'select priority, language, subject, external_id, customer_id, labels, custom_fields from cases',
      ),
    ).toEqual([
      {
        ...{ priority: null, language: null, subject: null, external_id: null, customer_id: null },
        ...{ labels: [], custom_fields: {} },
      },
    ]);
    expect(await desk.deeds('case', 1)).toContain('labels: a -> - by Ann Agent');
  });

  it('what is so already is no change', async () => {
    await desk.record([{ ...ann, Subject: 'Lamp', 'x-desk-case-labels': 'a, b' }]);
    const before = await desk.dump();
    expect(
      await set(1, {
        ...{ status: 'new', subject: 'Lamp', priority: null, customer: { id: 1 } },
        labels: [{ how: 'replace', labels: ['a', 'b'] }],
        custom_fields: new Map([['none', null]]),
      }),
    ).toEqual([]);
    expect(await desk.dump()).toEqual(before);
  });

  it('finds the case by its external id', async () => {
    await desk.record([ann, { ...ann, 'x-desk-case-external-id': 'ORDER-2' }]);
    const by = (externalId: string) =>
      desk.act((act) => setCase(act, { externalId }, settings({ priority: 1 })));
    expect(lines(await by('ORDER-2'))).toEqual(['case 2 priority: - -> 1']);
    await desk.act((act) => mergeCases(act, 1, 2));
    expect(lines(await by('ORDER-2'))).toEqual([]);
    await set(1, { priority: 5 });
    expect(lines(await by('ORDER-2'))).toEqual(['case 1 priority: 5 -> 1']);
    await expect(by('ORDER-\u001b[31m3')).rejects.toThrow('no case has the external id ORDER-\uFFFD[31m3');
  });

  it.each([
    [{ status: 'new' }, /^case 1 is pending, and a case never becomes new again/],
    [
      { external_id: 'ORDER-2' },
      /^the external id ORDER-2 is taken by case 2: `mailcase case merge 1 2` .*external_id=` frees it$/,
    ],
    [{ customer: { id: 99 } }, /^there is no customer 99$/],
    [{ customer: { address: 'no@one.example' } }, /^no customer has the address no@one.example$/],
  ] as const)('refuses %j and changes nothing', async (given, message) => {
    await desk.record([ann, { ...ann, 'x-desk-case-external-id': 'ORDER-2' }]);
    await set(1, { status: 'pending' });
    const before = await desk.dump();
    await expect(set(1, { priority: 4, ...given })).rejects.toMatchObject({
      code: 'act_refused',
      message: expect.stringMatching(message),
    });
    expect(await desk.dump()).toEqual(before);
  });

  it('takes the external id of a case that was merged into it, and mail with it still comes', async () => {
    await desk.record([ann, { ...ann, 'x-desk-case-external-id': 'ORDER-2' }, ann]);
    await desk.act((act) => mergeCases(act, 1, 2));
    await expect(set(3, { external_id: 'ORDER-2' })).rejects.toThrow(
      'taken by case 2: `mailcase case set 1 external_id=ORDER-2` gives it to the case that stands for it',
    );
    expect(lines(await set(1, { external_id: 'ORDER-2' }))).toEqual([
      'case 2 external_id: ORDER-2 -> -',
      'case 1 external_id: - -> ORDER-2',
    ]);
    await desk.record([{ ...ann, 'x-desk-case-external-id': 'ORDER-2' }]);
    expect(await desk.casesOfMails()).toEqual([1, 1, 3, 1]);
  });

  it('the customer that a person gives a case has a part in it', async () => {
    await desk.record([{ ...ann, 'Message-ID': '<a@x>' }, bob]);
    await set(1, { customer: { id: 2 } });
    await desk.record([{ ...bob, 'In-Reply-To': '<a@x>' }]);
    expect(await desk.query('select case_id, outsider from interactions where id = 3')).toEqual([
      { case_id: 1, outsider: false },
    ]);
  });

  it('has it by the newest address: of one with very many the oldest are not looked at', async () => {
    await desk.record([{ ...ann, 'Message-ID': '<a@x>' }, bob]);
    await desk.query(`insert into customer_emails (customer_id, address, address_key)
      select 2, 'bob' || n || '@b.example', 'bob' || n || '@b.example' from generate_series(1, 150) n`);
    await set(1, { customer: { id: 2 } });
    await desk.record([{ From: 'bob75@b.example', 'In-Reply-To': '<a@x>' }]);
    expect(await desk.query('select case_id, outsider from interactions where id = 3')).toEqual([
      { case_id: 1, outsider: false },
    ]);
  });

  it('a reply goes on as the lifecycle says', async () => {
    await desk.record([{ ...ann, 'Message-ID': '<a@x>' }]);
    await set(1, { status: 'pending' });
    await desk.record([{ ...ann, 'In-Reply-To': '<a@x>', 'Message-ID': '<b@x>' }]);
    expect(await desk.query('select status from cases')).toEqual([{ status: 'open' }]);
    await set(1, { status: 'closed' });
    await desk.record([{ ...ann, 'In-Reply-To': '<b@x>' }]);
    expect(await desk.query('select id, status, follow_up_of from cases order by id')).toEqual([
      { id: 1, status: 'closed', follow_up_of: null },
      { id: 2, status: 'new', follow_up_of: 1 },
    ]);
  });

  it('a dry run tells the same and leaves every table as it was', async () => {
    await desk.record([ann, bob]);
    const before = await desk.dump();
    const given = { status: 'open', external_id: 'X', customer: { id: 2 } } as const;
    const told = await set(1, given, { dryRun: true });
    expect(await desk.dump()).toEqual(before);
    expect(await set(1, given)).toEqual(told);
  });
});
