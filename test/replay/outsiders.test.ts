// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write.
import { beforeEach, describe, expect, it } from 'vitest';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import type { RuleConfig } from '../../src/rules/rule.ts';
import type { Told } from '../record/story.ts';
import { useDatabase } from '../support/database.ts';
import { configOfToday, replayOn } from './replaying.ts';

/* A mail that a replay brings into a case is an outsider's where it would have been one had it been recorded there. */

const database = useDatabase();
// A batch for each mail: a dry run has to remember who has a part by then.
const { query, clear, record, act, casesOfMails, replayed } = replayOn(database, { batchMessages: 1 });

beforeEach(clear);

const matches = '\\[JIRA\\] \\((?<key>[A-Z]+-\\d+)\\)';
const jira: RuleConfig = {
  name: 'jira',
  when: { part: 'subject', matches },
  then: { set: { 'case.external_id': ['{key}'] } },
};
const today = (prefix = 'x-desk-') =>
  configOfToday({
    headers: { prefix },
    rules: [
      { name: 'jira', when: { part: 'subject', matches }, then: { set: { 'case.external_id': '{key}' } } },
    ],
  });

const at = (minute: number): Told => ({ '@minute': String(minute) });
const ABC: Told = { Subject: '[JIRA] (ABC-1) Lamp' };
const j1: Told = { From: 'j1@b.test', ...ABC };
const j2: Told = { From: 'j2@b.test', ...ABC };
const ann: Told = { From: 'ann@asker.example', Subject: 'Lamp', 'Message-ID': '<q@x>' };
const trusted: Told = { '@trusted': 'yes' };

const outsiders = async () =>
  (await query<{ outsider: boolean }>('select outsider from interactions order by id')).map(
    (row) => row.outsider,
  );

/** Who has a part in the case with the external id. */
const participants = async () =>
  (
    await query<{ address_key: string }>(
      `select address_key from case_participants where case_id = (select id from cases where external_id = 'ABC-1')
       order by 1`,
    )
  ).map((row) => row.address_key);

const customerOfCase = async () =>
  (
    await query<{ customer_id: number | null }>(`select customer_id from cases where external_id = 'ABC-1'`)
  )[0]?.customer_id;

/** What the mails are and who has a part, once recorded with the rule, once replayed with it. */
async function bothWays(mails: readonly Told[]) {
  const found = async () => ({
    ...{ outsiders: await outsiders(), participants: await participants() },
    hasCustomer: (await customerOfCase()) !== null,
  });
  await record(mails, { trust: 'some', rules: [jira] });
  const recorded = await found();
  await clear();
  await record(mails, { trust: 'some' });
  const lines = await replayed({}, await today());
  return { recorded, replayed: await found(), lines };
}

