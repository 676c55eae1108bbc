import type { Transaction } from '../db/connect.ts';
import type { Kind } from '../message/kind.ts';
import type { Applied, Direction } from '../rules/directives.ts';
import { sha256Of } from './content.ts';
import type { Incoming } from './incoming.ts';
import type { Policy } from './policy.ts';
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

/** Most mails with one Message-ID whose bytes are compared: a newsletter may have one for all of its customers. */
const MAX_COMPARED = 1_000;

/**
 * Finds what the batch's messages are copies of: by the dedupe key; and, where the folder's UIDVALIDITY has changed, by
 * Message-ID and the very bytes, since a header that was mapped since makes the key of the same mail another one.
 *
 * @returns each with the key that the message has now
 */
export async function originalsOf(trx: Transaction, batch: readonly Incoming[]): Promise<OriginalRow[]> {
  const named = batch.filter(({ message }) => message.messageId !== undefined);
  return rowsOf<OriginalRow>(
    trx,
    `select id, dedupe_key, case_id, customer_id from interactions where dedupe_key = any(?)
     union all
     select i.id, wanted.dedupe_key, i.case_id, i.customer_id
     from unnest(?::text[], ?::bytea[], ?::bytea[], ?::bigint[], ?::bigint[])
         as wanted(message_id, sha256, dedupe_key, folder_id, uid_validity)
       cross join lateral (
         select few.* from (select * from interactions o
             where o.message_id = wanted.message_id and o.folder_id = wanted.folder_id limit ${MAX_COMPARED}) few
           join raw_messages r on r.interaction_id = few.id and r.sha256 = wanted.sha256 limit 1) i
     where not exists (select from interactions k where k.dedupe_key = wanted.dedupe_key)
       and exists (select from receipts r where r.folder_id = wanted.folder_id and r.interaction_id = i.id
         and r.uid_validity <> wanted.uid_validity)`,
    [
      batch.map(({ dedupeKey }) => dedupeKey),
      named.map(({ message }) => message.messageId),
      named.map(({ source }) => sha256Of(source)),
      named.map(({ dedupeKey }) => dedupeKey),
      named.map(({ folder }) => folder.folderId),
      named.map(({ folder }) => folder.uidValidity),
    ],
  );
}

interface ChangeableRow extends RelatedRow {
  /** Whether the case began with it. Not the oldest of the case: people merge cases, and move mail. */
  readonly is_first: boolean;
  readonly is_placed: boolean;
  readonly case_size: number;
  readonly flooded: boolean;
  readonly outsider: boolean;
  readonly applied: readonly Applied[] | null;
  readonly read_before: readonly string[];
}

/** How many interactions of a case are counted: more than a batch can take out of it. */
const MAX_COUNTED = 2_000;

/**
 * Puts the originals into the view. Those that were not trusted, and all that are replayed, are read once more, now that
 * their cases are locked: another daemon may have applied a trusted copy in between, which must happen once.
 */
export async function loadOriginals(
  trx: Transaction,
  view: View,
  originals: readonly OriginalRow[],
  known: (row: RelatedRow) => KnownInteraction | undefined,
  { replaying }: Policy,
): Promise<void> {
  const changeable = await rowsOf<ChangeableRow>(
    trx,
    `select ${RELATED_COLUMNS}, i.outsider,
       (select x.directives -> 'applied' from interaction_contents x where x.interaction_id = i.id) as applied,
       array(select r.folder_id from receipts r join folders f on f.id = r.folder_id
         where r.interaction_id = i.id and r.uid_validity <> f.uid_validity)::int8[] as read_before,
       exists (select from case_events e where e.interaction_id = i.id and e.case_id = i.case_id
         and e.field = 'status' and e.old is null) as is_first,
       exists (select from case_events e where e.interaction_id = i.id
         and e.field in ('interaction', 'outsider') and not e.replayed) as is_placed,
       (select count(*) from (select from interactions o where o.case_id = i.case_id limit ${MAX_COUNTED}) few)
         as case_size,
       exists (select from interaction_contents x where x.interaction_id = i.id
         and x.directives @> '{"refused": [{"by": "flood"}]}') as flooded
     from interactions i where i.id = any(?) ${replaying ? '' : 'and not i.trusted'}`,
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
      applied: row.applied ?? [],
      readBefore: row.read_before.map(Number),
    };
    // Where a move was only foreseen, it is counted in the case in which it is stored.
    const isStoredThere = interaction?.supportCase.id === row?.case_id;
    if (interaction && row && isStoredThere) view.noteSize(interaction.supportCase, row.case_size);
    view.originals.set(dedupe_key.toString('hex'), { ref: { id }, changeable });
  }
}
