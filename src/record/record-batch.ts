import type { Database, Transaction } from '../db/connect.ts';
import { blameFor } from '../db/sqlstate.ts';
import { transact } from '../db/transact.ts';
import { MailcaseError } from '../errors.ts';
import { failureText } from './failure.ts';
import type { Incoming } from './incoming.ts';
import { loadDecideStore, type Recorded } from './load-decide-store.ts';
import { holdNonces } from './nonces.ts';
import type { Policy } from './policy.ts';
import { type Quarantined, quarantine, type Unrecordable } from './quarantine.ts';
import { findReceipts } from './receipts.ts';
import { storeReceipts } from './store-receipts.ts';

/** What became of a batch, as numbers of messages. */
export interface BatchResult {
  recorded: number;
  duplicates: number;
  /** Left out by a rule, or dropped before by somebody. */
  skipped: number;
  quarantined: Quarantined[];
  /** Header values that were not applied. */
  refused: number;
  /** What was recorded, as it was decided: a signature may have been found used. */
  incoming: Incoming[];
  /** Whose mail was a flood, and how much of it. */
  floods: { customerId: number; messages: number }[];
}

/** Makes a plain message that anybody could send; where it cannot be recorded, no message is to blame. */
export type Control = () => Promise<Incoming>;

/**
 * Records a batch in one transaction: load, decide, store. Whom the failure is due to decides what follows: a race is
 * run again, a reason in the data halves the batch until the culprit stands alone and is quarantined, and a reason
 * outside is thrown on, with nothing stored and nobody blamed.
 *
 * Where not one message of the batch could be recorded, the control decides: a broken release, or a trigger that refuses
 * everything, must not sweep a mailbox into quarantine. Without one, the messages are to blame.
 *
 * @throws MailcaseError `recording_broken` where the control cannot be recorded either
 */
export async function recordTogether(
  db: Database,
  batch: readonly Incoming[],
  policy: Policy,
  control?: Control,
): Promise<BatchResult> {
  const result: BatchResult = {
    ...{ recorded: 0, duplicates: 0, skipped: 0, quarantined: [], refused: 0, incoming: [] },
    floods: [],
  };
  const culprits: Unrecordable[] = [];
  await recordParts({ db, policy, result, culprits }, batch);
  if (culprits.length > 0 && result.recorded === 0 && control) {
    await assertRecordable(db, await control(), policy);
  }
  for (const culprit of culprits) {
    const outcome = await quarantine(db, culprit, policy);
    if (outcome === 'skipped') result.skipped += 1;
    else if (outcome !== 'known') result.quarantined.push(outcome);
  }
  return result;
}

/** What the recording of a batch comes to, part by part. */
interface Recording {
  readonly db: Database;
  readonly policy: Policy;
  readonly result: BatchResult;
  readonly culprits: Unrecordable[];
}

async function recordParts(
  recording: Recording,
  batch: readonly Incoming[],
  { isAgain = false } = {},
): Promise<void> {
  const { db, policy, result, culprits } = recording;
  const [only] = batch;
  if (only === undefined) return;
  try {
    addTo(result, await storeTogether(db, batch, policy));
  } catch (error) {
    const blame = blameFor(error);
    if (blame !== 'data' && blame !== 'defect') throw error;
    if (batch.length > 1) {
      const middle = Math.ceil(batch.length / 2);
      await recordParts(recording, batch.slice(0, middle));
      await recordParts(recording, batch.slice(middle));
    } else if (blame === 'defect' && !isAgain) {
      // It may have come up because a connection was on its way out: it is blamed on the message where it comes again.
      await recordParts(recording, batch, { isAgain: true });
    } else {
      culprits.push(unrecordable(only, error));
      // What comes after it in the batch is recorded before it is quarantined.
      await holdNonces(db, [only]);
    }
  }
}

/** A message that was read and judged, and cannot be recorded for a reason of its own. */
export function unrecordable(incoming: Incoming, error: unknown): Unrecordable {
  const { folder, uid, source, isWhole, receivedAt, sizeBytes, dedupeKey } = incoming;
  return {
    ...{ folder, uid, source, isWhole, receivedAt, sizeBytes, dedupeKey },
    stage: error instanceof MailcaseError ? 'decide' : 'store',
    error: failureText(error),
    verdict: {
      ...{ trusted: incoming.trusted, reason: incoming.trustWhy, senderAuth: incoming.senderAuth },
      ...{ covered: incoming.covered, nonces: incoming.nonces },
    },
  };
}

function storeTogether(db: Database, batch: readonly Incoming[], policy: Policy): Promise<Recorded> {
  return transact(db, async (trx) => {
    const recorded = await loadDecideStore(trx, await withoutReceipts(trx, batch), policy);
    await storeReceipts(trx, recorded, policy);
    return recorded;
  });
}

/** Another daemon may have been faster since the search. */
async function withoutReceipts(trx: Transaction, batch: readonly Incoming[]): Promise<Incoming[]> {
  const open = new Set<Incoming>();
  for (const folder of new Set(batch.map((incoming) => incoming.folder))) {
    const here = batch.filter((incoming) => incoming.folder === folder);
    const receipts = await findReceipts(
      trx,
      folder,
      here.map(({ uid }) => uid),
    );
    const done = new Set(receipts.map(({ uid }) => uid));
    for (const incoming of here) if (!done.has(incoming.uid)) open.add(incoming);
  }
  // In the order of the batch, whatever folders it is from.
  return batch.filter((incoming) => open.has(incoming));
}

/** Records the control and takes it back. */
async function assertRecordable(db: Database, control: Incoming, policy: Policy): Promise<void> {
  const record = async (trx: Transaction) =>
    storeReceipts(trx, await loadDecideStore(trx, [control], policy), policy);
  try {
    await transact(db, record, { dryRun: true });
  } catch (error) {
    const blame = blameFor(error);
    if (blame !== 'data' && blame !== 'defect') throw error;
    throw new MailcaseError(
      'recording_broken',
      `no message can be recorded, not even one made to try it, so none is to blame: ${failureText(error)}`,
    );
  }
}

function addTo(result: BatchResult, { plan: { receipts, interactions, floods }, leftOut }: Recorded): void {
  const recorded = interactions.length;
  result.recorded += recorded;
  for (const { incoming } of interactions) result.incoming.push(incoming);
  result.duplicates += receipts.length - recorded;
  result.skipped += leftOut.length;
  result.refused += interactions.reduce((sum, { incoming }) => sum + incoming.directives.refused.length, 0);
  const messages = new Map<number, number>();
  for (const { id } of floods) {
    if (id !== undefined) messages.set(id, (messages.get(id) ?? 0) + 1);
  }
  for (const [customerId, count] of messages) result.floods.push({ customerId, messages: count });
}
