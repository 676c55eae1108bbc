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
  readonly auto_submitted: readonly string[];
}

/** The columns of a RelatedRow, of interactions i. */
export const RELATED_COLUMNS = `i.id, i.case_id, i.customer_id, i.direction, i.kind, i.received_at,
  array(select h.field ->> 1 from interaction_contents x cross join lateral jsonb_array_elements(x.headers) as h(field)
    where x.interaction_id = i.id and lower(h.field ->> 0) = 'auto-submitted') as auto_submitted`;

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
  /** Whether the case began with it. Not the oldest of the case: people merge cases, and move mail. */
  readonly is_first: boolean;
  readonly is_placed: boolean;
  readonly case_size: number;
  readonly flooded: boolean;
  readonly outsider: boolean;
  readonly read_before: readonly string[];
}

/** How many interactions of a case are counted: more than a batch can take out of it. */
const MAX_COUNTED = 2_000;

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
       exists (select from case_events e where e.interaction_id = i.id and e.case_id = i.case_id
         and e.field = 'status' and e.old is null) as is_first,
       exists (select from case_events e where e.interaction_id = i.id
         and e.field in ('interaction', 'outsider')) as is_placed,
       (select count(*) from (select from interactions o where o.case_id = i.case_id limit ${MAX_COUNTED}) few)
         as case_size,
       exists (select from interaction_contents x where x.interaction_id = i.id
         and x.directives @> '{"refused": [{"by": "flood"}]}') as flooded
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
      isPlaced: row.is_placed,
      flooded: row.flooded,
      outsider: row.outsider,
      readBefore: row.read_before.map(Number),
    };
    if (interaction) view.noteSize(interaction.supportCase, row.case_size);
    view.originals.set(dedupe_key.toString('hex'), { ref: { id }, changeable });
  }
}
