import { MailcaseError } from '../errors.ts';
import { enterStatus } from '../record/change-case.ts';
import type { Act } from './act.ts';
import {
  addCaseEvents,
  type DeskCase,
  type Edit,
  lockAround,
  lockCases,
  saveCases,
  standingCase,
} from './cases.ts';
import { filled } from './changes.ts';
import { lockCustomers } from './customers.ts';

/**
 * Merges one case into another, which stays. The other one stays as a closed row that points there, with its external
 * id: mail with its number or its id, and answers to its mail, go on to the case that stays. Where they are one already
 * there is nothing to do.
 */
export async function mergeCases(act: Act, intoId: number, fromId: number): Promise<void> {
  const owners = await customersOf(act, [intoId, fromId]);
  await lockCustomers(act, [...owners.values()]);
  const cases = await lockCases(act, [intoId, fromId]);
  const into = standingCase(cases, intoId);
  if (intoId === fromId || cases.get(fromId)?.merged_into === intoId) return;
  const from = standingCase(cases, fromId);
  if ([into, from].some(({ id, customer_id }) => owners.get(id) !== customer_id)) {
    throw new MailcaseError('database_race', 'a case got another customer at this moment');
  }
  const others = [...(await lockAround(act, fromId)).values()].filter(({ id }) => id !== intoId);
  await saveCases(act, [
    [from, mergedAway(from, intoId, act.at), `it was merged into case ${intoId}`],
    [into, await withOrigin(act, united(into, from, act.at), from), `case ${fromId} was merged into it`],
    ...others.map(
      (each): Edit => [
        each,
        repointed(each, fromId, intoId),
        `case ${fromId} was merged into case ${intoId}`,
      ],
    ),
  ]);
  await addCaseEvents(act, [{ case_id: intoId, field: 'merged', old: null, new: String(fromId) }]);
  await moveMail(act, intoId, fromId);
}

async function customersOf({ trx }: Act, ids: number[]): Promise<Map<number, number | null>> {
  const { rows } = (await trx.raw('select id, customer_id from cases where id = any(?)', [ids])) as {
    rows: Pick<DeskCase, 'id' | 'customer_id'>[];
  };
  return new Map(rows.map((row) => [row.id, row.customer_id]));
}

function mergedAway(from: DeskCase, intoId: number, at: Date): DeskCase {
  const after = { ...from, merged_into: intoId };
  if (from.status !== 'closed') enterStatus(after, 'closed', at);
  return after;
}

/**
 * The case that stays, with what only the other one had. It does not take over its external id: a case with one may be a
 * campaign, in which an answer begins a case of its own.
 */
export function united(into: DeskCase, from: DeskCase, at: Date): DeskCase {
  const after: DeskCase = {
    ...into,
    customer_id: into.customer_id ?? from.customer_id,
    subject: into.subject ?? from.subject,
    priority: into.priority ?? from.priority,
    language: into.language ?? from.language,
    labels: [...new Set([...into.labels, ...from.labels])],
    custom_fields: filled(into.custom_fields, from.custom_fields),
    received_at: earlier(into.received_at, from.received_at) ?? into.received_at,
    first_resolved_at: earlier(into.first_resolved_at, from.first_resolved_at),
  };
  const isDone = into.status === 'resolved' || into.status === 'closed';
  const isWaiting = from.status !== 'resolved' && from.status !== 'closed';
  // What nobody has looked at in the other case must not get lost in one that is done.
  if (isDone && isWaiting) enterStatus(after, from.status === 'new' ? 'open' : from.status, at);
  return after;
}

/** What the case that stays goes on from: as it was or as the other one did, as long as that is no part of itself now. */
async function withOrigin(act: Act, into: DeskCase, from: DeskCase): Promise<DeskCase> {
  for (const origin of [into.follow_up_of, from.follow_up_of]) {
    if (origin === null) continue;
    const line = await lineOf(act, origin);
    if (!line.has(into.id) && !line.has(from.id)) return { ...into, follow_up_of: origin };
  }
  return { ...into, follow_up_of: null };
}

/** A case, what it goes on from, and so on. */
async function lineOf({ trx }: Act, id: number): Promise<Set<number>> {
  const { rows } = (await trx.raw(
    `with recursive line as (
       select id, follow_up_of from cases where id = ?
       union select c.id, c.follow_up_of from cases c join line on c.id = line.follow_up_of)
     select id from line`,
    [id],
  )) as { rows: { id: number }[] };
  return new Set(rows.map((row) => row.id));
}

/** What pointed at the case that is merged away points at the one that stays. */
function repointed(row: DeskCase, fromId: number, intoId: number): DeskCase {
  return {
    ...row,
    merged_into: row.merged_into === fromId ? intoId : row.merged_into,
    follow_up_of: row.follow_up_of === fromId ? intoId : row.follow_up_of,
  };
}

function earlier(a: Date | null, b: Date | null): Date | null {
  return a !== null && (b === null || a <= b) ? a : b;
}

/** Moves the mail as it is: who was an outsider there has become no part of the conversation by the merging. */
async function moveMail({ trx, changes }: Act, intoId: number, fromId: number): Promise<void> {
  const moved = (await trx.raw('update interactions set case_id = ? where case_id = ?', [
    intoId,
    fromId,
  ])) as { rowCount: number };
  const joined = (await trx.raw(
    `insert into case_participants (case_id, address_key, since)
     select ?, address_key, since from case_participants where case_id = ? on conflict do nothing`,
    [intoId, fromId],
  )) as { rowCount: number };
  await trx.raw('delete from case_participants where case_id = ?', [fromId]);
  const gains = [
    { gained: 'interactions', count: moved.rowCount },
    { gained: 'participants', count: joined.rowCount },
  ] as const;
  for (const gain of gains) {
    if (gain.count > 0) changes.push({ of: 'case', id: intoId, ...gain, from: fromId });
  }
}
