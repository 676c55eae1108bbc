import { expect } from 'vitest';
import type { Policy } from '../../src/record/policy.ts';
import { recordTogether } from '../../src/record/record-batch.ts';
import type { TestDatabase } from '../support/database.ts';
import { RECORDING, rows } from '../support/poll.ts';
import { FOLDER, incoming, story, type Telling, type Told } from './story.ts';

export const TABLES =
  'mailboxes, folders, customers, customer_emails, customer_events, cases, case_events, case_participants, interactions, interaction_contents, interaction_references, attachments, raw_messages, receipts, quarantine, used_signatures';

/**
 * Tells a story twice: at once in memory, and mail by mail in PostgreSQL, a transaction each. Both must come to the
 * same, or what is loaded for a message is not all that it needs.
 */
export function storyOn(database: TestDatabase): typeof story {
  return async (mails, telling = {}) => {
    const inMemory = await story(mails, telling);
    // A view that was made by hand is in no database.
    if (telling.view) return inMemory;
    const stored = await store(database, mails, telling);
    expect(stored, 'what PostgreSQL has, mail by mail').toEqual({
      cases: inMemory.cases,
      mails: inMemory.mails,
      events: inMemory.events.filter((event) => !event.startsWith('customer_id')),
      outcomes: inMemory.plan.receipts.map(({ outcome }) => outcome),
    });
    return inMemory;
  };
}

async function store({ db }: TestDatabase, mails: readonly Told[], telling: Telling) {
  await db.raw(`truncate ${TABLES} restart identity cascade`);
  await db.raw(`insert into mailboxes (name) values ('support');
    insert into folders (mailbox_id, account, path, uid_validity) values (1, 'a', 'INBOX', 1)`);
  const policy: Policy = { flood: RECORDING.flood, ...telling.policy };
  const outcomes: string[] = [];
  for (const told of mails) {
    const message = await incoming(told, telling);
    await recordTogether(db, [message], policy);
    const [receipt] = await rows<{ outcome: string }>(
      db,
      `select outcome from receipts where folder_id = ${FOLDER.folderId} and uid = ?`,
      [String(message.uid)],
    );
    outcomes.push(receipt?.outcome ?? 'lost');
  }
  const mailRows = await rows<{ case_id: number; customer: string | null; outsider: boolean }>(
    db,
    `select i.case_id, i.outsider,
       (select e.address_key from customer_emails e where e.customer_id = i.customer_id order by e.id limit 1) as customer
     from interactions i order by i.id`,
  );
  const order = [...new Set(mailRows.map((row) => row.case_id))];
  const caseRows = await rows<{ id: number; status: string; follow_up_of: number | null }>(
    db,
    'select id, status, follow_up_of from cases',
  );
  const events = await rows<{ field: string; old: string | null; new: string | null }>(
    db,
    `select field, old, new from case_events where field <> 'customer_id' order by id`,
  );
  return {
    cases: order.map((id) => {
      const row = caseRows.find((each) => each.id === id);
      const follows = row?.follow_up_of === null ? undefined : order.indexOf(row?.follow_up_of ?? -1);
      return { status: row?.status, mails: mailRows.filter((each) => each.case_id === id).length, follows };
    }),
    mails: mailRows.map((row) => ({
      case: order.indexOf(row.case_id),
      customer: row.customer ?? undefined,
      outsider: row.outsider,
    })),
    events: events.map(({ field, old, new: value }) => `${field}: ${old} -> ${value}`),
    outcomes,
  };
}
