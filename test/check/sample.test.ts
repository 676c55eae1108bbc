import { describe, expect, it } from 'vitest';
import { sampleFindings } from '../../src/check/sample-findings.ts';
import { type SampledMessage, sampleMessage } from '../../src/check/sample-message.ts';
import { adviseOwn } from '../../src/check/sample-own.ts';
import { summarize } from '../../src/check/sample-summary.ts';
import type { TrustConfig } from '../../src/config/schema.ts';
import { createJudge, judgeSetup } from '../../src/judge/judge.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { NO_AUTHENTICATION, RECORDING } from '../support/poll.ts';

const SECRET = 'canary-secret-0123456789';
const BY_SECRET: TrustConfig = { secret: { header: 'x-our-secret', value: SECRET } };

const AT = new Date('2026-11-09T08:15:00Z');

/** What a sample keeps of a mail with this header. */
async function sampled(
  header: string | readonly string[],
  more: {
    trust?: TrustConfig;
    own?: string[];
    hasCalendarReply?: boolean;
    authentication?: Record<string, unknown>;
  } = {},
): Promise<SampledMessage> {
  const mailbox = await loadMailbox('support@example.com', {
    own: more.own ?? ['example.com'],
    trust: more.trust ?? 'none',
    authentication: more.authentication ?? {},
  });
  const text = `${[header].flat().join('\r\n')}\r\n\r\n`;
  const message = await sampleMessage(
    createJudge(judgeSetup(mailbox, { path: 'INBOX', role: 'inbox' }, RECORDING)),
    {
      ...{ uid: 1, sizeBytes: 1000, receivedAt: AT, header: Buffer.from(text) },
      hasCalendarReply: more.hasCalendarReply ?? false,
    },
    false,
  );
  if (!message) throw new Error('the header cannot be parsed');
  return message;
}

