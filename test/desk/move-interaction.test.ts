import { beforeEach, describe, expect, it } from 'vitest';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import { peopleOf } from '../../src/desk/people.ts';
import { ownMatcher } from '../../src/message/addresses.ts';
import { useDatabase } from '../support/database.ts';
import { deskOn, lines } from './desk.ts';

const desk = deskOn(useDatabase());

beforeEach(() => desk.clear());

const isOwn = ownMatcher(['example.com']);
const ann = { From: 'Ann Asker <ann@asker.example>' };
const bob = { From: 'Bob <bob@b.example>' };
const toAnn = { From: 'support@example.com', To: 'ann@asker.example' };
const at = (minute: number) => new Date(minute * 60_000).toISOString();
const move = (interaction: number, target: number | 'new', acting = {}) =>
  desk.act((act) => moveInteraction(act, interaction, target, isOwn), acting);
const cases = () => desk.query('select id, status, received_at, customer_id, subject from cases order by id');
const participants = async (id: number) =>
  (
    await desk.query<{ address_key: string }>(
      `select address_key from case_participants where case_id = ${id} order by 1`,
    )
  ).map((row) => row.address_key);

describe('case move', () => {
  it('an answer to what was moved comes where it lies now', async () => {
    await desk.record([
      { ...ann, '@minute': '1', 'Message-ID': '<a@x>' },
      { ...ann, '@minute': '2', 'Message-ID': '<b@x>', 'In-Reply-To': '<a@x>' },
      { ...ann, '@minute': '3', 'Message-ID': '<c@x>' },
    ]);
    expect(lines(await move(2, 2))).toEqual([
      'interaction 2 case_id: 1 -> 2',
      `case 2 received_at: ${at(3)} -> ${at(2)}`,
    ]);
    await desk.record([
      { ...ann, 'In-Reply-To': '<b@x>' },
      { ...ann, 'In-Reply-To': '<a@x>' },
    ]);
    expect(await desk.casesOfMails()).toEqual([1, 2, 2, 2, 1]);
    expect(await desk.deeds('case', 1)).toEqual(['interaction: 1 -> 2 by Ann Agent']);
    expect(await desk.deeds('case', 2)).toEqual([
      'interaction: 1 -> 2 by Ann Agent',
      `received_at: ${at(3)} -> ${at(2)} by Ann Agent`,
    ]);
    expect(
      await desk.query(
        `select distinct interaction_id from case_events where field = 'interaction' and actor is not null`,
      ),
    ).toEqual([{ interaction_id: 2 }]);
  });

  it('the first of a case leaves it to begin with the next; an empty one is closed', async () => {
    await desk.record([
      { ...ann, '@minute': '1', 'Message-ID': '<a@x>' },
      { ...ann, '@minute': '5', 'In-Reply-To': '<a@x>' },
      { ...ann, '@minute': '3' },
    ]);
    expect(lines(await move(1, 2))).toEqual([
      'interaction 1 case_id: 1 -> 2',
      `case 1 received_at: ${at(1)} -> ${at(5)}`,
      `case 2 received_at: ${at(3)} -> ${at(1)}`,
    ]);
    expect(lines(await move(2, 2))).toEqual([
      'interaction 2 case_id: 1 -> 2',
      'case 1 status: new -> closed',
    ]);
    expect(await desk.query('select closed_at is not null as closed from cases order by id')).toEqual([
      { closed: true },
      { closed: false },
    ]);
    // Back into the empty one: it begins with what it holds.
    expect(lines(await move(2, 1))).toEqual(['interaction 2 case_id: 2 -> 1']);
    expect(lines(await move(3, 1))).toContain(`case 1 received_at: ${at(5)} -> ${at(3)}`);
    expect(await cases()).toMatchObject([
      { id: 1, status: 'closed' },
      { id: 2, status: 'new' },
    ]);
  });

  it('an outsider who is welcome becomes the customer of a case that has none', async () => {
    await desk.record([
      { From: 'support@example.com', To: 'undisclosed-recipients:;', 'Message-ID': '<all@x>' },
      { From: 'Kim <kim@k.example>', 'In-Reply-To': '<all@x>' },
    ]);
    await move(2, 1);
    const customers = 'select customer_id is not null as known from cases where id = 1';
    expect(await desk.query(customers)).toEqual([{ known: true }]);
  });

  it('an outsider is none where a person says he belongs, also where he lies already', async () => {
    await desk.record([
      { ...ann, 'Message-ID': '<a@x>' },
      { ...bob, 'In-Reply-To': '<a@x>', 'Message-ID': '<b@x>', Cc: 'carl@c.example, postmaster@c.example' },
    ]);
    expect(await participants(1)).toEqual(['ann@asker.example']);
    expect(lines(await move(2, 1))).toEqual(['interaction 2 outsider: true -> false']);
    expect(await participants(1)).toEqual(['ann@asker.example', 'bob@b.example', 'carl@c.example']);
    expect(await desk.deeds('case', 1)).toEqual(['outsider: true -> false by Ann Agent']);
    expect(await move(2, 1)).toEqual([]);
    await desk.record([{ ...bob, 'In-Reply-To': '<b@x>' }]);
    expect(await desk.query('select case_id, outsider from interactions where id = 3')).toEqual([
      { case_id: 1, outsider: false },
    ]);
  });

  it.each([
    ['inbound', { ...ann, Subject: 'Split' }, 'new', 1],
    ['outbound', { ...toAnn, Subject: 'Split' }, 'pending', 1],
    ['automatic', { ...ann, Subject: 'Split', 'Auto-Submitted': 'auto-replied' }, 'closed', 1],
    ['without a customer', { From: 'nobody', Subject: 'Split' }, 'new', null],
  ])('a new case begins as the mail would have begun it: %s', async (_, told, status, customer) => {
    await desk.record([
      { ...ann, '@minute': '1', Subject: 'First', 'x-desk-case-external-id': 'X' },
      { ...told, '@minute': '7', 'Message-ID': '<s@x>', 'x-desk-case-external-id': 'X' },
    ]);
    expect(lines(await move(2, 'new'))).toEqual([
      `case 2 status: - -> ${status}`,
      'interaction 2 case_id: 1 -> 2',
    ]);
    expect((await cases())[1]).toEqual({
      ...{ id: 2, status, customer_id: customer, subject: 'Split' },
      received_at: new Date(7 * 60_000),
    });
    expect(await desk.deeds('case', 2)).toEqual([
      `status: - -> ${status} by Ann Agent`,
      'interaction: 1 -> 2 by Ann Agent',
    ]);
    expect(await participants(2)).toEqual(customer === null ? [] : ['ann@asker.example']);
  });

  it('moves no status, also not into a closed case', async () => {
    await desk.record([ann, { ...ann, 'x-desk-case-status': 'closed' }, ann]);
    await move(1, 2);
    expect(await cases()).toMatchObject([{ status: 'closed' }, { status: 'closed' }, { status: 'new' }]);
  });

  it('a case without a customer gets that of the mail', async () => {
    await desk.record([{ From: 'nobody' }, ann]);
    expect(lines(await move(2, 1))).toContain('case 1 customer_id: - -> 1');
  });

  it('but not that of a mail that wrote itself', async () => {
    await desk.record([{ From: 'nobody' }, { ...ann, 'Auto-Submitted': 'auto-replied' }]);
    expect(lines(await move(2, 1))).toEqual(['interaction 2 case_id: 2 -> 1']);
    expect(await desk.query('select customer_id from cases where id = 1')).toEqual([{ customer_id: null }]);
  });

  it('says with what is changed by it that it was moved', async () => {
    await desk.record([{ ...ann, '@minute': '5' }, { ...ann, '@minute': '3' }, ann]);
    await move(2, 1);
    await move(3, 'new');
    expect(
      await desk.query(
        'select case_id, field, interaction_id, reason from case_events where actor is not null order by id',
      ),
    ).toEqual([
      { case_id: 2, field: 'interaction', interaction_id: 2, reason: null },
      { case_id: 1, field: 'interaction', interaction_id: 2, reason: null },
      { case_id: 2, field: 'status', interaction_id: null, reason: 'interaction 2 was moved away' },
      { case_id: 1, field: 'received_at', interaction_id: null, reason: 'interaction 2 was moved into it' },
      { case_id: 4, field: 'status', interaction_id: null, reason: 'interaction 3 of case 3 began it' },
      { case_id: 3, field: 'interaction', interaction_id: 3, reason: null },
      { case_id: 4, field: 'interaction', interaction_id: 3, reason: null },
      { case_id: 3, field: 'status', interaction_id: null, reason: 'interaction 3 was moved away' },
    ]);
  });

  it('refuses what is not there, and changes nothing', async () => {
    await desk.record([ann]);
    const before = await desk.dump();
    await expect(move(9, 1)).rejects.toThrow('there is no interaction 9: `mailcase case ID` shows');
    await expect(move(1, 9)).rejects.toThrow('there is no case 9');
    expect(await desk.dump()).toEqual(before);
  });

  it('a dry run leaves every table as it was, and names no case that it does not make', async () => {
    await desk.record([ann, bob]);
    const before = await desk.dump();
    expect(lines(await move(1, 'new', { dryRun: true }))).toEqual([
      'case null status: - -> new',
      'interaction 1 case_id: 1 -> -',
      'case 1 status: new -> closed',
    ]);
    const told = await move(1, 2, { dryRun: true });
    expect(await desk.dump()).toEqual(before);
    expect(await move(1, 2)).toEqual(told);
  });
});

