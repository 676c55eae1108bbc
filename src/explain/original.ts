import type { Database, Transaction } from '../db/connect.ts';
import type { FolderRef } from '../record/incoming.ts';
import type { Applied, Decided, Refused } from '../rules/directives.ts';

/** The interaction that a message is a copy of, or has become already. */
export interface Original {
  readonly interactionId: number;
  readonly caseId: number;
  readonly caseExternalId: string | null;
  /** Whether a person has moved it. */
  readonly wasMoved: boolean;
  /** Whether another case was merged into its case since it was recorded. */
  readonly wasMergedInto: boolean;
  readonly customerId: number | null;
  readonly receivedAt: Date;
  readonly trusted: boolean;
  readonly applied: readonly Applied[];
  readonly refused: readonly Refused[];
  /** Why it was recorded as it was; empty where it was recorded by a version that did not say. */
  readonly decided: readonly Decided[];
  /** The names of the rules that matched. */
  readonly rules: readonly string[];
}

/** What became of a message when it was read. */
export interface Receipt {
  readonly outcome: 'recorded' | 'duplicate' | 'skipped' | 'quarantined';
  readonly interactionId: number | null;
  readonly lastError: string | null;
  readonly recordedAt: Date;
}

export async function receiptOf(
  db: Database,
  { folderId, uidValidity }: FolderRef,
  uid: number,
): Promise<Receipt | undefined> {
  const { rows } = (await db.raw(
    `select outcome, interaction_id as "interactionId", last_error as "lastError", recorded_at as "recordedAt"
     from receipts where folder_id = ? and uid_validity = ? and uid = ?`,
    [folderId, uidValidity, uid],
  )) as { rows: Receipt[] };
  return rows[0];
}

const ORIGINAL = `
  select i.id as "interactionId", i.case_id as "caseId", i.customer_id as "customerId",
    i.received_at as "receivedAt", i.trusted, s.external_id as "caseExternalId",
    exists (select from case_events e where e.interaction_id = i.id and e.field = 'interaction'
      and not e.replayed) as "wasMoved",
    exists (select from case_events e
      where e.case_id = i.case_id and e.field = 'merged' and e.at > i.created_at) as "wasMergedInto",
    coalesce(c.directives -> 'applied', '[]') as applied, coalesce(c.directives -> 'refused', '[]') as refused,
    coalesce(c.directives -> 'decided', '[]') as decided, coalesce(c.directives -> 'rules', '[]') as rules
  from interactions i join cases s on s.id = i.case_id left join interaction_contents c on c.interaction_id = i.id`;

/** Whether people have brought it into the case where it lies: what was decided of it names another one. */
export function isBroughtByHand({
  caseId,
  caseExternalId,
  wasMoved,
  wasMergedInto,
  decided,
}: Original): boolean {
  const noted = decided.find(({ what }) => what === 'case')?.value;
  return wasMoved || (wasMergedInto && noted !== caseExternalId && noted !== `case ${caseId}`);
}

/** Finds an interaction, with what was said of it when it was recorded. */
export async function originalById(db: Database | Transaction, id: number): Promise<Original | undefined> {
  const { rows } = (await db.raw(`${ORIGINAL} where i.id = ?`, [id])) as { rows: Original[] };
  return rows[0];
}
