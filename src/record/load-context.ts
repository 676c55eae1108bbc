import type { Transaction } from '../db/connect.ts';
import { addressKey } from '../message/addresses.ts';
import type { Incoming } from './incoming.ts';
import type { Policy } from './policy.ts';
import { distinct, rowsOf } from './rows.ts';
import type { Customer, View } from './view.ts';

/** Most customers whose cases were merged into one case and are looked at; by hand, nobody merges more. */
const MAX_MERGED = 100;

interface ActivityRow {
  readonly id: number;
  readonly last_in: Date | null;
  readonly last_out: Date | null;
  readonly merged_customers: readonly string[];
}

/** Loads when mail last came to each case and went out of it, and whose cases people have merged into it. */
export async function loadActivities(trx: Transaction, view: View): Promise<void> {
  const lastOf = (direction: 'in' | 'out') => `(select i.received_at from interactions i
       where i.case_id = c.id and i.direction = '${direction}' and i.kind in ('mail', 'list')
       order by i.received_at desc limit 1)`;
  for (const row of await rowsOf<ActivityRow>(
    trx,
    `select c.id, ${lastOf('in')} as last_in, ${lastOf('out')} as last_out,
       array(select m.customer_id from cases m where m.merged_into = c.id and m.customer_id is not null
         limit ${MAX_MERGED}) as merged_customers
     from unnest(?::bigint[]) as c(id)`,
    [[...view.casesById.keys()]],
  )) {
    const supportCase = view.casesById.get(row.id);
    if (!supportCase) continue;
    if (row.last_in) view.noteActivity(supportCase, 'in', row.last_in);
    if (row.last_out) view.noteActivity(supportCase, 'out', row.last_out);
    for (const id of row.merged_customers) view.addCaseCustomer(supportCase, Number(id));
  }
}

/** Most addresses of one customer that are looked at, the latest: people have a handful, a shop's `guest` thousands. */
const MAX_ADDRESSES = 100;

/** Loads under which addresses the customers are known. */
export async function loadAddresses(
  trx: Transaction,
  view: View,
  customers: ReadonlyMap<number, Customer>,
): Promise<void> {
  for (const { address_key, customer_id } of await rowsOf<{ address_key: string; customer_id: number }>(
    trx,
    `select e.address_key, q.id as customer_id from unnest(?::bigint[]) as q(id) cross join lateral (
       select address_key from customer_emails where customer_id = q.id order by id desc limit ${MAX_ADDRESSES}) e`,
    [[...customers.keys()]],
  )) {
    const customer = customers.get(customer_id);
    if (customer) view.addAddress(address_key, customer);
  }
}

/** Loads who of the batch's people has had a part in its cases, by whatever address of theirs. */
export async function loadParticipants(
  trx: Transaction,
  view: View,
  batch: readonly Incoming[],
): Promise<void> {
  const cases = [...view.casesById.keys()];
  if (cases.length === 0) return;
  const keys = distinct([
    ...view.addressKeys(),
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
 * @returns the latest case of those who may be flooding: a case of their own, else the latest with mail of theirs
 */
export async function loadFloods(
  trx: Transaction,
  view: View,
  batch: readonly Incoming[],
  { flood, importing, replaying }: Policy,
): Promise<Map<Customer, number>> {
  const latest = new Map<Customer, number>();
  if (importing || replaying) return latest;
  const asked: { customer: Customer; at: Date }[] = [];
  /** How many of the batch's messages may be each customer's, and so come on top. */
  const here = new Map<number | undefined, number>();
  for (const { customer, direction, trusted, receivedAt } of batch) {
    if (direction === 'out' || trusted) continue;
    for (const address of [customer.address, customer.ifKnown?.address]) {
      const known = address && view.customerAt(addressKey(address.address));
      if (known === undefined) continue;
      asked.push({ customer: known, at: receivedAt });
      here.set(known.id, (here.get(known.id) ?? 0) + 1);
    }
  }
  const window = `${Number(flood.window)} * interval '1 millisecond'`;
  const within = (condition: string) => `(select count(*) from (
         select from interactions i where i.customer_id = q.customer_id and i.direction = 'in' and not i.trusted
           and ${condition} limit ${Number(flood.messages)}) counted)`;
  const rows = await rowsOf<{ customer_id: number; at: Date; before: number; after: number }>(
    trx,
    `select q.customer_id, q.at,
       ${within(`i.received_at > q.at - ${window} and i.received_at <= q.at`)} as before,
       ${within(`i.received_at >= q.at and i.received_at < q.at + ${window}`)} as after
     from unnest(?::bigint[], ?::timestamptz[]) as q(customer_id, at)`,
    [asked.map(({ customer }) => customer.id), asked.map(({ at }) => at)],
  );
  const suspects = new Map<number, Customer>();
  for (const { customer_id, at, before, after } of rows) {
    view.noteStoredInbound(customer_id, at, { before, after });
    const customer = asked.find((each) => each.customer.id === customer_id)?.customer;
    const most = Math.max(before, after) + (here.get(customer_id) ?? 0);
    if (customer && most > flood.messages) suspects.set(customer_id, customer);
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
export async function loadNewest(
  trx: Transaction,
  view: View,
  customers: ReadonlyMap<number, Customer>,
): Promise<void> {
  for (const { id, newest } of await rowsOf<{ id: number; newest: Date | null }>(
    trx,
    `select q.id, (select i.received_at from interactions i where i.customer_id = q.id
       order by i.received_at desc limit 1) as newest from unnest(?::bigint[]) as q(id)`,
    [[...customers.keys()]],
  )) {
    const customer = customers.get(id);
    if (customer && newest) view.newestOfCustomer.set(customer, newest);
  }
}
