import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../db/connect.ts';
import { blameFor } from '../db/sqlstate.ts';
import { errorMessage, MailcaseError } from '../errors.ts';
import { decide } from './decide.ts';
import type { FolderRef, Incoming } from './incoming.ts';
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

/** How often a batch that met another daemon is loaded again: each time the other one has got on, so a few suffice. */
const RACE_ATTEMPTS = 8;

/** Longest pause before loading again, in milliseconds: as long as the other one's transaction takes. */
const RACE_PAUSE_MS = 100;

/**
 * Records a batch in one transaction: load, decide, store. Whom the failure is due to decides what follows: a race is
 * run again, a reason in the data halves the batch until the culprit stands alone and is quarantined, and a reason
 * outside is thrown on, with nothing stored and nobody blamed.
 */
export async function recordTogether(
  db: Database,
  folder: FolderRef,
  batch: readonly Incoming[],
  policy: Policy,
): Promise<BatchResult> {
  if (batch.length === 0) return NOTHING;
  try {
    return resultOf(await storeTogether(db, folder, batch, policy));
  } catch (error) {
    if (blameFor(error) !== 'data') throw error;
    return recordHalves(db, folder, batch, policy, error);
  }
}

async function storeTogether(
  db: Database,
  folder: FolderRef,
  batch: readonly Incoming[],
  policy: Policy,
): Promise<Plan> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction(async (trx) => {
        // Another daemon may have been faster since the search.
        const done = new Set(
          (
            await findReceipts(
              trx,
              folder,
              batch.map(({ uid }) => uid),
            )
          ).map(({ uid }) => uid),
        );
        const open = batch.filter(({ uid }) => !done.has(uid)).map(withOwnDirectives);
        const plan = decideOrBlame(await loadView(trx, open, policy), open, policy);
        await storePlan(trx, folder, plan, { isImport: policy.importing !== undefined });
        return plan;
      });
    } catch (error) {
      if (blameFor(error) !== 'race') throw error;
      if (attempt === RACE_ATTEMPTS) {
        throw new MailcaseError('database_race', `other writers were faster ${attempt} times`, {
          cause: error,
        });
      }
      await sleep(Math.random() * RACE_PAUSE_MS);
    }
  }
}

/** Decisions add refusals to the directives; an attempt that is run again must not find those of the one before. */
function withOwnDirectives(incoming: Incoming): Incoming {
  const { directives } = incoming;
  return {
    ...incoming,
    directives: { ...directives, applied: [...directives.applied], refused: [...directives.refused] },
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
  folder: FolderRef,
  batch: readonly Incoming[],
  policy: Policy,
  error: unknown,
): Promise<BatchResult> {
  const [only] = batch;
  if (only === undefined) return NOTHING;
  if (batch.length === 1) {
    const stage = error instanceof MailcaseError ? 'decide' : 'store';
    const unrecordable = { uid: only.uid, stage, error: errorMessage(error), source: only.source } as const;
    await quarantine(db, folder, unrecordable, { isImport: policy.importing !== undefined });
    return { ...NOTHING, quarantined: 1 };
  }
  const middle = Math.ceil(batch.length / 2);
  const first = await recordTogether(db, folder, batch.slice(0, middle), policy);
  const second = await recordTogether(db, folder, batch.slice(middle), policy);
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
