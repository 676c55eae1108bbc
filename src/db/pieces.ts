import type { Transaction } from './connect.ts';

/**
 * Larger values are sent in pieces of this size, in bytes: a parameter is held whole on both sides, several times
 * over, so one of a hundred megabytes would cost many times that in memory.
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
