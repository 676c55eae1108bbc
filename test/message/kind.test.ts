import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { calendarMethod, isAutomatic, KINDS, type Kind, readKind } from '../../src/message/kind.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { headersOf, messageOf } from './build.ts';

const report = (type: string) => `Content-Type: multipart/report; report-type=${type}; boundary=b`;

const NULL_PATH = 'Return-Path: <>';
const GENERATED = 'Auto-Submitted: auto-generated';
const SUPPRESS = 'X-Auto-Response-Suppress: All';
const RULES_LOOP = 'X-MS-Exchange-Inbox-Rules-Loop: joe@example.com';
const RULES_AGENT = 'X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent';

describe('kinds', () => {
  it.each([
    ['nothing particular', ['Subject: hello'], 'mail'],
    ['no headers', [], 'mail'],
    ['auto-replied', ['Auto-Submitted: auto-replied'], 'auto_reply'],
    ['auto-replied with a parameter', ['Auto-Submitted: Auto-Replied; owner-email="a@x"'], 'auto_reply'],
    ['auto-replied with a comment', ['Auto-Submitted: auto-replied (vacation)'], 'auto_reply'],
    ['auto-replied after a comment', ['Auto-Submitted: (away) auto-replied'], 'auto_reply'],
    ['auto-replied in the second of two', [GENERATED, 'Auto-Submitted: auto-replied'], 'auto_reply'],
    ['auto-replied in a comment', ['Auto-Submitted: no (auto-replied)'], 'mail'],
    ['auto-generated', ['Auto-Submitted: auto-generated'], 'mail'],
    ['auto-notified', ['Auto-Submitted: auto-notified; owner-email="a@x"'], 'mail'],
    ['auto-submitted: no', ['Auto-Submitted: no'], 'mail'],
    ['X-Autoreply', ['X-Autoreply: yes'], 'auto_reply'],
    ['X-Autoreply that says no', ['X-Autoreply: No'], 'mail'],
    ['X-Autorespond', ['X-Autorespond: Out of office'], 'auto_reply'],
    ['precedence auto_reply', ['Precedence: auto_reply'], 'auto_reply'],
    ['X-Auto-Response-Suppress alone', ['X-Auto-Response-Suppress: All'], 'mail'],
    ['X-MS-Exchange-Inbox-Rules-Loop alone', [RULES_LOOP], 'mail'],
    ["Exchange's reply", [GENERATED, RULES_AGENT, RULES_LOOP, SUPPRESS], 'auto_reply'],
    [
      "Exchange's reply to what another agent made",
      [GENERATED, `${RULES_AGENT.replace(': ', ': Journal Agent,')}`, SUPPRESS],
      'auto_reply',
    ],
    ["Exchange's reply through a list", [GENERATED, RULES_AGENT, SUPPRESS, 'List-Id: <l.x>'], 'auto_reply'],
    ['Exchange forwards: nothing suppressed', [GENERATED, RULES_AGENT, RULES_LOOP], 'mail'],
    [
      'Exchange forwards: little suppressed',
      [GENERATED, RULES_AGENT, RULES_LOOP, 'X-Auto-Response-Suppress: RN, NRN'],
      'mail',
    ],
    [
      'Exchange passes on what suppresses answers',
      [GENERATED, RULES_AGENT, RULES_LOOP, SUPPRESS, 'Resent-From: <ann@example.com>'],
      'mail',
    ],
    ['the agent without auto-generated', [RULES_AGENT, RULES_LOOP, SUPPRESS], 'mail'],
    [
      'another agent of Exchange',
      [NULL_PATH, GENERATED, RULES_LOOP, SUPPRESS, RULES_AGENT.replace('Mailbox Rules', 'Journal')],
      'mail',
    ],
    [
      'an agent whose product another took up',
      [NULL_PATH, GENERATED, RULES_LOOP, SUPPRESS, `${RULES_AGENT},Journal Agent`],
      'mail',
    ],
    ["an old Exchange's reply", [NULL_PATH, GENERATED, RULES_LOOP, SUPPRESS], 'auto_reply'],
    ["an old Exchange's reply with a return path", [GENERATED, RULES_LOOP, SUPPRESS], 'mail'],
    ['a shop that expects no answer', [NULL_PATH, GENERATED, SUPPRESS], 'mail'],
    ['delivery report', [report('delivery-status')], 'bounce'],
    ['delivery report in UTF-8', [report('global-delivery-status')], 'bounce'],
    [
      'delivery report, with the type last, in capitals and with comments',
      [
        'CONTENT-TYPE: MULTIPART/REPORT (RFC 6522);\r\n\tBOUNDARY="b";\r\n\tREPORT-TYPE = "DELIVERY-STATUS" (x)',
      ],
      'bounce',
    ],
    [
      'the type in a boundary',
      ['Content-Type: multipart/report; boundary="x; report-type=delivery-status"'],
      'mail',
    ],
    [
      'the type in a comment',
      ['Content-Type: multipart/report (; report-type=delivery-status); boundary=b'],
      'mail',
    ],
    ['the type in something else', ['Content-Type: multipart/mixed; report-type=delivery-status'], 'mail'],
    ['the type as a beginning', [report('delivery-status-of-trains')], 'mail'],
    ['two types: the first', [report('feedback-report'), report('delivery-status')], 'mail'],
    ['delivery report, quoted and in capitals', [report('"Delivery-Status"')], 'bounce'],
    [
      'delivery report that says auto-replied',
      ['Auto-Submitted: auto-replied', report('delivery-status')],
      'bounce',
    ],
    ['read receipt', [report('disposition-notification')], 'receipt'],
    ['read receipt in UTF-8', [report('global-disposition-notification')], 'receipt'],
    ['read receipt of a machine', [report('disposition-notification'), 'X-Autoreply: yes'], 'receipt'],
    ['feedback report', [report('feedback-report')], 'mail'],
    [
      'feedback report of a mail system',
      [report('feedback-report'), NULL_PATH, 'From: postmaster@x.example'],
      'mail',
    ],
    [
      'feedback report with a boundary of that name',
      [`${report('feedback-report')}-delivery-status`],
      'mail',
    ],
    ['empty return path from a mail system', ['Return-Path: <>', 'From: MAILER-DAEMON@mx.example'], 'bounce'],
    [
      'empty return path with failed recipients, auto-replied too (Exim)',
      ['Return-Path: <>', 'X-Failed-Recipients: joe@example.com', 'Auto-Submitted: auto-replied'],
      'bounce',
    ],
    [
      'empty return path, from a mail system without a domain',
      [NULL_PATH, 'From: Mailer <MAILER-DAEMON>'],
      'bounce',
    ],
    [
      'empty return path, from nothing but a mail system',
      [NULL_PATH, 'From: mailer-daemon (Mail System)'],
      'bounce',
    ],
    ['empty return path, from a name that is no mail system', [NULL_PATH, 'From: postmasters'], 'mail'],
    [
      'empty return path with a name',
      ['Return-Path: < MAILER-DAEMON >', 'From: postmaster@x.example'],
      'bounce',
    ],
    ['empty return path that Exchange says bounced', [NULL_PATH, 'X-MS-Exchange-Message-Is-Ndr:'], 'bounce'],
    [
      'a bounce for Exchange, with a return path',
      ['Return-Path: <a@x>', 'X-MS-Exchange-Message-Is-Ndr:'],
      'mail',
    ],
    ['failed recipients, with a return path', ['Return-Path: <a@x>', 'X-Failed-Recipients: b@x'], 'mail'],
    [
      'empty return path and the subject of a bounce',
      [NULL_PATH, 'From: joe@example.com', 'Subject: Undelivered Mail Returned to Sender'],
      'mail',
    ],
    ['empty return path alone', ['Return-Path: <>', 'From: joe@example.com'], 'mail'],
    [
      'empty return path of an automatic reply',
      ['Return-Path: <>', 'From: joe@example.com', 'Auto-Submitted: auto-replied'],
      'auto_reply',
    ],
    ['mail system with a return path', ['Return-Path: <a@x>', 'From: postmaster@mx.example'], 'mail'],
    ['List-Id', ['List-Id: <l.example.com>'], 'list'],
    ['precedence list', ['Precedence: List'], 'list'],
    ['precedence bulk alone', ['Precedence: bulk'], 'mail'],
    ['precedence list in a comment', ['Precedence: bulk (list)'], 'mail'],
    ['precedence junk alone', ['Precedence: junk'], 'mail'],
    ['List-Unsubscribe alone', ['List-Unsubscribe: <https://example.com/off>'], 'mail'],
    ['automatic reply on a list', ['List-Id: <l.example.com>', 'Auto-Submitted: auto-replied'], 'auto_reply'],
  ] as const)('%s: %s', (_, lines, expected) => {
    expect(readKind(headersOf(...lines), false).kind).toBe(expected);
  });

  it.each([
    ['calendar reply', [], 'calendar'],
    ['calendar reply through a list', ['List-Id: <l.example.com>'], 'calendar'],
    ['calendar reply of a machine', ['Auto-Submitted: auto-replied'], 'auto_reply'],
  ])('%s: %s', (_, lines, expected) => {
    expect(readKind(headersOf(...lines), true).kind).toBe(expected);
  });

  it.each([
    ['METHOD:REPLY', 'REPLY'],
    ['method: reply', 'reply'],
    ['METHOD;X-A=b:REPLY', 'REPLY'],
    ['PRODID:x\r\nMETHOD:REPLY\r\n', 'REPLY'],
    ['METHOD:REQUEST\nCOMMENT:METHOD:REPLY', 'REQUEST'],
    ['COMMENT:\n METHOD:REPLY', undefined],
    ['X-METHOD:REPLY', undefined],
    ['METHOD:', undefined],
    ['', undefined],
  ])('method of a calendar: %j', (text, method) => {
    expect(calendarMethod(text)).toBe(method);
  });

  it.each([
    ['the header says so', 'text/calendar; method=reply', 'METHOD:REQUEST', 'calendar'],
    ['the header says otherwise', 'text/calendar; method=REQUEST', 'METHOD:REPLY', 'mail'],
    ['the object says so', 'Text/Calendar; charset=utf-8', 'METHOD:REPLY', 'calendar'],
    ['neither says', 'text/calendar', 'VERSION:2.0', 'mail'],
    ['another type', 'text/x-calendar', 'METHOD:REPLY', 'mail'],
    ['far down', 'text/calendar', `X-A:${'a'.repeat(70_000)}\r\nMETHOD:REPLY`, 'mail'],
  ])('calendar: %s', async (_, contentType, line, kind) => {
    const message = await messageOf(`Content-Type: ${contentType}`, '', 'BEGIN:VCALENDAR', line);
    expect(message.kind).toBe(kind);
  });

  it('a person writes mail and list only', () => {
    expect(KINDS.filter((kind) => !isAutomatic(kind))).toEqual(['mail', 'list']);
  });
});

