import { beforeEach, describe, expect, it } from 'vitest';
import { mergeCases } from '../../src/desk/merge-cases.ts';
import { mergeCustomers } from '../../src/desk/merge-customers.ts';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import { type CaseSettings, setCase } from '../../src/desk/set-case.ts';
import { readCase } from '../../src/history/case.ts';
import { readCustomerHistory } from '../../src/history/customer.ts';
import { whyHere } from '../../src/history/origins.ts';
import { printCase } from '../../src/history/print-case.ts';
import { printCustomerHistory } from '../../src/history/print-customer.ts';
import { deskOn } from '../desk/desk.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const desk = deskOn(database);

beforeEach(() => desk.clear());

const PLAIN = { width: 200, colours: false };
const ann = { From: 'Ann Asker <ann@asker.example>' };
const bob = { From: 'Bob <bob@b.example>' };

const merge = (a: number, b: number, actor = 'Ann') => desk.act((act) => mergeCases(act, a, b), { actor });
const move = (interaction: number, target: number | 'new', actor = 'Ann') =>
  desk.act((act) => moveInteraction(act, interaction, target, () => false), { actor });
const set = (id: number, given: Partial<CaseSettings>) =>
  desk.act((act) => setCase(act, { id }, { labels: [], custom_fields: new Map(), ...given }));

async function caseOf(id: number, limit = 50) {
  const found = await readCase(database.db, id, { limit, why: true });
  if (found === undefined) throw new Error(`there is no case ${id}`);
  return found;
}

/** Why each mail of a case is there, by its number, dates left out. */
async function whyEach(id: number): Promise<Record<number, string | null>> {
  const { interactions } = await caseOf(id);
  const undated = (text: string | null) => text?.replaceAll(/, \d{4}-\d\d-\d\d \d\d:\d\d/g, '') ?? null;
  return Object.fromEntries(interactions.map((mail) => [mail.id, undated(whyHere(mail))]));
}

const NEW = 'a new one: no external id, and nothing recorded that it answers';

describe('why a mail is here', () => {
  it('after a merge: that its case was merged, and why it was in that', async () => {
    await desk.record([ann, { ...ann, 'Message-ID': '<b@x>' }, { ...ann, 'In-Reply-To': '<b@x>' }]);
    await merge(1, 2);
    expect(await whyEach(1)).toEqual({
      1: NEW,
      2: `case 2, where it lay, was merged into this one by Ann; there because: ${NEW}`,
      3: 'case 2, where it lay, was merged into this one by Ann; there because: In-Reply-To names <b@x>',
    });
    const { interactions } = await caseOf(1);
    expect(interactions[1]).toMatchObject({
      recorded_in: 2,
      placements: [{ how: 'merged', from: 2, into: 1, actor: 'Ann', at: expect.any(Date) }],
    });
    expect(printCase(await caseOf(1), PLAIN)).toMatch(
      /here because: case 2, where it lay, was merged into this one by Ann, \d{4}-\d\d-\d\d \d\d:\d\d; there because: a new one/,
    );
  });

  it('by merges one after the other, also where the case had an external id that another has now', async () => {
    await desk.record([ann, { ...ann, 'x-desk-case-external-id': 'ORDER-2' }, ann]);
    await merge(1, 2, 'Ann');
    await merge(3, 1, 'Bob');
    await set(3, { external_id: 'ORDER-2' });
    const named = 'a new one: x-desk-case-external-id is the first with this id';
    expect(await whyEach(3)).toEqual({
      1: `case 1, where it lay, was merged into this one by Bob; there because: ${NEW}`,
      2: `case 1 was merged into this one by Bob; case 2, where it lay, was merged into case 1 by Ann; there because: ${named}`,
      3: NEW,
    });
    // Mail that comes now came to where it lies.
    await desk.record([{ ...ann, 'x-desk-case-external-id': 'ORDER-2' }]);
    expect((await whyEach(3))[4]).toBe('x-desk-case-external-id names it');
  });

  it('after a move: who moved it, and why it was where it was', async () => {
    await desk.record([ann, ann, ann]);
    await move(2, 1, 'Ann');
    expect(await whyEach(1)).toEqual({
      1: NEW,
      2: `moved here from case 2 by Ann; there because: ${NEW}`,
    });
    await move(2, 3, 'Bob');
    expect((await whyEach(3))[2]).toBe(`moved here from case 1 by Bob; first in case 2 because: ${NEW}`);
    await merge(1, 3, 'Carl');
    expect((await whyEach(1))[2]).toBe(
      `case 3 was merged into this one by Carl; moved into case 3 from case 1 by Bob; first in case 2 because: ${NEW}`,
    );
    await move(1, 'new', 'Carl');
    expect(await whyEach(4)).toEqual({ 1: `moved here from case 1 by Carl; there because: ${NEW}` });
  });

  it('after a move out of a case that was noted by its external id', async () => {
    await desk.record([ann, { ...ann, 'x-desk-case-external-id': 'ORDER-2' }]);
    await move(2, 1);
    expect((await whyEach(1))[2]).toBe(
      'moved here from case 2 by Ann; there because: a new one: x-desk-case-external-id is the first with this id',
    );
  });

  it('moved, and no trusted copy takes it away again', async () => {
    const copy = { ...ann, 'Message-ID': '<b@x>', 'x-desk-case-external-id': 'ORDER-9' };
    await desk.record([ann, copy], { trust: 'none' });
    await move(2, 1);
    await desk.record([copy]);
    expect(await desk.casesOfMails()).toEqual([1, 1]);
    expect((await whyEach(1))[2]).toMatch(/^moved here from case 2 by Ann/);
  });
});