describe('a mail that a rule brings into a case', () => {
  it('is an outsider’s where its sender has had no part in it, and makes him none', async () => {
    const {
      recorded,
      replayed: found,
      lines,
    } = await bothWays([
      { ...j1, ...at(1) },
      { ...j2, ...at(2) },
    ]);
    expect(recorded).toEqual({ outsiders: [false, true], participants: ['j1@b.test'], hasCustomer: true });
    expect(found).toEqual(recorded);
    expect(lines).toEqual([
      'case 1 external_id: - -> ABC-1 (rule jira)',
      'mail 2 outsider: false -> true (rule jira)',
      'case 2 status: new -> closed (its only mail went to another case)',
      'mail 2 case_id: 2 -> 1 (rule jira)',
    ]);
    expect(
      await query(
        `select case_id, old, new, actor, replayed, reason from case_events where field = 'outsider'`,
      ),
    ).toEqual([
      { case_id: 1, old: 'false', new: 'true', actor: 'Rita', replayed: true, reason: 'replay: rule jira' },
    ]);
    expect(
      await query(`select decided ->> 'why' as why from interaction_contents,
        jsonb_array_elements(directives -> 'decided') decided where decided ->> 'what' = 'outsider'`),
    ).toEqual([{ why: 'the sender has had no part in this case' }]);
  });

  it.each<[name: string, mails: Told[], outsiders: boolean[], participants: string[]]>([
    [
      'who wrote in it before has a part, also in a case that the replay makes',
      [ann, { ...j1, 'In-Reply-To': '<q@x>' }, j1, j2, { ...j1, Cc: 'j2@b.test' }, j2],
      [false, false, false, true, false, false],
      ['j1@b.test', 'j2@b.test'],
    ],
    [
      'an answer of ours makes him one',
      [j1, j2, { ...ABC, From: 'support@example.com', To: 'j2@b.test' }, j2],
      [false, true, false, false],
      ['j1@b.test', 'j2@b.test'],
    ],
    [
      'trusted mail with the rule’s id is no outsider’s',
      [j1, { ...j2, ...trusted }, j2],
      [false, false, false],
      ['j1@b.test', 'j2@b.test'],
    ],
    [
      'an automatic reply of a stranger is one’s',
      [j1, { ...j2, 'Auto-Submitted': 'auto-replied' }],
      [false, true],
      ['j1@b.test'],
    ],
  ])('%s', async (_, mails, are, people) => {
    const {
      recorded,
      replayed: found,
      lines,
    } = await bothWays(mails.map((each, i) => ({ ...each, ...at(i + 1) })));
    expect(recorded).toMatchObject({ outsiders: are, participants: people });
    expect(found, lines.join('\n')).toEqual(recorded);
    expect(lines.filter((line) => /^(the dry|the second|again|anew|told otherwise)/.test(line))).toEqual([]);
  });

  it('makes no outsider the customer of a case that has none', async () => {
    const { recorded, replayed: found } = await bothWays([
      { ...ABC, From: 'undisclosed', ...at(1) },
      { ...j2, ...at(2) },
    ]);
    expect(recorded).toEqual({ outsiders: [false, true], participants: [], hasCustomer: false });
    expect(found).toEqual(recorded);
  });

  it('is no outsider’s where he has a part by another address, that an earlier mail has told', async () => {
    const C1: Told = { ...trusted, 'x-desk-customer-external-id': 'C1', 'x-shop-customer-external-id': 'C1' };
    await record(
      [
        { From: 'joe@old.example', ...C1, ...at(1) },
        { ...ABC, From: 'shop@example.com', ...C1, 'x-shop-customer-email': 'joe@new.example', ...at(2) },
        { ...ABC, From: 'joe@old.example', ...at(3) },
      ],
      { trust: 'some' },
    );
    const config = await configOfToday({
      rules: [
        { name: 'jira', when: { part: 'subject', matches }, then: { set: { 'case.external_id': '{key}' } } },
      ],
    });
    const lines = await replayed({}, config);
    expect(lines.filter((line) => /outsider|^(the dry|the second|again|anew|told)/.test(line))).toEqual([]);
    expect(await casesOfMails()).toEqual([1, 2, 2]);
    expect(await outsiders()).toEqual([false, false, false]);
    expect(await participants()).toEqual(['joe@new.example', 'joe@old.example']);
  });
});

describe('a mail that stays where it is', () => {
  it('is no outsider’s any more only where a trusted header names the case', async () => {
    const named = { 'x-shop-case-external-id': 'ABC-1', 'In-Reply-To': '<q@x>' };
    await record(
      [
        { ...ann, 'x-desk-case-external-id': 'ABC-1', ...trusted, ...at(1) },
        { ...j2, ...named, ...at(2) },
        { From: 'bob@b.test', ...named, ...trusted, ...at(3) },
      ],
      { trust: 'some' },
    );
    expect(await outsiders()).toEqual([false, true, true]);
    expect(await replayed({}, await today('x-shop-'))).toEqual([
      'mail 3 outsider: true -> false (x-shop-case-external-id)',
      'mail 2 left x-shop-case-external-id: ABC-1: not trusted: so it was found when it came',
    ]);
    expect(await outsiders()).toEqual([false, true, false]);
    expect(await participants()).toEqual(['ann@asker.example', 'bob@b.test']);
  });

  it('is what a person has said, where one has put it there', async () => {
    await record(
      [
        { ...j1, ...at(1) },
        { ...ann, ...at(2) },
        { ...j2, 'In-Reply-To': '<q@x>', ...at(3) },
      ],
      {
        trust: 'none',
      },
    );
    expect(await outsiders()).toEqual([false, false, true]);
    await act((started) => moveInteraction(started, 3, 2, () => false));
    expect(await replayed({}, await today())).toEqual([
      'case 1 external_id: - -> ABC-1 (rule jira)',
      'mail 3 left rule jira: ABC-1: a person has put the mail into this case',
    ]);
    expect(await outsiders()).toEqual([false, false, false]);
  });
});
