import type { Database, Transaction } from '../db/connect.ts';
import { transact } from '../db/transact.ts';
import { contentKey } from '../message/dedupe-key.ts';
import type { RetrySetting } from './retry-entry.ts';
import { dealtWith, type KeptEntry, lockEntry, resolveEntry } from './waiting-entry.ts';

/** What became of an entry that was dropped, in the tables' names. */
export interface Dropped {
  readonly id: number;
  /** resolved: somebody had dealt with it before, and nothing was changed. */
  readonly outcome: 'dropped' | 'resolved';
  /** Whether a key is left behind that keeps it out after a UIDVALIDITY change; false where its bytes were never here. */
  readonly is_kept_out: boolean;
  readonly error: string | null;
}

/**
 * Drops entries, all of them or none: their bytes are deleted, and their receipts are of what was skipped. Each leaves a
 * key behind, so that it does not come back. The mailbox stays as it is.
 *
 * @throws MailcaseError `act_refused` where one is not there
 */
export function dropEntries(
  db: Database,
  ids: readonly number[],
  { actor, dryRun }: RetrySetting,
): Promise<Dropped[]> {
  return transact(
    db,
    async (trx) => {
      const dropped: Dropped[] = [];
      // In one order, so that two who drop at once wait for each other.
      for (const id of [...new Set(ids)].sort((a, b) => a - b)) dropped.push(await dropEntry(trx, id, actor));
      return dropped;
    },
    { dryRun },
  );
}

async function dropEntry(trx: Transaction, id: number, actor: string): Promise<Dropped> {
  const entry = await lockEntry(trx, id);
  const before = dealtWith(entry);
  if (before !== undefined) return { id, outcome: 'resolved', is_kept_out: true, error: before };
  const hasKey = await skipReceipt(trx, entry);
  await resolveEntry(trx, entry, { resolution: 'dropped', interactionId: null, actor, wasTried: false });
  return { id, outcome: 'dropped', is_kept_out: hasKey, error: null };
}

/** @returns whether a key is left behind: the one that the mail says of itself where it was known, else that of its bytes */
async function skipReceipt(trx: Transaction, { place, sha256 }: KeptEntry): Promise<boolean> {
  const key = sha256 === null ? null : contentKey(sha256);
  const { rows } = (await trx.raw(
    `insert into receipts as r (folder_id, uid_validity, uid, outcome, dedupe_key, processed_at)
     values (:folderId, :uidValidity, :uid, 'skipped', :key, now())
     on conflict (folder_id, uid_validity, uid) do update set
       outcome = 'skipped', dedupe_key = coalesce(r.dedupe_key, excluded.dedupe_key)
     returning dedupe_key is not null as "hasKey"`,
    { ...place, key: key },
  )) as { rows: [{ hasKey: boolean }] };
  return rows[0].hasKey;
}
