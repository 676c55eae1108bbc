import { beforeEach, describe, expect, it } from 'vitest';
import type { CustomerName } from '../../src/desk/customers.ts';
import { mergeCustomers } from '../../src/desk/merge-customers.ts';
import { setCase } from '../../src/desk/set-case.ts';
import { readCustomerHistory } from '../../src/history/customer.ts';
import { readHistory } from '../../src/history/timeline.ts';
import { useDatabase } from '../support/database.ts';
import { deskOn, lines } from './desk.ts';

const database = useDatabase();
const desk = deskOn(database);

beforeEach(() => desk.clear());

const work = { From: 'Joe Customer <joe@work.example>' };
const home = { From: 'joe@home.example' };
const named = (name: number | string): CustomerName =>
  typeof name === 'number' ? { id: name } : { address: name };
const merge = (a: number | string, b: number | string, acting = {}) =>
  desk.act((act) => mergeCustomers(act, named(a), named(b)), acting);
const customersOfMails = async () =>
  (await desk.query<{ customer_id: number | null }>('select customer_id from interactions order by id')).map(
    (row) => row.customer_id,
  );

describe('customer merge', () => {
  it('moves addresses, cases and mails, with events on both and on the cases', async () => {
    await desk.record([work, home, home]);
    expect(lines(await merge(1, 2))).toEqual([
      'customer 2 merged_into: - -> 1',
      'customer 1 +1 addresses of 2',
      'customer 1 +2 cases of 2',
      'customer 1 +2 interactions of 2',
    ]);
    expect(await customersOfMails()).toEqual([1, 1, 1]);
    expect(await desk.deeds('customer', 1)).toEqual([
      'merged: - -> 2 by Ann Agent',
      'address: - -> joe@home.example by Ann Agent',
    ]);
    expect(await desk.deeds('customer', 2)).toEqual(['merged_into: - -> 1 by Ann Agent']);
    for (const id of [2, 3]) {
      expect(await desk.deeds('case', id)).toEqual(['customer_id: 2 -> 1 by Ann Agent']);
    }
    expect(await desk.deeds('case', 1)).toEqual([]);
  });

  it('mail from the old address, and with the old id, is the customer’s who stays', async () => {
    await desk.record([
      { ...work, 'x-desk-customer-external-id': 'C-1', 'Message-ID': '<a@x>' },
      { ...home, 'x-desk-customer-external-id': 'C-2', 'Message-ID': '<b@x>' },
    ]);
    await merge('joe@work.example', 'JOE@home.example');
    await desk.record([
      { ...home, 'In-Reply-To': '<a@x>' },
      { ...home, 'In-Reply-To': '<b@x>' },
      { ...work, 'x-desk-customer-external-id': 'C-2' },
      { From: 'joe@third.example', 'x-desk-customer-external-id': 'C-2' },
      { From: 'undisclosed', 'x-desk-customer-external-id': 'C-2' },
    ]);
    expect(await customersOfMails()).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(
      await desk.query('select case_id, outsider from interactions where id in (3, 4) order by id'),
    ).toEqual([
      { case_id: 1, outsider: false },
      { case_id: 2, outsider: false },
    ]);
    expect(await desk.query('select id, external_id, merged_into from customers order by id')).toEqual([
      { id: 1, external_id: 'C-1', merged_into: null },
      { id: 2, external_id: 'C-2', merged_into: 1 },
    ]);
    const { customers } = await readHistory(database.db);
    expect(customers).toMatchObject([
      { id: 1, addresses: ['joe@work.example', 'joe@home.example', 'joe@third.example'] },
    ]);
    expect(customers[0]?.cases.flatMap(({ interactions }) => interactions)).toHaveLength(7);
  });

  it('the addresses of who stays come first, also where they are newer, and each keeps its date', async () => {
    await desk.record([home, { From: 'joe@other.example' }, work]);
    await merge(2, 1);
    await desk.query(`update customer_emails set created_at = created_at - id * interval '1 day'`);
    const dates = await desk.query('select address, created_at from customer_emails order by address');
    await merge(3, 2);
    const addresses = await desk.query<{ address: string }>(
      'select address from customer_emails where customer_id = 3 order by id',
    );
    expect(addresses.map(({ address }) => address)).toEqual([
      'joe@work.example',
      'joe@other.example',
      'joe@home.example',
    ]);
    expect(await desk.query('select address, created_at from customer_emails order by address')).toEqual(
      dates,
    );
    const history = await readCustomerHistory(database.db, 3, { limit: 1 });
    expect(history?.customer.addresses[0]).toBe('joe@work.example');
  });

  it('a flood is counted over both addresses', async () => {
    const telling = { trust: 'none', policy: { flood: { messages: 2, window: 3_600_000 } } } as const;
    await desk.record(
      [
        { ...work, '@minute': '1' },
        { ...home, '@minute': '2' },
      ],
      telling,
    );
    await merge(1, 2);
    await desk.record([{ ...home, '@minute': '3' }], telling);
    expect(await desk.casesOfMails()).toEqual([1, 2, 2]);
  });

  it('fills what is empty, and keeps what is there', async () => {
    await desk.record([
      { ...home, 'x-desk-customer-company': 'Home Ltd', 'x-desk-customer-custom-tier': 'tin' },
      {
        ...work,
        'x-desk-customer-company': 'Work Ltd',
        'x-desk-customer-phone': '+46 1',
        'x-desk-customer-custom-tier': 'gold',
        'x-desk-customer-custom-size': 'L',
      },
    ]);
    await desk.query(`update customers set language = 'sv' where id = 2`);
    await merge(1, 2);
    expect(
      await desk.query(
        'select first_name, last_name, company, phone, language, custom_fields from customers where id = 1',
      ),
    ).toEqual([
      {
        ...{ first_name: 'Joe', last_name: 'Customer', company: 'Home Ltd', phone: '+46 1', language: 'sv' },
        custom_fields: { tier: 'tin', size: 'L' },
      },
    ]);
    expect(await desk.deeds('customer', 1)).toContain('first_name: - -> Joe by Ann Agent');
  });

  it('half of a name is filled only where the other half agrees', async () => {
    await desk.record([{ From: 'Jane <jane@x.example>' }, work, { From: 'Joe <joe@x.example>' }]);
    await merge(1, 2);
    const names = await desk.query('select first_name, last_name from customers order by id');
    expect(names[0]).toEqual({ first_name: 'Jane', last_name: null });
    await desk.record([{ From: 'Joe Customer <other@x.example>' }]);
    const ids = await desk.query<{ id: number }>(`select max(id) as id from customers`);
    await merge('joe@x.example', ids[0]?.id ?? 0);
    expect(
      await desk.query(`select first_name, last_name from customers c
        join customer_emails e on e.customer_id = c.id where address_key = 'joe@x.example'`),
    ).toEqual([{ first_name: 'Joe', last_name: 'Customer' }]);
  });

  it('who was merged before is repointed: one step leads to the end', async () => {
    await desk.record(
      ['1', '2', '3'].map((n) => ({ From: `c${n}@x.example`, 'x-desk-customer-external-id': n })),
    );
    await merge(2, 1);
    await merge(3, 2);
    expect(await desk.query('select merged_into from customers order by id')).toEqual([
      { merged_into: 3 },
      { merged_into: 3 },
      { merged_into: null },
    ]);
    await desk.record([{ From: 'undisclosed', 'x-desk-customer-external-id': '1' }]);
    expect(await customersOfMails()).toEqual([3, 3, 3, 3]);
  });

  it('refuses what cannot be, and changes nothing', async () => {
    await desk.record([work, home, { From: 'c@x.example' }]);
    await merge(1, 2);
    const before = await desk.dump();
    await expect(merge(3, 2)).rejects.toThrow('customer 2 was merged into customer 1: name that one instead');
    await expect(merge(2, 3)).rejects.toThrow('customer 2 was merged into customer 1');
    await expect(merge(1, 99)).rejects.toThrow('there is no customer 99');
    await expect(merge(1, 'no@one.example')).rejects.toThrow('no customer has the address no@one.example');
    expect(await merge('joe@work.example', 'joe@home.example')).toEqual([]);
    expect(await merge(1, 2)).toEqual([]);
    await expect(
      desk.act((act) =>
        setCase(act, { id: 3 }, { customer: { id: 2 }, labels: [], custom_fields: new Map() }),
      ),
    ).rejects.toThrow('customer 2 was merged into customer 1');
    expect(await desk.dump()).toEqual(before);
  });

  it('a dry run tells the same and leaves every table as it was', async () => {
    await desk.record([home, { ...work, 'x-desk-customer-phone': '1' }]);
    const before = await desk.dump();
    const told = await merge(1, 2, { dryRun: true });
    expect(await desk.dump()).toEqual(before);
    expect(await merge(1, 2)).toEqual(told);
  });
});
