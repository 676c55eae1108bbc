import type { Transaction } from '../db/connect.ts';
import type { Kind } from '../message/kind.ts';
import type { Direction } from '../rules/directives.ts';
import type { Incoming } from './incoming.ts';
import { rowsOf } from './rows.ts';
import type { KnownInteraction, View } from './view.ts';

/** An interaction as far as it says where it belongs. */
export interface RelatedRow {
  readonly id: number;
  readonly case_id: number;
  readonly customer_id: number | null;
  readonly direction: Direction;
  readonly kind: Kind;
  readonly received_at: Date;
}

/** The columns of a RelatedRow, of interactions i. */
export const RELATED_COLUMNS = 'i.id, i.case_id, i.customer_id, i.direction, i.kind, i.received_at';

/** An interaction that has the dedupe key of a message of the batch. */
export interface OriginalRow {
  readonly id: number;
  readonly dedupe_key: Buffer;
  readonly case_id: number;
  readonly customer_id: number | null;
}

/** Finds what the batch's messages are copies of. */
export async function originalsOf(trx: Transaction, batch: readonly Incoming[]): Promise<OriginalRow[]> {
  return rowsOf<OriginalRow>(
    trx,
    'select id, dedupe_key, case_id, customer_id from interactions where dedupe_key = any(?)',
    [batch.map(({ dedupeKey }) => dedupeKey)],
  );
}

interface ChangeableRow extends RelatedRow {
  readonly is_first: boolean;
  readonly is_alone: boolean;
  readonly outsider: boolean;
  readonly read_before: readonly string[];
}

/**
 * Puts the originals into the view. Those that were not trusted are read once more, now that their cases are locked:
 * another daemon may have applied a trusted copy in between, which must happen once.
 */
export async function loadOriginals(
  trx: Transaction,
  view: View,
  originals: readonly OriginalRow[],
  known: (row: RelatedRow) => KnownInteraction | undefined,
): Promise<void> {
  const changeable = await rowsOf<ChangeableRow>(
    trx,
    `select ${RELATED_COLUMNS}, i.outsider,
       array(select r.folder_id from receipts r join folders f on f.id = r.folder_id
         where r.interaction_id = i.id and r.uid_validity <> f.uid_validity)::int8[] as read_before,
       not exists (select from interactions o where o.case_id = i.case_id and o.id < i.id) as is_first,
       not exists (select from interactions o where o.case_id = i.case_id and o.id <> i.id) as is_alone
     from interactions i where i.id = any(?) and not i.trusted`,
    [originals.map(({ id }) => id)],
  );
  const byId = new Map(changeable.map((row) => [row.id, row]));
  for (const { id, dedupe_key } of originals) {
    const row = byId.get(id);
    const interaction = row && known(row);
    const changeable = interaction && {
      known: interaction,
      isFirst: row.is_first,
      isAlone: row.is_alone,
      outsider: row.outsider,
      readBefore: row.read_before.map(Number),
    };
    view.originals.set(dedupe_key.toString('hex'), { ref: { id }, changeable });
  }
}
