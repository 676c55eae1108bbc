// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write, and no promise.
import { describe, expect, it } from 'vitest';
import type { RuleConfig } from '../../src/rules/rule.ts';
import { useDatabase } from '../support/database.ts';
import { storyOn } from './stored-story.ts';
import type { Told } from './story.ts';

const story = storyOn(useDatabase());

const ann = { From: 'Ann <ann@asker.example>' };
const toAnn = { From: 'support@example.com', To: 'ann@asker.example' };
const many = (count: number, told: Told, from = 1): Told[] =>
  Array.from({ length: count }, (_, i) => ({ ...told, Subject: `${i}`, '@minute': String(from + i) }));

describe('a flood', () => {
  const flood = { messages: 3, window: 3_600_000 };
  const flooded = (mails: readonly Told[], trust: 'all' | 'none' | 'some' = 'none') =>
    story(mails, { trust, policy: { flood } });

  it('neither creates nor reopens: it lies in the latest case, and says so', async () => {
    const told = await flooded([...many(3, ann), ...many(3, ann, 10)]);
    expect(told.mails.map((each) => each.case)).toEqual([0, 1, 2, 2, 2, 2]);
    expect(told.refused).toHaveLength(3);
    expect(told.refused[0]).toMatch(/flood: a flood: more than 3 mails/);
    expect(told.plan.floods).toHaveLength(3);
  });

  it('reopens nothing, also where it answers', async () => {
    const resolved = { ...toAnn, 'Message-ID': '<r@x>', '@minute': '1' };
    const told = await flooded([
      resolved,
      ...many(3, ann, 2),
      { ...ann, 'In-Reply-To': '<r@x>', '@minute': '9' },
    ]);
    expect(told.cases[0]).toMatchObject({ status: 'pending' });
    expect(told.mails.at(-1)?.case).toBe(3);
  });

  it.each<[name: string, mails: Told[], cases: number]>([
    ['as many as allowed are none', many(3, ann), 3],
    ['one more is', many(4, ann), 3],
    [
      'read in another order than that of their time',
      many(5, ann).map((each, i) => ({ ...each, '@minute': String(50 - i) })),
      3,
    ],
    ['an hour later it is over', [...many(3, ann), ...many(1, ann, 70)], 4],
    ['each customer counts alone', [...many(3, ann), ...many(3, { From: 'bob@b.example' }, 10)], 6],
    ['outbound mail counts for nothing', [...many(5, toAnn), ...many(3, ann, 10)], 8],
    ['automatic replies are one too', many(9, { ...ann, 'Auto-Submitted': 'auto-replied' }), 3],
    ['mail without a customer is nobody’s flood', many(5, { From: 'undisclosed' }), 5],
  ])('%s', async (_, mails, cases) => {
    expect((await flooded(mails)).cases).toHaveLength(cases);
  });

  it('trusted mail is none, and does not count', async () => {
    const trusted = many(9, { ...ann, '@trusted': 'yes' });
    expect((await flooded([...trusted, ...many(3, ann, 10)], 'some')).cases).toHaveLength(12);
  });

  it('a mail that a copy has shown to be trusted counts no more', async () => {
    const first = { ...ann, 'Message-ID': '<first@asker.example>', '@minute': '1' };
    const told = await flooded([first, { ...first, '@trusted': 'yes' }, ...many(3, ann, 2)], 'some');
    expect(told.cases).toHaveLength(4);
    expect(told.plan.floods).toHaveLength(0);
  });

  it('mail whose case a rule names by an external id that there is joins it, and reopens it only where a rule says so', async () => {
    const rules: RuleConfig[] = [
      {
        name: 'alarm',
        when: { part: 'subject', matches: '#(?<id>\\d+)' },
        then: { set: { 'case.external_id': ['alarm-{id}'], 'case.priority': ['7'] } },
      },
      {
        name: 'over',
        when: { part: 'subject', starts_with: 'RECOVERY' },
        then: { set: { 'case.status': ['resolved'] } },
      },
    ];
    const alarm = (Subject: string, minute: number) => ({ ...ann, Subject, '@minute': String(minute) });
    const told = await story(
      [
        ...[1, 2, 3].map((n) => alarm(`DOWN #${n}`, n)),
        alarm('RECOVERY #1', 4),
        alarm('still #1', 5),
        alarm('DOWN #4', 6),
      ],
      { trust: 'none', rules, policy: { flood } },
    );
    expect(told.mails.map((each) => each.case)).toEqual([0, 1, 2, 0, 0, 2]);
    expect(told.cases.map(({ status }) => status)).toEqual(['resolved', 'new', 'new']);
    expect(told.plan.floods).toHaveLength(3);
    const { applied, refused } = told.plan.interactions[5]?.incoming.directives ?? {};
    expect(applied).toEqual([]);
    expect(refused?.map(({ by, value }) => `${by}: ${value}`)).toEqual([
      'rule alarm: alarm-4',
      'rule alarm: 7',
      'flood: ',
    ]);
  });

  it('an import is none', async () => {
    const told = await story(many(9, ann), { policy: { flood, importing: { status: 'closed' } } });
    expect(told.cases).toHaveLength(9);
  });
});

