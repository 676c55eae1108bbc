import { insertRows, nextIds } from '../db/insert.ts';
import { MailcaseError } from '../errors.ts';
import type { OwnMatcher } from '../message/addresses.ts';
import { isAutomatic } from '../message/kind.ts';
import { enterStatus } from '../record/change-case.ts';
import { idOf } from '../record/rows.ts';
import type { Act } from './act.ts';
import { addCaseEvents, type DeskCase, lockCases, saveCases, standingCase } from './cases.ts';
import { lockCustomers } from './customers.ts';
import { peopleOf, type WrittenMail } from './people.ts';

/** An interaction as far as moving it has to know it. */
export interface DeskInteraction extends WrittenMail {
  readonly id: number;
  readonly case_id: number;
  readonly subject: string | null;
  readonly direction: 'in' | 'out';
  readonly outsider: boolean;
  readonly received_at: Date;
}

/**
 * Moves an interaction into another case, or into a new one of its own: a person says that it belongs there, so it is no
 * outsider's there. No case's status changes by it, but a case that it leaves empty is closed.
 */
export async function moveInteraction(
  act: Act,
  interactionId: number,
  target: number | 'new',
  isOwn: OwnMatcher,
): Promise<void> {
  const seen = await readInteraction(act, interactionId);
  // Before the cases, and before the interaction is read for good: a daemon that files an answer to it has locked its
  // customer before it looked where the interaction lies.
  await lockCustomers(act, [seen.customer_id]);
  const cases = await lockCases(act, target === 'new' ? [seen.case_id] : [seen.case_id, target]);
  const moved = await readInteraction(act, interactionId, 'for no key update');
  if (moved.case_id !== seen.case_id || moved.customer_id !== seen.customer_id) {
    throw new MailcaseError('database_race', `interaction ${interactionId} was moved at this moment`);
  }
  const from = standingCase(cases, moved.case_id);
  const into = target === 'new' ? await beginCase(act, moved, from.id) : standingCase(cases, target);
  if (into.id !== from.id) await refile(act, moved, from, into, target === 'new');
  else if (moved.outsider) {
    await saveCases(act, [
      [into, joined(into, moved, into.received_at), `interaction ${moved.id} belongs to it`],
    ]);
  }
  if (moved.outsider) await welcome(act, moved, into, target === 'new');
  if (into.id !== from.id || moved.outsider) await addPeople(act, moved, into, isOwn);
}

async function readInteraction({ trx }: Act, id: number, lock = ''): Promise<DeskInteraction> {
  const { rows } = (await trx.raw(
    `select id, case_id, customer_id, subject, direction, kind, outsider, received_at, from_address, reply_to_address,
       to_addresses, cc_addresses
     from interactions where id = ? ${lock}`,
    [id],
  )) as { rows: DeskInteraction[] };
  const [row] = rows;
  if (row) return row;
  throw new MailcaseError(
    'act_refused',
    `there is no interaction ${id}: \`mailcase case ID\` shows those of a case with their numbers`,
  );
}

/** Begins a case as the mail would have begun it, had it come first. @param fromId the case where it lay */
async function beginCase(act: Act, moved: DeskInteraction, fromId: number): Promise<DeskCase> {
  const { cases } = await nextIds(act.trx, { cases: 1 });
  const begun: DeskCase = {
    id: idOf({ id: cases[0] }),
    customer_id: moved.customer_id,
    external_id: null,
    subject: moved.subject,
    status: 'new',
    priority: null,
    language: null,
    labels: [],
    custom_fields: {},
    follow_up_of: null,
    received_at: moved.received_at,
    opened_at: null,
    first_resolved_at: null,
    resolved_at: null,
    closed_at: null,
    merged_into: null,
  };
  const status = isAutomatic(moved.kind) ? 'closed' : moved.direction === 'out' ? 'pending' : 'new';
  enterStatus(begun, status, act.at);
  const row = { ...begun, created_at: act.at, updated_at: act.at };
  await insertRows(act.trx, 'cases', Object.keys(row) as (keyof typeof row)[], [row]);
  const change = { field: 'status', old: null, new: status };
  const reason = `interaction ${moved.id} of case ${fromId} began it`;
  await addCaseEvents(act, [{ case_id: begun.id, reason, ...change }]);
  act.changes.push({ of: 'case', id: act.dryRun ? null : begun.id, ...change });
  return begun;
}

