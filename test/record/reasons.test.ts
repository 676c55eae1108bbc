import { describe, expect, it } from 'vitest';
import type { Decided } from '../../src/rules/directives.ts';
import { story, type Telling, type Told } from './story.ts';

const ann = { From: 'Ann <ann@asker.example>' };
const bob = { From: 'Bob <bob@b.example>' };
const toAnn = { From: 'support@example.com', To: 'ann@asker.example' };
const q = { ...ann, 'Message-ID': '<q@x>', Subject: 'Lamp' };
const re = (id: string) => ({ 'In-Reply-To': `<${id}@x>` });
const ooo = { 'Auto-Submitted': 'auto-replied' };
const id = (value: string) => ({ 'x-desk-case-external-id': value });
const status = (value: string) => ({ 'x-desk-case-status': value });

/** What was concluded of the last mail of a story: `value: why`. */
async function lastOf(mails: readonly Told[], telling: Telling = {}): Promise<Record<string, string>> {
  const { plan } = await story(mails, telling);
  const { decided } = plan.interactions.at(-1)?.incoming.directives ?? { decided: [] };
  return Object.fromEntries(decided.map(({ what, value, why }) => [what, `${value}: ${why}`]));
}

type Row = [name: string, mails: Told[], what: Decided['what'], said: string, telling?: Telling];

