import { inject } from 'vitest';
import type { Database } from '../../src/db/connect.ts';
import { deliver } from '../support/deliver.ts';
import { rows } from '../support/poll.ts';
import { endlessMails, type FaultMail } from './fault-mails.ts';

/** Fewer messages than this that wait are not enough for what is to be disturbed. */
const LEAST_WAITING = 30;

/** How many come then. */
const MORE = 20;

/** Brings mail to a mailbox, and remembers what it brought. */
export interface MailSource {
  readonly delivered: readonly FaultMail[];
  deliver(count: number): Promise<void>;
  /** How many messages have no receipt yet. */
  waiting(): Promise<number>;
  /** Delivers more where little is waiting, so that the next fault finds a mailbox at work. */
  keepWaiting(): Promise<void>;
}

export function mailSource(db: Database, user: string, seed: number): MailSource {
  const stream = endlessMails(seed, user);
  const delivered: FaultMail[] = [];
  const bring = async (count: number) => {
    const mails = Array.from({ length: count }, () => stream.next().value);
    await deliver(
      inject('dovecot'),
      user,
      mails.map(({ raw }) => raw),
    );
    delivered.push(...mails);
  };
  const waiting = async () => {
    const [counts] = await rows<{ receipts: number }>(db, 'select count(*)::int as receipts from receipts');
    return delivered.length - (counts?.receipts ?? 0);
  };
  return {
    delivered,
    deliver: bring,
    waiting,
    keepWaiting: async () => {
      if ((await waiting()) < LEAST_WAITING) await bring(MORE);
    },
  };
}
