import { describe, expect, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { storyOn } from './stored-story.ts';
import type { Told } from './story.ts';

const told = storyOn(useDatabase());
const story = (...mails: Told[]) => told(mails);

const ann = { From: 'Ann Asker <ann@asker.example>' };
const toAnn = { From: 'Support <support@example.com>', To: 'Ann Asker <ann@asker.example>' };
const first = { ...ann, 'Message-ID': '<1@x>', Subject: 'Lamp' };
const reply = { 'In-Reply-To': '<1@x>' };

describe('the lifecycle', () => {
  it.each([
    ['inbound begins as new', [first], 'new'],
    ['outbound begins as pending', [{ ...toAnn }], 'pending'],
    ['a header says how it begins', [{ ...toAnn, 'x-desk-case-status': 'new' }], 'new'],
    ['an answer makes a new case pending', [first, { ...toAnn, ...reply }], 'pending'],
    ['a second inbound mail leaves a new case new', [first, { ...ann, ...reply }], 'new'],
    ['inbound reopens pending', [first, { ...toAnn, ...reply }, { ...ann, ...reply, Subject: 'Re' }], 'open'],
    [
      'inbound reopens resolved',
      [
        { ...first, 'x-desk-case-status': 'resolved' },
        { ...ann, ...reply },
      ],
      'open',
    ],
    [
      'outbound reopens nothing',
      [
        { ...first, 'x-desk-case-status': 'resolved' },
        { ...toAnn, ...reply },
      ],
      'resolved',
    ],
    [
      'outbound leaves open open',
      [
        { ...first, 'x-desk-case-status': 'open' },
        { ...toAnn, ...reply },
      ],
      'open',
    ],
    [
      'a status header wins over reopening',
      [
        { ...first, 'x-desk-case-status': 'resolved' },
        { ...ann, ...reply, 'x-desk-case-status': 'resolved' },
      ],
      'resolved',
    ],
    [
      'an automatic reply changes nothing',
      [
        { ...first, 'x-desk-case-status': 'resolved' },
        { ...ann, ...reply, 'Auto-Submitted': 'auto-replied' },
      ],
      'resolved',
    ],
    ['an automatic reply alone is closed', [{ ...ann, 'Auto-Submitted': 'auto-replied' }], 'closed'],
    [
      'a list reopens nothing',
      [
        { ...first, 'x-desk-case-status': 'resolved' },
        { ...ann, ...reply, 'List-Id': '<l.elsewhere.example>' },
      ],
      'resolved',
    ],
  ])('%s', async (_, mails, status) => {
    expect((await story(...(mails as Told[]))).cases.map((each) => each.status)).toEqual([status]);
  });

  it('never goes back to new, and says so', async () => {
    const { cases, refused } = await story(
      { ...toAnn, 'Message-ID': '<1@x>' },
      { ...ann, ...reply, 'x-desk-case-status': 'new' },
    );
    expect(cases).toEqual([{ status: 'open', mails: 2, follows: undefined }]);
    expect(refused).toEqual(['x-desk-case-status: a case never becomes new again']);
  });

  it('stays new where a trusted header says so of a case that still is', async () => {
    const { cases, refused } = await story(first, { ...toAnn, ...reply, 'x-desk-case-status': 'new' });
    expect(cases.map(({ status }) => status)).toEqual(['new']);
    expect(refused).toEqual([]);
  });

  it('makes an event of every change, and of nothing else', async () => {
    const headers = {
      'x-desk-case-labels': 'a, b',
      'x-desk-case-priority': '3',
      'x-desk-case-custom-size': 'XL',
    };
    const again = {
      ...toAnn,
      ...reply,
      'x-desk-case-labels': 'b, c',
      'x-desk-case-priority': '3',
      'x-desk-case-custom-size': 'L',
    };
    expect((await story({ ...first, ...headers }, again)).events).toEqual([
      'status: null -> new',
      'priority: null -> 3',
      'labels: null -> a, b',
      'custom_fields.size: null -> XL',
      'status: new -> pending',
      'labels: a, b -> a, b, c',
      'custom_fields.size: XL -> L',
    ]);
  });
});

describe('which case', () => {
  const id = { 'x-desk-case-external-id': 'order-1' };
  it.each([
    [
      'one external id',
      [
        { ...first, ...id },
        { ...toAnn, ...id },
      ],
      [{ mails: 2 }],
    ],
    [
      'a closed case by its external id, joined and left closed',
      [
        { ...first, ...id, 'x-desk-case-status': 'closed' },
        { ...ann, ...id },
      ],
      [{ mails: 2, status: 'closed' }],
    ],
    [
      'the external id wins over threading',
      [first, { ...ann, ...reply, ...id }],
      [{ mails: 1 }, { mails: 1, follows: undefined }],
    ],
    [
      'References from the last to the first',
      [
        first,
        { ...ann, 'Message-ID': '<2@x>', Subject: 'Other' },
        { ...ann, References: '<1@x> <2@x> <gone@x>' },
      ],
      [{ mails: 1 }, { mails: 2 }],
    ],
    [
      'a closed case is answered by a new one that points back',
      [
        { ...first, 'x-desk-case-status': 'closed' },
        { ...ann, ...reply },
      ],
      [
        { mails: 1, status: 'closed' },
        { mails: 1, status: 'new', follows: 0 },
      ],
    ],
    [
      'a reply to a campaign opens its own case',
      [
        { From: 'news@example.com', To: 'a@one.example', 'Message-ID': '<n1@x>', ...id },
        { From: 'news@example.com', To: 'b@two.example', 'Message-ID': '<n2@x>', ...id },
        { From: 'b@two.example', 'In-Reply-To': '<n2@x>' },
      ],
      [{ mails: 2 }, { mails: 1, follows: 0 }],
    ],
    [
      'a shared Message-ID leads to the one whose customer is the sender',
      [
        { From: 'news@example.com', To: 'a@one.example', 'Message-ID': '<n@x>' },
        { From: 'news@example.com', To: 'b@two.example', 'Message-ID': '<n@x>' },
        { From: 'b@two.example', 'In-Reply-To': '<n@x>' },
      ],
      [{ mails: 1 }, { mails: 2 }],
    ],
    [
      'a shared Message-ID leads a stranger nowhere',
      [
        { From: 'news@example.com', To: 'a@one.example', 'Message-ID': '<n@x>' },
        { From: 'news@example.com', To: 'b@two.example', 'Message-ID': '<n@x>' },
        { From: 'c@three.example', 'In-Reply-To': '<n@x>' },
      ],
      [{ mails: 1 }, { mails: 1 }, { mails: 1, follows: undefined }],
    ],
  ])('%s', async (_, mails, expected) => {
    const { cases } = await story(...(mails as unknown as Told[]));
    expect(cases).toHaveLength(expected.length);
    expect(cases).toMatchObject(expected);
  });
});

describe('which customer', () => {
  const id = (value: string) => ({ 'x-desk-customer-external-id': value });
  const customersOf = async (...mails: Record<string, string>[]) => {
    const { plan, refused } = await story(...mails);
    const customers = [...plan.customers].map((customer) => ({
      name: [customer.first_name, customer.last_name].filter(Boolean).join(' '),
      external_id: customer.external_id,
      addresses: plan.emails.filter((email) => email.customer === customer).map(({ key }) => key),
    }));
    return { customers, refused };
  };

  it('is one for all spellings of an address', async () => {
    const { customers } = await customersOf(ann, { From: 'ANN@Asker.Example' });
    expect(customers).toEqual([{ name: 'Ann Asker', external_id: null, addresses: ['ann@asker.example'] }]);
  });

  it('gets a name from a later mail only where there is none', async () => {
    const { customers } = await customersOf({ From: 'ann@asker.example' }, ann, {
      From: 'Annie Other <ann@asker.example>',
    });
    expect(customers.map(({ name }) => name)).toEqual(['Ann Asker']);
  });

  it('gets the other half of a name from a spelling that agrees with the first', async () => {
    const said = (name: string) => ({ From: `${name} <half@asker.example>` });
    const names = async (...mails: Record<string, string>[]) =>
      (await customersOf(...mails)).customers.map(({ name }) => name);
    expect(await names(said('Joe'), said('Joe Customer'))).toEqual(['Joe Customer']);
    expect(await names(said('Joe'), said('Ann Other'))).toEqual(['Joe']);
  });

  it('gets a second address by the external id', async () => {
    const { customers, refused } = await customersOf(
      { ...ann, ...id('c1') },
      { From: 'ann@work.example', ...id('c1') },
    );
    expect(customers).toEqual([
      { name: 'Ann Asker', external_id: 'c1', addresses: ['ann@asker.example', 'ann@work.example'] },
    ]);
    expect(refused).toEqual([]);
  });

  it("is whom the id names where the website's form writes for all, and the form is nobody's address", async () => {
    const form = { From: 'www@example.com' };
    const { customers, refused } = await customersOf(
      { ...ann, ...id('c1') },
      { ...form, ...id('c1') },
      { ...form, ...id('c2') },
      { ...form, ...id('c2'), Subject: 'again' },
    );
    expect(customers).toEqual([
      { name: 'Ann Asker', external_id: 'c1', addresses: ['ann@asker.example'] },
      { name: '', external_id: 'c2', addresses: [] },
    ]);
    expect(refused).toEqual([]);
  });

  it('keeps its address when the id is another one', async () => {
    const { customers, refused } = await customersOf(
      { ...ann, ...id('c1') },
      { From: 'bob@b.example', ...id('c2') },
      { ...ann, ...id('c2') },
      { ...ann, ...id('c3') },
    );
    expect(customers.map(({ external_id }) => external_id)).toEqual(['c1', 'c2']);
    expect(refused).toEqual([
      'x-desk-customer-external-id: the address belongs to another customer than this id',
      'x-desk-customer-external-id: the customer with this address has another id',
    ]);
  });

  it('is nobody where there is no usable address, and the mail is recorded all the same', async () => {
    const { plan, refused } = await story({
      From: 'undisclosed',
      Subject: 'x',
      'x-desk-customer-phone': '1',
    });
    expect(refused).toEqual(['x-desk-customer-phone: the mail has no customer: no usable address in it']);
    expect(plan.customers.size).toBe(0);
    expect(plan.interactions).toHaveLength(1);
    expect(plan.interactions[0]?.customer).toBeUndefined();
  });

  it('keeps a custom field of any name as a field', async () => {
    const { plan } = await story({
      ...ann,
      'x-desk-customer-custom-constructor': 'c',
      'x-desk-customer-custom-tier': 'gold',
    });
    expect([...plan.customers].map(({ custom_fields }) => Object.entries(custom_fields))).toEqual([
      [
        ['constructor', 'c'],
        ['tier', 'gold'],
      ],
    ]);
  });
});

it('records the second copy of a mail as a duplicate of the first, within one batch', async () => {
  const fields = { ...first, Date: 'Mon, 09 Nov 2026 08:15:00 +0000' };
  const { plan } = await story(fields, { ...fields });
  expect(plan.receipts.map(({ outcome }) => outcome)).toEqual(['recorded', 'duplicate']);
  expect(plan.receipts[1]?.interaction).toBe(plan.interactions[0]);
});

describe('what a case and a customer come to have at most', () => {
  const numbered = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  const labels = (from: number, count: number) =>
    numbered(from, count)
      .map((i) => `l${i}`)
      .join(', ');
  const fields = (owner: string, from: number, count: number) =>
    Object.fromEntries(numbered(from, count).map((i) => [`x-desk-${owner}-custom-k${i}`, 'v']));
  const toCase = (i: number) => ({ ...ann, Subject: `Mail ${i}`, 'x-desk-case-external-id': 'full' });

  it('labels, of several mails', async () => {
    const { refused } = await story(
      { ...toCase(1), 'x-desk-case-labels': labels(0, 99) },
      { ...toCase(2), 'x-desk-case-labels': labels(99, 100) },
      { ...toCase(3), 'x-desk-case-labels': labels(198, 4) },
    );
    expect(refused).toEqual(['x-desk-case-labels: a case has at most 200 labels']);
  });

  it('custom fields, of several mails; one that is there can change', async () => {
    const { refused } = await story(
      ...[0, 1, 2].map((i) => ({
        ...toCase(i),
        ...fields('case', i * 90, 90),
        ...fields('customer', i * 90, 90),
      })),
      { ...toCase(3), 'x-desk-case-custom-k0': 'new', 'x-desk-customer-custom-k0': 'new' },
    );
    expect(refused.filter((each) => each.endsWith('a case has at most 200 custom fields'))).toHaveLength(70);
    expect(refused.filter((each) => each.endsWith('a customer has at most 200 custom fields'))).toHaveLength(
      70,
    );
    expect(refused).toHaveLength(140);
  });
});
