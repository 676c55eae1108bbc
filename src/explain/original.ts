import type { Transaction } from '../db/connect.ts';
import type { Applied, Decided, Refused } from '../rules/directives.ts';

/** The interaction that a message is a copy of, or has become already. */
export interface Original {
  readonly interactionId: number;
  readonly caseId: number;
  readonly customerId: number | null;
  readonly receivedAt: Date;
  readonly trusted: boolean;
  readonly applied: readonly Applied[];
  readonly refused: readonly Refused[];
  /** Why it was recorded as it was; empty where it was recorded by a version that did not say. */
  readonly decided: readonly Decided[];
}

/** Finds the interaction with a dedupe key, with what was said of it when it was recorded. */
export async function originalOf(trx: Transaction, dedupeKey: Buffer): Promise<Original | undefined> {
  const { rows } = (await trx.raw(
    `select i.id as "interactionId", i.case_id as "caseId", i.customer_id as "customerId",
       i.received_at as "receivedAt", i.trusted,
       coalesce(c.directives -> 'applied', '[]') as applied, coalesce(c.directives -> 'refused', '[]') as refused,
       coalesce(c.directives -> 'decided', '[]') as decided
     from interactions i left join interaction_contents c on c.interaction_id = i.id where i.dedupe_key = ?`,
    [dedupeKey],
  )) as { rows: Original[] };
  return rows[0];
}