describe('who becomes a part of the case', () => {
  const mail = {
    kind: 'mail',
    customer_id: 1,
    from_address: 'Ann@Asker.example',
    reply_to_address: null,
    to_addresses: ['support@example.com', 'carl@c.example'],
    cc_addresses: ['postmaster@c.example', 'ann@asker.example', 'broken'],
  } as const;

  it.each([
    [
      'sender and recipients, each once, no own and no mail system',
      {},
      ['ann@asker.example', 'carl@c.example'],
    ],
    ['of what wrote itself, its customer alone', { kind: 'auto_reply' }, ['ann@asker.example']],
    [
      'a bounce speaks for its customer',
      { kind: 'bounce', from_address: 'mailer-daemon@c.example' },
      ['ann@asker.example'],
    ],
    [
      'the customer by the Reply-To that counted',
      { reply_to_address: 'ann@home.example' },
      ['ann@home.example', 'ann@asker.example', 'carl@c.example'],
    ],
    [
      'a Reply-To of somebody else does not count',
      { reply_to_address: 'eve@e.example' },
      ['ann@asker.example', 'carl@c.example'],
    ],
    ['no From at all', { from_address: null, cc_addresses: [] }, ['ann@asker.example', 'carl@c.example']],
  ] as const)('%s', (_, told, expected) => {
    const keys = ['ann@asker.example', 'ann@home.example'];
    expect(peopleOf({ ...mail, ...told }, keys, isOwn)).toEqual(expected);
  });

  it('a colleague who is the customer is none: own addresses never are', () => {
    const told = { ...mail, from_address: 'colleague@example.com', to_addresses: [], cc_addresses: [] };
    expect(peopleOf(told, ['colleague@example.com'], isOwn)).toEqual([]);
  });

  it('a mailing brings no more than a thousand', () => {
    const to = Array.from({ length: 3_000 }, (_, i) => `a${i}@many.example`);
    expect(peopleOf({ ...mail, to_addresses: to }, ['ann@asker.example'], isOwn)).toHaveLength(1_000);
  });
});