describe('a message of which only the header is read', () => {
  it('what is kept of a copy that a system has sent', async () => {
    const message = await sampled([
      'From: Shop <shop@example.com>',
      'To: Joe <joe@customer.example>, postmaster@customer.example',
      'Delivered-To: support@example.com',
      'Message-ID: <a@b>',
      'x-desk-case-status: closed',
      'x-desk-customer-email: Jane <JANE@customer.example>',
      'x-desk-case-language: english',
      'x-acme-customer-email: other@example.net',
    ]);
    expect(message).toMatchObject({
      ...{ receivedAt: AT, kind: 'mail', direction: 'out', from: 'shop@example.com', messageId: 'a@b' },
      ...{ addressed: ['joe@customer.example'], deliveredTo: ['support@example.com'] },
      ...{ carries: true, distrust: 'nobody', applied: 0, customer: 'joe@customer.example' },
      refused: [{ header: 'x-desk-case-language', value: 'english', reason: expect.stringContaining('639') }],
      otherPrefixes: ['x-acme-'],
    });
  });

  it.each<[string, TrustConfig, string[], Partial<SampledMessage>]>([
    ['all', 'all', [], { distrust: undefined, applied: 2, customer: 'jane@customer.example' }],
    ['none', 'none', [`x-our-secret: ${SECRET}`], { distrust: 'nobody', applied: 0 }],
    ['the secret', BY_SECRET, [`X-Our-Secret: ${SECRET}`], { distrust: undefined, applied: 2 }],
    ['no secret', BY_SECRET, [], { distrust: 'missing', applied: 0 }],
    ['another secret', BY_SECRET, ['x-our-secret: guessed'], { distrust: 'wrong', applied: 0 }],
    [
      'two secrets',
      BY_SECRET,
      [`x-our-secret: ${SECRET}`, 'x-our-secret: b'],
      { distrust: 'repeated', applied: 0 },
    ],
  ])('trust: %s', async (_, trust, lines, expected) => {
    const header = [
      'From: shop@example.com',
      'To: joe@customer.example',
      'x-desk-case-status: closed',
      'x-desk-customer-email: jane@customer.example',
    ];
    const message = await sampled([...header, ...lines], { trust });
    expect(message).toMatchObject({ carries: true, ...expected });
    expect(JSON.stringify(message)).not.toContain(SECRET);
  });

  const RESULTS = 'Authentication-Results: mx.example.net; dkim=pass header.d=example.com';
  const signed = (h: string) =>
    `DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=mail; h=from:to:${h}; bh=YWJj; b=YWJj`;
  const COVERS = signed('x-desk-case-status');
  const SERVER = { authserv_id: 'mx.example.net' };
  const VERIFY = { verify: true };
  const LEFT_OPEN = 'the DKIM signature of example.com does not cover x-desk-case-status';
  it.each<[string, Record<string, unknown>, string[], Partial<SampledMessage>]>([
    ['good', SERVER, [RESULTS, COVERS], { distrust: undefined, applied: 1, isToVerify: false }],
    ['to be verified', VERIFY, [COVERS], { distrust: undefined, applied: 1, isToVerify: true }],
    [
      'to be verified, other results',
      VERIFY,
      [RESULTS, COVERS],
      { isToVerify: true, authservId: 'mx.example.net' },
    ],
    ['no results', SERVER, [COVERS], { distrust: 'unproven', applied: 0, authservId: undefined }],
    ['a bad one', SERVER, [RESULTS.replace('pass', 'fail'), COVERS], { distrust: 'not_good', applied: 0 }],
    [
      'headers open',
      VERIFY,
      [signed('subject')],
      { distrust: 'uncovered', applied: 0, isToVerify: false, dkim: { state: 'uncovered', why: LEFT_OPEN } },
    ],
    ['no signature', VERIFY, [], { distrust: 'without_dkim', dkim: { state: 'unsigned', why: undefined } }],
    ['a stranger', VERIFY, ['From: a@evil.example'], { distrust: 'unlisted', applied: 0 }],
  ])('trust by DKIM: %s', async (_, authentication, lines, expected) => {
    const from = lines.some((line) => line.startsWith('From')) ? [] : ['From: shop@example.com'];
    const header = [...lines, ...from, 'To: joe@customer.example', 'x-desk-case-status: closed'];
    const trust: TrustConfig = { dkim: { domains: ['example.com'] } };
    expect(await sampled(header, { trust, authentication })).toMatchObject({ carries: true, ...expected });
  });

  it.each<[string, string[], string[]]>([
    [
      'a customer gets it too',
      [`x-our-secret: ${SECRET}`, 'To: joe@customer.example'],
      ['joe@customer.example'],
    ],
    [
      'a customer gets a copy',
      [`x-our-secret: ${SECRET}`, 'Cc: joe@customer.example'],
      ['joe@customer.example'],
    ],
    ['only own addresses', [`x-our-secret: ${SECRET}`, 'To: history@example.com'], []],
    ['a wrong secret tells nobody', ['x-our-secret: wrong', 'To: joe@customer.example'], []],
  ])('the secret: %s', async (_, lines, secretWith) => {
    const message = await sampled(['From: shop@example.com', ...lines], { trust: BY_SECRET });
    expect(message.secretWith).toEqual(secretWith);
  });

  it.each<[kind: SampledMessage['kind'], header: string[], hasCalendarReply?: boolean]>([
    ['mail', ['X-Auto-Response-Suppress: All']],
    ['list', ['List-Id: <talk.lists.example>']],
    ['auto_reply', ['Auto-Submitted: auto-replied']],
    ['bounce', ['Content-Type: multipart/report; report-type=delivery-status; boundary=x']],
    ['receipt', ['Content-Type: multipart/report; report-type=disposition-notification; boundary=x']],
    ['calendar', ['Content-Type: text/calendar; method=REPLY']],
    ['calendar', ['Content-Type: multipart/alternative; boundary=x'], true],
    ['calendar', ['List-Id: <talk.lists.example>'], true],
    ['auto_reply', ['Auto-Submitted: auto-replied'], true],
  ])('kind %s: %j', async (kind, header, hasCalendarReply = false) => {
    const message = await sampled(['From: joe@customer.example', ...header], { hasCalendarReply });
    expect(message.kind).toBe(kind);
  });

  it('is read whatever the header is', async () => {
    expect(await sampled('no header at all')).toMatchObject({ from: undefined, customer: undefined });
    expect(
      await sampled(['From: a@b.example', `To: ${'x@y.example, '.repeat(3000)}z@y.example`]),
    ).toMatchObject({
      addressed: Array(100).fill('x@y.example'),
    });
    const long = await sampled([`x-desk-case-status: ${'z'.repeat(5000)}`]);
    expect(long.refused[0]?.value).toHaveLength(200);
  });

  it.each<[string, string[]]>([
    ['x-acme-customer-email: a', ['x-acme-']],
    ['X-Zammad-Customer-Email: a', ['x-zammad-']],
    ['x-my-desk-case-external-id: 1', ['x-my-desk-']],
    ['x-interaction-direction: in', ['x-']],
    ['x-desk-interaction-direction: in', []],
    ['customer-email: a', []],
    ['x-acme-customer-email-2: a', []],
  ])('prefix of %s', async (line, prefixes) => {
    expect((await sampled(line)).otherPrefixes).toEqual(prefixes);
  });
});

