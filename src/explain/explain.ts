import type { RecordingConfig } from '../config/schema.ts';
import type { Database, Transaction } from '../db/connect.ts';
import type { FetchedMessage } from '../imap/fetch.ts';
import { decide } from '../record/decide.ts';
import type { FolderRef, Incoming } from '../record/incoming.ts';
import { findLeftOut, skippedBecause } from '../record/left-out.ts';
import { loadView } from '../record/load.ts';
import { withOwnDirectives } from '../record/load-decide-store.ts';
import { lookUpNonces } from '../record/nonces.ts';
import { emptyPlan, type Plan } from '../record/plan.ts';
import { View } from '../record/view.ts';
import {
  type Explanation,
  explainDuplicate,
  explainLeftOut,
  explainRecorded,
  explainSetAside,
  explainUnreadable,
} from './explanation.ts';
import { type Original, originalById } from './original.ts';
import type { Setting } from './setting.ts';

/** Stands for a folder that the database does not know: no receipt is of it. */
const NO_PLACE: FolderRef = { folderId: 0, uidValidity: 0 };

/**
 * Says what a message would come to if it were polled now. It is the daemon's own way, judge and decide, on a view that
 * is loaded in a read-only transaction; only the storing is left out.
 *
 * @param db undefined for an empty history
 */
export async function explainMessage(
  db: Database | undefined,
  setting: Setting,
  fetched: FetchedMessage,
): Promise<Explanation> {
  const { mailbox, folder, recording, judges, place = NO_PLACE } = setting;
  const outcome = await judges.judgeFor(mailbox, folder, recording)(place, fetched);
  if ('error' in outcome) return explainUnreadable(setting, fetched, outcome);
  const incoming = withOwnDirectives(db ? await lookUpNonces(db, outcome) : outcome);
  if (db && setting.receipt) return explainKnown(db, setting, fetched, incoming);
  const skipped = skippedBecause(incoming);
  if (skipped !== undefined) return explainLeftOut(setting, fetched, incoming, skipped);
  const { plan, original, leftOut } = await foresee(db, incoming, recording);
  if (leftOut !== undefined) return explainLeftOut(setting, fetched, incoming, leftOut);
  const [interaction] = plan.interactions;
  if (interaction) return explainRecorded(setting, fetched, plan, interaction);
  if (original) return explainDuplicate(setting, fetched, incoming, plan, original);
  throw new TypeError('a message is neither new nor a copy');
}

/** A message that has been read is not read again, so what became of it is told. */
async function explainKnown(
  db: Database,
  setting: Setting,
  fetched: FetchedMessage,
  incoming: Incoming,
): Promise<Explanation> {
  const id = setting.receipt?.interactionId ?? undefined;
  const original = id === undefined ? undefined : await originalById(db, id);
  return original
    ? explainDuplicate(setting, fetched, incoming, emptyPlan(), original)
    : explainSetAside(setting, fetched, incoming);
}

async function foresee(
  db: Database | undefined,
  incoming: Incoming,
  { flood }: RecordingConfig,
): Promise<{ plan: Plan; original: Original | undefined; leftOut: string | null | undefined }> {
  const policy = { flood };
  if (db === undefined) {
    return { plan: decide(new View(), [incoming], policy), original: undefined, leftOut: undefined };
  }
  const look = async (trx: Transaction) => {
    const view = await loadView(trx, [incoming], policy, '');
    const id = view.originals.get(incoming.dedupeKey.toString('hex'))?.ref.id;
    const original = id === undefined ? undefined : await originalById(trx, id);
    const leftOut = (await findLeftOut(trx, [incoming])).get(incoming);
    return { plan: decide(view, [incoming], policy), original, leftOut };
  };
  // What is written here is refused by the database itself; and what is read is all of one moment.
  return db.transaction(look, { readOnly: true, isolationLevel: 'repeatable read' });
}
