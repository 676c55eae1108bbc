import { beforeEach, describe, expect, it } from 'vitest';
import type { Act } from '../../src/desk/act.ts';
import { mergeCases } from '../../src/desk/merge-cases.ts';
import { mergeCustomers } from '../../src/desk/merge-customers.ts';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import { setCase } from '../../src/desk/set-case.ts';
import { useDatabase } from '../support/database.ts';
import { deskOn } from './desk.ts';

const desk = deskOn(useDatabase());

beforeEach(() => desk.clear());

const ann = { From: 'Ann <ann@asker.example>' };
const bob = { From: 'Bob <bob@b.example>' };
const isOwn = () => false;

/** Does an act, and keeps its transaction open until the other one waits for it. */
async function heldOpen(work: (act: Act) => Promise<unknown>, other: () => Promise<unknown>): Promise<void> {
  let meanwhile: Promise<unknown> | undefined;
  await desk.act(async (act) => {
    await work(act);
    meanwhile = other();
    await isWaiting();
  });
  await meanwhile;
}

/** Until a session of this database waits for another one's lock. */
async function isWaiting(): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (Date.now() < deadline) {
    const found = await desk.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (found.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('nothing waits');
}

describe('mail that comes while an act is under way', () => {
  it('with the external id or the thread of a case that is being merged', async () => {
    await desk.record([
      { ...ann, 'Message-ID': '<a@x>' },
      { ...ann, 'Message-ID': '<b@x>', 'x-desk-case-external-id': 'B' },
    ]);
    await heldOpen(
      (act) => mergeCases(act, 1, 2),
      () => desk.record([{ ...bob, 'x-desk-case-external-id': 'B' }]),
    );
    expect(await desk.casesOfMails()).toEqual([1, 1, 1]);
  });

  it('of a customer who is being merged', async () => {
    await desk.record([ann, bob]);
    await heldOpen(
      (act) => mergeCustomers(act, { id: 1 }, { id: 2 }),
      () => desk.record([{ ...bob, Subject: 'More' }]),
    );
    expect(await desk.query('select customer_id from interactions order by id')).toEqual([
      { customer_id: 1 },
      { customer_id: 1 },
      { customer_id: 1 },
    ]);
    expect(await desk.query('select id, customer_id from cases order by id')).toEqual([
      { id: 1, customer_id: 1 },
      { id: 2, customer_id: 1 },
      { id: 3, customer_id: 1 },
    ]);
  });

  it('of a customer whose addresses are getting new numbers, and with a further address', async () => {
    await desk.record([
      { ...bob, 'x-desk-customer-external-id': 'B' },
      { From: 'bob@two.example', 'x-desk-customer-external-id': 'B' },
      ann,
    ]);
    await heldOpen(
      (act) => mergeCustomers(act, { id: 2 }, { id: 1 }),
      () =>
        desk.record([
          { From: 'bob@two.example', Subject: 'More' },
          { From: 'bob@three.example', 'x-desk-customer-external-id': 'B' },
          { ...ann, Subject: 'Mine' },
        ]),
    );
    expect(await desk.query('select address, customer_id from customer_emails order by id')).toEqual([
      { address: 'ann@asker.example', customer_id: 2 },
      { address: 'bob@b.example', customer_id: 2 },
      { address: 'bob@two.example', customer_id: 2 },
      { address: 'bob@three.example', customer_id: 2 },
    ]);
    expect(await desk.query('select distinct customer_id from interactions')).toEqual([{ customer_id: 2 }]);
  });

  it('through a chain of pointers, as SQL by hand may leave one: acts point to the end in one step', async () => {
    await desk.record([
      ann,
      { ...ann, 'x-desk-case-external-id': 'TWO' },
      { ...ann, 'x-desk-case-external-id': 'THREE' },
    ]);
    await desk.act((act) => mergeCases(act, 2, 3));
    await desk.query(`update cases set merged_into = 1, status = 'closed' where id = 2`);
    await desk.record([{ ...bob, 'x-desk-case-external-id': 'THREE' }]);
    expect((await desk.casesOfMails()).at(-1)).toBe(1);
  });

  it('and answers an interaction that is being moved', async () => {
    await desk.record([ann, { ...ann, 'Message-ID': '<b@x>' }]);
    await heldOpen(
      (act) => moveInteraction(act, 2, 1, isOwn),
      () => desk.record([{ ...ann, 'In-Reply-To': '<b@x>' }]),
    );
    expect(await desk.casesOfMails()).toEqual([1, 1, 1]);
  });

  it('and answers one that is being moved, from somebody else', async () => {
    await desk.record([ann, { ...ann, 'Message-ID': '<b@x>', Cc: 'bob@b.example' }, bob]);
    await heldOpen(
      (act) => moveInteraction(act, 2, 1, isOwn),
      () => desk.record([{ ...bob, 'In-Reply-To': '<b@x>' }]),
    );
    expect(await desk.query('select case_id, outsider from interactions order by id')).toEqual([
      { case_id: 1, outsider: false },
      { case_id: 1, outsider: false },
      { case_id: 3, outsider: false },
      { case_id: 1, outsider: false },
    ]);
  });

  it('and is a trusted copy of one that is being moved', async () => {
    const untrusted = { ...ann, 'Reply-To': 'ann@home.example', 'Message-ID': '<b@x>' };
    const copy = { 'x-desk-case-priority': '9', 'x-desk-customer-email': 'ann@asker.example', ...untrusted };
    await desk.record([ann, copy], { trust: 'none' });
    expect(await desk.query('select customer_id from interactions order by id')).toEqual([
      { customer_id: 1 },
      { customer_id: 2 },
    ]);
    await heldOpen(
      (act) => moveInteraction(act, 2, 1, isOwn),
      () => desk.record([copy]),
    );
    expect(await desk.query('select id, priority from cases order by id')).toEqual([
      { id: 1, priority: 9 },
      { id: 2, priority: null },
    ]);
  });
});

describe('acts at the same time', () => {
  const settings = { labels: [], custom_fields: new Map() };
  const label = (name: string) => ({ ...settings, labels: [{ how: 'add', labels: [name] }] as const });
  /** Which customers no transaction has locked `for update`; rows that point at them lock them less. */
  const unlocked = async () =>
    (await desk.query<{ id: number }>('select id from customers order by id for key share skip locked')).map(
      ({ id }) => id,
    );

  it('a case is read anew once the other act is through: neither takes back what the other did', async () => {
    await desk.record([ann]);
    await heldOpen(
      (act) => setCase(act, { id: 1 }, label('first')),
      () => desk.act((act) => setCase(act, { id: 1 }, label('second'))),
    );
    expect(await desk.query('select labels from cases')).toEqual([{ labels: ['first', 'second'] }]);
  });

  it('a case that gets another customer meanwhile is merged with that one locked', async () => {
    await desk.record([ann, bob, { From: 'carl@c.example' }]);
    let free: number[] = [];
    await heldOpen(
      (act) => setCase(act, { id: 1 }, { ...settings, customer: { id: 3 } }),
      () =>
        desk.act(async (act) => {
          await mergeCases(act, 2, 1);
          free = await unlocked();
        }),
    );
    expect(free).toEqual([1]);
    expect(await desk.casesOfMails()).toEqual([2, 2, 3]);
  });

  it('an interaction is moved with its customer locked', async () => {
    await desk.record([ann, bob]);
    await desk.act(async (act) => {
      await moveInteraction(act, 2, 1, isOwn);
      expect(await unlocked()).toEqual([1]);
    });
  });

  it('an interaction that is moved meanwhile is moved on from where it is then', async () => {
    await desk.record([ann, ann, ann]);
    await heldOpen(
      (act) => moveInteraction(act, 2, 1, isOwn),
      () => desk.act((act) => moveInteraction(act, 2, 3, isOwn)),
    );
    expect(await desk.casesOfMails()).toEqual([1, 3, 3]);
    expect(await desk.deeds('case', 3)).toContain('interaction: 1 -> 3 by Ann Agent');
  });

  it('an interaction whose customer is merged meanwhile is moved with the one who stays locked', async () => {
    await desk.record([ann, bob]);
    let free: number[] = [];
    await heldOpen(
      (act) => mergeCustomers(act, { id: 1 }, { id: 2 }),
      () =>
        desk.act(async (act) => {
          await moveInteraction(act, 2, 1, isOwn);
          free = await unlocked();
        }),
    );
    expect(free).toEqual([2]);
    expect(await desk.casesOfMails()).toEqual([1, 1]);
  });

  it('an external id whose case is merged meanwhile leads on', async () => {
    await desk.record([ann, { ...ann, 'x-desk-case-external-id': 'ORDER-2' }]);
    await heldOpen(
      (act) => mergeCases(act, 1, 2),
      () => desk.act((act) => setCase(act, { externalId: 'ORDER-2' }, label('vip'))),
    );
    expect(await desk.query('select id, labels from cases order by id')).toEqual([
      { id: 1, labels: ['vip'] },
      { id: 2, labels: [] },
    ]);
  });

  it('case merges one after the other leave a pointer of one step', async () => {
    await desk.record([ann, ann, ann]);
    await heldOpen(
      (act) => mergeCases(act, 2, 1),
      () => desk.act((act) => mergeCases(act, 3, 2)),
    );
    expect(await desk.query('select merged_into from cases order by id')).toEqual([
      { merged_into: 3 },
      { merged_into: 3 },
      { merged_into: null },
    ]);
  });

  it('customer merges too', async () => {
    await desk.record([ann, bob, { From: 'carl@c.example' }]);
    await heldOpen(
      (act) => mergeCustomers(act, { id: 2 }, { id: 1 }),
      () => desk.act((act) => mergeCustomers(act, { id: 3 }, { address: 'bob@b.example' })),
    );
    expect(await desk.query('select merged_into from customers order by id')).toEqual([
      { merged_into: 3 },
      { merged_into: 3 },
      { merged_into: null },
    ]);
  });

  it('one that is overtaken is refused by what is so now', async () => {
    await desk.record([ann, ann]);
    let refused: unknown;
    await heldOpen(
      (act) => mergeCases(act, 2, 1),
      () =>
        desk
          .act((act) => mergeCases(act, 1, 2))
          .catch((error: unknown) => {
            refused = error;
          }),
    );
    expect(refused).toMatchObject({
      code: 'act_refused',
      message: expect.stringContaining('case 1 was merged'),
    });
  });

  it('who merges a customer by an address that is moving merges the one who has it in the end', async () => {
    await desk.record([ann, bob, { From: 'carl@c.example' }]);
    await heldOpen(
      (act) => mergeCustomers(act, { id: 1 }, { id: 2 }),
      () => desk.act((act) => mergeCustomers(act, { address: 'bob@b.example' }, { id: 3 })),
    );
    expect(await desk.query('select merged_into from customers order by id')).toEqual([
      { merged_into: null },
      { merged_into: 1 },
      { merged_into: 1 },
    ]);
  });

  it('an external id that another case gets meanwhile is told as taken', async () => {
    await desk.record([ann, ann]);
    const give = (act: Act, id: number) =>
      setCase(act, { id }, { external_id: 'X', labels: [], custom_fields: new Map() });
    let refused: unknown;
    await heldOpen(
      (act) => give(act, 1),
      () =>
        desk
          .act((act) => give(act, 2))
          .catch((error: unknown) => {
            refused = error;
          }),
    );
    expect(refused).toMatchObject({ message: expect.stringContaining('X is taken by case 1') });
  });
});

/** Enough that acts and mail meet in many ways. */
const ROUNDS = 6;
const PEOPLE = 4;

it('acts and mail at the same time: no error comes out, and nothing is lost', {
  timeout: 60_000,
}, async () => {
  let number = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const people = Array.from({ length: PEOPLE }, (_, i) => `p${round}-${i}@x.example`);
    const started = people.map((address, i) => ({
      From: address,
      'Message-ID': `<start-${round}-${i}@x>`,
      'x-desk-case-external-id': `C-${round}-${i}`,
      'x-desk-customer-external-id': `P-${round}-${i}`,
    }));
    await desk.record(started);
    const ids = await desk.query<{ id: number; customer_id: number; interaction: number }>(
      `select c.id, c.customer_id, i.id as interaction from cases c join interactions i on i.case_id = c.id
       where c.external_id like 'C-${round}-%' order by c.id`,
    );
    const [a, b, c, d] = ids;
    if (!a || !b || !c || !d) throw new Error('the round has no cases');
    const replies = (from: number) =>
      desk.record(
        people.flatMap((address, i) => {
          number += 1;
          const to = (i + from) % PEOPLE;
          return [
            { From: address, Subject: `reply ${number}`, 'In-Reply-To': `<start-${round}-${to}@x>` },
            { From: address, Subject: `id ${number}`, 'x-desk-case-external-id': `C-${round}-${to}` },
            {
              From: 'undisclosed',
              Subject: `who ${number}`,
              'x-desk-customer-external-id': `P-${round}-${i}`,
            },
          ];
        }),
      );
    await Promise.all([
      replies(0),
      replies(1),
      (async () => {
        await desk.act((act) => mergeCases(act, b.id, a.id));
        await desk.act((act) => mergeCases(act, c.id, b.id));
      })(),
      (async () => {
        await desk.act((act) => mergeCustomers(act, { id: d.customer_id }, { id: c.customer_id }));
        await desk.act((act) => mergeCustomers(act, { id: a.customer_id }, { id: d.customer_id }));
      })(),
      desk.act((act) => moveInteraction(act, d.interaction, 'new', isOwn)),
      desk.act((act) =>
        setCase(
          act,
          { id: c.id },
          { priority: 3, customer: { id: b.customer_id }, labels: [], custom_fields: new Map() },
        ),
      ),
    ]);
  }
  expect(await desk.query('select count(*)::int as mails from interactions')).toEqual([
    { mails: ROUNDS * PEOPLE * 7 },
  ]);
  expect(await desk.query('select * from quarantine')).toEqual([]);
  // No address is lost on its way from one customer to another, and none came twice.
  expect(await desk.query('select count(*)::int as addresses from customer_emails')).toEqual([
    { addresses: ROUNDS * PEOPLE },
  ]);
  // Nothing points at what was merged away, or at what stands for nothing.
  const astray = [
    'select i.id from interactions i join cases c on c.id = i.case_id where c.merged_into is not null',
    'select i.id from interactions i join customers c on c.id = i.customer_id where c.merged_into is not null',
    'select c.id from cases c join customers o on o.id = c.customer_id where o.merged_into is not null',
    'select e.id from customer_emails e join customers c on c.id = e.customer_id where c.merged_into is not null',
    'select c.id from cases c join cases t on t.id = c.merged_into where t.merged_into is not null',
    'select c.id from customers c join customers t on t.id = c.merged_into where t.merged_into is not null',
    'select c.id from cases c join cases t on t.id = c.follow_up_of where t.merged_into is not null',
    'select case_id from case_participants p join cases c on c.id = p.case_id where c.merged_into is not null',
  ];
  for (const query of astray) expect(await desk.query(query), query).toEqual([]);
});
