import { expect } from 'vitest';
import type { TestDatabase } from '../support/database.ts';
import { SEED } from '../support/seed.ts';
import { withEvidence } from './evidence.ts';
import { noteFault } from './fault-table.ts';
import { readHistory, undisturbedHistoryOf } from './history.ts';
import { type Lives, startLives } from './lives.ts';
import { type MailSource, mailSource } from './mail-source.ts';
import { scaled } from './scaled.ts';
import { assertOnce, readState } from './state.ts';

/** How many messages wait when the killing begins. */
export const WAITING = scaled({ short: 60, long: 500 });

/**
 * Lets a daemon be killed again and again, lets the last one drain the mailbox, and looks whether each message became
 * one interaction, and whether the history is that of an undisturbed run.
 *
 * @param fault what it is called in the table
 * @param kills delivers mail and does so. @returns how often
 */
export function killing(
  fault: string,
  database: TestDatabase,
  kills: (lives: Lives, source: MailSource) => Promise<number>,
): Promise<void> {
  const name = fault.replaceAll(' ', '-');
  return withEvidence(name, async (evidence) => {
    const user = `${name}@example.com`;
    const source = mailSource(database.db, user, SEED);
    const lives = await startLives({ database, user, source, evidence });
    try {
      const tried = await kills(lives, source);
      const stuck = await stuckIn(lives.drain());
      const mails = source.delivered;
      const state = await readState(database.db, { mails, user });
      const { messages, lost, doubled } = state;
      const longestUntilPollingMs = lives.longestUntilPollingMs();
      await noteFault({ fault, tried, messages, lost, doubled, longestUntilPollingMs });
      if (stuck) throw new Error([stuck.message, ...state.problems].join('\n'), { cause: stuck });
      assertOnce(state);
      expect(await readHistory(database.db)).toEqual(await undisturbedHistoryOf(user, mails.length));
    } finally {
      await lives.close();
    }
  });
}

/** Why the mailbox could not be drained, if so: what is amiss in it says more than that time is over. */
function stuckIn(draining: Promise<unknown>): Promise<Error | undefined> {
  return draining.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
}
