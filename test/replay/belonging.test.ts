// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write.
import { beforeEach, describe, expect, it } from 'vitest';
import { mergeCases } from '../../src/desk/merge-cases.ts';
import { mergeCustomers } from '../../src/desk/merge-customers.ts';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import { setCase } from '../../src/desk/set-case.ts';
import type { Told } from '../record/story.ts';
import { useDatabase } from '../support/database.ts';
import { configOfToday, replayOn } from './replaying.ts';

/* Which case a mail is in, which way it went and whose it is. Headers x-desk-… counted when it came, x-shop-… count today. */

const database = useDatabase();
const { query, clear, record, act, casesOfMails, replayed, run } = replayOn(database);

beforeEach(clear);

const ann: Told = { From: 'Ann <ann@asker.example>', Subject: 'Lamp' };
const bob: Told = { From: 'Bob <bob@b.example>', Subject: 'Chair' };
const toAnn: Told = { From: 'support@example.com', To: 'ann@asker.example' };
const at = (minute: number): Told => ({ '@minute': String(minute) });
const ABC: Told = { 'x-shop-case-external-id': 'ABC-1' };
const isOwn = () => false;

const cases = () =>
  query<{ id: number; status: string; external_id: string | null }>(
    'select id, status, external_id, customer_id from cases order by id',
  );

