import type { Transaction } from '../db/connect.ts';
import { knownCustomer } from '../record/decide-customer.ts';
import type { Incoming } from '../record/incoming.ts';
import { rowsOf } from '../record/rows.ts';
import type { Customer, KnownInteraction, SupportCase, View } from '../record/view.ts';
import { BY_PERSON, fieldOf, fieldsOf, fieldsSaid, fieldsSet } from './fields.ts';
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
  await loadEvents(trx, view, says, mails);
  const ofCases = casesAsked(view, mails);
  for (const { row, field, at } of await newestSays(trx, 'case', ofCases)) {
    const say = says.ofCase(row, field);
    if (say === undefined || (say !== 'person' && say < at)) says.noteCase(row, field, at);
  }
  const ofCustomers = customersAsked(view, mails);
  await loadPersons(trx, says, ofCustomers);
  for (const { row, field, at } of await newestSays(trx, 'customer', ofCustomers)) {
    says.noteCustomer(row, field, at);
  }
}

async function loadEvents(
  trx: Transaction,
  view: View,
  says: LastSays,
  mails: readonly Replayable[],
): Promise<void> {
  const cases = new Map([...view.casesById.values()].map((each) => [each.id, each]));
  const fields = mails.flatMap(({ incoming }) => fieldsSaid(incoming.directives, 'case'));
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

/** A field of a case or of a customer that a mail would change. */
interface Asked<Row> {
  readonly row: Row;
  readonly id: number;
  readonly field: string;
  /** What it has. */
  readonly value: string | null;
}

/** Of lists, events say enough: what an older mail adds to them, no newer one has to fear. */
function casesAsked(view: View, mails: readonly Replayable[]): Asked<SupportCase>[] {
  return askedOf(mails, 'case', (incoming) => ({
    rows: [knownOf(view, incoming)?.supportCase, caseNamedBy(view, incoming)],
    fields: fieldsSet(incoming.directives, 'case'),
  }));
}

function customersAsked(view: View, mails: readonly Replayable[]): Asked<Customer>[] {
  return askedOf(mails, 'customer', (incoming) => ({
    rows: [knownOf(view, incoming)?.customer, knownCustomer(view, incoming)],
    fields: fieldsSaid(incoming.directives, 'customer'),
  }));
}

/** @param meant whom or what a mail may concern: its own, and what it names; and the fields */
function askedOf<Row extends SupportCase | Customer>(
  mails: readonly Replayable[],
  owner: 'case' | 'customer',
  meant: (incoming: Incoming) => { rows: (Row | undefined)[]; fields: Iterable<string> },
): Asked<Row>[] {
  const asked = new Map<string, Asked<Row>>();
  for (const { incoming } of mails) {
    const wanted = new Map(fieldsOf(incoming.directives[owner]));
    const { rows, fields } = meant(incoming);
    for (const field of fields) {
      for (const row of rows) {
        if (row?.id === undefined) continue;
        const value = fieldOf(row, field);
        // What is set is there already; a rule may still change the list.
        const isListed = owner === 'customer' && incoming.directives.byRules?.lists.has(`customer.${field}`);
        if (value === (wanted.get(field) ?? null) && !isListed) continue;
        const text = value === null ? null : String(value);
        asked.set(`${row.id} ${field}`, { row, id: row.id, field, value: text });
      }
    }
  }
  return [...asked.values()];
}

function knownOf(view: View, { dedupeKey }: Incoming): KnownInteraction | undefined {
  return view.originals.get(dedupeKey.toString('hex'))?.changeable?.known;
}

function caseNamedBy(view: View, { directives }: Incoming): SupportCase | undefined {
  const { external_id } = directives.case;
  return external_id === undefined ? undefined : view.casesByExternalId.get(external_id);
}

/** What mail changes of a customer is no event: so a value is a person's as long as it is the one that the person set. */
async function loadPersons(
  trx: Transaction,
  says: LastSays,
  asked: readonly Asked<Customer>[],
): Promise<void> {
  const found = await rowsOf<{ customer_id: number; field: string; new: string | null }>(
    trx,
    `select distinct on (customer_id, field) customer_id, field, new
     from customer_events where customer_id = any(?) and field = any(?) and not replayed
     order by customer_id, field, id desc`,
    [asked.map(({ id }) => id), asked.map(({ field }) => field)],
  );
  const byKey = new Map(found.map((row) => [`${row.customer_id} ${row.field}`, row.new]));
  for (const { row, id, field, value } of asked) {
    if (byKey.get(`${id} ${field}`) === value) says.noteCustomer(row, field, 'person');
  }
}

/** Most mails of one case or customer that are looked at for the last one that says a field, the newest ones. */
const MAX_LOOKED_AT = 1_000;

/**
 * When the newest mail was received that says something of a field: also what was so already, which is no event. Where there
 * is nothing, only who has cleared the field says so.
 */
async function newestSays<Row>(
  trx: Transaction,
  owner: 'case' | 'customer',
  asked: readonly Asked<Row>[],
): Promise<{ row: Row; field: string; at: Date }[]> {
  if (asked.length === 0) return [];
  const found = await rowsOf<{ n: number; received_at: Date }>(
    trx,
    `select q.n, s.received_at
     from unnest(?::bigint[], ?::jsonb[]) with ordinality as q(owner_id, said, n) cross join lateral (
       select i.received_at from (
         select id, received_at from interactions where ${owner}_id = q.owner_id
         order by received_at desc limit ${MAX_LOOKED_AT}) i
       join interaction_contents c on c.interaction_id = i.id
       where c.directives @> q.said
       order by i.received_at desc limit 1) s`,
    [
      asked.map(({ id }) => id),
      asked.map(({ field, value }) => {
        const how = value === null ? { how: 'cleared' } : {};
        return JSON.stringify({ applied: [{ field: `${owner}.${field}`, ...how }] });
      }),
    ],
  );
  return found.flatMap(({ n, received_at: at }) => {
    const each = asked[n - 1];
    return each ? [{ row: each.row, field: each.field, at }] : [];
  });
}
