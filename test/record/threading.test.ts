import { describe, expect, it } from 'vitest';
import type { Customer, SupportCase } from '../../src/record/view.ts';
import { View } from '../../src/record/view.ts';
import { useDatabase } from '../support/database.ts';
import { storyOn } from './stored-story.ts';
import type { Told } from './story.ts';

const story = storyOn(useDatabase());

const ann = { From: 'Ann <ann@asker.example>' };
const bob = { From: 'Bob <bob@b.example>' };
const eve = { From: 'Eve <eve@e.example>' };
const toAnn = { From: 'support@example.com', To: 'ann@asker.example' };
const q = { ...ann, 'Message-ID': '<q@x>', Subject: 'Lamp' };
const re = (...ids: string[]) => ({ 'In-Reply-To': ids.map((id) => `<${id}@x>`).join(' ') });
const refs = (...ids: string[]) => ({ References: ids.map((id) => `<${id}@x>`).join(' ') });
const closed = { 'x-desk-case-status': 'closed' };
const ooo = { 'Auto-Submitted': 'auto-replied' };

const casesOf = async (mails: readonly Told[]) => {
  const told = await story(mails);
  return { in: told.mails.map((each) => each.case), ...told };
};

describe('what a mail answers', () => {
  it.each<[name: string, mails: Told[], cases: number[]]>([
    ['In-Reply-To', [q, { ...ann, ...re('q') }], [0, 0]],
    ['References alone', [q, { ...ann, ...refs('q') }], [0, 0]],
    [
      'In-Reply-To before References',
      [q, { ...bob, 'Message-ID': '<b@x>' }, { ...ann, ...re('q'), ...refs('b') }],
      [0, 1, 0],
    ],
    [
      'the last of References before the first',
      [q, { ...bob, 'Message-ID': '<b@x>' }, { ...ann, ...refs('b', 'q') }],
      [0, 1, 0],
    ],
    [
      'an unknown In-Reply-To, a known reference',
      [q, { ...ann, ...re('gone'), ...refs('q', 'lost') }],
      [0, 0],
    ],
    ['a reply to a reply that is not there', [q, { ...ann, ...re('lost'), ...refs('q', 'lost') }], [0, 0]],
    ['nothing known', [q, { ...ann, ...re('lost') }], [0, 1]],
    [
      'an automatic reply joins a closed case',
      [
        { ...toAnn, 'Message-ID': '<n@x>', ...closed },
        { ...ann, ...re('n'), ...ooo },
      ],
      [0, 0],
    ],
    [
      'a person does not',
      [
        { ...toAnn, 'Message-ID': '<n@x>', ...closed },
        { ...ann, ...re('n') },
      ],
      [0, 1],
    ],
    [
      'nor does an answer of our own',
      [
        { ...q, ...closed },
        { ...toAnn, ...re('q') },
      ],
      [0, 1],
    ],
    [
      'what we sent before it was closed does, however late it is read',
      [
        { ...q, ...closed, '@minute': '50' },
        { ...toAnn, ...re('q'), '@minute': '40' },
      ],
      [0, 0],
    ],
  ])('%s', async (_, mails, cases) => {
    expect((await casesOf(mails)).in).toEqual(cases);
  });

  it('a follow-up points back, and a reply to it stays in it', async () => {
    const told = await story([
      { ...q, ...closed },
      { ...ann, 'Message-ID': '<f@x>', ...re('q') },
      { ...ann, ...re('f'), ...refs('q', 'f') },
    ]);
    expect(told.cases).toEqual([
      { status: 'closed', mails: 1, follows: undefined },
      { status: 'new', mails: 2, follows: 0 },
    ]);
  });
});