const ORDER = (n: number) => `order-${n}@lindgren-lamps.example`;

/** Complete mails, written by us after the forms that these programs use. */
const SAMPLES: readonly [
  trait: string,
  kind: Kind,
  report?: { ids: readonly string[]; to: readonly string[] },
][] = [
  ['out-of-office-exchange', 'auto_reply', { ids: [ORDER(10501)], to: [] }],
  [
    'out-of-office-exchange-through-group',
    'auto_reply',
    { ids: ['shipping-20931@lindgren-lamps.example'], to: [] },
  ],
  ['out-of-office-exchange-old', 'auto_reply'],
  ['forwarded-by-exchange-rule', 'mail'],
  ['redirected-by-exchange-rule', 'mail'],
  ['vacation-gmail', 'auto_reply'],
  ['vacation-sieve', 'auto_reply'],
  ['autoresponder-cpanel', 'auto_reply'],

  ['bounce-multipart-report', 'bounce', { ids: [ORDER(10423)], to: ['joe@example.com'] }],
  ['bounce-postfix', 'bounce', { ids: [ORDER(10505)], to: ['joe+lamps@example.net', 'ann@example.net'] }],
  ['delay-postfix', 'bounce', { ids: [ORDER(10506)], to: ['mia@example.org'] }],
  ['bounce-exim-plain', 'bounce', { ids: [ORDER(10507)], to: ['nils@example.org', 'dora@example.org'] }],
  ['bounce-exim-report', 'bounce', { ids: [ORDER(10508)], to: ['tove@example.org'] }],
  ['delay-exim-plain', 'bounce', { ids: [], to: ['olga@example.org'] }],
  ['bounce-qmail', 'bounce', { ids: [ORDER(10510)], to: ['karl@example.com', 'ida@example.com'] }],
  ['bounce-sendmail-plain', 'bounce', { ids: [ORDER(10511)], to: ['rolf@example.net'] }],
  ['bounce-exchange-ndr', 'bounce', { ids: [ORDER(10512)], to: ['vera@example.com'] }],
  [
    'bounce-ses',
    'bounce',
    { ids: ['0100019370a1b2c3-order-000000@email.ses.example'], to: ['eva@example.com'] },
  ],
  ['bounce-gmail', 'bounce', { ids: ['CAJgm-10514@mail.lindgren-lamps.example'], to: ['paul@gm.example'] }],
  [
    'bounce-utf8-address',
    'bounce',
    { ids: [ORDER(10515)], to: ['jörg@bücher.example', 'käthe@bücher.example'] },
  ],
  ['bounce-inline-original', 'bounce', { ids: [ORDER(10516)], to: ['hans@groupware.example'] }],
  ['bounce-in-gateway-wrapping', 'bounce', { ids: [ORDER(10517)], to: ['lena@example.com'] }],

  ['reject-sieve', 'receipt', { ids: ['newsletter-55@lindgren-lamps.example'], to: ['ulf@example.org'] }],
  [
    'read-receipt-outlook',
    'receipt',
    { ids: ['answer-881@lindgren-lamps.example'], to: ['bea.holm@example.com'] },
  ],
  [
    'read-receipt-exchange-not-read',
    'receipt',
    { ids: ['answer-882@lindgren-lamps.example'], to: ['luc.moreau@example.org'] },
  ],
  [
    'read-receipt-thunderbird',
    'receipt',
    { ids: ['answer-883@lindgren-lamps.example'], to: ['kim@example.net'] },
  ],

  ['calendar-reply', 'calendar'],
  ['calendar-reply-google', 'calendar'],
  ['calendar-reply-outlook', 'calendar'],
  ['calendar-reply-no-method', 'calendar'],
  ['meeting-request-outlook', 'mail'],

  ['jira-notification', 'mail'],
  ['zendesk-answer', 'mail'],
  ['newsletter', 'mail'],
  ['feedback-report', 'mail'],
  ['forwarded-bounce', 'mail'],
  ['google-groups-list', 'list'],
  ['mailman-list', 'list'],
];

describe('mails of the programs that write most of them', () => {
  it.each(SAMPLES)('%s is %s', async (trait, kind, about) => {
    const message = await parseMessage(readFileSync(new URL(`../mail/${trait}.eml`, import.meta.url)));
    const { report } = message;
    const found = report && { ids: report.messageIds, to: report.recipients.map(({ address }) => address) };
    expect({ kind: message.kind, about: found }).toEqual({ kind, about });
  });
});
