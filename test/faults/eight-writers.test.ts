import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import type { Incoming } from '../../src/record/incoming.ts';
import { recordTogether } from '../../src/record/record-batch.ts';
import { incoming } from '../record/story.ts';
import { useDatabase } from '../support/database.ts';
import { RECORDING, rows } from '../support/poll.ts';
import { SEED } from '../support/seed.ts';
import { withEvidence } from './evidence.ts';
import { noteFault } from './fault-table.ts';
import { type Chance, chance } from './random.ts';
import { scaled } from './scaled.ts';

const database = useDatabase();

const WRITERS = 8;
const ROUNDS = scaled({ short: 15, long: 1_000 });
const timeout = scaled({ short: 120_000, long: 1_800_000 });

/** One who records beside the others, over a connection of their own, and how often they have begun. */
interface Writer {
  readonly db: Database;
  attempts: number;
}

const writers: Writer[] = [];

beforeAll(async () => {
  await database.db.raw(`insert into mailboxes (name) values ('support');
    insert into folders (mailbox_id, account, path, uid_validity) values (1, 'a', 'INBOX', 1)`);
  for (let i = 0; i < WRITERS; i += 1) writers.push(newWriter());
});

afterAll(() => Promise.all(writers.map(({ db }) => db.destroy())));

function newWriter(): Writer {
  const writer: Writer = { db: connectDatabase(database.url, 1), attempts: 0 };
  writer.db.on('query', ({ sql }: { sql: string }) => {
    if (/^begin\b/i.test(sql)) writer.attempts += 1;
  });
  return writer;
}

/**
 * Half of the messages are from one new address. In every other round all of them name one new customer besides, whose
 * addresses they are; in the others, each of the second half is from a customer of its own.
 */
function messagesOf(round: number, luck: Chance): Promise<Incoming[]> {
  const isOneCustomer = round % 2 === 1;
  const messages = Array.from({ length: WRITERS }, (_, index) => {
    const address = `customer-${round}-${index < WRITERS / 2 ? 'same' : index}@mail.example`;
    return incoming({
      ...{ From: address, 'Message-ID': `<${round}-${index}@mail.example>`, Subject: `Round ${round}` },
      'x-desk-case-external-id': `RACE-${round}`,
      'x-desk-case-labels': `label-${index}`,
      ...(isOneCustomer && { 'x-desk-customer-external-id': `C-${round}` }),
      ...(luck.happens(0.3) && { 'x-desk-case-status': luck.pick(['open', 'resolved', 'closed']) }),
    });
  });
  return Promise.all(luck.shuffle(messages));
}

/** What a round came to: all of it by its external id alone. */
const OUTCOME = `
  select count(distinct s.id)::int as cases, count(distinct i.id)::int as interactions,
    count(distinct i.customer_id)::int as customers, min(cardinality(s.labels))::int as labels,
    (select count(*)::int from customer_emails e where e.address_key like ?) as addresses
  from interactions i join cases s on s.id = i.case_id where i.subject = ? and s.external_id = ?`;

it(`8 writers meet at one new external id ${ROUNDS} times (FUZZ_SEED=${SEED})`, { timeout }, () =>
  withEvidence('eight-writers', async ({ note }) => {
    const luck = chance(SEED);
    const byAttempts = new Map<number, number>();
    let longestMs = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const messages = await messagesOf(round, luck);
      const began = performance.now();
      const results = await Promise.all(writers.map((writer, index) => record(writer, messages[index])));
      longestMs = Math.max(longestMs, performance.now() - began);
      for (const { attempts } of results) byAttempts.set(attempts, (byAttempts.get(attempts) ?? 0) + 1);
      note(`round ${round}: ${JSON.stringify(results)}`);
      const problems = results.filter(({ recorded }) => recorded !== 1);
      expect(problems).toEqual([]);
      const [outcome] = await rows(database.db, OUTCOME, [
        `customer-${round}-%`,
        ...[`Round ${round}`, `RACE-${round}`],
      ]);
      expect(outcome).toEqual({
        ...{ cases: 1, interactions: WRITERS, labels: WRITERS, addresses: WRITERS / 2 + 1 },
        customers: round % 2 === 1 ? 1 : WRITERS / 2 + 1,
      });
    }
    const [total] = await rows(
      database.db,
      `select (select count(*)::int from cases) as cases, (select count(*)::int from interactions) as interactions,
         (select count(*)::int from receipts) as receipts, (select count(*)::int from quarantine) as quarantined`,
    );
    const messages = WRITERS * ROUNDS;
    expect(total).toEqual({ cases: ROUNDS, interactions: messages, receipts: messages, quarantined: 0 });
    // They did meet.
    expect(Math.max(...byAttempts.keys())).toBeGreaterThan(1);
    const attempts = [...byAttempts].sort(([a], [b]) => a - b).map(([count, times]) => `${count}: ${times}`);
    process.stderr.write(`Attempts that ${messages} recordings took: ${attempts.join(', ')}\n`);
    const longestUntilPollingMs = Math.round(longestMs);
    await noteFault({
      ...{ fault: '8 writers on one new external id', tried: ROUNDS, messages, lost: 0, doubled: 0 },
      longestUntilPollingMs,
    });
  }),
);

async function record(writer: Writer, message: Incoming | undefined) {
  if (message === undefined) throw new Error('there are as many messages as writers');
  writer.attempts = 0;
  const { recorded, quarantined } = await recordTogether(writer.db, [message], {
    flood: { ...RECORDING.flood, messages: 1_000_000 },
  });
  return { recorded, quarantined: quarantined.length, attempts: writer.attempts };
}
