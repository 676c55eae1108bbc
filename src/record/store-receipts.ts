import type { Transaction } from '../db/connect.ts';
import type { Incoming } from './incoming.ts';
import type { LeftOut } from './left-out.ts';
import type { Recorded } from './load-decide-store.ts';
import { type Policy, processedWhenRecorded } from './policy.ts';
import type { Outcome } from './receipts.ts';
import { idOf } from './rows.ts';

/** Notes what became of each message, in the transaction that recorded it. */
export async function storeReceipts(
  trx: Transaction,
  { plan, leftOut }: Recorded,
  policy: Policy,
): Promise<void> {
  const processed_at = processedWhenRecorded(policy);
  const recorded = plan.receipts.map(({ incoming, outcome, interaction }) => ({
    ...receiptRow(incoming, outcome, idOf(interaction)),
    is_cut: isCut(incoming),
    last_error: null,
  }));
  const skipped = leftOut.map((message) => ({
    ...receiptRow(message, 'skipped', null),
    is_cut: false,
    last_error: message.reason,
  }));
  const rows = [...recorded, ...skipped].map((row) => ({ ...row, processed_at }));
  if (rows.length > 0) await trx('receipts').insert(rows);
}

/** Whether not all of a message was read or kept. */
export function isCut({ message, isWhole }: Incoming): boolean {
  return !isWhole || message.cut.length > 0;
}

function receiptRow(
  { folder, uid, dedupeKey }: Omit<LeftOut, 'reason'>,
  outcome: Outcome,
  interactionId: number | null,
) {
  return { ...placeColumns({ folder, uid }), dedupe_key: dedupeKey, outcome, interaction_id: interactionId };
}

/** Where a message lies, as receipts and quarantine have it. */
export function placeColumns({ folder, uid }: Pick<Incoming, 'folder' | 'uid'>) {
  return { folder_id: folder.folderId, uid_validity: folder.uidValidity, uid };
}
