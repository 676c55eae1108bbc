import type { Transaction } from '../db/connect.ts';
import { contentKey } from '../message/dedupe-key.ts';
import { sha256Of } from './content.ts';
import type { Incoming } from './incoming.ts';
import { rowsOf } from './rows.ts';

/** A message as far as it says under which keys it is known. */
export interface Keyed {
  readonly dedupeKey: Buffer | undefined;
  readonly source: Buffer | undefined;
}

/** The key that mail says of itself, as far as it is known, and the one of its bytes. */
export function keysOf({ dedupeKey, source }: Keyed): Buffer[] {
  return [...(dedupeKey ? [dedupeKey] : []), ...(source ? [contentKey(sha256Of(source))] : [])];
}

/**
 * Finds what somebody has dropped before: it must not come back under another UID. Mail that is an interaction already
 * is none of it, though a copy of it was dropped.
 */
export async function findLeftOut<T extends Keyed>(trx: Transaction, batch: readonly T[]): Promise<Set<T>> {
  const dropped = await keysIn(
    trx,
    `select dedupe_key from receipts where outcome = 'skipped' and dedupe_key = any(?)`,
    batch.flatMap(keysOf),
  );
  const hit = batch.filter((message) => keysOf(message).some((key) => dropped.has(key.toString('hex'))));
  const recorded = await keysIn(
    trx,
    'select dedupe_key from interactions where dedupe_key = any(?)',
    hit.flatMap(({ dedupeKey }) => (dedupeKey ? [dedupeKey] : [])),
  );
  return new Set(hit.filter(({ dedupeKey }) => !(dedupeKey && recorded.has(dedupeKey.toString('hex')))));
}

async function keysIn(trx: Transaction, sql: string, keys: readonly Buffer[]): Promise<Set<string>> {
  const rows = await rowsOf<{ dedupe_key: Buffer }>(trx, sql, [[...keys]]);
  return new Set(rows.map(({ dedupe_key }) => dedupe_key.toString('hex')));
}

/** A message that was dropped before, with the key that keeps it out. */
export type LeftOut = Pick<Incoming, 'folder' | 'uid' | 'dedupeKey'>;
