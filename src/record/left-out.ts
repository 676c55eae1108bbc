import type { Transaction } from '../db/connect.ts';
import { contentKey } from '../message/dedupe-key.ts';
import { isRule, ruleBy } from '../rules/rules.ts';
import type { Verdict } from '../trust/trust.ts';
import { sha256Of } from './content.ts';
import type { FolderRef, Incoming } from './incoming.ts';
import { rowsOf } from './rows.ts';

/** A message as far as it says under which keys it is known. */
export interface Keyed {
  readonly dedupeKey: Buffer | undefined;
  readonly source: Buffer | undefined;
}

/** The same with the folder that it lies in, and whether its headers count. */
interface Placed extends Keyed {
  readonly folder: FolderRef;
  readonly trusted?: boolean;
  readonly verdict?: Verdict | undefined;
}

/** The key that mail says of itself, as far as it is known, and the one of its bytes. */
export function keysOf({ dedupeKey, source }: Keyed): Buffer[] {
  return [...(dedupeKey ? [dedupeKey] : []), ...(source ? [contentKey(sha256Of(source))] : [])];
}

/**
 * Finds what is to stay out, with the reason that its receipt has: what somebody has dropped before must not come back
 * under another UID, nor what a rule has skipped when UIDVALIDITY has changed. Mail that is an interaction already is
 * none of it, though a copy of it was dropped.
 *
 * A rule's key counts nowhere else: it may be about a mailbox, a folder or trust, of which another copy has another one.
 * Nor does what it skipped of a stranger keep a trusted copy out.
 *
 * @param batch whose signatures are found to be their own: trust counts
 */
export async function findLeftOut<T extends Placed>(
  trx: Transaction,
  batch: readonly T[],
): Promise<Map<T, string | null>> {
  const skipped = await rowsOf<SkippedRow>(
    trx,
    `select dedupe_key, folder_id, uid_validity, last_error from receipts
     where outcome = 'skipped' and dedupe_key = any(?)`,
    [batch.flatMap(keysOf)],
  );
  const hit = new Map<T, string | null>();
  for (const message of batch) {
    const keys = keysOf(message).map((key) => key.toString('hex'));
    const row = skipped.find(
      (each) => keys.includes(each.dedupe_key.toString('hex')) && keepsOut(each, message),
    );
    if (row) hit.set(message, isByRule(row) ? row.last_error : null);
  }
  const recorded = await keysIn(
    trx,
    'select dedupe_key from interactions where dedupe_key = any(?)',
    [...hit.keys()].flatMap(({ dedupeKey }) => (dedupeKey ? [dedupeKey] : [])),
  );
  for (const message of hit.keys()) {
    if (message.dedupeKey && recorded.has(message.dedupeKey.toString('hex'))) hit.delete(message);
  }
  return hit;
}

interface SkippedRow {
  readonly dedupe_key: Buffer;
  readonly folder_id: number;
  readonly uid_validity: number;
  readonly last_error: string | null;
}

function isByRule({ last_error }: SkippedRow): boolean {
  return last_error !== null && isRule(last_error);
}

function keepsOut(row: SkippedRow, { folder, dedupeKey, trusted, verdict }: Placed): boolean {
  if (!isByRule(row)) return true;
  const isReadAgain = row.folder_id === folder.folderId && row.uid_validity !== folder.uidValidity;
  const isOfItsBytes = dedupeKey === undefined || !row.dedupe_key.equals(dedupeKey);
  const isTrusted = trusted ?? verdict?.trusted ?? false;
  return isReadAgain && (isOfItsBytes || !isTrusted);
}

/**
 * The key that keeps mail out which a rule has skipped. Of trusted mail it is that of the very bytes: by the other one it
 * could not be told from an untrusted copy, of which a trusted one says more.
 */
export function skippedKey({
  trusted,
  source,
  dedupeKey,
}: Pick<Incoming, 'trusted' | 'source' | 'dedupeKey'>) {
  return trusted ? contentKey(sha256Of(source)) : dedupeKey;
}

/** Why a rule lets nothing be recorded of a message, as its receipt has it; undefined where none says so. */
export function skippedBecause({ directives }: Pick<Incoming, 'directives'>): string | undefined {
  const skip = directives.byRules?.skip;
  if (skip === undefined) return undefined;
  return skip.reason === '' ? ruleBy(skip.rule) : `${ruleBy(skip.rule)}: ${skip.reason}`;
}

async function keysIn(trx: Transaction, sql: string, keys: readonly Buffer[]): Promise<Set<string>> {
  const rows = await rowsOf<{ dedupe_key: Buffer }>(trx, sql, [[...keys]]);
  return new Set(rows.map(({ dedupe_key }) => dedupe_key.toString('hex')));
}

/** A message of which nothing is recorded, with the key that keeps it out. */
export interface LeftOut extends Pick<Incoming, 'folder' | 'uid' | 'dedupeKey'> {
  /** Which rule says so, and why; null where somebody has dropped it before. */
  readonly reason: string | null;
}