describe('a campaign: one external id, many customers', () => {
  const news = (to: string, id: string) => ({
    From: 'news@example.com',
    To: to,
    'Message-ID': `<${id}@x>`,
    'x-desk-case-external-id': 'NEWS',
  });
  const mails = [news('ann@asker.example', 'n1'), news('bob@b.example', 'n2')];

  it('is one case, and each mail stands in the history of whom it went to', async () => {
    const told = await story(mails);
    expect(told.mails).toMatchObject([
      { case: 0, customer: 'ann@asker.example' },
      { case: 0, customer: 'bob@b.example' },
    ]);
    expect(told.customersOfCases).toEqual(['ann@asker.example']);
  });

  it('a reply opens its own case that points back; an automatic one joins', async () => {
    const told = await story([...mails, { ...bob, ...re('n2') }, { ...bob, ...re('n2'), ...ooo }]);
    expect(told.mails.map((each) => each.case)).toEqual([0, 0, 1, 0]);
    expect(told.cases[1]).toMatchObject({ status: 'new', follows: 0 });
  });

  it('with one Message-ID for all, a reply goes by who writes', async () => {
    const shared = [news('ann@asker.example', 'n'), news('bob@b.example', 'n')];
    const told = await story([...shared, { ...bob, ...re('n') }, { ...eve, ...re('n') }]);
    expect(told.mails.map((each) => each.case)).toEqual([0, 0, 1, 2]);
    expect(told.cases.map(({ follows }) => follows)).toEqual([undefined, 0, undefined]);
  });
});

describe('what is no answer of ours', () => {
  const ack = { From: 'support@example.com', To: 'ann@asker.example', ...ooo, ...re('q') };
  it.each<[name: string, mails: Told[], cases: number[], statuses: string[]]>([
    [
      'our automatic reply that was read first: the question is a new case',
      [
        { ...ack, '@minute': '20' },
        { ...q, '@minute': '10' },
      ],
      [0, 1],
      ['closed', 'new'],
    ],
    [
      'our acknowledgement that was read first: one case, and it is open',
      [
        { ...toAnn, ...re('q'), 'Auto-Submitted': 'auto-generated', '@minute': '20' },
        { ...q, '@minute': '10' },
      ],
      [0, 0],
      ['open'],
    ],
    [
      'a person who says that no machine wrote',
      [
        { ...toAnn, ...re('q'), 'Auto-Submitted': 'No', '@minute': '20' },
        { ...q, '@minute': '10' },
      ],
      [0, 0],
      ['pending'],
    ],
    [
      'the same for a reply into a resolved case: it reopens',
      [
        { ...toAnn, 'Message-ID': '<r@x>', 'x-desk-case-status': 'resolved', '@minute': '5' },
        { ...ack, '@minute': '20' },
        { ...q, ...re('r'), '@minute': '10' },
      ],
      [0, 1, 0],
      ['open', 'closed'],
    ],
    [
      'an answer to another mail that has the same Message-ID',
      [q, { ...toAnn, ...re('q'), ...closed }, { ...bob, 'Message-ID': '<q@x>' }],
      [0, 0, 1],
      ['closed', 'new'],
    ],
    [
      'a forwarding to a supplier that was read first',
      [
        { From: 'support@example.com', To: 'bob@b.example', ...refs('q'), '@minute': '20' },
        { ...q, '@minute': '10' },
      ],
      [0, 1],
      ['pending', 'new'],
    ],
    [
      "a customer's out-of-office reply that was read before the mail it answers",
      [
        { ...ann, ...ooo, ...re('a'), '@minute': '20' },
        { ...toAnn, 'Message-ID': '<a@x>', '@minute': '10' },
      ],
      [0, 1],
      ['closed', 'pending'],
    ],
  ])('%s', async (_, mails, cases, statuses) => {
    const told = await story(mails);
    expect(told.mails.map((each) => each.case)).toEqual(cases);
    expect(told.cases.map(({ status }) => status)).toEqual(statuses);
  });

  it('one Message-ID for all of a newsletter: its copies join nobody, however one of them was answered', async () => {
    const news = (to: string) => ({ From: 'news@example.com', To: to, 'Message-ID': '<n@x>' });
    const told = await story([
      news('bob@b.example'),
      { ...bob, 'Message-ID': '<b@x>', ...re('n') },
      { From: 'support@example.com', To: 'bob@b.example', ...re('b'), ...refs('n', 'b') },
      news('ann@asker.example'),
    ]);
    expect(told.mails.map((each) => each.case)).toEqual([0, 0, 0, 1]);
  });
});