describe('a trusted copy of an untrusted mail', () => {
  const copy = {
    ...{ From: 'shop@example.com', To: 'support@example.com', Date: 'Mon, 09 Nov 2026 08:15:00 +0000' },
    ...{ 'Message-ID': '<order@shop.example>', Subject: 'Order' },
    'x-desk-customer-email': 'Joe Customer <joe@customer.example>',
    'x-desk-interaction-direction': 'out',
    'x-desk-interaction-city': 'Malmö',
    'x-desk-case-external-id': 'ORDER-1',
    'x-desk-case-status': 'resolved',
    'x-desk-case-labels': 'order',
  };
  const trusted = { ...copy, '@trusted': 'yes' };
  const some = (mails: readonly Told[]) => story(mails, { trust: 'some' });

  it('applies its headers, as if it had come first', async () => {
    const told = await some([copy, trusted]);
    expect(told.plan.receipts.map(({ outcome }) => outcome)).toEqual(['recorded', 'duplicate']);
    expect(told.mails).toEqual([{ case: 0, customer: 'joe@customer.example', outsider: false }]);
    expect(told.customersOfCases).toEqual(['joe@customer.example']);
    expect(told.cases).toEqual([{ status: 'resolved', mails: 1, follows: undefined }]);
    const [interaction] = told.plan.interactions;
    expect(interaction?.incoming).toMatchObject({ trusted: true, direction: 'out' });
    expect(interaction?.incoming.directives.interaction.city).toBe('Malmö');
    expect(interaction?.supportCase).toMatchObject({ external_id: 'ORDER-1', labels: ['order'] });
    expect(told.events).toEqual([
      'status: null -> new',
      'external_id: null -> ORDER-1',
      'customer_id: shop@example.com -> joe@customer.example',
      'status: new -> resolved',
      'labels: null -> order',
    ]);
    expect(told.refused).toEqual([]);
  });

  it('once: a second one changes nothing, whatever was done since', async () => {
    const reply = { From: 'joe@customer.example', 'In-Reply-To': '<order@shop.example>' };
    const told = await some([copy, trusted, reply, trusted]);
    expect(told.cases).toEqual([{ status: 'open', mails: 2, follows: undefined }]);
    expect(told.plan.receipts.map(({ outcome }) => outcome)).toEqual([
      'recorded',
      'duplicate',
      'recorded',
      'duplicate',
    ]);
  });

  it('once: a second one does not undo what a later mail has said', async () => {
    const first = { ...copy, 'x-desk-case-priority': '3' };
    const again = { ...first, '@trusted': 'yes' };
    const later = {
      ...toAnn,
      '@trusted': 'yes',
      'x-desk-case-external-id': 'ORDER-1',
      'x-desk-case-priority': '9',
    };
    const told = await some([first, again, later, again]);
    expect(told.events.filter((event) => event.startsWith('priority'))).toEqual([
      'priority: null -> 3',
      'priority: 3 -> 9',
    ]);
  });

  it('an untrusted copy of a trusted mail changes nothing', async () => {
    const told = await some([trusted, copy]);
    expect(told.cases).toEqual([{ status: 'resolved', mails: 1, follows: undefined }]);
    expect(told.events).toEqual(['status: null -> resolved', 'labels: null -> order']);
  });

  it('moves the mail into the case that its external id names; a case that it leaves empty is closed', async () => {
    const earlier = { ...toAnn, '@trusted': 'yes', 'x-desk-case-external-id': 'ORDER-1' };
    const told = await some([earlier, copy, trusted]);
    expect(told.mails.map((each) => each.case)).toEqual([0, 0]);
    const left = [...told.plan.cases].filter((each) => each.external_id === null);
    expect(left.map(({ status }) => status)).toEqual(['closed']);
  });

  it('leaves a case that goes on without it as it is', async () => {
    const earlier = { ...toAnn, '@trusted': 'yes', 'x-desk-case-external-id': 'ORDER-1' };
    const reply = { From: 'shop@example.com', 'In-Reply-To': '<order@shop.example>', Subject: 'Also' };
    const told = await some([earlier, copy, reply, trusted]);
    expect(told.mails.map((each) => each.case)).toEqual([0, 0, 1]);
    expect(told.cases[1]).toMatchObject({ status: 'new' });
  });

  it('that is imported leaves what newer mail has said', async () => {
    const headers = {
      'x-desk-case-priority': '1',
      'x-desk-case-subject': 'Old',
      'x-desk-case-language': 'sv',
    };
    const { 'x-desk-case-status': _status, ...plain } = copy;
    const newer = { ...toAnn, '@trusted': 'yes', '@minute': '90', 'x-desk-case-external-id': 'ORDER-1' };
    const told = await story(
      [
        { ...plain, ...headers, '@minute': '10' },
        { ...newer, 'x-desk-case-priority': '9', 'x-desk-case-subject': 'New' },
        { ...plain, ...headers, '@trusted': 'yes', '@minute': '10' },
      ],
      { trust: 'some', policy: { importing: { status: 'closed' } } },
    );
    const [named] = [...told.plan.cases].filter((each) => each.external_id === 'ORDER-1');
    expect(named).toMatchObject({ priority: 9, subject: 'New', language: 'sv' });
  });

  it('has the effect on the case it moves to that it would have had there', async () => {
    const order = {
      ...toAnn,
      '@trusted': 'yes',
      'x-desk-case-external-id': 'O',
      'x-desk-case-status': 'resolved',
    };
    const form = {
      ...{
        From: 'www@example.com',
        'Reply-To': 'ann@asker.example',
        Date: copy.Date,
        'Message-ID': '<form@x>',
      },
      'x-desk-case-external-id': 'O',
    };
    const told = await some([order, form, { ...form, '@trusted': 'yes' }]);
    expect(told.mails.map((each) => each.case)).toEqual([0, 0]);
    expect(told.cases[0]).toMatchObject({ status: 'open' });
  });

  it('that says it came in, of a mail that was taken for outbound, opens the case', async () => {
    const { 'x-desk-case-status': _status, 'x-desk-case-external-id': _id, ...plain } = copy;
    const fields = { ...plain, To: 'joe@customer.example', 'x-desk-interaction-direction': 'in' };
    const told = await some([fields, { ...fields, '@trusted': 'yes' }]);
    expect(told.cases).toEqual([{ status: 'open', mails: 1, follows: undefined }]);
    expect(told.plan.interactions[0]?.incoming.direction).toBe('in');
  });

  it('that comes late resolves and closes nothing over a question that came since', async () => {
    const { 'x-desk-case-external-id': _id, ...order } = copy;
    const mails = [
      { ...order, To: 'joe@customer.example', '@minute': '1' },
      { From: 'joe@customer.example', 'In-Reply-To': '<order@shop.example>', '@minute': '5' },
      { ...order, To: 'joe@customer.example', '@trusted': 'yes', '@minute': '1' },
    ];
    const told = await some(mails);
    expect(told.cases).toEqual([{ status: 'open', mails: 2, follows: undefined }]);
    const [first] = told.plan.interactions;
    expect(first?.incoming.directives.refused).toMatchObject([
      { by: 'x-desk-case-status', value: 'resolved' },
    ]);
  });

  it('that turns a mail to outbound is not overtaken by that mail itself', async () => {
    const { 'x-desk-case-status': _status, 'x-desk-case-external-id': _id, ...plain } = copy;
    const told = await some([
      { ...plain, '@minute': '5' },
      { ...plain, '@trusted': 'yes', '@minute': '4' },
    ]);
    expect(told.cases).toMatchObject([{ status: 'pending' }]);
  });

  it('gives a case without a customer the one that it names', async () => {
    const nobody = { From: 'undisclosed', '@trusted': 'yes', 'x-desk-case-external-id': 'ORDER-1' };
    const told = await some([nobody, copy, trusted]);
    expect(told.customersOfCases).toEqual(['joe@customer.example']);
  });

  it('takes a mail out of the flood that it was counted to', async () => {
    const shop = { From: 'shop@partner.example', To: 'support@example.com' };
    const orders = [1, 2, 3, 4].map((n) => ({
      ...{
        ...shop,
        Date: copy.Date,
        'Message-ID': `<o${n}@x>`,
        'x-desk-customer-email': `joe${n}@j.example`,
      },
      ...{ 'x-desk-interaction-direction': 'out', 'x-desk-case-status': 'closed' },
    }));
    const told = await story([...orders, { ...(orders[3] ?? {}), '@trusted': 'yes' }], {
      ...{ trust: 'some', policy: { flood: { messages: 2, window: 3_600_000 } } },
    });
    expect(told.mails.map((each) => each.case)).toEqual([0, 1, 1, 2]);
    expect(told.cases.map(({ status }) => status)).toEqual(['new', 'new', 'closed']);
    expect(told.mails[3]).toMatchObject({ customer: 'joe4@j.example' });
  });

  it('two that leave one case together close it; one that comes into it keeps it', async () => {
    const named = { ...toAnn, '@trusted': 'yes', 'x-desk-case-external-id': 'E' };
    const mails = ['a', 'b'].map((name) => ({
      ...{ ...ann, Date: copy.Date, 'Message-ID': `<${name}@x>`, 'x-desk-case-external-id': 'E' },
      ...(name === 'b' && { 'In-Reply-To': '<a@x>' }),
    }));
    const copies = mails.map((each) => ({ ...each, '@trusted': 'yes' }));
    const told = await some([named, ...mails, ...copies]);
    expect(told.mails.map((each) => each.case)).toEqual([0, 0, 0]);
    const left = [...told.plan.cases].filter((each) => each.external_id === null);
    expect(left.map(({ status }) => status)).toEqual(['closed']);
  });

  it('that is imported takes no open question into another case', async () => {
    const { 'x-desk-case-status': _status, ...question } = copy;
    const told = await story(
      [
        { ...toAnn, '@trusted': 'yes', 'x-desk-case-external-id': 'ORDER-1', 'x-desk-case-status': 'open' },
        { ...question, 'x-desk-case-status': 'open' },
        { ...question, 'x-desk-case-status': 'open', '@trusted': 'yes' },
      ],
      { trust: 'some', policy: { importing: { status: 'new' } } },
    );
    expect(told.mails.map((each) => each.case)).toEqual([0, 1]);
  });

  it('does not reopen what was answered meanwhile', async () => {
    const fields = { ...ann, 'Message-ID': '<p@x>', Date: copy.Date, 'x-desk-case-priority': '9' };
    const answer = { ...toAnn, 'In-Reply-To': '<p@x>' };
    const told = await some([fields, answer, { ...fields, '@trusted': 'yes' }]);
    expect(told.cases).toEqual([{ status: 'pending', mails: 2, follows: undefined }]);
    expect([...told.plan.cases][0]).toMatchObject({ priority: 9 });
  });
});