describe('where each field came from', () => {
  it('is the merge or the move, where that changed it', async () => {
    await desk.record([ann, { ...bob, 'x-desk-case-priority': '7' }, ann]);
    await set(1, { status: 'resolved' });
    await merge(1, 2);
    await desk.act((act) => mergeCustomers(act, { id: 2 }, { id: 1 }));
    await move(3, 1);
    const origins = (await caseOf(1)).origins ?? [];
    const of = (name: string) => origins.find(({ field }) => field === name);
    expect(of('status')).toMatchObject({ value: 'open', actor: 'Ann', reason: 'case 2 was merged into it' });
    expect(of('priority')).toMatchObject({ value: '7', actor: 'Ann', reason: 'case 2 was merged into it' });
    expect(of('customer_id')).toMatchObject({ value: '2', reason: 'customer 1 was merged into customer 2' });
    expect((await caseOf(3)).origins?.[0]).toMatchObject({
      value: 'closed',
      reason: 'interaction 3 was moved away',
    });
  });

  it('tells each label by its own event, of many', async () => {
    await desk.record([{ ...ann, 'x-desk-case-labels': 'first' }]);
    for (const name of ['second', 'third']) {
      await desk.act(
        (act) =>
          setCase(act, { id: 1 }, { labels: [{ how: 'add', labels: [name] }], custom_fields: new Map() }),
        { actor: name },
      );
    }
    const origins = (await caseOf(1)).origins?.filter(({ field }) => field === 'labels');
    expect(origins?.map(({ value, actor }) => [value, actor])).toEqual([
      ['first', null],
      ['second', 'second'],
      ['third', 'third'],
    ]);
  });
});

describe('the changes of a case', () => {
  it('stand in the order in which they were made: the last one says what is', async () => {
    // As the daemon reads it: received long ago, after a person has acted today.
    await desk.record([{ ...ann, 'Message-ID': '<a@x>' }]);
    await set(1, { status: 'resolved' });
    await desk.record([{ ...ann, 'In-Reply-To': '<a@x>' }]);
    const { case: row, events } = await caseOf(1);
    expect(row.status).toBe('open');
    expect(events.map(({ field, new: value }) => `${field} ${value}`)).toEqual([
      'status new',
      'status resolved',
      'status open',
    ]);
    expect((await caseOf(1, 1)).events.map((event) => event.new)).toEqual(['open']);
    expect(printCase(await caseOf(1), PLAIN)).toMatch(
      /In the order in which they were made; .*\n.*status: new .*\n.*status: new → resolved {2}by Ann Agent\n.*status: resolved → open {2}by interaction 2/,
    );
  });

  it('name the mail that was moved as what was moved', async () => {
    await desk.record([{ ...ann, 'Message-ID': '<a@x>' }, { ...bob, 'In-Reply-To': '<a@x>' }, ann]);
    await move(2, 2);
    const printed = printCase(await caseOf(2), PLAIN);
    expect(printed).toMatch(/ {2}interaction 2: case 1 → case 2 {2}by Ann\n/);
    expect(printed).toMatch(/ {2}interaction 2: outsider: true → false {2}by Ann(\n|$)/);
    expect(printed).not.toContain('by Ann, by interaction');
  });
});

describe('a customer’s history', () => {
  it('says who was merged into them, with what, and by whom', async () => {
    await desk.record([bob, { ...ann, 'x-desk-customer-phone': '+46 1' }]);
    await desk.act((act) => mergeCustomers(act, { id: 2 }, { id: 1 }));
    const history = await readCustomerHistory(database.db, 2, { limit: 9 });
    expect(history?.events).toMatchObject([
      { field: 'merged', old: null, new: '1', actor: 'Ann Agent', at: expect.any(Date) },
      { field: 'address', new: 'bob@b.example' },
    ]);
    const printed = history && printCustomerHistory(history, PLAIN);
    expect(printed).toMatch(/^Ann Asker {2}ann@asker\.example\n {2}also: bob@b\.example\n/);
    expect(printed).toMatch(
      /\n {2}merged: customer 1 into this one with bob@b\.example, by Ann Agent, \d{4}-\d\d-\d\d \d\d:\d\d\n/,
    );
  });

  it('is in the order in which mail was received, however it was read; --until is not within', async () => {
    await desk.record(['5', '1', '3'].map((minute) => ({ ...ann, '@minute': minute })));
    const received = async (range: { limit: number; until?: Date }) =>
      (await readCustomerHistory(database.db, 1, range))?.interactions.map(({ received_at }) =>
        received_at.getUTCMinutes(),
      );
    expect(await received({ limit: 9 })).toEqual([1, 3, 5]);
    expect(await received({ limit: 2 })).toEqual([3, 5]);
    expect(await received({ limit: 9, until: new Date(5 * 60_000) })).toEqual([1, 3]);
    expect(await received({ limit: 1, until: new Date(5 * 60_000) })).toEqual([3]);
  });
});