describe('a conversation of several people', () => {
  it('is one case, whoever of them answers', async () => {
    const told = await story([
      { ...q, Cc: 'bob@b.example' },
      { ...toAnn, Cc: 'bob@b.example', 'Message-ID': '<a1@x>', ...re('q') },
      { ...bob, 'Message-ID': '<b@x>', ...re('a1') },
      { From: 'support@example.com', To: 'bob@b.example', 'Message-ID': '<a2@x>', ...re('b') },
      { ...bob, ...re('a2') },
    ]);
    expect(told.mails.map((each) => each.case)).toEqual([0, 0, 0, 0, 0]);
    expect(told.mails.every(({ outsider }) => !outsider)).toBe(true);
  });

  it('a reply to what a campaign sent to nobody in particular opens its own case, unless it is the first customer', async () => {
    const id = { 'x-desk-case-external-id': 'N' };
    const told = await story([
      { ...toAnn, ...id },
      {
        From: 'news@example.com',
        To: 'undisclosed-recipients:;',
        'x-desk-interaction-direction': 'out',
        'Message-ID': '<n@x>',
        ...id,
      },
      { ...bob, ...re('n') },
      { ...ann, ...re('n') },
    ]);
    expect(told.mails.map((each) => each.case)).toEqual([0, 0, 1, 0]);
  });
});

describe('the answer that was read first', () => {
  it.each<[name: string, mails: Told[], cases: number[]]>([
    [
      'an answer of ours',
      [
        { ...toAnn, ...re('q'), '@minute': '20' },
        { ...q, '@minute': '10' },
      ],
      [0, 0],
    ],
    [
      'one that names it in References only',
      [
        { ...toAnn, ...refs('q', 'z'), '@minute': '20' },
        { ...q, '@minute': '10' },
      ],
      [0, 0],
    ],
    [
      'the thanks, then the answer, then the question',
      [
        { ...ann, ...re('a'), ...refs('q', 'a'), '@minute': '30' },
        { ...toAnn, 'Message-ID': '<a@x>', ...re('q'), '@minute': '20' },
        { ...q, '@minute': '10' },
      ],
      [0, 0, 0],
    ],
    [
      "a stranger's mail that names an id to come draws nothing in",
      [
        { ...eve, ...re('order') },
        { ...toAnn, 'Message-ID': '<order@x>' },
      ],
      [0, 1],
    ],
    [
      'into the case that goes on from the closed one which it answers',
      [
        { ...toAnn, 'Message-ID': '<c@x>', ...closed, '@minute': '1' },
        { ...toAnn, ...re('q'), ...refs('c', 'q'), '@minute': '20' },
        { ...q, ...re('c'), '@minute': '10' },
      ],
      [0, 1, 1],
    ],
    [
      'an unanswered mail never lies unseen in a closed case, however early it came',
      [
        { ...toAnn, 'Message-ID': '<n@x>', ...closed, '@minute': '50' },
        { ...ann, ...re('n'), '@minute': '40' },
      ],
      [0, 1],
    ],
    [
      'into a case that was closed later',
      [
        { ...toAnn, ...re('q'), ...closed, '@minute': '20' },
        { ...q, '@minute': '10' },
      ],
      [0, 0],
    ],
  ])('%s', async (_, mails, cases) => {
    expect((await casesOf(mails)).in).toEqual(cases);
  });
});

