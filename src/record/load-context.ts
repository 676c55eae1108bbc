import type { Transaction } from '../db/connect.ts';
import { addressKey } from '../message/addresses.ts';
import type { Incoming } from './incoming.ts';
import type { Policy } from './policy.ts';
import { distinct, rowsOf } from './rows.ts';
import type { Customer, SupportCase, View } from './view.ts';

/** Loads when mail last came to each case and went out of it. */
export async function loadActivities(trx: Transaction, view: View): Promise<void> {
  const lastOf = (direction: 'in' | 'out') => `(select i.received_at from interactions i
       where i.case_id = c.id and i.direction = '${direction}' and i.kind in ('mail', 'list')
       order by i.received_at desc limit 1)`;
  for (const row of await rowsOf<{ id: number; last_in: Date | null; last_out: Date | null }>(
    trx,
    `select c.id, ${lastOf('in')} as last_in, ${lastOf('out')} as last_out from unnest(?::bigint[]) as c(id)`,
    [[...view.casesById.keys()]],
  )) {
    const supportCase = view.casesById.get(row.id);
    if (!supportCase) continue;
    if (row.last_in) view.noteActivity(supportCase, 'in', row.last_in);
    if (row.last_out) view.noteActivity(supportCase, 'out', row.last_out);
  }
}

/** Loads who of the batch's people has had a part in its cases, by whatever address of theirs. */
export async function loadParticipants(
  trx: Transaction,
  view: View,
  batch: readonly Incoming[],
): Promise<void> {
  const customerIds = distinct([...view.customersByAddressKey.values()].map(({ id }) => id));
  const customers = new Map(
    [...view.customersByAddressKey.values()].map((customer) => [customer.id, customer]),
  );
  for (const { address_key, customer_id } of await rowsOf<{ address_key: string; customer_id: number }>(
    trx,
    'select address_key, customer_id from customer_emails where customer_id = any(?)',
    [customerIds],
  )) {
    const customer = customers.get(customer_id);
    if (customer) view.customersByAddressKey.set(address_key, customer);
  }
  const cases = [...view.casesById.keys()];
  if (cases.length === 0) return;
  const keys = distinct([
    ...view.customersByAddressKey.keys(),
    ...batch.flatMap(({ customer, parties }) => [
      customer.address && addressKey(customer.address.address),
      parties.sender,
      ...parties.recipients,
    ]),
  ]);
  for (const { case_id, address_key } of await rowsOf<{ case_id: number; address_key: string }>(
    trx,
    'select case_id, address_key from case_participants where case_id = any(?) and address_key = any(?)',
    [cases, keys],
  )) {
    const supportCase = view.casesById.get(case_id);
    if (supportCase) view.addParticipants(supportCase, [address_key]);
  }
}

/**
 * Loads how much inbound mail each customer sent in the window before each message, no further than a flood begins.
 *
 * @returns the latest case of those who may be flooding: a case of their own, else one that they wrote in
 */
export async function loadFloods(
  trx: Transaction,
  view: View,
  batch: readonly Incoming[],
  { flood, importing }: Policy,
): Promise<Map<Customer, number>> {
  const latest = new Map<Customer, number>();
  if (importing) return latest;
  const asked: { customer: Customer; at: Date }[] = [];
  for (const { customer, direction, trusted, receivedAt } of batch) {
    if (direction === 'out' || trusted) continue;
    for (const address of [customer.address, customer.ifKnown?.address]) {
      const known = address && view.customersByAddressKey.get(addressKey(address.address));
      if (known) asked.push({ customer: known, at: receivedAt });
    }
  }
  const rows = await rowsOf<{ customer_id: number; at: Date; count: number }>(
    trx,
    `select q.customer_id, q.at, (select count(*) from (
         select from interactions i where i.customer_id = q.customer_id and i.direction = 'in' and not i.trusted
           and i.received_at > q.at - ${Number(flood.window)} * interval '1 millisecond' and i.received_at <= q.at
         limit ${Number(flood.messages)}
       ) counted) as count
     from unnest(?::bigint[], ?::timestamptz[]) as q(customer_id, at)`,
    [asked.map(({ customer }) => customer.id), asked.map(({ at }) => at)],
  );
  const suspects = new Map<number, Customer>();
  for (const { customer_id, at, count } of rows) {
    view.noteStoredInbound(customer_id, at, count);
    const customer = asked.find((each) => each.customer.id === customer_id)?.customer;
    // As many as the batch holds may come on top.
    if (customer && count + batch.length > flood.messages) suspects.set(customer_id, customer);
  }
  for (const { customer_id, case_id } of await rowsOf<{ customer_id: number; case_id: number | null }>(
    trx,
    `select q.customer_id, coalesce(
         (select c.id from cases c where c.customer_id = q.customer_id order by c.received_at desc, c.id desc limit 1),
         (select i.case_id from interactions i where i.customer_id = q.customer_id
          order by i.received_at desc, i.id desc limit 1)) as case_id
     from unnest(?::bigint[]) as q(customer_id)`,
    [[...suspects.keys()]],
  )) {
    const customer = suspects.get(customer_id);
    if (customer && case_id !== null) latest.set(customer, case_id);
  }
  return latest;
}

/** Loads when the newest mail of each customer was received. */
export async function loadNewest(trx: Transaction, view: View): Promise<void> {
  const customers = new Map([...view.customersByAddressKey.values()].map((each) => [each.id, each]));
  for (const { id, newest } of await rowsOf<{ id: number; newest: Date | null }>(
    trx,
    `select q.id, (select i.received_at from interactions i where i.customer_id = q.id
       order by i.received_at desc limit 1) as newest from unnest(?::bigint[]) as q(id)`,
    [distinct([...customers.keys()])],
  )) {
    const customer = customers.get(id);
    if (customer && newest) view.newestOfCustomer.set(customer, newest);
  }
}

/** When the newest mail of a case was received. */
export function newestOfCase(view: View, supportCase: SupportCase): Date | undefined {
  const { lastIn, lastOut } = view.activityOf(supportCase);
  return lastIn && lastOut ? (lastIn > lastOut ? lastIn : lastOut) : (lastIn ?? lastOut);
}
