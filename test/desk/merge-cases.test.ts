import { beforeEach, describe, expect, it } from 'vitest';
import { mergeCases } from '../../src/desk/merge-cases.ts';
import { mergeCustomers } from '../../src/desk/merge-customers.ts';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import { setCase } from '../../src/desk/set-case.ts';
import { useDatabase } from '../support/database.ts';
import { deskOn, lines } from './desk.ts';

const desk = deskOn(useDatabase());

beforeEach(() => desk.clear());

const ann = { From: 'Ann Asker <ann@asker.example>' };
const bob = { From: 'Bob <bob@b.example>' };
const set = (id: number, settings: Partial<Parameters<typeof setCase>[2]>) =>
  desk.act((act) => setCase(act, { id }, { labels: [], custom_fields: new Map(), ...settings }));
const merge = (a: number, b: number, acting = {}) => desk.act((act) => mergeCases(act, a, b), acting);
const statusOf = async (id: number) =>
  (await desk.query<{ status: string }>(`select status from cases where id = ${id}`))[0]?.status;

describe('case merge', () => {
  it('leads later mail on: by external id, by threading, by number, by the id that a copy has', async () => {
    await desk.record([
      { ...ann, Subject: 'First', 'Message-ID': '<a@x>' },
      { ...ann, Subject: 'Second', 'Message-ID': '<b@x>', 'x-desk-case-external-id': 'ORDER-2' },
    ]);
    expect(lines(await merge(1, 2))).toEqual([
      'case 2 merged_into: - -> 1',
      'case 2 status: new -> closed',
      'case 1 +1 interactions of 2',
    ]);
    await desk.record([
      { ...ann, Subject: 'By id', 'x-desk-case-external-id': 'ORDER-2' },
      { ...ann, Subject: 'By thread', 'In-Reply-To': '<b@x>' },
    ]);
    await desk.record([{ ...ann, Subject: 'By number [#2]' }], { subjectNumber: '[#1234]' });
    expect(await desk.casesOfMails()).toEqual([1, 1, 1, 1, 1]);
    expect(await desk.query('select id, status, external_id, merged_into from cases order by id')).toEqual([
      { id: 1, status: 'new', external_id: null, merged_into: null },
      { id: 2, status: 'closed', external_id: 'ORDER-2', merged_into: 1 },
    ]);
  });

  it('keeps the name of who did it, on both cases', async () => {
    await desk.record([ann, ann]);
    await merge(1, 2);
    expect(await desk.query('select updated_at > created_at as updated from cases')).toEqual([
      { updated: true },
      { updated: true },
    ]);
    expect(await desk.deeds('case', 1)).toEqual(['merged: - -> 2 by Ann Agent']);
    expect(await desk.deeds('case', 2)).toEqual([
      'merged_into: - -> 1 by Ann Agent',
      'status: new -> closed by Ann Agent',
    ]);
  });

  it('fills what is empty, unites the labels, and keeps what is there', async () => {
    await desk.record([
      {
        ...ann,
        '@minute': '9',
        'x-desk-case-labels': 'a, both',
        'x-desk-case-language': 'sv',
        'x-desk-case-custom-tier': 'gold',
      },
      {
        ...bob,
        '@minute': '5',
        'x-desk-case-labels': 'both, b',
        'x-desk-case-language': 'de',
        'x-desk-case-priority': '7',
        'x-desk-case-custom-tier': 'tin',
        'x-desk-case-custom-size': 'L',
      },
    ]);
    expect(lines(await merge(1, 2))).toEqual([
      'case 2 merged_into: - -> 1',
      'case 2 status: new -> closed',
      'case 1 priority: - -> 7',
      'case 1 labels: a, both -> a, both, b',
      `case 1 received_at: ${new Date(9 * 60_000).toISOString()} -> ${new Date(5 * 60_000).toISOString()}`,
      'case 1 custom_fields.size: - -> L',
      'case 1 +1 interactions of 2',
      'case 1 +1 participants of 2',
    ]);
    expect(
      await desk.query(
        'select customer_id, priority, language, labels, custom_fields, received_at from cases where id = 1',
      ),
    ).toEqual([
      {
        customer_id: 1,
        priority: 7,
        language: 'sv',
        labels: ['a', 'both', 'b'],
        custom_fields: { tier: 'gold', size: 'L' },
        received_at: new Date(5 * 60_000),
      },
    ]);
  });

  it('says with what is changed by it that it was merged', async () => {
    await desk.record([{ ...ann, 'Message-ID': '<a@x>', 'x-desk-case-status': 'closed' }]);
    await desk.record([
      { ...ann, 'In-Reply-To': '<a@x>' },
      { ...bob, 'x-desk-case-priority': '7' },
    ]);
    await set(3, { status: 'resolved' });
    await merge(3, 1);
    await merge(3, 2);
    await desk.act((act) => mergeCustomers(act, { id: 1 }, { id: 2 }));
    const reasons = await desk.query<{ line: string }>(
      `select concat(case_id, ' ', field, ': ', reason) as line from case_events where actor is not null order by id`,
    );
    expect(reasons.map(({ line }) => line)).toEqual([
      '3 status: ',
      '1 merged_into: it was merged into case 3',
      '3 received_at: case 1 was merged into it',
      '2 follow_up_of: case 1 was merged into case 3',
      '3 merged: ',
      '2 merged_into: it was merged into case 3',
      '2 status: it was merged into case 3',
      '3 status: case 2 was merged into it',
      '3 merged: ',
      '3 customer_id: customer 2 was merged into customer 1',
    ]);
  });

  it('the other case’s people are part of the one that stays', async () => {
    await desk.record([ann, { ...bob, 'Message-ID': '<b@x>' }]);
    await merge(1, 2);
    await desk.record([{ ...bob, 'In-Reply-To': '<b@x>' }]);
    await desk.record([{ From: 'eve@e.example', 'In-Reply-To': '<b@x>' }]);
    expect(await desk.query('select case_id, outsider from interactions where id > 2 order by id')).toEqual([
      { case_id: 1, outsider: false },
      { case_id: 1, outsider: true },
    ]);
    expect(await desk.query('select case_id from case_participants where case_id <> 1')).toEqual([]);
  });

  it('the other case’s customer goes on writing in the one that stays, although it is like a campaign', async () => {
    const toBob = { From: 'support@example.com', To: 'bob@b.example' };
    await desk.record([
      { ...ann, 'x-desk-case-external-id': 'ORDER-1' },
      { ...bob, 'Message-ID': '<b@x>' },
      { ...toBob, 'In-Reply-To': '<b@x>', 'Message-ID': '<re@x>' },
      {
        From: 'support@example.com',
        To: 'carl@c.example',
        'x-desk-case-external-id': 'ORDER-1',
        'Message-ID': '<c@x>',
      },
    ]);
    await merge(1, 2);
    await desk.record([
      { ...bob, 'In-Reply-To': '<re@x>' },
      { From: 'carl@c.example', 'In-Reply-To': '<c@x>' },
    ]);
    expect(await desk.casesOfMails()).toEqual([1, 1, 1, 1, 1, 3]);
    await desk.act((act) => mergeCustomers(act, { id: 3 }, { id: 2 }));
    await desk.record([{ ...bob, 'In-Reply-To': '<re@x>' }]);
    expect(await desk.casesOfMails()).toEqual([1, 1, 1, 1, 1, 3, 1]);
  });

  it('an outsider stays one: merging says nothing of him', async () => {
    await desk.record([{ ...ann, 'Message-ID': '<a@x>' }, { ...bob, 'In-Reply-To': '<a@x>' }, ann]);
    await merge(2, 1);
    expect(await desk.query('select outsider from interactions order by id')).toEqual([
      { outsider: false },
      { outsider: true },
      { outsider: false },
    ]);
  });

  it.each([
    ['new', 'open', 'new'],
    ['pending', 'new', 'pending'],
    ['resolved', 'new', 'open'],
    ['closed', 'new', 'open'],
    ['closed', 'pending', 'pending'],
    ['resolved', 'open', 'open'],
    ['resolved', 'closed', 'resolved'],
    ['closed', 'resolved', 'closed'],
  ] as const)('a case that is %s, with one that is %s merged into it, is %s', async (a, b, expected) => {
    await desk.record([ann, ann]);
    if (a !== 'new') await set(1, { status: a });
    if (b !== 'new') await set(2, { status: b });
    await merge(1, 2);
    expect([await statusOf(1), await statusOf(2)]).toEqual([expected, 'closed']);
  });

  it('what went on from it goes on from the one that stays, which goes on from nothing of the two', async () => {
    await desk.record([{ ...ann, 'Message-ID': '<a@x>', 'x-desk-case-status': 'closed' }]);
    await desk.record([
      { ...ann, 'In-Reply-To': '<a@x>', 'Message-ID': '<b@x>' },
      { ...ann, 'In-Reply-To': '<a@x>', 'Message-ID': '<c@x>' },
    ]);
    expect(await desk.query('select follow_up_of from cases order by id')).toEqual([
      { follow_up_of: null },
      { follow_up_of: 1 },
      { follow_up_of: 1 },
    ]);
    await merge(2, 1);
    expect(await desk.query('select follow_up_of, merged_into, status from cases order by id')).toEqual([
      { follow_up_of: null, merged_into: 2, status: 'closed' },
      { follow_up_of: null, merged_into: null, status: 'new' },
      { follow_up_of: 2, merged_into: null, status: 'new' },
    ]);
    expect(await desk.deeds('case', 3)).toEqual(['follow_up_of: 1 -> 2 by Ann Agent']);
  });

  it('what was merged before is repointed: one step leads to the end', async () => {
    await desk.record(
      ['A', 'B', 'C'].map((id) => ({ ...ann, 'Message-ID': `<${id}@x>`, 'x-desk-case-external-id': id })),
    );
    await merge(2, 1);
    await merge(3, 2);
    expect(await desk.query('select merged_into from cases order by id')).toEqual([
      { merged_into: 3 },
      { merged_into: 3 },
      { merged_into: null },
    ]);
    await desk.record([{ ...ann, 'x-desk-case-external-id': 'A' }]);
    expect(await desk.casesOfMails()).toEqual([3, 3, 3, 3]);
  });

  it('a flood of the customer goes to the case that stays', async () => {
    const telling = { trust: 'none', policy: { flood: { messages: 2, window: 3_600_000 } } } as const;
    await desk.record(
      [
        { ...ann, '@minute': '1' },
        { ...ann, '@minute': '2' },
      ],
      telling,
    );
    await merge(1, 2);
    await desk.record([{ ...ann, '@minute': '3', Subject: 'More' }], telling);
    expect(await desk.casesOfMails()).toEqual([1, 1, 1]);
  });

  it('a trusted copy of a mail that went along applies its headers', async () => {
    const copy = { ...ann, 'Message-ID': '<b@x>', 'x-desk-case-priority': '9' };
    await desk.record([ann, copy], { trust: 'none' });
    await merge(1, 2);
    await desk.record([copy]);
    expect(await desk.query('select id, priority from cases order by id')).toEqual([
      { id: 1, priority: 9 },
      { id: 2, priority: null },
    ]);
    expect(await desk.casesOfMails()).toEqual([1, 1]);
  });

  it('refuses what cannot be, and changes nothing', async () => {
    await desk.record([ann, ann, ann]);
    await merge(1, 2);
    const before = await desk.dump();
    expect(await merge(1, 1)).toEqual([]);
    expect(await merge(1, 2)).toEqual([]);
    await expect(merge(3, 2)).rejects.toThrow('case 2 was merged into case 1: name that one instead');
    await expect(merge(2, 3)).rejects.toThrow('case 2 was merged into case 1');
    await expect(merge(1, 99)).rejects.toThrow('there is no case 99');
    await expect(desk.act((act) => moveInteraction(act, 3, 2, () => false))).rejects.toThrow(
      'case 2 was merged into case 1',
    );
    await expect(set(2, { status: 'open' })).rejects.toThrow('case 2 was merged into case 1');
    expect(await desk.dump()).toEqual(before);
  });

  it('a dry run tells the same and leaves every table as it was', async () => {
    await desk.record([
      { ...ann, 'x-desk-case-labels': 'x' },
      { ...bob, 'x-desk-case-labels': 'y' },
    ]);
    const before = await desk.dump();
    const told = await merge(1, 2, { dryRun: true });
    expect(await desk.dump()).toEqual(before);
    expect(await merge(1, 2)).toEqual(told);
    expect(await desk.dump()).not.toEqual(before);
  });

  it('makes no circle of cases that go on from each other', async () => {
    const next = (id: string) => ({ ...ann, 'Message-ID': `<${id}@x>`, 'x-desk-case-status': 'closed' });
    await desk.record([
      next('one'),
      { ...next('two'), 'In-Reply-To': '<one@x>' },
      { ...next('three'), 'In-Reply-To': '<two@x>' },
      { ...next('four'), 'In-Reply-To': '<three@x>' },
    ]);
    await desk.act((started) => mergeCases(started, 1, 3));
    expect(await desk.query('select follow_up_of from cases where merged_into is null order by id')).toEqual([
      { follow_up_of: null },
      { follow_up_of: 1 },
      { follow_up_of: 1 },
    ]);
    await desk.act((started) => mergeCases(started, 4, 1));
    expect(
      await desk.query('select id, follow_up_of from cases where merged_into is null order by id'),
    ).toEqual([
      { id: 2, follow_up_of: 4 },
      { id: 4, follow_up_of: null },
    ]);
  });
});
