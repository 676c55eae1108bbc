import type { Database } from '../db/connect.ts';
import { rows } from '../db/rows.ts';
import type { Status } from '../rules/directives.ts';
import { type Interaction, readInteractions, type Wanted } from './interactions.ts';
import { distinct } from './rows.ts';

/** So many addresses, and customers merged into one, are shown. */
const MOST_LISTED = 50;

/** So many of the latest cases are named, by status. */
const CASES_NAMED = 5;

/** A customer: their row, their addresses, and who was merged into them. */
export interface Customer {
  readonly id: number;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly company: string | null;
  readonly phone: string | null;
  readonly external_id: string | null;
  readonly language: string | null;
  readonly custom_fields: Readonly<Record<string, string>>;
  readonly created_at: Date;
  readonly addresses: readonly string[];
  readonly merged_from: readonly { readonly id: number; readonly external_id: string | null }[];
}

/** One thing that a person changed of a customer. */
export interface CustomerEvent {
  readonly id: number;
  readonly at: Date;
  readonly field: string;
  readonly old: string | null;
  readonly new: string | null;
  /** The person, or who ran the replay. */
  readonly actor: string;
  /** Whether a replay changed it: then a mail says so, by what stands in reason. */
  readonly replayed: boolean;
  readonly reason: string | null;
}

/** What there is of a customer in cases of one status. */
export interface CasesOfStatus {
  readonly status: Status;
  readonly cases: number;
  /** The ids of those with the latest mail. */
  readonly latest: readonly number[];
}

/** How much there is of a customer in all. */
export interface CustomerTotals {
  readonly inbound: number;
  readonly outbound: number;
  readonly first_received_at: Date | null;
  readonly last_received_at: Date | null;
  /** How many interactions lie between the moments asked for. */
  readonly matching: number;
  readonly cases: readonly CasesOfStatus[];
}

/** The case of an interaction, as far as a line has room for it. */
export interface CaseOfInteraction {
  readonly id: number;
  readonly external_id: string | null;
  readonly status: Status;
  readonly subject: string | null;
}

export interface CustomerHistory {
  readonly customer: Customer;
  /** What people changed of the customer, the latest of it, in the order in which it happened. */
  readonly events: readonly CustomerEvent[];
  readonly totals: CustomerTotals;
  /** How many older interactions that were asked for are left out. */
  readonly left_out: number;
  /** In the order of time, across cases. */
  readonly interactions: readonly (Interaction & { readonly case: CaseOfInteraction })[];
}

/** Reads a customer's history in a handful of queries. @returns undefined where there is no such customer */
export async function readCustomerHistory(
  db: Database,
  id: number,
  range: Pick<Wanted, 'limit' | 'since' | 'until' | 'texts'>,
): Promise<CustomerHistory | undefined> {
  const customer = await readCustomer(db, id);
  if (customer === undefined) return undefined;
  const totals = await readTotals(db, id, range);
  const interactions = await readInteractions(db, { of: 'customer_id', id, ...range });
  const cases = await readCases(db, distinct(interactions.map(({ case_id }) => case_id)));
  return {
    customer,
    events: await readEvents(db, id),
    totals,
    // Mail may have come between the two queries.
    left_out: Math.max(0, totals.matching - interactions.length),
    interactions: interactions.flatMap((interaction) => {
      const supportCase = cases.get(interaction.case_id);
      return supportCase === undefined ? [] : [{ ...interaction, case: supportCase }];
    }),
  };
}

/** @returns the customer with this id, if there is one */
export async function readCustomer(db: Database, id: number): Promise<Customer | undefined> {
  const [customer] = await rows<Customer>(
    db,
    `select c.id, c.first_name, c.last_name, c.company, c.phone, c.external_id, c.language, c.custom_fields,
       c.created_at,
       array(select e.address from customer_emails e where e.customer_id = c.id order by e.id
         limit ${MOST_LISTED}) as addresses,
       coalesce((
         select jsonb_agg(jsonb_build_object('id', m.id, 'external_id', m.external_id) order by m.id)
         from (select * from customers where merged_into = c.id order by id limit ${MOST_LISTED}) m
       ), '[]') as merged_from
     from customers c where c.id = ?`,
    [id],
  );
  return customer;
}

/** So many of the latest events are read: a merge has one for each address, and for each field that was filled. */
const EVENTS_READ = 100;

async function readEvents(db: Database, customerId: number): Promise<CustomerEvent[]> {
  const latest = await rows<CustomerEvent>(
    db,
    `select id, at, field, old, new, actor, replayed, reason from customer_events where customer_id = ?
     order by id desc limit ${EVENTS_READ}`,
    [customerId],
  );
  return latest.reverse();
}

async function readTotals(
  db: Database,
  customerId: number,
  { since, until }: Pick<Wanted, 'since' | 'until'>,
): Promise<CustomerTotals> {
  const found = await rows<CasesOfStatus & Omit<CustomerTotals, 'cases'>>(
    db,
    `with mine as (
       select case_id, count(*) filter (where direction = 'in') as inbound,
         count(*) filter (where direction = 'out') as outbound,
         count(*) filter (where received_at >= ?::timestamptz and received_at < ?::timestamptz) as matching,
         min(received_at) as first, max(received_at) as last
       from interactions where customer_id = ? group by case_id
     )
     select s.status, count(*) as cases, sum(inbound)::bigint as inbound, sum(outbound)::bigint as outbound,
       sum(matching)::bigint as matching, min(first) as first_received_at, max(last) as last_received_at,
       (array_agg(s.id order by last desc, s.id desc))[1:${CASES_NAMED}] as latest
     from mine join cases s on s.id = mine.case_id
     group by s.status order by array_position('{new,open,pending,resolved,closed}'::text[], s.status)`,
    [since ?? '-infinity', until ?? 'infinity', customerId],
  );
  const sum = (column: 'inbound' | 'outbound' | 'matching') =>
    found.reduce((total, row) => total + row[column], 0);
  const times = (column: 'first_received_at' | 'last_received_at') =>
    found.flatMap((row) => row[column] ?? []).sort((a, b) => a.getTime() - b.getTime());
  return {
    inbound: sum('inbound'),
    outbound: sum('outbound'),
    first_received_at: times('first_received_at')[0] ?? null,
    last_received_at: times('last_received_at').at(-1) ?? null,
    matching: sum('matching'),
    // An array of bigint comes as text.
    cases: found.map(({ status, cases, latest }) => ({ status, cases, latest: latest.map(Number) })),
  };
}

async function readCases(db: Database, ids: readonly number[]): Promise<Map<number, CaseOfInteraction>> {
  const found = await rows<CaseOfInteraction>(
    db,
    'select id, external_id, status, subject from cases where id = any(?)',
    [ids],
  );
  return new Map(found.map((row) => [row.id, row]));
}
