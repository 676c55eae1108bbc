// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write, and no promise.
import { beforeEach, expect, it } from 'vitest';
import { recordTogether } from '../../src/record/record-batch.ts';
import type { RuleConfig } from '../../src/rules/rule.ts';
import { useDatabase } from '../support/database.ts';
import { RECORDING } from '../support/poll.ts';
import { TABLES } from './stored-story.ts';
import { FOLDER, incoming, type Told } from './story.ts';

/* What a rule has skipped stays out when its folder's UIDVALIDITY changes; another copy, which is trusted, does not. */

const database = useDatabase();

beforeEach(async () => {
  await database.db.raw(`truncate ${TABLES} restart identity cascade`);
  await database.db.raw(`insert into mailboxes (name) values ('support');
    insert into folders (mailbox_id, account, path, uid_validity) values (1, 'a', 'INBOX', 1)`);
});

const skipping: RuleConfig[] = [{ name: 'out', then: { skip: 'not wanted' } }];
const told: Told = { From: 'shop@partner.example', 'Message-ID': '<o@x>', Subject: 'Order' };
const trusted: Told = { ...told, '@trusted': 'yes' };
// Another way through the mail's servers: the same mail, other bytes.
const another = (of: Told): Told => ({ ...of, Received: 'from elsewhere' });

async function record(mail: Told, uidValidity: number, rules: readonly RuleConfig[]) {
  const message = await incoming(mail, { trust: 'some', rules });
  const placed = { ...message, folder: { ...FOLDER, uidValidity } };
  const { recorded, skipped } = await recordTogether(database.db, [placed], { flood: RECORDING.flood });
  return { recorded, skipped };
}

it.each<[name: string, first: Told, then: Told, isKeptOut: boolean]>([
  ['an untrusted mail keeps itself out', told, told, true],
  ['a trusted mail keeps itself out', trusted, trusted, true],
  ['an untrusted mail keeps out what is untrusted', told, another(told), true],
  ['an untrusted mail keeps no trusted copy out', told, another(trusted), false],
  ['a trusted mail keeps no other copy out', trusted, another(told), false],
])('%s', async (_, first, then, isKeptOut) => {
  expect(await record(first, 1, skipping)).toEqual({ recorded: 0, skipped: 1 });
  const kept = { recorded: 0, skipped: 1 };
  expect(await record(then, 2, [])).toEqual(isKeptOut ? kept : { recorded: 1, skipped: 0 });
  // And the next time.
  if (isKeptOut) expect(await record(then, 3, [])).toEqual(kept);
});

it('a trusted copy that a rule skips today is skipped', async () => {
  await record(told, 1, skipping);
  expect(await record(another(trusted), 2, skipping)).toEqual({ recorded: 0, skipped: 1 });
});