describe('a mail whose external id is new', () => {
  it('gives it to the case that it began; the next ones come into that case, and theirs are closed', async () => {
    await record([
      { ...ann, ...at(1), ...ABC },
      { ...bob, ...at(2), ...ABC },
      { ...bob, ...at(3), ...ABC },
    ]);
    expect(await replayed()).toEqual([
      'case 1 external_id: - -> ABC-1 (x-shop-case-external-id)',
      'case 2 status: new -> closed (its only mail went to another case)',
      'mail 2 case_id: 2 -> 1 (x-shop-case-external-id)',
      'case 3 status: new -> closed (its only mail went to another case)',
      'mail 3 case_id: 3 -> 1 (x-shop-case-external-id)',
    ]);
    expect(await casesOfMails()).toEqual([1, 1, 1]);
    expect(await cases()).toMatchObject([
      { id: 1, status: 'new', external_id: 'ABC-1', customer_id: 1 },
      { id: 2, status: 'closed', external_id: null },
      { id: 3, status: 'closed', external_id: null },
    ]);
    expect(
      await query(`select case_id, old, new, actor, replayed, reason from case_events where field = 'interaction'
        and interaction_id = 2 order by case_id`),
    ).toEqual(
      [1, 2].map((case_id) => ({
        ...{ case_id, old: '2', new: '1', actor: 'Rita', replayed: true },
        reason: 'replay: x-shop-case-external-id',
      })),
    );
  });

  it('in batches too: what one batch has made, the next one finds, and so does a dry run', async () => {
    const mails = Array.from({ length: 120 }, (_, i) => ({
      ...{ From: `p${i}@p.example`, 'Message-ID': `<m${i}@x>`, ...at(i) },
      'x-shop-case-external-id': `E-${i % 3}`,
      'x-shop-customer-email': `joe${i % 5}@joe.example`,
      'x-shop-customer-company': `Company ${i}`,
      'x-shop-case-custom-last': String(i),
    }));
    await record(mails);
    const lines = await replayed();
    expect(lines.filter((line) => /told|dry|second|again|anew/.test(line))).toEqual([]);
    expect(await query(`select count(*) as n from cases where status <> 'closed'`)).toEqual([{ n: 3 }]);
    expect(
      await query(`select external_id, custom_fields ->> 'last' as last from cases
        where external_id is not null order by 1`),
    ).toEqual([
      { external_id: 'E-0', last: '117' },
      { external_id: 'E-1', last: '118' },
      { external_id: 'E-2', last: '119' },
    ]);
    expect(
      await query(`select company from customers where company is not null order by length(company), 1`),
    ).toEqual(Array.from({ length: 5 }, (_, i) => ({ company: `Company ${115 + i}` })));
  }, 60_000);

  it('begins a case of its own where it did not begin the one that it is in, with the status of that one', async () => {
    await record([
      { ...ann, ...at(1), 'Message-ID': '<q@x>', 'x-desk-case-status': 'resolved' },
      {
        ...toAnn,
        ...ABC,
        ...at(2),
        'In-Reply-To': '<q@x>',
        'x-desk-case-labels': 'before',
        'x-shop-case-labels': 'lamp',
      },
    ]);
    expect(await replayed()).toEqual([
      'mail 2 case_id: 1 -> 2 (x-shop-case-external-id)',
      'case 2 status: - -> resolved (as that of the case that it comes from)',
      'case 2 labels: - -> lamp (x-shop-case-labels)',
    ]);
    expect(await cases()).toMatchObject([
      { id: 1, status: 'resolved' },
      { id: 2, status: 'resolved', external_id: 'ABC-1', customer_id: 1 },
    ]);
  });

  it('brings a question that waits into a case that was settled; what is settled reopens nothing', async () => {
    await record([
      { ...toAnn, ...at(1), 'x-desk-case-external-id': 'ABC-1', 'x-desk-case-status': 'resolved' },
      { ...ann, ...at(3), ...ABC },
      { ...bob, ...at(2), ...ABC, 'x-desk-case-status': 'resolved' },
    ]);
    await run({ until: new Date(3 * 60_000), apply: true });
    expect((await cases())[0]?.status).toBe('resolved');
    expect(await replayed()).toEqual([
      'case 1 status: resolved -> open (an inbound mail reopens a pending or resolved case)',
      'case 2 status: new -> closed (its only mail went to another case)',
      'mail 2 case_id: 2 -> 1 (x-shop-case-external-id)',
    ]);
  });

  it('says all that it says of the case that it comes to', async () => {
    const said = { 'x-desk-case-priority': '7', 'x-two-case-priority': '7', 'x-two-case-external-id': 'T' };
    await record([
      { ...bob, ...at(1), 'x-desk-case-external-id': 'T' },
      { ...ann, ...at(2), ...said },
    ]);
    expect(await replayed({}, await configOfToday({ headers: { prefix: 'x-two-' } }))).toEqual([
      'case 1 priority: - -> 7 (x-two-case-priority)',
      'case 2 status: new -> closed (its only mail went to another case)',
      'mail 2 case_id: 2 -> 1 (x-two-case-external-id)',
    ]);
  });

  it('makes an older mail the beginning of the case that it comes into', async () => {
    await record([
      { ...bob, ...at(5), 'x-desk-case-external-id': 'ABC-1' },
      { ...ann, ...at(2), ...ABC },
    ]);
    expect(await replayed()).toContain(
      'case 1 received_at: 1970-01-01T00:05:00.000Z -> 1970-01-01T00:02:00.000Z (older mail came into it)',
    );
  });

  it('stays where a person has put it, or has made one case of several, or has said what the case is called', async () => {
    await record([
      { ...ann, ...at(1), 'Message-ID': '<a@x>' },
      { ...bob, ...at(2), ...ABC },
      { ...bob, ...at(3), ...ABC },
      { ...bob, ...at(4), ...ABC },
    ]);
    await act((started) => moveInteraction(started, 2, 1, isOwn));
    await act((started) => mergeCases(started, 1, 3));
    await act((started) =>
      setCase(started, { id: 4 }, { external_id: 'MINE', labels: [], custom_fields: new Map() }),
    );
    expect(await replayed()).toEqual([
      'mail 2 left x-shop-case-external-id: ABC-1: a person has put the mail into this case',
      'mail 3 left x-shop-case-external-id: ABC-1: people have made one case of several here',
      'mail 4 left x-shop-case-external-id: ABC-1: a person has said which external id the case has',
    ]);
    expect(await casesOfMails()).toEqual([1, 1, 1, 4]);
  });

  it('comes into the case that the one with its id was merged into, and no fields of a person change there', async () => {
    await record([
      { ...ann, ...at(1) },
      { ...ann, ...at(2), 'x-desk-case-external-id': 'ABC-1' },
      { ...bob, ...at(3), ...ABC, 'x-shop-case-priority': '9' },
    ]);
    await act((started) => mergeCases(started, 1, 2));
    await act((started) =>
      setCase(started, { id: 1 }, { priority: 2, labels: [], custom_fields: new Map() }),
    );
    expect(await replayed()).toEqual([
      'mail 3 left x-shop-case-priority: 9: a person set it last',
      'case 3 status: new -> closed (its only mail went to another case)',
      'mail 3 case_id: 3 -> 1 (x-shop-case-external-id)',
    ]);
  });

  it('that was moved by a replay is no mail that a person has put there', async () => {
    await record([
      { ...ann, ...at(1), ...ABC, 'x-two-case-external-id': 'TWO-1' },
      { ...bob, ...at(2), ...ABC, 'x-two-case-external-id': 'TWO-2' },
    ]);
    await run({ apply: true });
    expect(await casesOfMails()).toEqual([1, 1]);
    await run({ apply: true }, await configOfToday({ headers: { prefix: 'x-two-' } }));
    expect(await casesOfMails()).toEqual([3, 4]);
    expect(await cases()).toMatchObject([
      { external_id: 'ABC-1', status: 'closed' },
      { external_id: null, status: 'closed' },
      { external_id: 'TWO-1', status: 'new' },
      { external_id: 'TWO-2', status: 'new' },
    ]);
  });

  it('is no outsider where its external id has put it', async () => {
    await record([
      { ...ann, ...at(1), 'Message-ID': '<q@x>' },
      { ...bob, ...at(2), 'In-Reply-To': '<q@x>', ...ABC },
    ]);
    expect(await query('select outsider from interactions order by id')).toEqual([
      { outsider: false },
      { outsider: true },
    ]);
    expect(await replayed()).toContain('mail 2 outsider: true -> false (x-shop-case-external-id)');
    expect(await query('select address_key from case_participants where case_id = 2')).toEqual([
      { address_key: 'bob@b.example' },
    ]);
  });
});