const MESSAGE: SampledMessage = {
  ...{ receivedAt: AT, kind: 'mail', direction: 'in', from: 'joe@customer.example', addressed: [] },
  ...{ deliveredTo: [], replyTo: [], carries: false, distrust: 'nobody', applied: 0, refused: [] },
  ...{ isToVerify: false, dkim: undefined, authservId: undefined, secretWith: [] },
  ...{ otherPrefixes: [], customer: 'joe@customer.example', messageId: undefined, copyKey: 'a' },
  hasReceipt: false,
};
const message = (more: Partial<SampledMessage>): SampledMessage => ({ ...MESSAGE, ...more });
const several = (count: number, more: Partial<SampledMessage>) =>
  Array.from({ length: count }, (_, index) => message({ copyKey: `${index}`, ...more }));

describe('who the company is', () => {
  const entries = (messages: SampledMessage[], own: string[] = [], sent: string[] = []) =>
    adviseOwn(messages, own, sent).suggestions;

  it.each<[string, SampledMessage[], string[], string[], object[]]>([
    ['no mail', [], [], [], []],
    [
      'who sends mail with headers: the domain',
      several(3, { carries: true, from: 'Shop@Example.com' }),
      [],
      [],
      [{ entry: 'example.com', senders: 3, addressed: 0, sent: 0 }],
    ],
    [
      'of a public domain, the address without its tag',
      several(2, { carries: true, from: 'our.shop+billing@gmail.com' }),
      [],
      [],
      [{ entry: 'our.shop@gmail.com', senders: 2, addressed: 0, sent: 0 }],
    ],
    ['not whom own has', several(3, { carries: true, from: 'shop@example.com' }), ['example.com'], [], []],
    [
      'not who has the wrong secret, or none',
      [
        ...several(2, { carries: true, from: 'm@evil.example', distrust: 'missing' }),
        ...several(2, { carries: true, from: 'm@evil.example', distrust: 'wrong' }),
        ...several(1, { carries: true, from: 'shop@example.com', distrust: undefined }),
      ],
      [],
      [],
      [{ entry: 'example.com', senders: 1, addressed: 0, sent: 0 }],
    ],
    ['not a mail system', several(2, { carries: true, from: 'postmaster@example.com' }), [], [], []],
    [
      'to whom most mail is addressed',
      [
        ...several(3, { addressed: ['support@example.com', 'joe@customer.example'] }),
        ...several(2, { addressed: ['other@elsewhere.example'] }),
      ],
      [],
      [],
      [
        { entry: 'customer.example', senders: 0, addressed: 3, sent: 0 },
        { entry: 'example.com', senders: 0, addressed: 3, sent: 0 },
      ],
    ],
    [
      'not where lists go, nor to whom copies were sent',
      [
        ...several(5, { kind: 'list', addressed: ['talk@lists.example'] }),
        ...several(5, { carries: true, from: undefined, addressed: ['joe@customer.example'] }),
        message({ addressed: ['support@example.com'] }),
      ],
      [],
      [],
      [{ entry: 'example.com', senders: 0, addressed: 1, sent: 0 }],
    ],
    [
      'copies are delivered to the mailbox all the same',
      several(4, { carries: true, from: undefined, deliveredTo: ['support@example.com'] }),
      [],
      [],
      [{ entry: 'example.com', senders: 0, addressed: 4, sent: 0 }],
    ],
    [
      'who sends from the mailbox',
      [],
      [],
      ['anna@example.com', 'ben@example.com', 'we@gmail.com'],
      [
        { entry: 'example.com', senders: 0, addressed: 0, sent: 2 },
        { entry: 'we@gmail.com', senders: 0, addressed: 0, sent: 1 },
      ],
    ],
  ])('%s', (_, messages, own, sent, expected) => {
    expect(entries(messages, own, sent)).toEqual(expected);
  });

  it('entries of own that nothing matches, where there is mail enough to say so', () => {
    const own = ['example.com', 'exmaple.com', '.sub.example', 'a@gmail.com', 'sent.example'];
    const mails = several(20, {
      addressed: ['x@example.com'],
      replyTo: ['x@y.sub.example'],
      from: undefined,
    });
    expect(adviseOwn(mails, own, ['x@sent.example']).unused).toEqual(['exmaple.com', 'a@gmail.com']);
    expect(adviseOwn(mails.slice(1), own, []).unused).toEqual([]);
  });
});

