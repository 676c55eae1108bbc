import type { Database, Transaction } from '../db/connect.ts';
import { blameFor } from '../db/sqlstate.ts';
import { transact } from '../db/transact.ts';
import { errorMessage, MailcaseError } from '../errors.ts';
import { failureText } from '../record/failure.ts';
import type { Foreseen } from '../record/foreseen.ts';
import { skippedBecause } from '../record/left-out.ts';
import { type Access, loadView } from '../record/load.ts';
import { emptyPlan } from '../record/plan.ts';
import { storePlan } from '../record/store.ts';
import { replayMail } from './decide.ts';
import type { Deciding } from './deciding.ts';
import { LastSays, loadSays } from './last-says.ts';
import { FROM_COPY, type Outcome } from './outcome.ts';
import type { Replayable } from './replayable.ts';
import { noteReplayed, storeCustomerEvents } from './store.ts';
import { loadStored } from './stored.ts';

export type ReplayPolicy = Deciding['policy'];

/** What a dry run remembers from batch to batch. */
export interface Trial {
  readonly foreseen: Foreseen;
  readonly says: LastSays;
}

/** Says what a batch would come to, in a transaction that can write nothing; those that follow see it as if it were so. */
export async function tryBatch(
  db: Database,
  batch: readonly Replayable[],
  policy: ReplayPolicy,
  { foreseen, says }: Trial,
): Promise<Outcome[]> {
  return db.transaction(
    async (trx) => {
      const deciding = await load(trx, batch, policy, '', { foreseen, says });
      const outcomes = decideAll(deciding, batch);
      foreseen.keep(deciding.view, deciding.plan);
      return outcomes;
    },
    // What is written here is refused by the database itself; and what is read is all of one moment.
    { readOnly: true, isolationLevel: 'repeatable read' },
  );
}

/**
 * Applies a batch in one transaction. A mail that fails for a reason of its own is left as it is, and the others are
 * applied without it.
 *
 * @throws what is not a mail's fault; then nothing of the batch is applied that has not been told
 */
export async function applyBatch(
  db: Database,
  batch: readonly Replayable[],
  policy: ReplayPolicy,
): Promise<Outcome[]> {
  try {
    return await transact(db, (trx) => apply(trx, batch, policy));
  } catch (error) {
    const blame = blameFor(error);
    const [only] = batch;
    if ((blame !== 'data' && blame !== 'defect') || only === undefined) throw error;
    if (batch.length === 1) return [{ mail: only, left: `it cannot be replayed: ${failureText(error)}` }];
    const middle = Math.ceil(batch.length / 2);
    return [
      ...(await applyBatch(db, batch.slice(0, middle), policy)),
      ...(await applyBatch(db, batch.slice(middle), policy)),
    ];
  }
}

async function apply(
  trx: Transaction,
  batch: readonly Replayable[],
  policy: ReplayPolicy,
): Promise<Outcome[]> {
  const deciding = await load(trx, batch, policy, 'for update');
  const outcomes = decideAll(deciding, batch);
  await storePlan(trx, deciding.plan, policy);
  const differences = outcomes.flatMap((outcome) => ('left' in outcome ? [] : outcome.differences));
  await storeCustomerEvents(trx, differences, policy.replaying);
  await noteReplayed(trx, batch);
  return outcomes;
}

async function load(
  trx: Transaction,
  batch: readonly Replayable[],
  policy: ReplayPolicy,
  access: Access,
  trial?: Trial,
): Promise<Deciding> {
  const incoming = batch.map((mail) => mail.incoming);
  const view = await loadView(trx, incoming, policy, access, trial?.foreseen);
  const stored = await loadStored(
    trx,
    batch.map(({ id }) => id),
  );
  const says = trial?.says ?? new LastSays();
  await loadSays(trx, view, says, batch);
  return { view, plan: emptyPlan(), policy, says, stored };
}

function decideAll(deciding: Deciding, batch: readonly Replayable[]): Outcome[] {
  return batch.map((mail) => {
    const stored = deciding.stored.get(mail.id);
    if (stored === undefined || !isStill(deciding, mail)) {
      return { mail, left: 'it is gone meanwhile' };
    }
    if (stored.fromCopy) return { mail, left: FROM_COPY };
    const skip = skippedBecause(mail.incoming);
    if (skip !== undefined)
      return { mail, left: `it is recorded, and stays so, though today it would be skipped by ${skip}` };
    try {
      return { mail, ...replayMail(deciding, mail) };
    } catch (error) {
      throw new MailcaseError('message_unrecordable', `cannot be decided: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  });
}

function isStill({ view }: Deciding, { incoming }: Replayable): boolean {
  return view.originals.get(incoming.dedupeKey.toString('hex'))?.changeable !== undefined;
}