describe('each conclusion says why', () => {
  it.each<Row>([
    [
      'a header',
      [{ ...ann, 'x-desk-interaction-direction': 'out' }],
      'direction',
      'out: x-desk-interaction-direction says so',
    ],
    [
      'a sent folder',
      [{ ...toAnn, '@role': 'sent' }],
      'direction',
      'out: the folder holds what was sent (role: sent)',
    ],
    [
      'own to another',
      [toAnn],
      'direction',
      'out: From (support@example.com) is own, and ann@asker.example in To or Cc is not',
    ],
    ['a stranger', [ann], 'direction', 'in: From (ann@asker.example) is not own'],
    [
      'a colleague',
      [{ From: 'joe@example.com' }],
      'direction',
      'in: From (joe@example.com) is own, but nobody else is in To and Cc',
    ],
    ['nobody', [{ From: 'nobody' }], 'direction', 'in: there is no usable address in From'],
    [
      'an own list',
      [{ From: 'list@example.com', 'X-Original-From': 'ann@asker.example', To: 'bob@b.example' }],
      'direction',
      'in: From is an own list, and X-Original-From (ann@asker.example) is not own',
    ],
    ['automatic mail', [{ ...ann, ...ooo }], 'kind', 'auto_reply: Auto-Submitted: auto-replied'],
    ['a list', [{ ...ann, 'List-Id': '<l.lists.example>' }], 'kind', 'list: it has a List-Id'],
    [
      'an own list is none',
      [{ ...ann, 'List-Id': '<help.example.com>' }],
      'kind',
      'mail: it came through an own list (help@example.com)',
    ],
    ['From', [ann], 'customer', 'ann@asker.example: inbound: From; a new customer'],
    ['From, once more', [ann, ann], 'customer', 'ann@asker.example: inbound: From; known by this address'],
    [
      'To',
      [toAnn],
      'customer',
      'ann@asker.example: outbound: the first address of To and Cc that is not own; a new customer',
    ],
    [
      'a header',
      [{ ...toAnn, 'x-desk-customer-email': 'joe@else.example' }],
      'customer',
      'joe@else.example: x-desk-customer-email names this address; a new customer',
    ],
    [
      'an external id',
      [
        { ...ann, 'x-desk-customer-external-id': 'C-1' },
        { ...bob, 'x-desk-customer-external-id': 'C-1' },
      ],
      'customer',
      'bob@b.example: inbound: From; known by x-desk-customer-external-id',
    ],
    [
      'a planted Reply-To',
      [ann, { ...bob, 'Reply-To': 'ann@asker.example' }],
      'customer',
      'bob@b.example: Reply-To names another known customer, so From counts; a new customer',
    ],
    [
      'a form of our own',
      [{ From: 'www@example.com', 'Reply-To': 'ann@asker.example' }],
      'customer',
      'ann@asker.example: inbound: Reply-To, and From is own: a form or list of ours; a new customer',
    ],
    [
      'nobody',
      [{ From: 'mailer-daemon@mx.example' }],
      'customer',
      'null: inbound: no usable address in Reply-To and From',
    ],
    ['a new one', [ann], 'case', 'null: a new one: no external id, and nothing recorded that it answers'],
    [
      'a new external id',
      [{ ...toAnn, ...id('A') }],
      'case',
      'A: a new one: x-desk-case-external-id is the first with this id',
    ],
    [
      'a known external id',
      [
        { ...toAnn, ...id('A') },
        { ...bob, ...id('A') },
      ],
      'case',
      'A: x-desk-case-external-id names it',
    ],
    ['In-Reply-To', [q, { ...ann, ...re('q') }], 'case', 'null: In-Reply-To names <q@x>'],
    ['References', [q, { ...ann, References: '<lost@x> <q@x>' }], 'case', 'null: References names <q@x>'],
    [
      'a closed case',
      [
        { ...q, ...status('closed') },
        { ...ann, ...re('q') },
      ],
      'case',
      'null: In-Reply-To names <q@x>, but that case is closed: a new case follows it',
    ],
    [
      'a campaign',
      [
        { ...toAnn, ...id('N') },
        { ...toAnn, To: 'bob@b.example', 'Message-ID': '<n@x>', ...id('N') },
        { ...bob, ...re('n') },
      ],
      'case',
      'null: In-Reply-To names <n@x>, but that case is a campaign, which is no place for the reply of one of its customers: a new case follows it',
    ],
    [
      'read before what it answers',
      [{ ...toAnn, ...re('q') }, q],
      'case',
      'null: an answer to this mail was read before it',
    ],
    [
      'a flood',
      [ann, ann, ann],
      'case',
      "null: a flood: the customer's latest case",
      { trust: 'none', policy: { flood: { messages: 2, window: 3_600_000 } } },
    ],
    [
      'a stranger in a thread',
      [q, { ...bob, ...re('q') }],
      'outsider',
      'outsider: the sender has had no part in this case',
    ],
    [
      'a forged one',
      [q, { ...ann, ...re('q'), '@forged': 'yes' }],
      'outsider',
      'outsider: From is known to be forged',
    ],
    ['the beginning', [ann], 'status', 'new: a case begins so'],
    ['the beginning, outbound', [toAnn], 'status', 'pending: a case that begins outbound'],
    [
      'the beginning, automatic',
      [{ ...ann, ...ooo }],
      'status',
      'closed: automatic mail begins a case only as a closed one',
    ],
    ['a header', [{ ...toAnn, ...status('resolved') }], 'status', 'resolved: x-desk-case-status says so'],
    ['an answer', [q, { ...toAnn, ...re('q') }], 'status', 'pending: an outbound mail in a new case'],
    [
      'an answer, once more',
      [q, { ...toAnn, ...re('q') }, { ...toAnn, ...re('q') }],
      'status',
      'pending: an outbound mail reopens nothing',
    ],
    [
      'a question reopens',
      [q, { ...toAnn, ...re('q') }, { ...ann, ...re('q') }],
      'status',
      'open: an inbound mail reopens a pending or resolved case',
    ],
    ['one more question', [q, { ...ann, ...re('q') }], 'status', 'new: an inbound mail leaves it so'],
    [
      'a list reopens nothing',
      [q, { ...toAnn, ...re('q') }, { ...ann, ...re('q'), 'List-Id': '<l.lists.example>' }],
      'status',
      'pending: list mail reopens nothing',
    ],
    ['automatic mail', [q, { ...ann, ...re('q'), ...ooo }], 'status', 'new: automatic mail changes nothing'],
    [
      'an answer that was read first',
      [
        { ...toAnn, ...re('q'), '@minute': '20' },
        { ...q, '@minute': '10' },
      ],
      'status',
      'pending: this mail was answered before it was read',
    ],
    [
      'an answer overtaken',
      [
        { ...q, '@minute': '1' },
        { ...ann, ...re('q'), 'Message-ID': '<q2@x>', '@minute': '30' },
        { ...toAnn, ...re('q'), '@minute': '10' },
      ],
      'status',
      'open: an outbound mail in a new case, and a newer inbound one waits',
    ],
    [
      'an import',
      [ann],
      'status',
      'closed: imported mail begins its cases so (--status)',
      { policy: { importing: { status: 'closed' } } },
    ],
  ])('%s: %#', async (_, mails, what, said, telling) => {
    expect((await lastOf(mails, telling))[what]).toBe(said);
  });

  it('trust is said where there are headers that it is about', async () => {
    expect(await lastOf([ann])).not.toHaveProperty('trust');
    expect(await lastOf([{ ...ann, ...status('closed') }], { trust: 'none' })).toMatchObject({
      trust: 'null: the mailbox trusts nobody (trust: none)',
    });
    expect(await lastOf([{ ...ann, ...status('closed') }])).toMatchObject({
      trust: 'trusted: the mailbox trusts everybody (trust: all)',
    });
  });

  it('a trusted copy says what it changes', async () => {
    const copy = { ...q, Date: 'Mon, 09 Nov 2026 08:00:00 +0000', ...id('A'), ...status('resolved') };
    const { plan } = await story([copy, { ...copy, '@trusted': 'yes' }], { trust: 'some' });
    expect(plan.events.map(({ field, new: value, reason }) => `${field} ${value}: ${reason}`)).toEqual([
      'status new: a case begins so',
      'external_id A: x-desk-case-external-id',
      'status resolved: x-desk-case-status says so',
    ]);
    const [{ incoming } = { incoming: undefined }] = plan.interactions;
    expect(incoming?.directives.decided).toContainEqual({
      what: 'case',
      value: 'A',
      why: 'a trusted copy: x-desk-case-external-id names it',
    });
  });
});

it('each event of a case says what it goes back to', async () => {
  const headers = {
    'x-desk-case-priority': '3',
    'X-Desk-Case-Language': 'sv',
    'x-desk-case-labels': 'a',
    'x-desk-case-subject': 'S',
    'x-desk-case-custom-Tier': 'gold',
  };
  const { plan } = await story([q, { ...ann, ...re('q'), ...headers }]);
  expect(Object.fromEntries(plan.events.map(({ field, reason }) => [field, reason]))).toEqual({
    status: 'a case begins so',
    priority: 'x-desk-case-priority',
    language: 'x-desk-case-language',
    labels: 'x-desk-case-labels',
    subject: 'x-desk-case-subject',
    'custom_fields.tier': 'x-desk-case-custom-tier',
  });
});
