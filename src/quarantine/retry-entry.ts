import type { Database, Transaction } from '../db/connect.ts';
import { blameFor } from '../db/sqlstate.ts';
import { transact } from '../db/transact.ts';
import { keptError } from '../record/failure.ts';
import type { Incoming } from '../record/incoming.ts';
import { loadDecideStore, type Recorded } from '../record/load-decide-store.ts';
import type { Policy } from '../record/policy.ts';
import { contentColumns, storeContent, type Unrecordable } from '../record/quarantine.ts';
import { unrecordable } from '../record/record-batch.ts';
import { idOf } from '../record/rows.ts';
import { isCut } from '../record/store-receipts.ts';
import { dealtWith, type KeptEntry, lockEntry, resolveEntry } from './waiting-entry.ts';

/** What became of an entry that was tried again, in the tables' names. */
export interface Retried {
  readonly id: number;
  /** not_tried: nothing was changed, and error says why; resolved: somebody had dealt with it before. */
  readonly outcome: 'recorded' | 'duplicate' | 'skipped' | 'failed' | 'not_tried' | 'resolved';
  readonly interaction_id: number | null;
  readonly case_id: number | null;
  readonly stage: string | null;
  readonly error: string | null;
}

export interface RetrySetting {
  readonly actor: string;
  readonly dryRun: boolean;
}

/** A message that was read again, as the folder's rules of today have it. */
export type ReadAgain = Incoming | Unrecordable;

/**
 * Records a message out of quarantine as if it had just come, in one transaction with its entry and its receipt; where it
 * fails again for a reason of its own, the entry says so.
 *
 * @throws what is not the message's fault; then all is as it was
 */
export async function retryEntry(
  db: Database,
  entry: KeptEntry,
  message: ReadAgain,
  policy: Policy,
  setting: RetrySetting,
): Promise<Retried> {
  if ('error' in message) return noteFailure(db, entry, message, policy, setting);
  try {
    return await transact(db, (trx) => record(trx, entry, message, policy, setting), setting);
  } catch (error) {
    const blame = blameFor(error);
    if (blame !== 'data' && blame !== 'defect') throw error;
    return noteFailure(db, entry, unrecordable(message, error), policy, setting);
  }
}

async function record(
  trx: Transaction,
  { id }: KeptEntry,
  message: Incoming,
  policy: Policy,
  { actor, dryRun }: RetrySetting,
): Promise<Retried> {
  const entry = await lockEntry(trx, id);
  const before = dealtWith(entry);
  if (before !== undefined) return { ...NOTHING, id, outcome: 'resolved', error: before };
  // It may have moved on meanwhile, under another UIDVALIDITY.
  const { uid, ...folder } = entry.place;
  const incoming: Incoming = { ...message, folder, uid };
  const end = endOf(await loadDecideStore(trx, [incoming], policy));
  await changeReceipt(trx, incoming, end, policy);
  await resolveEntry(trx, entry, { ...end, actor, wasTried: true });
  const { resolution: outcome, interactionId, reason } = end;
  // What is taken back has no number that lasts.
  if (dryRun && outcome === 'recorded') return { ...NOTHING, id, outcome };
  return {
    ...NOTHING,
    id,
    outcome,
    error: reason,
    interaction_id: interactionId,
    case_id: await caseOf(trx, interactionId),
  };
}

const NOTHING = { interaction_id: null, case_id: null, stage: null, error: null };

/** What an entry becomes by being recorded. */
interface Became {
  readonly resolution: 'recorded' | 'duplicate' | 'skipped';
  readonly interactionId: number | null;
  /** Which rule skips it, where one does. */
  readonly reason: string | null;
}

function endOf({ plan: { receipts }, leftOut }: Recorded): Became {
  const [receipt] = receipts;
  if (receipt === undefined) {
    return { resolution: 'skipped', interactionId: null, reason: leftOut[0]?.reason ?? null };
  }
  return { resolution: receipt.outcome, interactionId: idOf(receipt.interaction), reason: null };
}

/**
 * The receipt becomes that of recorded mail, which the next poll marks, and moves or deletes where that is configured. What
 * was imported, and what was dropped before, is left as it lies.
 */
async function changeReceipt(
  trx: Transaction,
  incoming: Incoming,
  { resolution, interactionId, reason }: Became,
  { importing }: Policy,
): Promise<void> {
  const { folder, uid, dedupeKey } = incoming;
  const isMarked = resolution !== 'skipped' && importing === undefined;
  await trx.raw(
    `insert into receipts as r (folder_id, uid_validity, uid, outcome, interaction_id, dedupe_key, is_cut, last_error, processed_at)
     values (:folderId, :uidValidity, :uid, :resolution, :interactionId, :dedupeKey, :isCut, :reason,
       case when :isMarked then null else now() end)
     on conflict (folder_id, uid_validity, uid) do update set
       outcome = excluded.outcome, interaction_id = excluded.interaction_id, dedupe_key = excluded.dedupe_key,
       is_cut = excluded.is_cut,
       last_error = excluded.last_error, attempts = r.attempts + 1, recorded_at = now(),
       processed_at = case when :isMarked then null else r.processed_at end`,
    {
      ...folder,
      uid,
      resolution,
      interactionId,
      reason,
      dedupeKey,
      isMarked,
      isCut: isCut(incoming),
    },
  );
}

async function caseOf(trx: Transaction, interactionId: number | null): Promise<number | null> {
  const { rows } = (await trx.raw('select case_id from interactions where id = ?', [interactionId])) as {
    rows: { case_id: number }[];
  };
  return rows[0]?.case_id ?? null;
}

/** Notes that it failed again; what is known of the message now and was not before is kept as well. */
async function noteFailure(
  db: Database,
  { id }: KeptEntry,
  message: Unrecordable,
  { redactions = [] }: Policy,
  setting: RetrySetting,
): Promise<Retried> {
  const { stage } = message;
  const error = keptError(message.error, redactions);
  return transact(
    db,
    async (trx) => {
      const entry = await lockEntry(trx, id);
      const before = dealtWith(entry);
      if (before !== undefined) return { ...NOTHING, id, outcome: 'resolved', error: before };
      await trx('quarantine')
        .where({ id })
        .update({ stage, error, attempts: entry.attempts + 1, tried_at: trx.fn.now() });
      if (entry.sha256 === null && message.source !== undefined) {
        await trx('quarantine').where({ id }).update(contentColumns(message));
        await storeContent(trx, id, message.source);
      }
      await trx.raw(
        `update receipts set last_error = :error, attempts = attempts + 1, dedupe_key = coalesce(:key, dedupe_key)
         where folder_id = :folderId and uid_validity = :uidValidity and uid = :uid and outcome = 'quarantined'`,
        { ...entry.place, error, key: message.dedupeKey ?? null },
      );
      return { ...NOTHING, id, outcome: 'failed', stage, error };
    },
    setting,
  );
}
