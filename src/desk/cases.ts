import { updateRows } from '../db/insert.ts';
import { MailcaseError } from '../errors.ts';
import { ROWS_PER_INSERT } from '../record/rows.ts';
import { CASE_FIELDS } from '../record/store.ts';
import type { SupportCase } from '../record/view.ts';
import type { Act } from './act.ts';
import { differences, type FieldChange } from './changes.ts';

/** A case as it is stored. */
export interface DeskCase extends Omit<SupportCase, 'id' | 'customer' | 'followUpOf'> {
  readonly id: number;
  readonly customer_id: number | null;
  readonly follow_up_of: number | null;
  readonly merged_into: number | null;
}

const COLUMNS = [...CASE_FIELDS, 'follow_up_of', 'merged_into'] as const;

/** Whose changes are events. The other times go with the status. */
const TOLD = [
  'merged_into',
  'status',
  'customer_id',
  'external_id',
  'subject',
  'priority',
  'language',
  'labels',
  'follow_up_of',
  'received_at',
  'first_resolved_at',
] as const;

/**
 * Locks cases until the transaction ends, in the order of their ids, as the daemon does. Customers that are needed too
 * have to be locked before.
 */
export function lockCases(act: Act, ids: readonly number[]): Promise<Map<number, DeskCase>> {
  return lockWhere(act, 'id = any(?)', [[...ids]]);
}

/**
 * Locks the cases that were merged into a case, or go on from it. That one has to be locked already: then no others are
 * added, and those that another process has added while we waited for it are seen.
 */
export function lockAround(act: Act, id: number): Promise<Map<number, DeskCase>> {
  return lockWhere(act, 'merged_into = ? or follow_up_of = ?', [id, id]);
}

async function lockWhere(
  { trx }: Act,
  condition: string,
  bindings: readonly (number | number[])[],
): Promise<Map<number, DeskCase>> {
  const { rows } = (await trx.raw(
    `select id, ${COLUMNS.join(', ')} from cases where ${condition} order by id for update`,
    [...bindings],
  )) as { rows: DeskCase[] };
  return new Map(rows.map((row) => [row.id, row]));
}

/** The case with this id, which is there and stands for itself. */
export function standingCase(cases: ReadonlyMap<number, DeskCase>, id: number): DeskCase {
  const found = cases.get(id);
  if (found === undefined) throw new MailcaseError('act_refused', `there is no case ${id}`);
  if (found.merged_into !== null) {
    throw new MailcaseError(
      'act_refused',
      `case ${id} was merged into case ${found.merged_into}: name that one instead`,
    );
  }
  return found;
}

/**
 * The version of a case that was read, and the one that it becomes.
 *
 * @param reason what its changes go back to, where the person set nothing in it directly
 */
export type Edit = readonly [before: DeskCase, after: DeskCase, reason?: string];

/** Stores what differs, with an event for each field. */
export async function saveCases(act: Act, edits: readonly Edit[]): Promise<void> {
  const changed = edits
    .map(([before, after, reason = null]) => ({ after, reason, differing: caseDifferences(before, after) }))
    .filter(({ differing }) => differing.length > 0);
  const rows = changed.map(({ after }) => after);
  await updateRows(act.trx, 'cases', COLUMNS, rows);
  for (const { after, differing } of changed) {
    for (const change of differing) act.changes.push({ of: 'case', id: after.id, ...change });
  }
  const events = changed.flatMap(({ after, reason, differing }) =>
    differing.map((each) => ({ case_id: after.id, reason, ...each })),
  );
  await addCaseEvents(act, events);
}

/** What of the change is told: when a case was first resolved goes with its becoming resolved. */
function caseDifferences(before: DeskCase, after: DeskCase): FieldChange[] {
  const isResolvedNow = after.status === 'resolved' && before.status !== after.status;
  const fields = TOLD.filter((field) => field !== 'first_resolved_at' || !isResolvedNow);
  return differences(before, after, fields);
}

export interface CaseEvent extends FieldChange {
  readonly case_id: number;
  /** The mail that the person did something with. */
  readonly interaction_id?: number;
  readonly reason?: string | null;
}

/** Keeps events under the person's name, and when the cases were updated; nothing is told of them here. */
export async function addCaseEvents({ trx, at, actor }: Act, events: readonly CaseEvent[]): Promise<void> {
  const rows = events.map((each) => ({ interaction_id: null, reason: null, ...each, at, actor }));
  if (rows.length === 0) return;
  await trx.batchInsert('case_events', rows, ROWS_PER_INSERT);
  await trx.raw('update cases set updated_at = ? where id = any(?)', [at, rows.map((row) => row.case_id)]);
}
