import type { Transaction } from '../db/connect.ts';
import type { Incoming } from './incoming.ts';
import { loadActivities, loadAddresses, loadFloods, loadNewest, loadParticipants } from './load-context.ts';
import { loadOriginals, type RelatedRow } from './load-originals.ts';
import { assertUnmoved, loadEmails, loadRelated, type Related } from './load-related.ts';
import type { Policy } from './policy.ts';
import { distinct, rowsOf } from './rows.ts';
import { isGenerated } from './threading.ts';
import { type Customer, type KnownInteraction, type SupportCase, View } from './view.ts';

type CustomerRow = Customer & Mergeable;
type CaseRow = Omit<SupportCase, 'customer' | 'followUpOf'> & Mergeable & { customer_id: number | null };

/** A row that people may have merged into another one, which then stands for it. */
interface Mergeable {
  readonly id: number;
  readonly external_id: string | null;
  readonly merged_into: number | null;
}

/** How rows are read: to be changed, or only to be looked at. */
export type Access = 'for update' | '';

/** Customers by their ids, and by those of customers that were merged into them. */
type Customers = Map<number, Customer>;

const CUSTOMER_COLUMNS =
  'id, first_name, last_name, company, phone, external_id, language, custom_fields, merged_into';

/**
 * Loads all that a batch may touch in a few queries. Customers and cases are locked until the transaction ends, in the
 * order of their ids and customers first, so that two daemons mostly wait for each other; a deadlock that is left is
 * run again.
 *
 * @param access for whoever only wants to know what would be decided: nothing is locked, and the transaction may be
 *   read-only
 */
export async function loadView(
  trx: Transaction,
  batch: readonly Incoming[],
  policy: Policy,
  access: Access = 'for update',
): Promise<View> {
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
    access,
  );
  for (const { address_key, customer_id } of emails) {
    const customer = customers.get(customer_id);
    if (customer) view.addAddress(address_key, customer);
  }
  // Only now: question and answer that two daemons read at the same moment have one customer, so the second of them
  // has waited here, and sees what the first one stored.
  const related = await loadRelated(trx, batch, emails);
  const ids = [...related.answered, ...related.referring, ...related.originals].map((row) => row.customer_id);
  await lockCustomers(trx, view, customers, ids, [], access);
  const latest = await loadFloods(trx, view, batch, policy);
  await lockCases(trx, view, batch, related, [...latest.values()], customers, access);
  await assertUnmoved(trx, related);
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
  access: Access,
): Promise<void> {
  const open = distinct(ids.map((id) => id ?? undefined)).filter((id) => !customers.has(id));
  await lockMerged<CustomerRow>(
    (lists) =>
      rowsOf(
        trx,
        `select ${CUSTOMER_COLUMNS} from customers where id = any(?) or external_id = any(?) order by id ${access}`,
        lists,
      ),
    [open, [...externalIds]],
    ({ id, external_id }, { merged_into: _, ...row }) => {
      const customer = customers.get(row.id) ?? row;
      customers.set(row.id, customer);
      customers.set(id, customer);
      if (external_id !== null) view.customersByExternalId.set(external_id, customer);
    },
  );
}

/** Locks the cases, and adds their own customers, who only have to be known. */
async function lockCases(
  trx: Transaction,
  view: View,
  batch: readonly Incoming[],
  { answered, referring, originals }: Related,
  more: readonly number[],
  customers: Customers,
  access: Access,
): Promise<void> {
  const found: { named: Mergeable; row: CaseRow }[] = [];
  await lockMerged<CaseRow>(
    (lists) =>
      rowsOf(
        trx,
        `select id, customer_id, external_id, subject, status, priority, language, labels, custom_fields, follow_up_of,
           received_at, opened_at, first_resolved_at, resolved_at, closed_at, merged_into
         from cases where id = any(?) or external_id = any(?) order by id ${access}`,
        lists,
      ),
    [
      distinct([
        ...[...answered, ...referring, ...originals].map(({ case_id }) => case_id),
        ...batch.flatMap(({ caseNumbers }) => caseNumbers),
        ...more,
      ]),
      distinct(batch.map(({ directives }) => directives.case.external_id)),
    ],
    (named, row) => found.push({ named, row }),
  );
  const others = distinct(found.map(({ row }) => row.customer_id ?? undefined));
  for (const { merged_into: _, ...customer } of await rowsOf<CustomerRow>(
    trx,
    `select ${CUSTOMER_COLUMNS} from customers where id = any(?)`,
    [others.filter((id) => !customers.has(id))],
  )) {
    customers.set(customer.id, customer);
  }
  for (const { named, row } of found) {
    const { customer_id, merged_into: _, ...fields } = row;
    const customer = customer_id === null ? undefined : customers.get(customer_id);
    const supportCase = view.casesById.get(row.id) ?? { ...fields, customer, followUpOf: undefined };
    view.casesById.set(row.id, supportCase);
    view.casesById.set(named.id, supportCase);
    if (named.external_id !== null) view.casesByExternalId.set(named.external_id, supportCase);
  }
}

/**
 * Locks rows, and those that they were merged into: another process may have merged them while we waited.
 *
 * @param lock by ids and external ids
 * @param use is told of each row that was asked for, and of the row that stands for it: itself, where it was not merged
 */
async function lockMerged<Row extends Mergeable>(
  lock: (lists: [ids: number[], externalIds: string[]]) => Promise<Row[]>,
  wanted: [ids: number[], externalIds: string[]],
  use: (named: Row, row: Row) => void,
): Promise<void> {
  const named = await lock(wanted);
  const known = new Map(named.map((row) => [row.id, row]));
  for (;;) {
    const targets = distinct([...known.values()].map(({ merged_into }) => merged_into ?? undefined));
    const open = targets.filter((id) => !known.has(id));
    if (open.length === 0) break;
    for (const row of await lock([open, []])) known.set(row.id, row);
  }
  for (const row of named) {
    let end = row;
    while (end.merged_into !== null) end = known.get(end.merged_into) ?? { ...end, merged_into: null };
    use(row, end);
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
