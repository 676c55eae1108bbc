import { expect } from 'vitest';
import type { TestDatabase } from '../support/database.ts';
import { SEED } from '../support/seed.ts';
import { withEvidence } from './evidence.ts';
import { noteFault } from './fault-table.ts';
import { readHistory, undisturbedHistory } from './history.ts';
import { type Lives, startLives } from './lives.ts';
import { mailSource } from './mail-source.ts';
import { scaled } from './scaled.ts';
import { assertOnce, readState } from './state.ts';

/** How many messages wait when the first daemon starts. */
const WAITING = scaled({ short: 60, long: 500 });

/**
 * Lets a daemon be killed again and again, lets the last one drain the mailbox, and looks whether each message became
 * one interaction, and whether the history is that of an undisturbed run.
 *
 * @param fault what it is called in the table
 * @param kills does so. @returns how often
 */
export function killing(
  fault: string,
  database: TestDatabase,
  kills: (lives: Lives) => Promise<number>,
): Promise<void> {
  const name = fault.replaceAll(' ', '-');
  return withEvidence(name, async (evidence) => {
    const user = `${name}@example.com`;
    const source = mailSource(database.db, user, SEED);
    await source.deliver(WAITING);
    const lives = await startLives({ database, user, source, evidence });
    try {
      const tried = await kills(lives);
      await lives.drain();
      const mails = source.delivered;
      const state = await readState(database.db, { mails, user });
      const { messages, lost, doubled } = state;
      const longestUntilPollingMs = lives.longestUntilPollingMs();
      await noteFault({ fault, tried, messages, lost, doubled, longestUntilPollingMs });
      assertOnce(state);
      const undisturbed = await undisturbedHistory(mails, `${name}-undisturbed@example.com`);
      expect(await readHistory(database.db)).toEqual(undisturbed);
    } finally {
      await lives.close();
    }
  });
}