const AROUND = {
  mailbox: {
    name: 'support',
    own: ['example.com'],
    trust: 'none' as TrustConfig,
    authentication: NO_AUTHENTICATION,
    imap: { user: 'desk@mail.example' },
  },
  ...{ prefix: 'x-desk-', unreadable: 0, notHandedOut: 0, sentFrom: [], knownIds: new Set<string>() },
};

describe('what a sample says in sum', () => {
  it('counts', () => {
    const later = new Date('2026-11-10T08:15:00Z');
    const summary = summarize(
      [
        message({ messageId: 'a', copyKey: '1', hasReceipt: true }),
        message({ messageId: 'a', copyKey: '1', receivedAt: later }),
        message({ messageId: 'b', copyKey: '2', direction: 'out', customer: 'jane@customer.example' }),
        // Without a Message-ID nobody can say it without the body.
        ...several(2, { copyKey: '3', kind: 'list', customer: undefined, from: undefined }),
        message({ copyKey: '4', kind: 'bounce', customer: undefined }),
      ],
      { ...AROUND, unreadable: 1, notHandedOut: 2, knownIds: new Set(['b', 'z']) },
    );
    expect(summary).toMatchObject({
      ...{ read: 6, unreadable: 1, notHandedOut: 2, oldest: AT, newest: later },
      ...{ inbound: 5, outbound: 1, customers: 2, withoutAddress: 2, copies: 1, recorded: 2 },
      kinds: { mail: 3, list: 2, bounce: 1 },
    });
    expect(
      summarize([message({ hasReceipt: true })], { ...AROUND, knownIds: undefined }).recorded,
    ).toBeNull();
  });

  it('groups mails by why they are not applied, and values by what they are', () => {
    const refused = [{ header: 'x-desk-case-status', value: 'reopened', reason: 'not one of …' }];
    const { headers } = summarize(
      [
        ...several(2, { carries: true, distrust: 'missing', from: 'A@x.example', refused }),
        message({ carries: true, distrust: 'missing', from: 'b@x.example' }),
        message({ carries: true, distrust: 'wrong', from: undefined }),
        message({ carries: true, distrust: undefined, applied: 3, refused }),
        message({ carries: true, distrust: undefined, applied: 0, otherPrefixes: ['x-acme-'] }),
        message({ otherPrefixes: ['x-acme-'] }),
      ],
      AROUND,
    );
    expect(headers).toEqual({
      ...{ prefix: 'x-desk-', carrying: 6, applied: 1 },
      distrusted: [
        {
          ...{ reason: 'missing', count: 3 },
          senders: [
            { sender: 'a@x.example', count: 2 },
            { sender: 'b@x.example', count: 1 },
          ],
        },
        { reason: 'wrong', count: 1, senders: [{ sender: '', count: 1 }] },
      ],
      refusedValues: [{ ...refused[0], count: 3 }],
      otherPrefixes: [{ prefix: 'x-acme-', count: 2 }],
    });
  });

  it('holds no secret', () => {
    const summary = summarize([], { ...AROUND, mailbox: { ...AROUND.mailbox, trust: BY_SECRET } });
    expect(summary).toMatchObject({ trust: 'secret', secretHeader: 'x-our-secret' });
    expect(JSON.stringify(summary)).not.toContain(SECRET);
  });
});

