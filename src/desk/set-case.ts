import { MailcaseError } from '../errors.ts';
import { enterStatus } from '../record/change-case.ts';
import { withField } from '../record/custom-fields.ts';
import type { Status } from '../rules/directives.ts';
import { harmless } from '../terminal/harmless.ts';
import type { Act } from './act.ts';
import { type DeskCase, lockCases, saveCases, standingCase } from './cases.ts';
import { type CustomerName, customerIdOf, lockCustomers, standingCustomer } from './customers.ts';

/** How a person names a case: by its number, or by its external id. */
export type CaseName = { readonly id: number } | { readonly externalId: string };

export interface LabelChange {
  readonly how: 'replace' | 'add' | 'remove';
  readonly labels: readonly string[];
}

/** What a person wants a case to be. Null empties a field; what is not there stays. */
export interface CaseSettings {
  readonly status?: Status;
  readonly priority?: number | null;
  readonly language?: string | null;
  readonly subject?: string | null;
  readonly external_id?: string | null;
  readonly customer?: CustomerName | null;
  /** One after the other. */
  readonly labels: readonly LabelChange[];
  readonly custom_fields: ReadonlyMap<string, string | null>;
}

export interface NamedCase {
  /** The case that stands for what was named. */
  readonly id: number;
  /** The one that has the external id, where that was merged into the other. */
  readonly merged_id: number | null;
}

/**
 * Sets fields of one case. An external id leads on to the case that stands for it, as it does for mail: your own systems
 * know the id, and nothing of what was merged. A number leads nowhere else, in no act: it is read off a screen, so who
 * gives one that was merged away looks at what was, and is told the number that is.
 *
 * @returns the case that was set
 */
export async function setCase(act: Act, name: CaseName, settings: CaseSettings): Promise<NamedCase> {
  const { external_id, customer } = settings;
  const named = await caseNamed(act, name);
  const { id } = named;
  const holderId = external_id ? await holderOf(act, external_id) : undefined;
  const customerId = customer ? await customerIdOf(act, customer) : null;
  const customers = await lockCustomers(act, [customerId]);
  if (customer && customerId !== null) standingCustomer(customers, customerId, customer);
  const cases = await lockCases(act, holderId === undefined ? [id] : [id, holderId]);
  if ('externalId' in name && cases.get(id)?.merged_into != null) {
    throw new MailcaseError('database_race', `case ${id} was merged at this moment`);
  }
  const before = standingCase(cases, id);
  const after = settled(before, settings, customer === undefined ? before.customer_id : customerId, act.at);
  const holder = holderId === undefined || holderId === id ? undefined : cases.get(holderId);
  if (holder && external_id) await release(act, holder, id, external_id);
  await saveCases(act, [[before, after]]);
  if (after.customer_id !== before.customer_id) await admit(act, after);
  return named;
}

/** Finds the case that a name stands for. Nothing is locked yet. */
async function caseNamed({ trx }: Act, name: CaseName): Promise<NamedCase> {
  if ('id' in name) return { id: name.id, merged_id: null };
  const { rows } = (await trx.raw(
    `select coalesce(merged_into, id) as id, case when merged_into is not null then id end as merged_id
     from cases where external_id = ?`,
    [name.externalId],
  )) as { rows: NamedCase[] };
  const [row] = rows;
  if (row) return row;
  throw new MailcaseError('act_refused', `no case has the external id ${harmless(name.externalId)}`);
}

async function holderOf({ trx }: Act, externalId: string): Promise<number | undefined> {
  const { rows } = (await trx.raw('select id from cases where external_id = ?', [externalId])) as {
    rows: { id: number }[];
  };
  return rows[0]?.id;
}

/** What the case becomes. */
function settled(before: DeskCase, settings: CaseSettings, customerId: number | null, at: Date): DeskCase {
  const { status, priority, language, subject, external_id } = settings;
  const after: DeskCase = {
    ...before,
    customer_id: customerId,
    priority: priority === undefined ? before.priority : priority,
    language: language === undefined ? before.language : language,
    subject: subject === undefined ? before.subject : subject,
    external_id: external_id === undefined ? before.external_id : external_id,
    labels: settings.labels.reduce(relabelled, before.labels),
    custom_fields: [...settings.custom_fields].reduce(
      (fields, [key, value]) => (value === null ? withoutField(fields, key) : withField(fields, key, value)),
      before.custom_fields,
    ),
  };
  if (status === undefined || status === before.status) return after;
  if (status === 'new') {
    throw new MailcaseError(
      'act_refused',
      `case ${before.id} is ${before.status}, and a case never becomes new again: give another status, e.g. open`,
    );
  }
  enterStatus(after, status, at);
  return after;
}

function relabelled(labels: string[], change: LabelChange): string[] {
  if (change.how === 'remove') return labels.filter((label) => !change.labels.includes(label));
  return [...new Set([...(change.how === 'add' ? labels : []), ...change.labels])];
}

function withoutField(fields: Record<string, string>, key: string): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key));
}

/**
 * Frees an external id that another case has: only one that was merged into this case gives it away, since mail with it
 * comes here anyway.
 */
async function release(act: Act, holder: DeskCase, id: number, externalId: string): Promise<void> {
  if (holder.external_id !== externalId) {
    throw new MailcaseError('database_race', `case ${holder.id} got another external id at this moment`);
  }
  if (holder.merged_into === id) {
    return saveCases(act, [[holder, { ...holder, external_id: null }, `it was given to case ${id}`]]);
  }
  const cure =
    holder.merged_into === null
      ? `mailcase case merge ${id} ${holder.id}\` makes one case of them, \`mailcase case set ${holder.id} external_id=\` frees it`
      : `mailcase case set ${holder.merged_into} external_id=${harmless(externalId)}\` gives it to the case that stands for it`;
  throw new MailcaseError(
    'act_refused',
    `the external id ${harmless(externalId)} is taken by case ${holder.id}: \`${cure}`,
  );
}

/** Makes the new customer a part of the case, by one address: whoever asks knows the others. */
async function admit({ trx }: Act, { id, customer_id }: DeskCase): Promise<void> {
  await trx.raw(
    `insert into case_participants (case_id, address_key)
     select ?, address_key from customer_emails where customer_id = ? order by id desc limit 1
     on conflict do nothing`,
    [id, customer_id],
  );
}
