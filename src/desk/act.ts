import type { Database, Transaction } from '../db/connect.ts';
import { transact } from '../db/transact.ts';
import type { Change } from './changes.ts';

/** Who acts, and whether only to see what it would come to. */
export interface Acting {
  /** As the events keep it. */
  readonly actor: string;
  readonly dryRun: boolean;
}

/** What a person does, while its transaction runs. */
export interface Act {
  readonly trx: Transaction;
  readonly actor: string;
  readonly dryRun: boolean;
  /** The time of all that it changes. */
  readonly at: Date;
  /** What it has changed so far, in the order in which that is told. */
  readonly changes: Change[];
}

/**
 * Does what a person asks for, in one transaction: all of it or nothing. A dry run is the same work, constraints and
 * all, taken back at the end.
 *
 * @returns what was changed, or would be
 */
export async function perform(
  db: Database,
  acting: Acting,
  work: (act: Act) => Promise<void>,
): Promise<Change[]> {
  const { dryRun } = acting;
  return transact(
    db,
    async (trx) => {
      const act: Act = { ...acting, trx, at: new Date(), changes: [] };
      await work(act);
      return act.changes;
    },
    { dryRun },
  );
}