describe('mail that is read out of the order of its time', () => {
  const at = (minute: number) => ({ '@minute': String(minute) });
  it.each<[name: string, mails: Told[], status: string]>([
    [
      'a question that was answered already reopens nothing',
      [
        { ...toAnn, ...re('q'), ...at(20) },
        { ...q, ...at(10) },
      ],
      'pending',
    ],
    [
      'a question that a notice has overtaken does: nobody has answered it',
      [
        { ...toAnn, 'x-desk-case-external-id': 'O', 'Message-ID': '<n@x>', ...at(20) },
        { ...ann, ...re('n'), ...at(10) },
      ],
      'open',
    ],
    [
      'an answer between question and thanks leaves the case open',
      [
        { ...q, ...at(10) },
        { ...ann, ...re('q'), ...at(30) },
        { ...toAnn, ...re('q'), ...at(20) },
      ],
      'open',
    ],
    [
      'a question after the answer reopens',
      [
        { ...toAnn, 'Message-ID': '<a@x>', ...at(10) },
        { ...ann, ...re('a'), ...at(20) },
      ],
      'open',
    ],
    [
      'an answer whose clock is behind that of the question',
      [
        { ...q, ...at(10) },
        { ...toAnn, ...re('q'), ...at(9) },
      ],
      'pending',
    ],
    [
      'an out-of-office reply after the answer is no answer to it',
      [
        { ...q, ...at(10) },
        { ...ann, ...re('q'), ...ooo, ...at(30) },
        { ...toAnn, ...re('q'), ...at(20) },
      ],
      'pending',
    ],
  ])('%s', async (_, mails, status) => {
    expect((await story(mails)).cases.map((each) => each.status)).toEqual([status]);
  });
});

describe('outsiders', () => {
  const second = async (told: Told, more: readonly Told[] = [], trust: 'all' | 'none' = 'none') =>
    (await story([q, ...more, { ...re('q'), ...told }], { trust })).mails.at(-1);

  it.each<[name: string, told: Told, outsider: boolean]>([
    ['who asked is none', ann, false],
    ['a stranger with the Message-ID is one', eve, true],
    ['our own people are none', { From: 'colleague@example.com' }, false],
    ['unless they are known to be forged', { From: 'colleague@example.com', '@forged': 'yes' }, true],
    ['who asked, but forged, is one', { ...ann, '@forged': 'yes' }, true],
    ['an automatic reply of a stranger is one', { ...eve, ...ooo }, true],
    ['outbound mail never is', { From: 'support@example.com', To: 'eve@e.example' }, false],
    ['a mail without any address is one', { From: 'undisclosed' }, true],
  ])('%s', async (_, told, outsider) => {
    expect(await second(told)).toMatchObject({ case: 0, outsider });
  });

  it('who was in Cc, or was written to, has a part', async () => {
    const cc = { ...toAnn, Cc: 'bob@b.example', 'Message-ID': '<a@x>', ...re('q') };
    expect(await second(bob, [cc])).toMatchObject({ case: 0, outsider: false });
    const told = await story([
      { ...q, Cc: 'bob@b.example' },
      { ...bob, ...re('q') },
    ]);
    expect(told.mails.at(-1)).toMatchObject({ outsider: false });
  });

  it('an outsider stays one until somebody answers', async () => {
    const mails = [q, { ...eve, ...re('q') }, { ...eve, ...re('q'), Subject: 'again' }];
    const answer = { From: 'support@example.com', To: 'eve@e.example', ...re('q') };
    const told = await story([...mails, answer, { ...eve, ...re('q'), Subject: 'thanks' }], {
      trust: 'none',
    });
    expect(told.mails.map(({ outsider }) => outsider)).toEqual([false, true, true, false, false]);
  });

  it('another address of the same customer has the same part', async () => {
    const id = { 'x-desk-customer-external-id': 'c1' };
    const told = await story([
      { ...q, ...id },
      { From: 'ann@home.example', 'Message-ID': '<h@x>', ...id },
      { From: 'ann@home.example', ...re('q') },
    ]);
    expect(told.mails.at(-1)).toMatchObject({ case: 0, outsider: false });
  });

  it('who comes with the external id was put there by it', async () => {
    const id = { 'x-desk-case-external-id': 'O-1' };
    const told = await story([
      { ...toAnn, ...id },
      { ...bob, ...id },
    ]);
    expect(told.mails.at(-1)).toMatchObject({ case: 0, outsider: false });
  });
});

