import type { Database } from '../db/connect.ts';
import { needsPieces, storeInPieces } from '../db/pieces.ts';
import { storableText } from '../message/text.ts';
import type { FolderRef } from './incoming.ts';
import { type Policy, processedWhenRecorded } from './policy.ts';

/** A message that cannot be recorded, for a reason of its own. */
export interface Unrecordable {
  readonly folder: FolderRef;
  readonly uid: number;
  readonly stage: 'fetch' | 'parse' | 'decide' | 'store';
  readonly error: string;
  /** Secrets overwritten; undefined where the message was not fetched, or not all of it. */
  readonly source: Buffer | undefined;
}

/** Longest error kept, in characters: a driver may quote a whole value. */
const MAX_ERROR_LENGTH = 2000;

/** Sets a message aside with its raw bytes and its error, so that it holds nobody up and is not lost. */
export async function quarantine(db: Database, message: Unrecordable, policy: Policy): Promise<void> {
  await db.transaction(async (trx) => {
    const { folder } = message;
    const error = storableText(message.error).slice(0, MAX_ERROR_LENGTH);
    const inPieces = message.source !== undefined && needsPieces(message.source.length);
    const place = { folder_id: folder.folderId, uid_validity: folder.uidValidity, uid: message.uid };
    // Another daemon may have met the same message.
    const receipt = {
      ...place,
      outcome: 'quarantined',
      last_error: error,
      processed_at: processedWhenRecorded(policy),
    };
    const [added] = await trx('receipts').insert(receipt).onConflict().ignore().returning('uid');
    if (added === undefined) return;
    const [row] = (await trx('quarantine')
      .insert({ ...place, stage: message.stage, error, content: inPieces ? null : (message.source ?? null) })
      .returning('id')) as [{ id: number }];
    if (inPieces && message.source) {
      const target = {
        table: 'quarantine',
        column: 'content',
        key: 'id',
        id: row.id,
        type: 'bytea',
      } as const;
      await storeInPieces(trx, target, message.source);
    }
  });
}

/** How many messages wait in quarantine for somebody to look at them. */
export async function countQuarantined(db: Database): Promise<number> {
  const { rows } = (await db.raw('select count(*) as n from quarantine where resolved_at is null')) as {
    rows: [{ n: number }];
  };
  return rows[0].n;
}
