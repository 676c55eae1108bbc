import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { MailboxConfig } from '../../src/config/schema.ts';
import { createDatabase, dropDatabase, type TestDatabase } from '../support/database.ts';
import { contentOf, withClient } from '../support/imap-client.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll } from '../support/poll.ts';
import { SEED } from '../support/seed.ts';
import { type Evidence, withEvidence } from './evidence.ts';
import type { FaultMail } from './fault-mails.ts';
import { noteFault } from './fault-table.ts';
import { FAULT_MAILBOX, NO_FLOOD } from './history.ts';
import { type MailSource, mailSource } from './mail-source.ts';
import { chance } from './random.ts';
import { scaled } from './scaled.ts';
import { assertOnce, readState } from './state.ts';

const MESSAGES = scaled({ short: 60, long: 500 });
const timeout = scaled({ short: 120_000, long: 1_800_000 });

/** Where `processed: {move}` puts mail. */
const PROCESSED = 'Processed';

/** How the pollers are configured, how many there are, and whether it is tried in the short form. */
const WAYS = [
  { name: 'unseen', pollers: 2, isShort: true, options: { select: 'unseen' } },
  { name: 'new', pollers: 2, isShort: false, options: { select: 'new', start: 'all' } },
  { name: 'unseen', pollers: 4, isShort: false, options: { select: 'unseen' } },
  { name: 'new', pollers: 4, isShort: true, options: { select: 'new', start: 'all' } },
  { name: 'moved', pollers: 2, isShort: true, options: { processed: { move: PROCESSED } } },
  { name: 'moved', pollers: 4, isShort: false, options: { processed: { move: PROCESSED } } },
];

const ways = scaled({ short: WAYS.filter(({ isShort }) => isShort), long: WAYS });

it.each(ways)(
  `$pollers pollers are at work on one folder at once, each mail is recorded once ($name, FUZZ_SEED=${SEED})`,
  { timeout },
  ({ name, pollers, options }) =>
    withEvidence(`pollers-${name}-${pollers}`, async (evidence) => {
      const database = await createDatabase(`pollers ${name}`);
      const user = `pollers-${name}-${pollers}@example.com`;
      await withClient(user, async (client) => void (await client.mailboxCreate(PROCESSED)));
      const mailbox = await loadMailbox(user, { ...FAULT_MAILBOX, batch: { messages: 3 }, ...options });
      const source = mailSource(database.db, user, SEED);
      const isMoved = 'processed' in options;
      try {
        const polls = await pollTogether(database, mailbox, pollers, source, evidence);
        const mails = source.delivered;
        const state = await readState(database.db, { mails, ...(isMoved ? {} : { user }) });
        await noteFault({
          ...{ fault: `${pollers} pollers on one folder, ${name}`, tried: polls, messages: state.messages },
          ...{ lost: state.lost, doubled: state.doubled, longestUntilPollingMs: 0 },
        });
        assertOnce(state);
        if (isMoved) await assertMoved(user, mails);
      } finally {
        await database.db.destroy();
      }
      await dropDatabase(database.url);
    }),
);

/**
 * Dovecot copies before it expunges: where two move a message at the same moment, it lies in the other folder twice. That
 * is the server's, and no poll sees it.
 */
async function assertMoved(user: string, mails: readonly FaultMail[]): Promise<void> {
  expect(await contentOf(user)).toEqual([]);
  const ids = await withClient(
    user,
    async (client) => {
      const messages = await client.fetchAll('1:*', { envelope: true });
      return messages.map(({ envelope }) => envelope?.messageId);
    },
    { path: PROCESSED, readOnly: true },
  );
  const countOf = (id: string) => ids.filter((each) => each === `<${id}>`).length;
  const wanted = new Map<string, number>();
  for (const { messageId } of mails) wanted.set(messageId, (wanted.get(messageId) ?? 0) + 1);
  expect([...wanted].filter(([id, count]) => countOf(id) < count)).toEqual([]);
}

/** Polls again and again with each poller, while mail comes, until nothing is left. @returns how many polls recorded something beside others */
async function pollTogether(
  { db }: TestDatabase,
  mailbox: MailboxConfig,
  pollers: number,
  source: MailSource,
  { note }: Evidence,
): Promise<number> {
  const luck = chance(SEED);
  let isComing = true;
  let underWay = 0;
  let beside = 0;
  const again = async (poller: number): Promise<void> => {
    for (let last = false; !last; last = !isComing && (await source.waiting()) === 0) {
      underWay += 1;
      const others = underWay - 1;
      try {
        const report = await poll(db, mailbox, { recording: { flood: NO_FLOOD } });
        note(`poller ${poller} beside ${others}: ${JSON.stringify(report)}`);
        if (others > 0 && report.recorded > 0) beside += 1;
        expect(report.problem).toBeUndefined();
      } finally {
        underWay -= 1;
      }
    }
  };
  const bring = async (): Promise<void> => {
    while (source.delivered.length < MESSAGES) {
      await source.deliver(luck.between(1, 12));
      await sleep(luck.between(0, 60));
    }
    isComing = false;
  };
  await Promise.all([bring(), ...Array.from({ length: pollers }, (_, poller) => again(poller))]);
  // What one of them still had in hand when the others saw nothing waiting.
  await poll(db, mailbox, { recording: { flood: NO_FLOOD } });
  expect(beside).toBeGreaterThan(0);
  return beside;
}