describe('old mail that is imported', () => {
  const at = (minute: number) => ({ '@minute': String(minute) });
  const imported = (mails: readonly Told[], status: 'closed' | null = 'closed') =>
    story(mails, { policy: { importing: { status: status ?? undefined } } });
  const q = { ...ann, 'Message-ID': '<q@x>' };

  it('begins cases with the status that was asked for, and a thread stays one case', async () => {
    const told = await imported([
      { ...q, ...at(1) },
      { ...toAnn, 'Message-ID': '<a@x>', 'In-Reply-To': '<q@x>', ...at(2) },
      { ...ann, References: '<q@x> <a@x>', ...at(3) },
    ]);
    expect(told.cases).toEqual([{ status: 'closed', mails: 3, follows: undefined }]);
    expect(told.events).toEqual(['status: null -> closed']);
  });

  it('reopens nothing, with the ordinary beginning too', async () => {
    const told = await imported(
      [
        { ...toAnn, 'Message-ID': '<a@x>', ...at(1) },
        { ...ann, 'In-Reply-To': '<a@x>', ...at(2) },
      ],
      null,
    );
    expect(told.cases).toEqual([{ status: 'pending', mails: 2, follows: undefined }]);
  });

  it('a status that a trusted header says wins', async () => {
    const told = await imported([{ ...q, 'x-desk-case-status': 'open' }]);
    expect(told.cases).toMatchObject([{ status: 'open' }]);
  });

  it('does not undo what newer mail has said of case and customer', async () => {
    const order = (minute: number, more: Told) => ({
      ...toAnn,
      'x-desk-case-external-id': 'O',
      ...at(minute),
      ...more,
    });
    const told = await imported([
      order(50, {
        'x-desk-case-status': 'resolved',
        'x-desk-case-priority': '2',
        'x-desk-customer-phone': 'new',
      }),
      order(10, {
        ...{ 'x-desk-case-status': 'open', 'x-desk-case-priority': '9', 'x-desk-customer-phone': 'old' },
        ...{
          'x-desk-case-language': 'sv',
          'x-desk-case-labels': 'early',
          'x-desk-customer-company': 'Lamps',
        },
      }),
    ]);
    const [supportCase] = told.plan.cases;
    expect(supportCase).toMatchObject({ status: 'resolved', priority: 2, language: 'sv', labels: ['early'] });
    expect([...told.plan.customers][0]).toMatchObject({ phone: 'new', company: 'Lamps' });
    expect(told.refused).toEqual(['x-desk-case-status: imported, and the case has newer mail']);
  });
});

