import type { Database, Transaction } from '../db/connect.ts';
import { needsPieces, storeInPieces } from '../db/pieces.ts';
import { transact } from '../db/transact.ts';
import type { Verdict } from '../trust/trust.ts';
import { sha256Of } from './content.ts';
import { keptError } from './failure.ts';
import type { FolderRef } from './incoming.ts';
import { findLeftOut, keysOf } from './left-out.ts';
import { takeNonceOf } from './nonces.ts';
import { type Policy, processedWhenRecorded } from './policy.ts';
import type { Outcome } from './receipts.ts';
import { placeColumns } from './store-receipts.ts';
import { trustedHeaders } from './trusted-headers.ts';

export type Stage = 'fetch' | 'parse' | 'decide' | 'store';

/** A message that cannot be recorded, for a reason of its own. What could not be found out of it is undefined. */
export interface Unrecordable {
  readonly folder: FolderRef;
  readonly uid: number;
  readonly stage: Stage;
  readonly error: string;
  /** Secrets overwritten; undefined where nothing was fetched. */
  readonly source: Buffer | undefined;
  /** As in Incoming. */
  readonly isWhole: boolean;
  /** INTERNALDATE. */
  readonly receivedAt: Date | undefined;
  readonly sizeBytes: number | undefined;
  readonly verdict: Verdict | undefined;
  readonly dedupeKey: Buffer | undefined;
}

/** A message of which nothing was read, without what is wrong with it. */
export function unread(place: Pick<Unrecordable, 'folder' | 'uid'>): Omit<Unrecordable, 'error'> {
  return {
    ...place,
    ...{ stage: 'fetch', source: undefined, isWhole: true, receivedAt: undefined, sizeBytes: undefined },
    ...{ verdict: undefined, dedupeKey: undefined },
  };
}

/** An entry of the quarantine, as it is told. */
export interface Quarantined {
  readonly id: number;
  readonly uid: number;
  readonly stage: Stage;
  /** As it is kept. */
  readonly error: string;
}

/**
 * Sets a message aside with its raw bytes and its error, so that it holds nobody up and is not lost. One that waits
 * already and was numbered anew (UIDVALIDITY changed) makes no second entry: its entry moves on to the new place.
 *
 * @returns its entry; `skipped` where somebody has dropped the same mail before; `known` where another daemon was faster
 */
export async function quarantine(
  db: Database,
  unrecordable: Unrecordable,
  policy: Policy,
): Promise<Quarantined | 'skipped' | 'known'> {
  const error = keptError(unrecordable.error, policy.redactions ?? []);
  return transact(db, async (trx) => {
    const message = await takeNonceOf(trx, unrecordable);
    const isDropped = (await findLeftOut(trx, [message])).size > 0;
    if (!(await addReceipt(trx, message, isDropped ? 'skipped' : 'quarantined', error, policy))) {
      return 'known';
    }
    if (isDropped) return 'skipped';
    const { uid, stage } = message;
    const id = (await moveOn(trx, message, error)) ?? (await addEntry(trx, message, error, policy));
    return { id, uid, stage, error };
  });
}

/** @returns whether there was none: another daemon may have met the same message */
async function addReceipt(
  trx: Transaction,
  message: Unrecordable,
  outcome: Outcome,
  error: string,
  policy: Policy,
): Promise<boolean> {
  // What was dropped leaves a key of its bytes at least.
  const key = outcome === 'skipped' ? keysOf(message)[0] : message.dedupeKey;
  const receipt = {
    ...placeColumns(message),
    outcome,
    dedupe_key: key ?? null,
    last_error: error,
    processed_at: processedWhenRecorded(policy),
  };
  const added = await trx('receipts').insert(receipt).onConflict().ignore().returning('uid');
  return added.length > 0;
}

/**
 * Lets the entry of the same bytes follow its message to the place where it lies now. The verdict stays as it was found
 * when the message came.
 *
 * @returns its id; undefined where there is none, or where its message is another copy and lies where it lay
 */
async function moveOn(trx: Transaction, message: Unrecordable, error: string): Promise<number | undefined> {
  if (message.source === undefined) return undefined;
  const { folder, uid, stage } = message;
  const { rows } = (await trx.raw(
    `update quarantine q set folder_id = :folderId, uid_validity = :uidValidity, uid = :uid, stage = :stage,
       error = :error, attempts = q.attempts + 1, tried_at = now()
     where q.resolved_at is null and q.id = (
       select o.id from quarantine o join folders f on f.id = o.folder_id
       where o.sha256 = :sha256 and o.resolved_at is null
         and f.mailbox_id = (select mailbox_id from folders where id = :folderId)
         and (o.uid_validity <> f.uid_validity or (o.folder_id = :folderId and o.uid_validity <> :uidValidity))
       order by o.id limit 1 for update of o)
     returning q.id`,
    { ...folder, uid, stage, error, sha256: sha256Of(message.source) },
  )) as { rows: { id: number }[] };
  return rows[0]?.id;
}

async function addEntry(
  trx: Transaction,
  message: Unrecordable,
  error: string,
  { importing }: Policy,
): Promise<number> {
  const row = {
    ...placeColumns(message),
    ...contentColumns(message),
    ...{ stage: message.stage, error, imported: importing !== undefined },
    import_status: importing?.status ?? null,
  };
  const [{ id }] = (await trx('quarantine').insert(row).returning('id')) as [{ id: number }];
  await storeContent(trx, id, message.source);
  return id;
}

/** What is known of a message, as the entry keeps it; large content comes behind it (see storeContent). */
export function contentColumns(message: Unrecordable) {
  const { source, verdict } = message;
  return {
    received_at: message.receivedAt ?? null,
    size_bytes: message.sizeBytes ?? null,
    is_whole: message.isWhole,
    content: source === undefined || needsPieces(source.length) ? null : source,
    sha256: source === undefined ? null : sha256Of(source),
    trusted: verdict?.trusted ?? null,
    trust_reason: verdict?.reason ?? null,
    trusted_headers: trustedHeaders(verdict),
    sender_auth: verdict?.senderAuth ?? null,
  };
}

/** Stores what goes in pieces. */
export async function storeContent(trx: Transaction, id: number, source: Buffer | undefined): Promise<void> {
  if (source === undefined || !needsPieces(source.length)) return;
  const target = { table: 'quarantine', column: 'content', key: 'id', id, type: 'bytea' } as const;
  await storeInPieces(trx, target, source);
}

/** How many messages wait in quarantine for somebody to look at them. */
export async function countQuarantined(db: Database): Promise<number> {
  const { rows } = (await db.raw('select count(*) as n from quarantine where resolved_at is null')) as {
    rows: [{ n: number }];
  };
  return rows[0].n;
}
