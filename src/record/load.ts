import type { Transaction } from '../db/connect.ts';
import { addressKey } from '../message/addresses.ts';
import type { Incoming } from './incoming.ts';
import { type Customer, type SupportCase, View } from './view.ts';

type CustomerRow = Customer & { id: number };
type CaseRow = Omit<SupportCase, 'customer' | 'followUpOf'> & { id: number; customer_id: number | null };
type InteractionRow = { message_id: string; case_id: number; customer_id: number | null };

const CUSTOMER_COLUMNS = 'id, first_name, last_name, company, phone, external_id, custom_fields';

/**
 * Loads all that a batch may touch in a few queries. Customers and cases are locked until the transaction ends, always
 * in the order of their ids and customers first, so that two daemons wait for each other instead of deadlocking.
 */
export async function loadView(trx: Transaction, batch: readonly Incoming[]): Promise<View> {
  const view = new View();
  await loadDuplicates(trx, view, batch);
  const addressKeys = distinct(batch.map(({ customer }) => customer && addressKey(customer.address)));
  const customerIds = distinct(batch.map(({ directives }) => directives.customer.external_id));
  const emails = await rowsOf<{ address_key: string; customer_id: number }>(
    trx,
    'select address_key, customer_id from customer_emails where address_key = any(?)',
    [addressKeys],
  );
  const interactions = await rowsOf<InteractionRow>(
    trx,
    'select message_id, case_id, customer_id from interactions where message_id = any(?) order by id',
    [distinct(batch.flatMap(({ message }) => [...message.inReplyTo, ...message.references]))],
  );
  const lockedCustomers = await rowsOf<CustomerRow>(
    trx,
    `select ${CUSTOMER_COLUMNS} from customers where id = any(?) or external_id = any(?) order by id for update`,
    [distinct(emails.map((email) => email.customer_id)), customerIds],
  );
  const cases = await rowsOf<CaseRow>(
    trx,
    `select id, customer_id, external_id, subject, status, priority, language, labels, custom_fields,
       received_at, opened_at, first_resolved_at, resolved_at, closed_at
     from cases where external_id = any(?) or id = any(?) order by id for update`,
    [
      distinct(batch.map(({ directives }) => directives.case.external_id)),
      distinct(interactions.map((interaction) => interaction.case_id)),
    ],
  );
  const others = distinct([...interactions, ...cases].map(({ customer_id }) => customer_id ?? undefined));
  const customers = new Map(lockedCustomers.map((customer) => [customer.id, customer]));
  for (const customer of await rowsOf<CustomerRow>(
    trx,
    `select ${CUSTOMER_COLUMNS} from customers where id = any(?)`,
    [others.filter((id) => !customers.has(id))],
  )) {
    customers.set(customer.id, customer);
  }

  const find = (id: number | null) => (id === null ? undefined : customers.get(id));
  for (const { address_key, customer_id } of emails) {
    const customer = find(customer_id);
    if (customer) view.customersByAddressKey.set(address_key, customer);
  }
  for (const customer of lockedCustomers) {
    if (customer.external_id !== null) view.customersByExternalId.set(customer.external_id, customer);
  }
  const casesById = new Map<number, SupportCase>();
  for (const { customer_id, ...row } of cases) {
    const supportCase: SupportCase = { ...row, customer: find(customer_id), followUpOf: undefined };
    casesById.set(row.id, supportCase);
    if (row.external_id !== null) view.casesByExternalId.set(row.external_id, supportCase);
  }
  for (const { message_id, case_id, customer_id } of interactions) {
    const supportCase = casesById.get(case_id);
    if (supportCase) view.addInteraction(message_id, { supportCase, customer: find(customer_id) });
  }
  return view;
}

async function loadDuplicates(trx: Transaction, view: View, batch: readonly Incoming[]): Promise<void> {
  const rows = await rowsOf<{ id: number; dedupe_key: Buffer }>(
    trx,
    'select id, dedupe_key from interactions where dedupe_key = any(?)',
    [batch.map(({ dedupeKey }) => dedupeKey)],
  );
  for (const { id, dedupe_key } of rows) view.interactionsByDedupeKey.set(dedupe_key.toString('hex'), { id });
}

async function rowsOf<T>(trx: Transaction, sql: string, lists: readonly unknown[][]): Promise<T[]> {
  // Nothing to look for is common (a batch without replies), and a query saved.
  if (lists.every((list) => list.length === 0)) return [];
  const { rows } = (await trx.raw(sql, lists as never[])) as { rows: T[] };
  return rows;
}

function distinct<T>(values: readonly (T | undefined)[]): T[] {
  return [...new Set(values.filter((value): value is T => value !== undefined))];
}
