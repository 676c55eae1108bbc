import type { Transaction } from '../db/connect.ts';
import type { Replaying } from '../record/policy.ts';
import { idOf, ROWS_PER_INSERT } from '../record/rows.ts';
import { replayReason } from '../record/store.ts';
import type { Difference } from './differences.ts';
import type { Replayable } from './replayable.ts';

/** Keeps what was changed of customers as events, under the name of who runs the replay. */
export async function storeCustomerEvents(
  trx: Transaction,
  differences: readonly Difference[],
  { actor, at }: Replaying,
): Promise<void> {
  const rows = differences
    .filter(({ of }) => of === 'customer')
    .map(({ row, field, old, new: value, by }) => ({
      customer_id: idOf(row),
      ...{ at, field, old: textOf(old), new: textOf(value), actor, replayed: true, reason: replayReason(by) },
    }));
  if (rows.length > 0) await trx.batchInsert('customer_events', rows, ROWS_PER_INSERT);
}

function textOf(value: string | { readonly id: number | undefined } | null): string | null {
  return typeof value === 'object' && value !== null ? String(idOf(value)) : value;
}

/** Notes which mapping and rules the mails have been held against: with these, they need not be looked at again. */
export async function noteReplayed(
  trx: Transaction,
  batch: readonly Pick<Replayable, 'id' | 'rulesKey'>[],
): Promise<void> {
  await trx.raw(
    `update interaction_contents c set replayed_with = q.key
     from unnest(?::bigint[], ?::bytea[]) as q(id, key) where c.interaction_id = q.id`,
    [batch.map(({ id }) => id), batch.map(({ rulesKey }) => rulesKey)],
  );
}