async function refile(
  act: Act,
  moved: DeskInteraction,
  from: DeskCase,
  into: DeskCase,
  isNew: boolean,
): Promise<void> {
  const remaining = await firstReceived(act, from.id, moved.id);
  const present = isNew ? moved.received_at : await firstReceived(act, into.id, moved.id);
  await act.trx.raw('update interactions set case_id = ? where id = ?', [into.id, moved.id]);
  const change = {
    field: 'interaction',
    old: String(from.id),
    new: String(into.id),
    interaction_id: moved.id,
  };
  await addCaseEvents(act, [
    { case_id: from.id, ...change },
    { case_id: into.id, ...change },
  ]);
  act.changes.push({
    ...{ of: 'interaction', id: moved.id, field: 'case_id', old: change.old },
    new: isNew && act.dryRun ? null : change.new,
  });
  await saveCases(act, [
    [from, left(from, moved, remaining, act.at), `interaction ${moved.id} was moved away`],
    [into, joined(into, moved, present), `interaction ${moved.id} was moved into it`],
  ]);
}

/** When the first of a case's other interactions was received; null where there are none. */
async function firstReceived({ trx }: Act, caseId: number, exceptId: number): Promise<Date | null> {
  const { rows } = (await trx.raw(
    'select min(received_at) as first from interactions where case_id = ? and id <> ?',
    [caseId, exceptId],
  )) as { rows: [{ first: Date | null }] };
  return rows[0].first;
}

/** The case that an interaction was taken out of. Without anything in it, it has nothing left to do. */
export function left(
  from: DeskCase,
  { received_at }: Pick<DeskInteraction, 'received_at'>,
  remaining: Date | null,
  at: Date,
): DeskCase {
  const after = { ...from };
  if (remaining === null) {
    if (from.status !== 'closed') enterStatus(after, 'closed', at);
  } else if (received_at <= from.received_at) {
    after.received_at = remaining;
  }
  return after;
}

/** The case that an interaction was put into, which takes its customer where it has none. */
export function joined(
  into: DeskCase,
  { received_at, customer_id, kind }: Pick<DeskInteraction, 'received_at' | 'customer_id' | 'kind'>,
  present: Date | null,
): DeskCase {
  const isFirst = present === null || received_at < into.received_at;
  return {
    ...into,
    received_at: isFirst ? received_at : into.received_at,
    customer_id: into.customer_id ?? (isAutomatic(kind) ? null : customer_id),
  };
}

async function welcome(act: Act, { id }: DeskInteraction, into: DeskCase, isNew: boolean): Promise<void> {
  await act.trx.raw('update interactions set outsider = false where id = ?', [id]);
  const change = { field: 'outsider', old: 'true', new: 'false' };
  if (!isNew) await addCaseEvents(act, [{ case_id: into.id, interaction_id: id, ...change }]);
  act.changes.push({ of: 'interaction', id, ...change });
}

async function addPeople(act: Act, moved: DeskInteraction, into: DeskCase, isOwn: OwnMatcher): Promise<void> {
  const { rows } = (await act.trx.raw('select address_key from customer_emails where customer_id = ?', [
    moved.customer_id,
  ])) as { rows: { address_key: string }[] };
  const keys = peopleOf(
    moved,
    rows.map(({ address_key }) => address_key),
    isOwn,
  );
  await act.trx.raw(
    `insert into case_participants (case_id, address_key)
     select ?, * from unnest(?::text[]) on conflict do nothing`,
    [into.id, keys],
  );
}