describe('a trusted copy of a mail of somebody who has had no part', () => {
  it('that leads a flood to the case of what it answers is there what it would have been', async () => {
    const asked = { ...toAnn, 'Message-ID': '<n@x>', '@minute': '1' };
    const eve = { From: 'eve@evil.example', Date: 'Mon, 09 Nov 2026 08:15:00 +0000' };
    const last = { ...eve, 'Message-ID': '<last@x>', 'In-Reply-To': '<n@x>', '@minute': '9' };
    const flood = { messages: 3, window: 3_600_000 };
    const told = await story([asked, ...many(3, eve, 2), last, { ...last, '@trusted': 'yes' }], {
      ...{ trust: 'some', policy: { flood } },
    });
    expect(told.mails.at(-1)).toMatchObject({ case: 0, outsider: true });
    const [theirs] = told.plan.interactions.map(({ supportCase }) => supportCase);
    const parts = told.plan.participants.filter(({ supportCase }) => supportCase === theirs);
    expect(parts.map(({ key }) => key)).toEqual(['ann@asker.example']);
    const { decided } = told.plan.interactions.at(-1)?.incoming.directives ?? {};
    expect(decided?.map(({ what }) => what)).toContain('outsider');
  });

  it('makes no outsider the customer of a case that has none', async () => {
    const nobody = { From: 'undisclosed', 'Message-ID': '<n@x>' };
    const eve = { From: 'eve@evil.example', Date: 'Mon, 09 Nov 2026 08:15:00 +0000', 'Message-ID': '<e@x>' };
    const answer = { ...eve, 'In-Reply-To': '<n@x>', 'x-desk-case-priority': '7' };
    const told = await story([nobody, answer, { ...answer, '@trusted': 'yes' }], { trust: 'some' });
    expect(told.mails[1]).toMatchObject({ case: 0, outsider: true });
    expect(told.customersOfCases).toEqual([undefined]);
    expect(told.plan.participants).toEqual([]);
  });
});
