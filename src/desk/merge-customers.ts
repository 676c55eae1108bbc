import { ROWS_PER_INSERT } from '../record/rows.ts';
import type { Act } from './act.ts';
import { filled } from './changes.ts';
import {
  addCustomerEvents,
  type CustomerName,
  customerIdOf,
  type DeskCustomer,
  lockCustomers,
  saveCustomers,
  standingCustomer,
} from './customers.ts';

/**
 * Merges one customer into another, who stays. The other one stays as a row that points there, with its external id:
 * mail with that id goes on to the customer who stays. Where they are one already there is nothing to do.
 */
export async function mergeCustomers(
  act: Act,
  intoName: CustomerName,
  fromName: CustomerName,
): Promise<void> {
  const intoId = await customerIdOf(act, intoName);
  const fromId = await customerIdOf(act, fromName);
  const customers = await lockCustomers(act, [intoId, fromId]);
  const into = standingCustomer(customers, intoId, intoName);
  if (intoId === fromId || customers.get(fromId)?.merged_into === intoId) return;
  const from = standingCustomer(customers, fromId, fromName);
  // Only now: while we waited for the lock, another process may have merged somebody into the same customer.
  const earlier = [...(await lockCustomers(act, await mergedInto(act, fromId))).values()];
  await saveCustomers(act, [
    [from, { ...from, merged_into: intoId }],
    [into, united(into, from)],
    ...earlier.map((each) => [each, { ...each, merged_into: intoId }] as const),
  ]);
  await addCustomerEvents(act, [{ customer_id: intoId, field: 'merged', old: null, new: String(fromId) }]);
  await moveAddresses(act, intoId, fromId);
  await moveCases(act, intoId, fromId);
  await moveInteractions(act, intoId, fromId);
}

async function mergedInto({ trx }: Act, id: number): Promise<number[]> {
  const { rows } = (await trx.raw('select id from customers where merged_into = ?', [id])) as {
    rows: { id: number }[];
  };
  return rows.map((row) => row.id);
}

/** The customer who stays, with what only the other one had. */
export function united(into: DeskCustomer, from: DeskCustomer): DeskCustomer {
  return {
    ...into,
    ...namesOf(into, from),
    company: into.company ?? from.company,
    phone: into.phone ?? from.phone,
    language: into.language ?? from.language,
    custom_fields: filled(into.custom_fields, from.custom_fields),
  };
}

type Names = Pick<DeskCustomer, 'first_name' | 'last_name'>;

/** Half of a name is filled only where the other half agrees: two halves of two spellings would make a third person. */
function namesOf(into: Names, from: Names): Names {
  const agrees = (known: string | null, said: string | null) => known === null || known === said;
  const first_name = into.first_name ?? from.first_name;
  const last_name = into.last_name ?? from.last_name;
  return agrees(into.first_name, from.first_name) && agrees(into.last_name, from.last_name)
    ? { first_name, last_name }
    : { first_name: into.first_name, last_name: into.last_name };
}

type Address = { address: string; address_key: string; created_at: Date };

/**
 * The addresses get new numbers, in their order: the one with the lowest is shown as a customer's main one, and that stays
 * one of whoever stays.
 */
async function moveAddresses(act: Act, intoId: number, fromId: number): Promise<void> {
  const { rows } = (await act.trx.raw(
    `with gone as (delete from customer_emails where customer_id = ? returning id, address, address_key, created_at)
     select address, address_key, created_at from gone order by id`,
    [fromId],
  )) as { rows: Address[] };
  await act.trx.batchInsert(
    'customer_emails',
    rows.map((row) => ({ ...row, customer_id: intoId })),
    ROWS_PER_INSERT,
  );
  const events = rows.map(({ address }) => ({ field: 'address', old: null, new: address }));
  await addCustomerEvents(
    act,
    events.map((event) => ({ customer_id: intoId, ...event })),
  );
  gain(act, 'addresses', rows.length, intoId, fromId);
}

/** The cases are locked first, in their order: a daemon that records mail into one of them is waited for. */
async function moveCases(act: Act, intoId: number, fromId: number): Promise<void> {
  const { trx, at, actor } = act;
  const { rows } = (await trx.raw('select id from cases where customer_id = ? order by id for update', [
    fromId,
  ])) as { rows: { id: number }[] };
  const ids = rows.map(({ id }) => id);
  await trx.raw(
    `with moved as (update cases set customer_id = :intoId, updated_at = :at where id = any(:ids) returning id)
     insert into case_events (case_id, at, field, old, new, actor, reason)
     select id, :at, 'customer_id', :old, :new, :actor, :reason from moved order by id`,
    {
      ...{ intoId, ids, at, actor, old: String(fromId), new: String(intoId) },
      reason: `customer ${fromId} was merged into customer ${intoId}`,
    },
  );
  gain(act, 'cases', ids.length, intoId, fromId);
}

async function moveInteractions(act: Act, intoId: number, fromId: number): Promise<void> {
  const { rowCount } = (await act.trx.raw('update interactions set customer_id = ? where customer_id = ?', [
    intoId,
    fromId,
  ])) as { rowCount: number };
  gain(act, 'interactions', rowCount, intoId, fromId);
}

function gain(
  { changes }: Act,
  gained: 'addresses' | 'cases' | 'interactions',
  count: number,
  id: number,
  from: number,
): void {
  if (count > 0) changes.push({ of: 'customer', id, gained, count, from });
}