describe('a mail that turns', () => {
  const shop = { From: 'shop@partner.example', To: 'support@example.com, joe@customer.example' };

  it('is of whom it is to; the lifecycle is as it would have been', async () => {
    await record([{ ...shop, 'x-shop-interaction-direction': 'out' }]);
    expect(await replayed()).toEqual([
      'case 1 status: new -> pending (an outbound mail in a new case)',
      'case 1 customer_id: 1 -> 2 (the mail says whose it is)',
      'mail 1 direction: in -> out (x-shop-interaction-direction)',
      'mail 1 customer_id: 1 -> 2 (x-shop-interaction-direction)',
      'customer 2 address: - -> joe@customer.example (x-shop-interaction-direction)',
    ]);
    expect(await query('select direction, customer_id from interactions')).toEqual([
      { direction: 'out', customer_id: 2 },
    ]);
  });

  it('in reopens nothing that was settled since', async () => {
    await record([
      { ...toAnn, ...at(1), 'Message-ID': '<o@x>', 'x-shop-interaction-direction': 'in' },
      { ...toAnn, ...at(2), 'In-Reply-To': '<o@x>', 'x-desk-case-status': 'resolved' },
    ]);
    expect(await replayed()).toEqual([
      'case 1 customer_id: 1 -> 2 (the mail says whose it is)',
      'mail 1 direction: out -> in (x-shop-interaction-direction)',
      // A colleague's, where nobody else is said to have written it.
      'mail 1 customer_id: 1 -> 2 (x-shop-interaction-direction)',
      'customer 2 address: - -> support@example.com (x-shop-interaction-direction)',
    ]);
  });
});

