import type { Database, Transaction } from '../db/connect.ts';
import { blameFor } from '../db/sqlstate.ts';
import { transact } from '../db/transact.ts';
import { errorMessage, MailcaseError } from '../errors.ts';
import { decide } from './decide.ts';
import type { Incoming } from './incoming.ts';
import { loadView } from './load.ts';
import type { Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import { quarantine } from './quarantine.ts';
import { findReceipts } from './receipts.ts';
import { storePlan } from './store.ts';

/** What became of a batch, as numbers of messages. */
export interface BatchResult {
  readonly recorded: number;
  readonly duplicates: number;
  readonly quarantined: number;
  /** Header values that were not applied. */
  readonly refused: number;
  /** Whose mail was a flood, and how much of it. */
  readonly floods: readonly { customerId: number; messages: number }[];
}

const NOTHING: BatchResult = { recorded: 0, duplicates: 0, quarantined: 0, refused: 0, floods: [] };

/**
 * Records a batch in one transaction: load, decide, store. Whom the failure is due to decides what follows: a race is
 * run again, a reason in the data halves the batch until the culprit stands alone and is quarantined, and a reason
 * outside is thrown on, with nothing stored and nobody blamed.
 */
export async function recordTogether(
  db: Database,
  batch: readonly Incoming[],
  policy: Policy,
): Promise<BatchResult> {
  if (batch.length === 0) return NOTHING;
  try {
    return resultOf(await storeTogether(db, batch, policy));
  } catch (error) {
    if (blameFor(error) !== 'data') throw error;
    return recordHalves(db, batch, policy, error);
  }
}

function storeTogether(db: Database, batch: readonly Incoming[], policy: Policy): Promise<Plan> {
  return transact(db, async (trx) => {
    const open = (await withoutReceipts(trx, batch)).map(withOwnDirectives);
    const plan = decideOrBlame(await loadView(trx, open, policy), open, policy);
    await storePlan(trx, plan, policy);
    return plan;
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

/** Decisions add to the directives; an attempt that is run again must not find what the one before added. */
export function withOwnDirectives(incoming: Incoming): Incoming {
  const { directives } = incoming;
  return {
    ...incoming,
    directives: {
      ...directives,
      applied: [...directives.applied],
      refused: [...directives.refused],
      decided: [...directives.decided],
    },
  };
}

function decideOrBlame(...args: Parameters<typeof decide>): Plan {
  try {
    return decide(...args);
  } catch (error) {
    throw new MailcaseError('message_unrecordable', `cannot be decided: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

async function recordHalves(
  db: Database,
  batch: readonly Incoming[],
  policy: Policy,
  error: unknown,
): Promise<BatchResult> {
  const [only] = batch;
  if (only === undefined) return NOTHING;
  if (batch.length === 1) {
    const stage = error instanceof MailcaseError ? 'decide' : 'store';
    const { folder, uid, isWhole } = only;
    // What is not whole must not be taken for the mail when it is tried again; that lies in the mailbox.
    const source = isWhole ? only.source : undefined;
    await quarantine(db, { folder, uid, stage, error: errorMessage(error), source }, policy);
    return { ...NOTHING, quarantined: 1 };
  }
  const middle = Math.ceil(batch.length / 2);
  const first = await recordTogether(db, batch.slice(0, middle), policy);
  const second = await recordTogether(db, batch.slice(middle), policy);
  return {
    recorded: first.recorded + second.recorded,
    duplicates: first.duplicates + second.duplicates,
    quarantined: first.quarantined + second.quarantined,
    refused: first.refused + second.refused,
    floods: [...first.floods, ...second.floods],
  };
}

function resultOf({ receipts, interactions, floods }: Plan): BatchResult {
  const recorded = interactions.length;
  const refused = interactions.reduce((sum, { incoming }) => sum + incoming.directives.refused.length, 0);
  const messages = new Map<number, number>();
  for (const { id } of floods) {
    if (id !== undefined) messages.set(id, (messages.get(id) ?? 0) + 1);
  }
  return {
    recorded,
    duplicates: receipts.length - recorded,
    quarantined: 0,
    refused,
    floods: [...messages].map(([customerId, count]) => ({ customerId, messages: count })),
  };
}
