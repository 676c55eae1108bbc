import { setTimeout as sleep } from 'node:timers/promises';
import { MailcaseError } from '../errors.ts';
import type { Database, Transaction } from './connect.ts';
import { blameFor } from './sqlstate.ts';

/** How often work that met another writer is run again: each time the other one has got on, so a few suffice. */
const RACE_ATTEMPTS = 8;

/** Longest pause before the next attempt, in milliseconds: as long as the other one's transaction takes. */
const RACE_PAUSE_MS = 100;

/**
 * Runs work in one transaction. Where another writer was faster, all of it is run again, from the reading on.
 *
 * @param work changes nothing but the database, since it may be run several times
 * @param options.dryRun does the same work, constraints and all, and takes it back at the end
 */
export async function transact<T>(
  db: Database,
  work: (trx: Transaction) => Promise<T>,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction(dryRun ? takenBack(work) : work);
    } catch (error) {
      if (error instanceof TakenBack) return error.result as T;
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

function takenBack<T>(work: (trx: Transaction) => Promise<T>): (trx: Transaction) => Promise<never> {
  return async (trx) => {
    throw new TakenBack(await work(trx));
  };
}

/** Ends the transaction of a dry run; an error is what makes knex roll back. */
class TakenBack extends Error {
  readonly result: unknown;

  constructor(result: unknown) {
    super('a dry run is taken back');
    this.result = result;
  }
}