describe('a bounce', () => {
  const report = (recipient: string | undefined, messageId: string) =>
    [
      ...['--b', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mx.evil.test', ''],
      ...(recipient === undefined ? [] : [`Final-Recipient: rfc822; ${recipient}`, 'Action: failed', '']),
      ...['--b', 'Content-Type: text/rfc822-headers', '', `Message-ID: <${messageId}@x>`, '', '--b--'],
    ].join('\r\n');
  const bounce = (recipient: string | undefined, from = 'mailer-daemon@evil.test', of = 'n'): Told => ({
    From: from,
    'Content-Type': 'multipart/report; report-type=delivery-status; boundary=b',
    '@body': report(recipient, of),
  });
  const notice = { ...toAnn, Cc: 'bob@b.example', 'Message-ID': '<n@x>' };
  const toNobody = { From: 'support@example.com', To: 'undisclosed', 'Message-ID': '<n@x>', '@role': 'sent' };

  it.each<[name: string, told: Told, outsider: boolean, sent?: Told]>([
    ['that names whom the mail went to is none’s', bounce('ann@asker.example'), false],
    ['nor that names who was in Cc', bounce('bob@b.example'), false],
    ['that names a stranger is an outsider’s', bounce('evil@evil.test'), true],
    ['so is one that names nobody', bounce(undefined), true],
    ['of a mail without a customer too', bounce('evil@evil.test'), true, toNobody],
    ['not where From has had part', bounce('evil@evil.test', 'bob@b.example'), false],
    ['nor from our own mail system', bounce('evil@evil.test', 'mailer-daemon@example.com'), false],
    [
      'unless it is known to be forged',
      { ...bounce('ann@asker.example', 'mailer-daemon@example.com'), '@forged': 'yes' },
      true,
    ],
  ])('%s', async (_, told, outsider, sent = notice) => {
    const { mails } = await story([sent, told], { trust: 'none' });
    expect(mails.at(-1)).toMatchObject({ case: 0, outsider });
  });

  it('says why it is an outsider’s, and makes nobody part of the case', async () => {
    const made = [notice, bounce('evil@evil.test'), { From: 'evil@evil.test', ...re('n') }];
    const { plan, mails } = await story(made, { trust: 'none' });
    expect(mails.map(({ outsider }) => outsider)).toEqual([false, true, true]);
    expect(plan.interactions[1]?.incoming.directives.decided).toContainEqual({
      ...{ what: 'outsider', value: 'outsider' },
      why: 'neither the recipient that the report names nor From has had a part in this case',
    });
  });

  it('is none’s by another address of whom the mail went to', async () => {
    const id = { 'x-desk-customer-external-id': 'c1' };
    const home = { From: 'ann@home.example', ...id };
    const { mails } = await story([{ ...notice, ...id }, home, bounce('ann@home.example')]);
    expect(mails.at(-1)).toMatchObject({ case: 0, outsider: false });
  });

  it('that begins a case of its own is none’s', async () => {
    const { mails } = await story([notice, bounce('evil@evil.test', undefined, 'lost')], { trust: 'none' });
    expect(mails.at(-1)).toMatchObject({ case: 1, outsider: false });
  });
});

/** A view in which Ann's case has the number 7, and Bob's is closed and has 8. */
function numbered(): View {
  const view = new View();
  const customer = (id: number, key: string): Customer => {
    const made: Customer = {
      id,
      first_name: null,
      last_name: null,
      company: null,
      phone: null,
      external_id: null,
      language: null,
      custom_fields: {},
    };
    view.addAddress(key, made);
    return made;
  };
  const supportCase = (id: number, of: Customer, key: string, status: SupportCase['status']) => {
    const made: SupportCase = {
      ...{ id, customer: of, external_id: null, subject: null, status, priority: null, language: null },
      ...{ labels: [], custom_fields: {}, followUpOf: undefined, received_at: new Date(0), opened_at: null },
      ...{ first_resolved_at: null, resolved_at: null, closed_at: status === 'closed' ? new Date(0) : null },
    };
    view.casesById.set(id, made);
    view.addParticipants(made, [key]);
  };
  supportCase(7, customer(1, 'ann@asker.example'), 'ann@asker.example', 'pending');
  supportCase(8, customer(2, 'bob@b.example'), 'bob@b.example', 'closed');
  return view;
}

describe('the number in the subject', () => {
  const subject = (text: string) => ({ Subject: text });
  it.each<[name: string, told: Told, joined: number | undefined, follows?: number]>([
    ['the sender is part of the case', { ...ann, ...subject('Re: Lamp [#7]') }, 7],
    ['a stranger who guesses is not', { ...eve, ...subject('Re: Lamp [#7]') }, undefined],
    ['part of another case is no part of this one', { ...bob, ...subject('[#7]') }, undefined],
    ['the first number that may be joined', { ...ann, ...subject('[#8] [#7]') }, 7],
    [
      'a recipient that is not own is part of it',
      { From: 'support@example.com', To: 'ann@asker.example', ...subject('[#7] Lamp') },
      7,
    ],
    [
      'a stranger who puts the customer in Cc: they are part of it',
      { ...eve, Cc: 'ann@asker.example', ...subject('[#7]') },
      7,
    ],
    ['known to be forged', { ...ann, '@forged': 'yes', ...subject('[#7]') }, undefined],
    [
      'our own answer to somebody else',
      { From: 'support@example.com', To: 'eve@e.example', ...subject('[#7]') },
      undefined,
    ],
    ['a closed case: a follow-up', { ...bob, ...subject('[#8]') }, undefined, 8],
    ['an automatic reply joins the closed case', { ...bob, ...ooo, ...subject('[#8]') }, 8],
    ['a number of no case', { ...ann, ...subject('[#99]') }, undefined],
    ['another form', { ...ann, ...subject('#7 (7)') }, undefined],
  ])('%s', async (_, told, joined, follows) => {
    const { plan } = await story([told], { trust: 'none', subjectNumber: '[#1234]', view: numbered() });
    expect(plan.interactions[0]?.supportCase.id).toBe(joined);
    expect(plan.interactions[0]?.supportCase.followUpOf?.id).toBe(follows);
  });

  it('is off by default', async () => {
    const { plan } = await story([{ ...ann, ...subject('[#7]') }], { view: numbered() });
    expect(plan.interactions[0]?.supportCase.id).toBeUndefined();
  });

  it('a stranger joins by the customer in Cc, and is seen to be one', async () => {
    const { plan } = await story([{ ...eve, Cc: 'ann@asker.example', ...subject('[#7]') }], {
      ...{ trust: 'none', subjectNumber: '[#1234]', view: numbered() },
    });
    expect(plan.interactions[0]).toMatchObject({ outsider: true, supportCase: { id: 7 } });
    expect(plan.participants).toEqual([]);
  });

  it('comes after what the mail answers', async () => {
    const { plan } = await story([q, { ...ann, ...re('q'), ...subject('[#7]') }], {
      subjectNumber: '[#1234]',
      view: numbered(),
    });
    expect(plan.interactions[1]?.supportCase).toBe(plan.interactions[0]?.supportCase);
  });
});
