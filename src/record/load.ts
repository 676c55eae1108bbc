import type { Transaction } from '../db/connect.ts';
import type { Incoming } from './incoming.ts';
import { loadActivities, loadAddresses, loadFloods, loadNewest, loadParticipants } from './load-context.ts';
import { loadOriginals, type RelatedRow } from './load-originals.ts';
import { loadEmails, loadRelated, type Related } from './load-related.ts';
import type { Policy } from './policy.ts';
import { distinct, rowsOf } from './rows.ts';
import { isGenerated } from './threading.ts';
import { type Customer, type KnownInteraction, type SupportCase, View } from './view.ts';

type CustomerRow = Customer & { id: number };
type CaseRow = Omit<SupportCase, 'customer' | 'followUpOf'> & { id: number; customer_id: number | null };

/** Customers by their ids. */
type Customers = Map<number, Customer>;

const CUSTOMER_COLUMNS = 'id, first_name, last_name, company, phone, external_id, custom_fields';

/**
 * Loads all that a batch may touch in a few queries. Customers and cases are locked until the transaction ends, in the
 * order of their ids and customers first, so that two daemons mostly wait for each other; a deadlock that is left is
 * run again.
 */
export async function loadView(trx: Transaction, batch: readonly Incoming[], policy: Policy): Promise<View> {
  const view = new View();
  const emails = await loadEmails(trx, batch);
  const customers: Customers = new Map();
  const externalIds = distinct(batch.map(({ directives }) => directives.customer.external_id));
  await lockCustomers(
    trx,
    view,
    customers,
    emails.map(({ customer_id }) => customer_id),
    externalIds,
  );
  for (const { address_key, customer_id } of emails) {
    const customer = customers.get(customer_id);
    if (customer) view.addAddress(address_key, customer);
  }
  // Only now: question and answer that two daemons read at the same moment have one customer, so the second of them
  // has waited here, and sees what the first one stored.
  const related = await loadRelated(trx, batch, emails);
  const ids = [...related.answered, ...related.referring, ...related.originals].map((row) => row.customer_id);
  await lockCustomers(trx, view, customers, ids, []);
  const latest = await loadFloods(trx, view, batch, policy);
  await lockCases(trx, view, batch, related, [...latest.values()], customers);
  for (const [customer, caseId] of latest) {
    const supportCase = view.casesById.get(caseId);
    if (supportCase) view.latestCases.set(customer, supportCase);
  }
  const known = knownInteractions(view, customers);
  for (const row of related.answered) {
    const interaction = known(row);
    if (interaction) view.addInteraction(row.message_id, interaction);
  }
  for (const row of related.referring) {
    const interaction = known(row);
    if (interaction) view.addReference(row.message_id, interaction);
  }
  await loadOriginals(trx, view, related.originals, known);
  await loadActivities(trx, view);
  await loadAddresses(trx, view, customers);
  await loadParticipants(trx, view, batch);
  if (policy.importing) await loadNewest(trx, view, customers);
  return view;
}

/** Locks customers that are not locked yet. */
async function lockCustomers(
  trx: Transaction,
  view: View,
  customers: Customers,
  ids: readonly (number | null)[],
  externalIds: readonly string[],
): Promise<void> {
  const open = distinct(ids.map((id) => id ?? undefined)).filter((id) => !customers.has(id));
  for (const customer of await rowsOf<CustomerRow>(
    trx,
    `select ${CUSTOMER_COLUMNS} from customers where id = any(?) or external_id = any(?) order by id for update`,
    [open, [...externalIds]],
  )) {
    customers.set(customer.id, customer);
    if (customer.external_id !== null) view.customersByExternalId.set(customer.external_id, customer);
  }
}

/** Locks the cases, and adds their own customers, who only have to be known. */
async function lockCases(
  trx: Transaction,
  view: View,
  batch: readonly Incoming[],
  { answered, referring, originals }: Related,
  more: readonly number[],
  customers: Customers,
): Promise<void> {
  const cases = await rowsOf<CaseRow>(
    trx,
    `select id, customer_id, external_id, subject, status, priority, language, labels, custom_fields,
       received_at, opened_at, first_resolved_at, resolved_at, closed_at
     from cases where external_id = any(?) or id = any(?) order by id for update`,
    [
      distinct(batch.map(({ directives }) => directives.case.external_id)),
      distinct([
        ...[...answered, ...referring, ...originals].map(({ case_id }) => case_id),
        ...batch.flatMap(({ caseNumbers }) => caseNumbers),
        ...more,
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
    const customer = customer_id === null ? undefined : customers.get(customer_id);
    const supportCase: SupportCase = { ...row, customer, followUpOf: undefined };
    view.casesById.set(row.id, supportCase);
    if (row.external_id !== null) view.casesByExternalId.set(row.external_id, supportCase);
  }
}

/** One object for each interaction, wherever it is found: what changes it is seen everywhere. */
function knownInteractions(
  view: View,
  customers: Customers,
): (row: RelatedRow) => KnownInteraction | undefined {
  const byId = new Map<number, KnownInteraction>();
  return ({ id, case_id, customer_id, direction, kind, received_at, auto_submitted }) => {
    const supportCase = view.casesById.get(case_id);
    const customer = customer_id === null ? undefined : customers.get(customer_id);
    const known =
      byId.get(id) ??
      (supportCase && {
        ...{ supportCase, customer, direction, kind },
        ...{ isGenerated: isGenerated(auto_submitted), receivedAt: received_at },
      });
    if (known) byId.set(id, known);
    return known;
  };
}
