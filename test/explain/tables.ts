import { expect } from 'vitest';
import type { Database } from '../../src/db/connect.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import type { Applied, Decided, Refused } from '../../src/rules/directives.ts';
import { isRule } from '../../src/rules/rules.ts';
import { rows } from '../support/poll.ts';

/* What explain said, and what the tables have, in a form in which both can be compared. */

/** The highest ids before something was recorded, so that what is new can be told. */
export interface Ids {
  events: number;
  cases: number;
  customers: number;
}

export async function highestIds(db: Database): Promise<Ids> {
  const [ids] = await rows<Ids>(
    db,
    `select (select coalesce(max(id), 0) from case_events) as events,
       (select coalesce(max(id), 0) from cases) as cases, (select coalesce(max(id), 0) from customers) as customers`,
  );
  return ids ?? { events: 0, cases: 0, customers: 0 };
}

/** The verdict of trust is kept where there are headers that it is about; explain says it always. */
function storedOf(decided: readonly Decided[], { applied, refused }: Explanation['headers']): Decided[] {
  const isAbout = [...applied, ...refused].some(({ by }) => by.startsWith('x-desk-'));
  return decided.filter(({ what }) => what !== 'trust' || isAbout);
}

/** What can be compared of an explanation: ids of what is new are not known before. */
export function sayable({
  outcome,
  error,
  decided,
  headers,
  rules,
  customer,
  case: supportCase,
  changes,
  message,
}: Explanation) {
  return {
    outcome,
    error: error === null || outcome === 'skipped' ? error : expect.anything(),
    decided: storedOf(decided, headers),
    headers,
    rules,
    customer,
    case: supportCase,
    changes,
    message: { subject: message.subject, from: message.from, to: message.to, cc: message.cc },
  };
}

interface Happened {
  outcome: string;
  interaction_id: number;
  customer_id: number | null;
  case_id: number;
}

/** A case that is new has no number before it is stored. */
function asForeseen(decided: Decided, before: Ids): Decided {
  const number = Number(/^case (\d+)$/.exec(decided.value ?? '')?.[1] ?? 0);
  return decided.what === 'case' && number > before.cases ? { ...decided, value: null } : decided;
}

/** The same out of the tables. @param uid of the message, in the only folder that there is */
export async function whatHappened(db: Database, said: Explanation, uid: number, before: Ids) {
  const [receipt] = await rows<Happened>(
    db,
    `select r.outcome, r.interaction_id, i.customer_id, i.case_id
     from receipts r join interactions i on i.id = r.interaction_id where r.uid = ?`,
    [String(uid)],
  );
  if (receipt === undefined && said.outcome === 'skipped') return skipped(db, said, uid);
  if (receipt === undefined) return { ...sayable(said), outcome: 'quarantined', error: 'no receipt' };
  const [stored] = await rows<{
    subject: string | null;
    from: string | null;
    to: string[];
    cc: string[];
    directives: { applied: Applied[]; refused: Refused[]; decided: Decided[]; rules?: string[] };
  }>(
    db,
    `select i.subject, i.from_address as "from", i.to_addresses as "to", i.cc_addresses as cc, c.directives
     from interactions i join interaction_contents c on c.interaction_id = i.id where i.id = ?`,
    [String(receipt.interaction_id)],
  );
  if (stored === undefined) throw new Error('an interaction has no contents');
  const { directives, ...message } = stored;
  const isCopy = receipt.outcome === 'duplicate' && said.case === null;
  return {
    outcome: receipt.outcome,
    error: null,
    decided: directives.decided.map((each) => asForeseen(each, before)),
    headers: doneBy(directives, (by) => !isRule(by)),
    rules: { matched: directives.rules ?? [], ...doneBy(directives, isRule) },
    customer: isCopy ? null : await customerOf(db, receipt.customer_id, before),
    case: isCopy ? null : await caseOf(db, receipt.case_id, before),
    changes: isCopy ? [] : await eventsOf(db, receipt, before),
    message: receipt.outcome === 'duplicate' ? sayable(said).message : message,
  };
}

/** What a rule skips has a receipt that says which, and nothing else. */
async function skipped(db: Database, said: Explanation, uid: number) {
  const [receipt] = await rows<{ outcome: Explanation['outcome']; last_error: string | null }>(
    db,
    'select outcome, last_error from receipts where uid = ? and interaction_id is null',
    [String(uid)],
  );
  return { ...sayable(said), outcome: receipt?.outcome, error: receipt?.last_error };
}

function doneBy(
  { applied, refused }: { applied: Applied[]; refused: Refused[] },
  isOf: (by: string) => boolean,
) {
  return { applied: applied.filter(({ by }) => isOf(by)), refused: refused.filter(({ by }) => isOf(by)) };
}

async function customerOf(db: Database, id: number | null, before: Ids) {
  if (id === null) return null;
  const [row] = await rows(
    db,
    `select first_name, last_name, company, phone, external_id, language, custom_fields from customers where id = ?`,
    [String(id)],
  );
  return { ...row, id: id > before.customers ? null : id };
}

async function caseOf(db: Database, id: number, before: Ids) {
  const [row] = await rows(
    db,
    `select external_id, subject, status, priority, language, labels, custom_fields, follow_up_of
     from cases where id = ?`,
    [String(id)],
  );
  return { ...row, id: id > before.cases ? null : id };
}

async function eventsOf(db: Database, { interaction_id, case_id }: Happened, before: Ids) {
  const events = await rows<{ field: string; old: string | null; new: string | null; reason: string | null }>(
    db,
    `select field, old, new, reason from case_events where interaction_id = ? and case_id = ? and id > ? order by id`,
    [String(interaction_id), String(case_id), String(before.events)],
  );
  const isNew = (text: string | null) => text !== null && Number(text) > before.customers;
  return events.map((event) =>
    event.field === 'customer_id' && isNew(event.new) ? { ...event, new: 'a new customer' } : event,
  );
}