describe('what a mail says of its customer', () => {
  const named = { ...bob, 'x-shop-customer-email': 'Joe Customer <joe@customer.example>' };

  it('makes it his, and the case that it began; another case keeps its customer', async () => {
    await record([
      { ...named, ...at(1) },
      { ...ann, ...at(2), 'Message-ID': '<a@x>' },
      { ...named, ...at(3), 'In-Reply-To': '<a@x>' },
    ]);
    expect(await replayed()).toEqual([
      'case 1 customer_id: 1 -> 3 (the mail says whose it is)',
      'mail 1 customer_id: 1 -> 3 (x-shop-customer-email)',
      'mail 3 customer_id: 1 -> 3 (x-shop-customer-email)',
      'customer 3 first_name: - -> Joe (x-shop-customer-email)',
      'customer 3 last_name: - -> Customer (x-shop-customer-email)',
      'customer 3 address: - -> joe@customer.example (x-shop-customer-email)',
    ]);
    expect(
      await query(`select field, new, actor, replayed, reason from customer_events order by id limit 1`),
    ).toEqual([
      {
        ...{ field: 'first_name', new: 'Joe', actor: 'Rita', replayed: true },
        reason: 'replay: x-shop-customer-email',
      },
    ]);
  });

  it('leaves a case the customer whom a person gave it', async () => {
    await record([named, ann]);
    await act((started) =>
      setCase(
        started,
        { id: 1 },
        { customer: { address: 'ann@asker.example' }, labels: [], custom_fields: new Map() },
      ),
    );
    await run({ apply: true });
    expect((await cases())[0]).toMatchObject({ customer_id: 2 });
    expect(await query('select customer_id from interactions where id = 1')).toEqual([{ customer_id: 3 }]);
  });

  it('stays where a person set it last, and where a newer mail of his has said it', async () => {
    await record([
      { ...ann, ...at(1), 'x-shop-customer-company': 'Old', 'x-shop-customer-phone': '1' },
      { ...ann, ...at(2), 'x-desk-customer-phone': '2' },
      { ...bob, ...at(3), 'x-desk-customer-company': 'Bob Ltd' },
      { ...ann, ...at(4), 'x-shop-customer-phone': '4' },
    ]);
    // Who stays takes what he lacks: that is a person's word.
    await act((started) => mergeCustomers(started, { id: 1 }, { id: 2 }));
    expect(await replayed()).toEqual([
      'mail 1 left x-shop-customer-company: Old: a person set it last',
      'mail 1 left x-shop-customer-phone: 1: a newer mail has said it since',
      'customer 1 phone: 2 -> 4 (x-shop-customer-phone)',
    ]);
  });

  it('adds nothing by a rule to a list that a person gave him, though the mail itself says what is there', async () => {
    await record([
      { ...ann, ...at(1), 'x-shop-customer-custom-tags': 'y' },
      { ...bob, ...at(2), 'x-desk-customer-custom-tags': 'y' },
    ]);
    await act((started) => mergeCustomers(started, { id: 1 }, { id: 2 }));
    const when = { part: 'subject', equals: 'Lamp' };
    const rules = [{ name: 'more', when, then: { add: { 'customer.custom_fields.tags': ['z'] } } }];
    const lines = await replayed({}, await configOfToday({ rules }));
    expect(lines).toContain('mail 1 left rule more: z: a person set it last');
    expect(await query('select custom_fields from customers where id = 1')).toEqual([
      { custom_fields: { tags: 'y' } },
    ]);
  });

  it('is refused as it is of mail that comes', async () => {
    await record([
      { ...ann, 'x-desk-customer-external-id': 'C-1' },
      { ...bob, 'x-shop-customer-external-id': 'C-1', 'x-shop-customer-company': 'B' },
      { From: 'undisclosed', 'x-shop-customer-company': 'C' },
    ]);
    expect(await replayed()).toEqual([
      'mail 2 left x-shop-customer-external-id: C-1: the address belongs to another customer than this id',
      'mail 3 left x-shop-customer-company: C: the mail has no customer: no usable address in it',
      'customer 2 company: - -> B (x-shop-customer-company)',
    ]);
  });

  it('whose address is nobody’s belongs to the customer with the external id', async () => {
    await record([
      { ...ann, 'x-desk-customer-external-id': 'C-1' },
      { From: 'undisclosed', 'x-shop-customer-external-id': 'C-1', 'x-shop-customer-company': 'A' },
    ]);
    expect(await replayed()).toEqual([
      'case 2 customer_id: - -> 1 (the mail says whose it is)',
      'mail 2 customer_id: - -> 1 (x-shop-customer-external-id)',
      'customer 1 company: - -> A (x-shop-customer-company)',
    ]);
  });
});

it('what a mail says of itself', async () => {
  await record([
    {
      ...ann,
      ...{ 'x-desk-interaction-city': 'Lund', 'x-shop-interaction-city': 'Malmö' },
      ...{ 'x-desk-interaction-region': 'Skåne', 'x-shop-interaction-ip-address': '2001:DB8::1' },
      ...{ 'x-shop-interaction-lat': '55.60', 'x-shop-interaction-country-code': 'se' },
    },
  ]);
  expect(await replayed()).toEqual([
    'mail 1 city: Lund -> Malmö (x-shop-interaction-city)',
    'mail 1 ip_address: - -> 2001:DB8::1 (x-shop-interaction-ip-address)',
    'mail 1 latitude: - -> 55.6 (x-shop-interaction-lat)',
    'mail 1 country_code: - -> SE (x-shop-interaction-country-code)',
  ]);
  expect(
    await query('select city, region, host(ip_address) as ip, latitude, country_code from interactions'),
  ).toEqual([{ city: 'Malmö', region: 'Skåne', ip: '2001:db8::1', latitude: 55.6, country_code: 'SE' }]);
});
