import type { Transaction } from '../db/connect.ts';
import { addressKey } from '../message/addresses.ts';
import type { Incoming } from './incoming.ts';
import { loadActivities, loadFloods, loadNewest, loadParticipants } from './load-context.ts';
import { loadOriginals, originalsOf, type RelatedRow } from './load-originals.ts';
import type { Policy } from './policy.ts';
import { distinct, rowsOf } from './rows.ts';
import { relatedIds } from './threading.ts';
import { type Customer, type KnownInteraction, type SupportCase, View } from './view.ts';

type CustomerRow = Customer & { id: number };
type CaseRow = Omit<SupportCase, 'customer' | 'followUpOf'> & { id: number; customer_id: number | null };

interface InteractionRow extends RelatedRow {
  readonly message_id: string;
}

const CUSTOMER_COLUMNS = 'id, first_name, last_name, company, phone, external_id, custom_fields';

/**
 * Loads all that a batch may touch in a few queries. Customers and cases are locked until the transaction ends, always
 * in the order of their ids and customers first, so that two daemons wait for each other instead of deadlocking.
 */
export async function loadView(trx: Transaction, batch: readonly Incoming[], policy: Policy): Promise<View> {
  const view = new View();
  const originals = await originalsOf(trx, batch);
  const emails = await rowsOf<{ address_key: string; customer_id: number }>(
    trx,
    'select address_key, customer_id from customer_emails where address_key = any(?)',
    [customerKeys(batch)],
  );
  const answered = await loadAnswered(trx, batch, distinct(emails.map(({ customer_id }) => customer_id)));
  const referring = await loadReferring(trx, batch);
  const related = [...answered, ...referring];

  const locked = await rowsOf<CustomerRow>(
    trx,
    `select ${CUSTOMER_COLUMNS} from customers where id = any(?) or external_id = any(?) order by id for update`,
    [
      distinct([...emails, ...related, ...originals].map(({ customer_id }) => customer_id ?? undefined)),
      distinct(batch.map(({ directives }) => directives.customer.external_id)),
    ],
  );
  const customers = new Map<number, Customer>(locked.map((customer) => [customer.id, customer]));
  const find = (id: number | null) => (id === null ? undefined : customers.get(id));
  for (const { address_key, customer_id } of emails) {
    const customer = find(customer_id);
    if (customer) view.customersByAddressKey.set(address_key, customer);
  }
  for (const customer of locked) {
    if (customer.external_id !== null) view.customersByExternalId.set(customer.external_id, customer);
  }
  const latest = await loadFloods(trx, view, batch, policy);

  const cases = await rowsOf<CaseRow>(
    trx,
    `select id, customer_id, external_id, subject, status, priority, language, labels, custom_fields,
       received_at, opened_at, first_resolved_at, resolved_at, closed_at
     from cases where external_id = any(?) or id = any(?) order by id for update`,
    [
      distinct(batch.map(({ directives }) => directives.case.external_id)),
      distinct([
        ...[...related, ...originals].map(({ case_id }) => case_id),
        ...batch.flatMap(({ caseNumbers }) => caseNumbers),
        ...latest.values(),
      ]),
    ],
  );
  const others = distinct(cases.map(({ customer_id }) => customer_id ?? undefined));
  for (const customer of await rowsOf<CustomerRow>(
    trx,
    `select ${CUSTOMER_COLUMNS} from customers where id = any(?)`,
    [others.filter((id) => !customers.has(id))],
  )) {
    customers.set(customer.id, customer);
  }

  for (const { customer_id, ...row } of cases) {
    const supportCase: SupportCase = { ...row, customer: find(customer_id), followUpOf: undefined };
    view.casesById.set(row.id, supportCase);
    if (row.external_id !== null) view.casesByExternalId.set(row.external_id, supportCase);
  }
  // One object for each, wherever it is found: what changes it is seen everywhere.
  const knownById = new Map<number, KnownInteraction>();
  const known = ({ id, case_id, customer_id, direction }: RelatedRow): KnownInteraction | undefined => {
    const supportCase = view.casesById.get(case_id);
    const made =
      knownById.get(id) ?? (supportCase && { supportCase, customer: find(customer_id), direction });
    if (made) knownById.set(id, made);
    return made;
  };
  for (const row of answered) {
    const interaction = known(row);
    if (interaction) view.addInteraction(row.message_id, interaction);
  }
  for (const row of referring) {
    const interaction = known(row);
    if (interaction) view.addReference(row.message_id, interaction);
  }
  for (const [customer, caseId] of latest) {
    const supportCase = view.casesById.get(caseId);
    if (supportCase) view.latestCases.set(customer, supportCase);
  }
  await loadOriginals(trx, view, originals, known);
  await loadActivities(trx, view);
  await loadParticipants(trx, view, batch);
  if (policy.importing) await loadNewest(trx, view);
  return view;
}

/** Keys of all addresses by which a customer of the batch, or a sender, may be known. */
function customerKeys(batch: readonly Incoming[]): string[] {
  return distinct(
    batch.flatMap(({ customer, parties, direction, message }) => [
      customer.address && addressKey(customer.address.address),
      customer.ifKnown?.address && addressKey(customer.ifKnown.address.address),
      parties.sender,
      // To our own people: one of them may be the customer who is answered.
      ...(direction === 'out' && customer.address === undefined
        ? [...message.to, ...message.cc].map(({ address }) => addressKey(address))
        : []),
    ]),
  );
}

/** Most interactions that refer to one message and are looked at: a newsletter has thousands of automatic replies. */
const MAX_REFERRING = 20;

/**
 * Interactions that the batch answers. A newsletter may have one Message-ID for a hundred thousand customers: then it
 * is enough to know that there are several, and which of them are the senders' own.
 */
async function loadAnswered(
  trx: Transaction,
  batch: readonly Incoming[],
  customerIds: readonly number[],
): Promise<InteractionRow[]> {
  const ids = distinct(batch.flatMap(({ message }) => relatedIds(message)));
  if (ids.length === 0) return [];
  return rowsOf<InteractionRow>(
    trx,
    `select i.id, i.message_id, i.case_id, i.customer_id, i.direction
     from unnest(?::text[]) as wanted(message_id) cross join lateral (
       select * from interactions shared where shared.message_id = wanted.message_id limit 2) i
     union
     select i.id, i.message_id, i.case_id, i.customer_id, i.direction
     from interactions i where i.message_id = any(?) and i.customer_id = any(?)
     order by id`,
    [ids, ids, [...customerIds]],
  );
}

/** Interactions that refer to the batch's own messages: they were read before what they answer. */
async function loadReferring(trx: Transaction, batch: readonly Incoming[]): Promise<InteractionRow[]> {
  const ids = distinct(batch.map(({ message }) => message.messageId));
  return rowsOf<InteractionRow>(
    trx,
    `select i.id, wanted.message_id, i.case_id, i.customer_id, i.direction
     from unnest(?::text[]) as wanted(message_id) cross join lateral (
       select r.interaction_id from interaction_references r where r.message_id = wanted.message_id
       order by r.interaction_id limit ${MAX_REFERRING}) answer
     join interactions i on i.id = answer.interaction_id
     order by i.id`,
    [ids],
  );
}
