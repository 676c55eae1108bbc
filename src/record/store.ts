import type { Transaction } from '../db/connect.ts';
import { insertRows, nextIds, updateRows } from '../db/insert.ts';
import type { EventValue, Plan } from './plan.ts';
import type { Policy, Replaying } from './policy.ts';
import { idOf, ROWS_PER_INSERT } from './rows.ts';
import { storeChanged, storeInteractions } from './store-interactions.ts';
import type { Customer, SupportCase } from './view.ts';

/** Stores a plan in a few multi-row statements, all but its receipts. */
export async function storePlan(trx: Transaction, plan: Plan, { replaying }: Policy): Promise<void> {
  const newCustomers = [...plan.customers].filter(isNew);
  const changedCustomers = [...plan.customers].filter((customer) => !isNew(customer));
  const newCases = [...plan.cases].filter(isNew);
  const changedCases = [...plan.cases].filter((supportCase) => !isNew(supportCase));
  const ids = await nextIds(trx, {
    customers: newCustomers.length,
    cases: newCases.length,
    interactions: plan.interactions.length,
  });
  assignIds(newCustomers, ids.customers);
  assignIds(newCases, ids.cases);
  assignIds(plan.interactions, ids.interactions);

  const now = new Date();
  const customerRow = (customer: Customer) => ({
    ...customer,
    id: idOf(customer),
    created_at: now,
    updated_at: now,
  });
  const caseRow = (supportCase: SupportCase) => ({
    ...supportCase,
    id: idOf(supportCase),
    customer: undefined,
    customer_id: supportCase.customer?.id ?? null,
    followUpOf: undefined,
    follow_up_of: supportCase.followUpOf?.id ?? null,
    created_at: now,
    updated_at: now,
  });
  await insertRows(
    trx,
    'customers',
    [...CUSTOMER_COLUMNS, 'created_at', 'id'],
    newCustomers.map(customerRow),
  );
  await updateRows(trx, 'customers', CUSTOMER_COLUMNS, changedCustomers.map(customerRow));
  await storeEmails(trx, plan);
  await insertRows(trx, 'cases', [...CASE_COLUMNS, ...NEW_CASE_COLUMNS], newCases.map(caseRow));
  await updateRows(trx, 'cases', CASE_COLUMNS, changedCases.map(caseRow));
  await storeInteractions(trx, plan.interactions);
  await storeEvents(trx, plan, replaying);
  await storeParticipants(trx, plan);
  await storeChanged(trx, plan);
}

const CUSTOMER_COLUMNS = [
  'first_name',
  'last_name',
  'company',
  'phone',
  'external_id',
  'language',
  'custom_fields',
  'updated_at',
] as const;

/** What changes in a case that is there. */
export const CASE_FIELDS = [
  'customer_id',
  'external_id',
  'subject',
  'status',
  'priority',
  'language',
  'labels',
  'custom_fields',
  'opened_at',
  'first_resolved_at',
  'resolved_at',
  'closed_at',
  'received_at',
] as const;

const CASE_COLUMNS = [...CASE_FIELDS, 'updated_at'] as const;

const NEW_CASE_COLUMNS = ['id', 'follow_up_of', 'created_at'] as const;

async function storeParticipants(trx: Transaction, { participants }: Plan): Promise<void> {
  if (participants.length === 0) return;
  // Who has a part already, by a mail that was not looked at, keeps it.
  await trx.raw(
    `insert into case_participants (case_id, address_key)
     select * from unnest(?::bigint[], ?::text[]) on conflict do nothing`,
    [participants.map(({ supportCase }) => idOf(supportCase)), participants.map(({ key }) => key)],
  );
}

async function storeEmails(trx: Transaction, { emails }: Plan): Promise<void> {
  if (emails.length === 0) return;
  await trx('customer_emails').insert(
    emails.map(({ customer, address, key }) => ({ customer_id: idOf(customer), address, address_key: key })),
  );
}

async function storeEvents(
  trx: Transaction,
  { events }: Plan,
  replaying: Replaying | undefined,
): Promise<void> {
  if (events.length === 0) return;
  const by = { actor: replaying?.actor ?? null, replayed: replaying !== undefined };
  const rows = events.map(({ supportCase, interaction, at, field, old, new: value, reason }) => ({
    case_id: idOf(supportCase),
    at,
    field,
    old: eventText(old),
    new: eventText(value),
    interaction_id: idOf(interaction),
    reason: replaying ? replayReason(reason) : reason,
    ...by,
  }));
  await trx.batchInsert('case_events', rows, ROWS_PER_INSERT);
}

/** What a change of a replay goes back to, for people. */
export function replayReason(reason: string | null): string {
  return reason === null ? 'replay' : `replay: ${reason}`;
}

function eventText(value: EventValue): string | null {
  return typeof value === 'object' && value !== null ? String(idOf(value)) : value;
}

function isNew(row: { id: number | undefined }): boolean {
  return row.id === undefined;
}

function assignIds(rows: readonly { id: number | undefined }[], ids: readonly number[]): void {
  for (const [index, row] of rows.entries()) row.id = ids[index];
}