describe('what is found in a sample', () => {
  const found = (messages: SampledMessage[], more: Partial<typeof AROUND> = {}) =>
    sampleFindings(summarize(messages, { ...AROUND, ...more }));
  const carrying = (count: number, more: Partial<SampledMessage>) =>
    several(count, { carries: true, from: 'shop@example.com', direction: 'out', ...more });
  const one = (findings: ReturnType<typeof found>, code: string) => {
    const all = findings.filter((finding) => finding.code === code);
    expect(all, code).toHaveLength(1);
    return all[0];
  };
  const trust = (value: TrustConfig) => ({ mailbox: { ...AROUND.mailbox, trust: value } });

  it('nothing to read', () => {
    expect(found([])).toEqual([expect.objectContaining({ level: 'ok', code: 'sample_empty' })]);
  });

  it('why nothing happens with trust none, and what would cure it', () => {
    const findings = found([...carrying(12, {}), ...several(5, {})]);
    expect(one(findings, 'headers_trust_none')).toMatchObject({
      level: 'warning',
      message: '12 of 17 carry x-desk- headers, and none is applied: the mailbox trusts nobody (trust: none)',
      cure: expect.stringMatching(/trust: \{hmac: \{keys: .*or `trust: all`/),
      details: ['from addresses of `own`: shop@example.com (12)'],
    });
    // Nothing is promised that this version does not have.
    expect(JSON.stringify(findings)).not.toMatch(/dkim/i);
  });

  it('by secret: those that are applied, and each reason with its own cure', () => {
    const findings = found(
      [
        ...carrying(3, { distrust: undefined, applied: 2 }),
        ...carrying(1, { distrust: 'missing', from: 'mallory@evil.example' }),
        ...carrying(2, { distrust: 'wrong' }),
        ...carrying(1, { distrust: 'repeated', from: undefined }),
      ],
      trust(BY_SECRET),
    );
    expect(one(findings, 'headers_applied')?.message).toBe(
      '7 of 7 carry x-desk- headers; those of 3 would be applied',
    );
    expect(one(findings, 'headers_secret_missing')).toMatchObject({
      message: 'those of 1 are not applied: it has no x-our-secret',
      cure: expect.stringContaining('what strangers wrote stays without effect'),
      details: ['from others: mallory@evil.example (1)'],
    });
    expect(one(findings, 'headers_secret_wrong')?.cure).toContain('trust.secret.value');
    expect(one(findings, 'headers_secret_repeated')).toMatchObject({
      cure: expect.stringContaining('once'),
      details: ['from others: nobody (1)'],
    });
  });

  it('by signatures: what is not signed, and what does not hold', () => {
    const findings = found(
      [
        ...carrying(3, { distrust: undefined, applied: 2 }),
        ...carrying(2, { distrust: 'unsigned', from: 'mallory@evil.example' }),
        ...carrying(1, { distrust: 'misfit' }),
      ],
      trust({ hmac: { header: 'x-signature', keys: [{ id: 'a', secret: SECRET }], max_age: 1 } }),
    );
    expect(one(findings, 'headers_signature_unsigned')).toMatchObject({
      message: 'those of 2 are not applied: they have no x-signature',
      cure: expect.stringContaining('what strangers wrote stays without effect'),
    });
    expect(one(findings, 'headers_signature_misfit')).toMatchObject({
      message: 'those of 1 are not applied: what it has in x-signature does not hold',
      cure: expect.stringContaining('mailcase explain --uid'),
    });
    expect(JSON.stringify(findings)).not.toContain(SECRET);
  });

  it('by DKIM: what share is covered, what leaves headers open and who sends it, and whose results are there', () => {
    const byDkim: TrustConfig = { dkim: { domains: ['example.com'] } };
    const why = 'the DKIM signature of example.com does not cover x-desk-case-status';
    const from = 'shop@example.com';
    const dkim = (state: 'covered' | 'uncovered' | 'unsigned') => ({
      ...{ carries: true, from, applied: 0 },
      dkim: { state, why: state === 'uncovered' ? why : undefined },
    });
    const findings = sampleFindings(
      summarize(
        [
          ...several(3, { ...dkim('covered'), distrust: undefined, applied: 2, isToVerify: true }),
          ...several(2, { ...dkim('uncovered'), distrust: 'uncovered' }),
          ...several(1, { ...dkim('covered'), distrust: 'unproven', authservId: 'mx.other.example' }),
          ...several(1, { ...dkim('unsigned'), distrust: 'without_dkim' }),
        ],
        { ...AROUND, mailbox: { ...AROUND.mailbox, trust: byDkim } },
      ),
    );
    const found = (code: string) => findings.find((each) => each.code === code);
    expect(found('headers_applied')).toMatchObject({
      message: '7 of 7 carry x-desk- headers; those of 3 would be applied',
      details: ['3 of them if their DKIM signature is good, which is verified when they are polled'],
    });
    expect(found('dkim_coverage')?.message).toBe(
      '4 of 7 mails with headers from `trust.dkim.domains` have a DKIM signature that covers them',
    );
    expect(found('headers_dkim_uncovered')).toMatchObject({
      ...{ level: 'warning', details: [`shop@example.com (2): ${why}`] },
      message: 'those of 2 are not applied: the DKIM signature does not cover them',
    });
    expect(found('headers_dkim_unproven')).toMatchObject({
      level: 'warning',
      cure: expect.stringContaining('(the topmost ones are of mx.other.example (1))'),
    });
    expect(found('headers_dkim_without_dkim')).toMatchObject({ level: 'warning' });
  });

  it('a secret that others got too', () => {
    const trusted = { carries: true, distrust: undefined, applied: 1, secretWith: ['joe@customer.example'] };
    const summary = summarize(several(2, trusted), {
      ...AROUND,
      mailbox: { ...AROUND.mailbox, trust: BY_SECRET },
    });
    expect(sampleFindings(summary).find(({ code }) => code === 'secret_shared')).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/^2 mails with the right x-our-secret are addressed to others/),
      details: ['addressed to joe@customer.example'],
    });
  });

  it('a secret in mail to the mailbox itself, whose address is not in `own`', () => {
    const shared = (user: string, ...secretWith: string[]) =>
      found(several(1, { carries: true, distrust: undefined, applied: 1, secretWith }), {
        ...AROUND,
        mailbox: { ...AROUND.mailbox, trust: BY_SECRET, imap: { user } },
      }).find(({ code }) => code === 'secret_shared')?.details;
    expect(shared('desk@mail.example', 'Desk+shop@mail.example')).toBeUndefined();
    expect(shared('desk@mail.example', 'desk@mail.example', 'joe@customer.example')).toEqual([
      'addressed to joe@customer.example',
    ]);
    expect(shared('desk', 'desk@mail.example')).toEqual(['addressed to desk@mail.example']);
  });

  it('no headers, and those of another prefix', () => {
    expect(one(found(several(3, {})), 'headers_none')?.level).toBe('ok');
    const other = found(several(2, { otherPrefixes: ['x-zammad-'] }));
    expect(one(other, 'other_prefix')).toMatchObject({
      message: expect.stringMatching(/^2 carry .* x-zammad-/),
      cure: 'if they are meant for mailcase, set `headers: {prefix: x-zammad-}`',
    });
    const both = found([...carrying(1, { otherPrefixes: ['x-zammad-'] })]);
    expect(one(both, 'other_prefix')?.cure).toContain('let the sending system write x-desk-');
  });

  it('values that are refused even from a trusted mail, a few of many', () => {
    const values = Array.from({ length: 9 }, (_, index) =>
      carrying(index === 0 ? 3 : 1, {
        refused: [{ header: 'x-desk-case-status', value: `v${index}`, reason: 'no' }],
      }),
    );
    expect(one(found(values.flat()), 'values_refused')).toMatchObject({
      message: expect.stringContaining('9 values'),
      details: [
        'x-desk-case-status: v0 (3 times): no',
        ...[1, 2, 3, 4, 5].map((index) => `x-desk-case-status: v${index}: no`),
        'and 3 more (`--json` lists them)',
      ],
    });
  });

  it('whose mail it is', () => {
    const finding = one(
      found([
        ...several(2, { messageId: 'm', copyKey: 'm' }),
        message({ kind: 'list' }),
        message({ kind: 'auto_reply' }),
        ...several(2, { kind: 'bounce', customer: undefined }),
        message({ customer: undefined }),
      ]),
      'attribution',
    );
    expect(finding).toMatchObject({
      message: '7 inbound, 0 outbound, of 1 customer',
      details: [
        'among them 2 bounces, 1 mail of a list and 1 automatic reply',
        '1 copy of another in the sample, as far as headers say',
        '1 without a usable address: recorded without a customer',
        expect.stringContaining('bounces'),
      ],
    });
    expect(one(found(several(2, {})), 'attribution')?.details[0]).toBe('no list mail, none automatic');
  });

  it('what own lacks', () => {
    const findings = found([
      ...carrying(4, { from: 'shop@shop.example' }),
      ...several(4, { addressed: ['support@example.com'] }),
    ]);
    expect(one(findings, 'own_incomplete')).toMatchObject({
      cure: expect.stringContaining('own: [example.com, shop.example]'),
      details: ['shop.example: From of 4 mails with x-headers'],
    });
    const mailbox = { ...AROUND.mailbox, own: ['gmail.com', '.yahoo.de', 'we@gmail.com'] };
    expect(one(found(carrying(2, {}), { mailbox }), 'own_incomplete')?.cure).toContain(
      'own: [we@gmail.com, example.com]',
    );
    // Beside somebody who is likely to be meant, a stranger is named, and is in no example that people may copy.
    const beside = one(
      found([
        ...carrying(1, { from: 'eve@e.example' }),
        ...carrying(1, { from: 'eve2@f.example' }),
        ...carrying(3, { from: 'shop@shop.example' }),
      ]),
      'own_incomplete',
    );
    expect(beside?.details).toHaveLength(3);
    expect(beside?.cure).toContain('own: [example.com, shop.example]');
    expect(one(found(several(3, {})), 'own_complete')).toMatchObject({ level: 'ok', details: [] });
    expect(one(found(several(20, {})), 'own_unused')?.message).toContain('example.com');
  });

  it.each<[string, SampledMessage[], string]>([
    ['alone', carrying(1, { from: 'eve@e.example' }), 'e.example (1)'],
    ['once', [...carrying(2, {}), ...carrying(1, { from: 'eve@e.example' })], 'e.example (1)'],
    ['as often as we', [...carrying(3, {}), ...carrying(3, { from: 'eve@e.example' })], 'e.example (3)'],
    [
      'and another',
      [
        ...carrying(4, {}),
        ...carrying(2, { from: 'eve@e.example' }),
        ...carrying(1, { from: 'mallory@gmail.com' }),
      ],
      'e.example (2) and mallory@gmail.com (1)',
    ],
  ])('a stranger who writes x-headers is told, and no warning: %s', (_, messages, told) => {
    expect(one(found(messages), 'own_complete')).toMatchObject({
      ...{ level: 'ok', cure: null, details: [`others who write x-headers: ${told}`] },
    });
  });
});
