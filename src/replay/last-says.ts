import type { Transaction } from '../db/connect.ts';
import { knownCustomer } from '../record/decide-customer.ts';
import type { Incoming } from '../record/incoming.ts';
import { rowsOf } from '../record/rows.ts';
import type { Customer, SupportCase, View } from '../record/view.ts';
import { BY_PERSON, fieldOf, fieldsOf, fieldsSaid } from './fields.ts';
import type { Replayable } from './replayable.ts';

/** Who said last what a field is: a person, or a mail, by when it was received. */
type Say = 'person' | Date;

const BY_NEWER = 'a newer mail has said it since';

/** Whose word a field of a case or of a customer has: a person's stands, and so does that of a newer mail. */
export class LastSays {
  private readonly ofCases = new WeakMap<SupportCase, Map<string, Say>>();
  /** By the id, since it is told of mails one after the other; of one who is new, by the row. */
  private readonly ofCustomers = new Map<number | Customer, Map<string, Say>>();

  /** @param field as in case_events */
  ofCase(supportCase: SupportCase, field: string): Say | undefined {
    return this.ofCases.get(supportCase)?.get(field);
  }

  noteCase(supportCase: SupportCase, field: string, say: Say): void {
    entry(this.ofCases, supportCase).set(field, say);
  }

  noteCustomer(customer: Customer, field: string, say: Say): void {
    const says = entry(this.ofCustomers, customer.id ?? customer);
    const known = says.get(field);
    if (known === 'person' || (known !== undefined && say !== 'person' && known > say)) return;
    says.set(field, say);
  }

  /** Why a field of a case stays as it is, whatever a mail of this time says of it; undefined where it does not. */
  whyCaseStays(supportCase: SupportCase, field: string, receivedAt: Date): string | undefined {
    return whyStays(this.ofCase(supportCase, field), receivedAt);
  }

  whyCustomerStays(customer: Customer, field: string, receivedAt: Date): string | undefined {
    return whyStays(this.ofCustomers.get(customer.id ?? customer)?.get(field), receivedAt);
  }
}

function whyStays(say: Say | undefined, receivedAt: Date): string | undefined {
  if (say === 'person') return BY_PERSON;
  return say !== undefined && say > receivedAt ? BY_NEWER : undefined;
}

function entry<K extends object | number>(
  maps: { get(key: K): Map<string, Say> | undefined; set(key: K, says: Map<string, Say>): unknown },
  key: K,
): Map<string, Say> {
  const known = maps.get(key) ?? new Map<string, Say>();
  maps.set(key, known);
  return known;
}

/** What of a case counts beside the fields that mails set: whether it was merged, whose it is, what it is called. */
const ALWAYS_ASKED = ['status', 'external_id', 'customer_id', 'merged'];

/** Learns who said last what the fields are that the mails set, of the cases and customers that they may concern. */
export async function loadSays(
  trx: Transaction,
  view: View,
  says: LastSays,
  mails: readonly Replayable[],
): Promise<void> {
  await loadCaseSays(trx, view, says, mails);
  const asked = customersAsked(view, mails);
  await loadPersons(trx, says, asked);
  await loadNewest(trx, says, asked);
}

async function loadCaseSays(
  trx: Transaction,
  view: View,
  says: LastSays,
  mails: readonly Replayable[],
): Promise<void> {
  const cases = new Map([...view.casesById.values()].map((each) => [each.id, each]));
  const named = mails.flatMap(({ incoming }) => incoming.directives.applied.map(({ field }) => field));
  const fields = named
    .filter((field) => field.startsWith('case.'))
    .map((field) => field.slice('case.'.length));
  const found = await rowsOf<{ case_id: number; field: string; by_person: boolean; at: Date }>(
    trx,
    `with last as (
       select distinct on (case_id, field) * from case_events where case_id = any(?) and field = any(?)
       order by case_id, field, id desc)
     select e.case_id, e.field, e.actor is not null and not e.replayed as by_person,
       coalesce(i.received_at, e.at) as at
     from last e left join interactions i on i.id = e.interaction_id`,
    [[...cases.keys()], [...new Set([...ALWAYS_ASKED, ...fields])]],
  );
  for (const { case_id, field, by_person, at } of found) {
    const supportCase = cases.get(case_id);
    // What is known already was foreseen, and is later than what is stored.
    if (supportCase && says.ofCase(supportCase, field) === undefined) {
      says.noteCase(supportCase, field, by_person ? 'person' : at);
    }
  }
}

/** A field of a customer that a mail would change. */
interface Asked {
  readonly customer: Customer;
  readonly id: number;
  readonly field: string;
  readonly value: string;
}

function customersAsked(view: View, mails: readonly Replayable[]): Asked[] {
  const asked = new Map<string, Asked>();
  for (const { incoming } of mails) {
    const candidates = candidatesFor(view, incoming);
    const wanted = new Map(fieldsOf(incoming.directives.customer));
    for (const field of fieldsSaid(incoming.directives, 'customer')) {
      for (const customer of candidates) {
        const value = fieldOf(customer, field);
        if (customer.id === undefined || value === null || value === wanted.get(field)) continue;
        asked.set(`${customer.id} ${field}`, { customer, id: customer.id, field, value: String(value) });
      }
    }
  }
  return [...asked.values()];
}

/** The customers whom a mail may concern: its own, and the one whom it names. */
function candidatesFor(view: View, incoming: Incoming): Customer[] {
  const own = view.originals.get(incoming.dedupeKey.toString('hex'))?.changeable?.known.customer;
  return [own, knownCustomer(view, incoming)].filter((customer) => customer !== undefined);
}

/** What mail changes of a customer is no event: so a value is a person's as long as it is the one that the person set. */
async function loadPersons(trx: Transaction, says: LastSays, asked: readonly Asked[]): Promise<void> {
  const found = await rowsOf<{ customer_id: number; field: string; new: string | null }>(
    trx,
    `select distinct on (customer_id, field) customer_id, field, new
     from customer_events where customer_id = any(?) and field = any(?) and not replayed
     order by customer_id, field, id desc`,
    [asked.map(({ id }) => id), asked.map(({ field }) => field)],
  );
  const byKey = new Map(found.map((row) => [`${row.customer_id} ${row.field}`, row.new]));
  for (const { customer, id, field, value } of asked) {
    if (byKey.get(`${id} ${field}`) === value) says.noteCustomer(customer, field, 'person');
  }
}

/** Most mails of one customer that are looked at for the last one that has set a field, the newest ones. */
const MAX_LOOKED_AT = 1_000;

async function loadNewest(trx: Transaction, says: LastSays, asked: readonly Asked[]): Promise<void> {
  const found = await rowsOf<{ n: number; received_at: Date }>(
    trx,
    `select q.n, s.received_at
     from unnest(?::bigint[], ?::text[]) with ordinality as q(customer_id, field, n) cross join lateral (
       select i.received_at from (
         select id, received_at from interactions where customer_id = q.customer_id
         order by received_at desc limit ${MAX_LOOKED_AT}) i
       join interaction_contents c on c.interaction_id = i.id
       where c.directives @> jsonb_build_object('applied',
         jsonb_build_array(jsonb_build_object('field', 'customer.' || q.field)))
       order by i.received_at desc limit 1) s`,
    [asked.map(({ id }) => id), asked.map(({ field }) => field)],
  );
  for (const { n, received_at } of found) {
    const each = asked[n - 1];
    if (each) says.noteCustomer(each.customer, each.field, received_at);
  }
}
