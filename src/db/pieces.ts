import type { Database, Transaction } from './connect.ts';

/**
 * Larger values go in pieces of this size, in bytes: a parameter is held whole on both sides, several times over, so one
 * of a hundred megabytes would cost many times that in memory; and what is read comes as text, twice as long.
 */
const PIECE_BYTES = 4 * 1024 * 1024;

/** Whether a value has to go in pieces. */
export function needsPieces(byteLength: number): boolean {
  return byteLength > PIECE_BYTES;
}

/**
 * Sets one column of one row to a large value, sent in pieces and put together by the server.
 *
 * @param key the row's key column and its value
 * @param type what the column is; text is sent as UTF-8
 */
export async function storeInPieces(
  trx: Transaction,
  target: { table: string; column: string; key: string; id: number; type: 'bytea' | 'text' },
  content: Buffer,
): Promise<void> {
  await trx.raw(
    'create temporary table if not exists pieces (number integer primary key, content bytea) on commit drop',
  );
  for (let start = 0, number = 0; start < content.length; start += PIECE_BYTES, number += 1) {
    await trx.raw('insert into pieces values (?, ?)', [number, content.subarray(start, start + PIECE_BYTES)]);
  }
  const whole = "string_agg(content, ''::bytea order by number)";
  const value = target.type === 'text' ? `convert_from(${whole}, 'UTF8')` : whole;
  await trx.raw(
    `update ${target.table} set ${target.column} = (select ${value} from pieces) where ${target.key} = ?`,
    [target.id],
  );
  await trx.raw('truncate pieces');
}

/**
 * Reads a large value piece by piece. Each piece is a statement of its own: in a transaction, a reader who pauses would be
 * cut off by the server. Who reads has a hash of what should come. Pieces of much less would make the server unpack the
 * beginning of a compressed value over and over.
 *
 * @param source one column of type bytea, by the row's key column and its value
 */
export async function* readInPieces(
  db: Database,
  { table, column, key, id }: { table: string; column: string; key: string; id: number },
): AsyncGenerator<Buffer> {
  for (let start = 1; ; start += PIECE_BYTES) {
    const { rows } = (await db.raw(
      `select substring(${column} from ? for ?) as piece from ${table} where ${key} = ?`,
      [start, PIECE_BYTES, id],
    )) as { rows: { piece: Buffer | null }[] };
    const piece = rows[0]?.piece ?? undefined;
    if (piece !== undefined && piece.length > 0) yield piece;
    if (piece === undefined || piece.length < PIECE_BYTES) return;
  }
}
