import { updateRows } from '../db/insert.ts';
import { MailcaseError } from '../errors.ts';
import { addressKey } from '../message/addresses.ts';
import { ROWS_PER_INSERT } from '../record/rows.ts';
import type { Customer } from '../record/view.ts';
import { harmless } from '../terminal/harmless.ts';
import type { Act } from './act.ts';
import { differences, type FieldChange } from './changes.ts';

/** A customer as it is stored. */
export interface DeskCustomer extends Customer {
  readonly id: number;
  readonly language: string | null;
  readonly merged_into: number | null;
}

/** How a person names a customer: by the id, or by one of the addresses. */
export type CustomerName = { readonly id: number } | { readonly address: string };

const COLUMNS = [
  'first_name',
  'last_name',
  'company',
  'phone',
  'external_id',
  'language',
  'custom_fields',
  'merged_into',
] as const;

const TOLD = ['merged_into', 'first_name', 'last_name', 'company', 'phone', 'language'] as const;

/** Finds the id that a name stands for. Nothing is locked yet. */
export async function customerIdOf({ trx }: Act, name: CustomerName): Promise<number> {
  if ('id' in name) return name.id;
  const { rows } = (await trx.raw('select customer_id from customer_emails where address_key = ?', [
    addressKey(name.address),
  ])) as { rows: { customer_id: number }[] };
  const [row] = rows;
  if (row) return row.customer_id;
  throw new MailcaseError('act_refused', `no customer has the address ${harmless(name.address)}`);
}

/** Locks customers until the transaction ends, in the order of their ids, before any case: as the daemon does. */
export async function lockCustomers(
  { trx }: Act,
  ids: readonly (number | null)[],
): Promise<Map<number, DeskCustomer>> {
  const wanted = [...new Set(ids)].filter((id) => id !== null);
  if (wanted.length === 0) return new Map();
  const { rows } = (await trx.raw(
    `select id, ${COLUMNS.join(', ')} from customers where id = any(?) order by id for update`,
    [wanted],
  )) as { rows: DeskCustomer[] };
  return new Map(rows.map((row) => [row.id, row]));
}

/** The customer with this id, who is there and stands for himself. */
export function standingCustomer(
  customers: ReadonlyMap<number, DeskCustomer>,
  id: number,
  name: CustomerName,
): DeskCustomer {
  const found = customers.get(id);
  if (found === undefined) throw new MailcaseError('act_refused', `there is no customer ${id}`);
  if (found.merged_into === null) return found;
  // An address goes along with its customer, so it is another's by now.
  if ('address' in name) throw new MailcaseError('database_race', `customer ${id} was merged at this moment`);
  throw new MailcaseError(
    'act_refused',
    `customer ${id} was merged into customer ${found.merged_into}: name that one instead`,
  );
}

/** Stores what differs, with an event for each field. */
export async function saveCustomers(
  act: Act,
  edits: readonly (readonly [before: DeskCustomer, after: DeskCustomer])[],
): Promise<void> {
  const changed = edits
    .map(([before, after]) => ({ after, differing: differences(before, after, TOLD) }))
    .filter(({ differing }) => differing.length > 0);
  const rows = changed.map(({ after }) => after);
  await updateRows(act.trx, 'customers', COLUMNS, rows);
  const events = changed.flatMap(({ after, differing }) =>
    differing.map((each) => ({ customer_id: after.id, ...each })),
  );
  await addCustomerEvents(act, events);
  for (const { customer_id, ...change } of events) {
    act.changes.push({ of: 'customer', id: customer_id, ...change });
  }
}

/** Keeps events under the person's name, and when the customers were updated; nothing is told of them here. */
export async function addCustomerEvents(
  { trx, at, actor }: Act,
  events: readonly (FieldChange & { customer_id: number })[],
): Promise<void> {
  const rows = events.map((each) => ({ ...each, at, actor }));
  if (rows.length === 0) return;
  await trx.batchInsert('customer_events', rows, ROWS_PER_INSERT);
  const ids = rows.map((row) => row.customer_id);
  await trx.raw('update customers set updated_at = ? where id = any(?)', [at, ids]);
}
