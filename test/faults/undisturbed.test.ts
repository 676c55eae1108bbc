import { beforeAll, expect, inject, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll } from '../support/poll.ts';
import { SEED } from '../support/seed.ts';
import { faultMails } from './fault-mails.ts';
import { FAULT_MAILBOX, NO_FLOOD, readHistory, undisturbedHistory, undisturbedHistoryOf } from './history.ts';
import { assertOnce, readState } from './state.ts';

const database = useDatabase();

const USER = 'undisturbed@example.com';

const mails = faultMails(SEED, 150, USER);

beforeAll(async () => {
  const sources = mails.map(({ raw }) => raw);
  await deliver(inject('dovecot'), USER, sources);
  const mailbox = await loadMailbox(USER, { ...FAULT_MAILBOX, batch: { messages: 3 } });
  await poll(database.db, mailbox, { recording: { flood: NO_FLOOD } });
});

it(`without a fault all is as it must be, whatever the size of the batches (FUZZ_SEED=${SEED})`, async () => {
  expect(new Set(mails.map(({ token }) => token)).size).toBeLessThan(mails.length);
  const state = await readState(database.db, { mails, user: USER });
  assertOnce(state);
  expect(state).toMatchObject({ messages: mails.length, lost: 0, doubled: 0 });
  const history = await readHistory(database.db);
  expect(history).toEqual(await undisturbedHistory(mails, 'undisturbed-2@example.com'));
  expect(history).toEqual(await undisturbedHistoryOf(USER, mails.length));
});

it(`a mail that was never recorded is lost (FUZZ_SEED=${SEED})`, async () => {
  const more = [...mails, ...faultMails(SEED + 1, 1, USER)];
  const state = await readState(database.db, { mails: more, user: USER });
  expect(state.lost).toBe(1);
  expect(() => assertOnce(state)).toThrow(/lost: token-/);
});

const NAMED = '(select min(id) from cases where external_id is not null)';

const SECOND = '(select id from interactions order by id offset 1 limit 1)';

it.each([
  ['a receipt', `delete from receipts where outcome = 'duplicate'`, /receipts, and not 150/],
  ['a mark', `update receipts set processed_at = null where uid = 7`, /1 not marked processed/],
  ['a case', `update cases set external_id = 'LOST' where id = ${NAMED}`, /has 0 of its \d/],
  [
    'a customer',
    `update interactions set customer_id = null where id = ${SECOND}`,
    /somebody else's history/,
  ],
  [
    'nothing, but there is an interaction too many',
    `insert into interactions overriding system value
       select (json_populate_record(i, json_build_object('id', 1000000, 'dedupe_key', repeat('x', 33)))).*
       from interactions i where id = ${SECOND};
     insert into interaction_contents
       select 1000000, body_text, body_html, headers, directives from interaction_contents where interaction_id = ${SECOND}`,
    /1 interactions more than mails/,
  ],
])(`is seen: ${'%s'} is missing (FUZZ_SEED=${SEED})`, async (_what, tampering, problem) => {
  const trx = await database.db.transaction();
  try {
    await trx.raw(tampering);
    expect((await readState(trx, { mails })).problems.join('\n')).toMatch(problem);
  } finally {
    await trx.rollback();
  }
});

it(`a history that differs in one label is another one (FUZZ_SEED=${SEED})`, async () => {
  const before = await readHistory(database.db);
  const trx = await database.db.transaction();
  try {
    await trx.raw(`update cases set labels = labels || '{more}' where id = (select min(id) from cases)`);
    expect(await readHistory(trx)).not.toEqual(before);
  } finally {
    await trx.rollback();
  }
});
