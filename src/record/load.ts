import type { Transaction } from '../db/connect.ts';
import type { Foreseen } from './foreseen.ts';
import type { Incoming } from './incoming.ts';
import { loadActivities, loadAddresses, loadFloods, loadNewest, loadParticipants } from './load-context.ts';
import { loadOriginals, type RelatedRow } from './load-originals.ts';
import { assertUnmoved, customerKeys, loadEmails, loadRelated, type Related } from './load-related.ts';
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

const CUSTOMER_COLUMNS =
  'id, first_name, last_name, company, phone, external_id, language, custom_fields, merged_into';

/**
 * Loads all that a batch may touch in a few queries. Customers and cases are locked until the transaction ends, in the
 * order of their ids and customers first, so that two daemons mostly wait for each other; a deadlock that is left is
 * run again.
 *
 * @param access for whoever only wants to know what would be decided: nothing is locked, and the transaction may be
 *   read-only
 * @param foreseen what was decided before and is not stored
 */
export async function loadView(
  trx: Transaction,
  batch: readonly Incoming[],
  policy: Policy,
  access: Access = 'for update',
  foreseen?: Foreseen,
): Promise<View> {
  const view = new View();
  const emails = await loadEmails(trx, batch);
  const customers = view.customersById;
  const externalIds = distinct(batch.map(({ directives }) => directives.customer.external_id));
  const reading = { trx, view, access, foreseen };
  const ofAddresses = emails.map(({ customer_id }) => customer_id);
  await lockCustomers(reading, ofAddresses, externalIds);
  for (const { address_key, customer_id } of emails) {
    const customer = customers.get(customer_id);
    if (customer) view.addAddress(address_key, customer);
  }
  if (foreseen) addForeseenCustomers(view, foreseen, customerKeys(batch), externalIds);
  // Only now: question and answer that two daemons read at the same moment have one customer, so the second of them
  // has waited here, and sees what the first one stored.
  const related = await loadRelated(trx, batch, emails);
  const ids = [...related.answered, ...related.referring, ...related.originals].map((row) => row.customer_id);
  await lockCustomers(reading, ids, []);
  const latest = await loadFloods(trx, view, batch, policy);
  await lockCases(reading, batch, related, [...latest.values()]);
  await assertUnmoved(trx, related);
  for (const [customer, caseId] of latest) {
    const supportCase = view.casesById.get(caseId);
    if (supportCase) view.latestCases.set(customer, supportCase);
  }
  const known = knownInteractions(view, foreseen);
  for (const row of related.answered) {
    const interaction = known(row);
    if (interaction) view.addInteraction(row.message_id, interaction);
  }
  for (const row of related.referring) {
    const interaction = known(row);
    if (interaction) view.addReference(row.message_id, interaction);
  }
  await loadOriginals(trx, view, related.originals, known, policy);
  await loadActivities(trx, view);
  if (foreseen) {
    const cases = new Set([...view.casesById.values(), ...view.casesByExternalId.values()]);
    for (const supportCase of cases) foreseen.remind(view, supportCase);
  }
  await loadAddresses(trx, view, customers);
  if (foreseen) addForeseenAddresses(view, foreseen);
  await loadParticipants(trx, view, batch);
  if (policy.importing) await loadNewest(trx, view, customers);
  return view;
}

/** What is loaded, and how. */
interface Reading {
  readonly trx: Transaction;
  readonly view: View;
  readonly access: Access;
  readonly foreseen: Foreseen | undefined;
}

/** Locks customers that are not locked yet. */
async function lockCustomers(
  { trx, view, access, foreseen }: Reading,
  ids: readonly (number | null)[],
  externalIds: readonly string[],
): Promise<void> {
  const customers = view.customersById;
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
      const customer = customers.get(row.id) ?? foreseen?.customers.get(row.id) ?? row;
      customers.set(row.id, customer);
      customers.set(id, customer);
      if (external_id !== null) view.customersByExternalId.set(external_id, customer);
    },
  );
}

/** Adds customers whom nobody has stored yet, and addresses that they are to get. */
function addForeseenCustomers(
  view: View,
  foreseen: Foreseen,
  keys: readonly string[],
  externalIds: readonly string[],
): void {
  for (const key of keys) {
    const customer = foreseen.customersByKey.get(key);
    if (customer) view.addAddress(key, customer);
  }
  for (const id of externalIds) {
    const customer = foreseen.customersByExternalId.get(id);
    if (customer) view.customersByExternalId.set(id, customer);
  }
}

/** Adds all addresses that the customers here are to get: each of them may have a part in a case. */
function addForeseenAddresses(view: View, foreseen: Foreseen): void {
  const named = [...view.addressKeys()].map((key) => view.customerAt(key));
  for (const customer of distinct([...view.customersById.values(), ...named])) {
    for (const key of foreseen.keysOf(customer)) view.addAddress(key, customer);
  }
}

/** Locks the cases, and adds their own customers, who only have to be known. */
async function lockCases(
  { trx, view, access, foreseen }: Reading,
  batch: readonly Incoming[],
  { answered, referring, originals }: Related,
  more: readonly number[],
): Promise<void> {
  const customers = view.customersById;
  const externalIds = distinct(batch.map(({ directives }) => directives.case.external_id));
  const foreseenCases = externalIds.flatMap((id) => foreseen?.casesByExternalId.get(id) ?? []);
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
        ...foreseenCases.map(({ id }) => id),
        ...more,
      ]),
      externalIds,
    ],
    (named, row) => found.push({ named, row }),
  );
  const others = distinct(found.map(({ row }) => row.customer_id ?? undefined));
  for (const { merged_into: _, ...customer } of await rowsOf<CustomerRow>(
    trx,
    `select ${CUSTOMER_COLUMNS} from customers where id = any(?)`,
    [others.filter((id) => !customers.has(id))],
  )) {
    customers.set(customer.id, foreseen?.customers.get(customer.id) ?? customer);
  }
  for (const { named, row } of found) {
    const { customer_id, merged_into: _, ...fields } = row;
    const customer = customer_id === null ? undefined : customers.get(customer_id);
    const supportCase =
      view.casesById.get(row.id) ??
      foreseen?.cases.get(row.id) ??
      ({ ...fields, customer, followUpOf: undefined } satisfies SupportCase);
    view.casesById.set(row.id, supportCase);
    view.casesById.set(named.id, supportCase);
    if (named.external_id !== null) view.casesByExternalId.set(named.external_id, supportCase);
  }
  for (const id of externalIds) {
    const supportCase = foreseen?.casesByExternalId.get(id);
    if (supportCase) view.casesByExternalId.set(id, supportCase);
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
  foreseen: Foreseen | undefined,
): (row: RelatedRow) => KnownInteraction | undefined {
  const byId = view.knownInteractions;
  return ({ id, case_id, customer_id, direction, kind, received_at, auto_submitted }) => {
    const supportCase = view.casesById.get(case_id);
    const customer = customer_id === null ? undefined : view.customersById.get(customer_id);
    const known =
      byId.get(id) ??
      foreseen?.interactions.get(id) ??
      (supportCase && {
        ...{ supportCase, customer, direction, kind },
        ...{ isGenerated: isGenerated(auto_submitted), receivedAt: received_at },
      });
    if (known) byId.set(id, known);
    return known;
  };
}
