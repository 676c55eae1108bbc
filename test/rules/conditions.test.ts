// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write, and no promise.
import { describe, expect, it } from 'vitest';
import type { Condition } from '../../src/rules/rule.ts';
import { judged, type There } from './ready.ts';

const MAIL: Record<string, string> = {
  From: '=?utf-8?Q?=C3=84lice_=C3=96?= <Ann.Asker@Bücher.example>',
  'Reply-To': 'other@asker.example',
  To: 'Support <support@example.com>, boss@example.com',
  Cc: 'carl@copy.example',
  Subject: 'Re: =?utf-8?Q?=C3=9Cber?= [JIRA] (ABC-123) order',
  'Message-ID': '<m1@asker.example>',
  'List-Id': 'News <news.lists.example>',
  'Return-Path': '<bounces@asker.example>',
  'Delivered-To': 'support@example.com',
  'X-Spam-Flag': 'YES',
  'X-Empty': '',
  'X-Runs': 'one  two \r\n  three four',
  'X-Long': `${'x'.repeat(20_000)}end`,
};

const BODY = 'Hello there,\r\na second line';

async function holds(when: Condition, there: There = {}, fields = MAIL): Promise<boolean> {
  const rules = [{ name: 'one', when, then: { set: { 'case.priority': ['9'] } } }];
  const { directives } = await judged(fields, { trust: 'none', ...there, rules });
  expect(directives.byRules?.matched ?? []).toEqual(directives.case.priority === 9 ? ['one'] : []);
  return directives.case.priority === 9;
}

describe('texts', () => {
  it.each<[string, Condition, boolean]>([
    ['exists', { header: 'x-spam-flag', exists: true }, true],
    ['does not exist', { header: 'x-other', exists: true }, false],
    ['an empty one is as if absent', { header: 'x-empty', exists: true }, false],
    ['absence', { header: 'x-empty', exists: false }, true],
    ['no absence', { header: 'x-spam-flag', exists: false }, false],
    ['equals, in any case', { header: 'x-spam-flag', equals: 'yes' }, true],
    ['equals a part alone', { header: 'x-spam-flag', equals: 'ye' }, false],
    ['contains', { part: 'subject', contains: 'ÜBER [jira]' }, true],
    ['contains, composed of two', { part: 'subject', contains: 'u\u0308ber' }, true],
    ['contains not', { part: 'subject', contains: 'invoice' }, false],
    ['starts', { part: 'subject', starts_with: 're:' }, true],
    ['starts later', { part: 'subject', starts_with: 'über' }, false],
    ['ends', { part: 'subject', ends_with: 'ORDER' }, true],
    ['ends before', { part: 'subject', ends_with: '123' }, false],
    ['one of', { header: 'x-spam-flag', one_of: ['true', 'Yes'] }, true],
    ['none of', { header: 'x-spam-flag', one_of: ['true', 'no'] }, false],
    ['matches', { part: 'subject', matches: '\\(([A-Z]+-\\d+)\\)' }, true],
    ['matches as written', { part: 'subject', matches: 'jira' }, false],
    ['matches without case', { part: 'subject', matches: '(?i)jira' }, true],
    ['the beginning of a long one', { header: 'x-long', starts_with: 'xxx' }, true],
    ['the end of a long one', { header: 'x-long', ends_with: 'end' }, true],
    ['a word in the middle of a long one', { header: 'x-long', contains: 'xend' }, true],
    ['the end of a long one, by a pattern', { header: 'x-long', matches: 'end' }, false],
    ['white space around a text', { header: 'x-spam-flag', equals: ' yes ' }, true],
    ['white space before its end', { part: 'subject', ends_with: ' order ' }, true],
    ...(
      [
        ['equals', { part: 'from_name', equals: 'Älice  Ö' }],
        ['is one of', { part: 'from_name', one_of: ['x', ' Älice \t Ö '] }],
        ['contains', { header: 'x-runs', contains: 'two   three' }],
        ['contains', { header: 'x-runs', contains: 'two three' }],
        ['contains, a blank at its end', { header: 'x-runs', contains: 'one  ' }],
        ['starts with', { header: 'x-runs', starts_with: 'one two  ' }],
        ['ends with', { header: 'x-runs', ends_with: '  three  four' }],
        ['is', { header: 'x-runs', equals: 'one two\u00a0three four' }],
        ['contains, over lines', { part: 'body', contains: 'there, a second' }],
      ] as const
    ).map(([test, when]): [string, Condition, boolean] => [`runs of white space: ${test}`, when, true]),
    ['a blank that is not there', { header: 'x-runs', contains: 'on e' }, false],
    ['a blank at the end of a part, which is not there', { header: 'x-runs', contains: 'tw ' }, false],
    ['a name that all objects have', { header: 'constructor', exists: true }, false],
  ])('%s', async (_, when, expected) => expect(await holds(when, { body: BODY })).toBe(expected));
});

describe('parts', () => {
  it.each<[string, Condition, boolean]>([
    ['from', { part: 'from', equals: 'ann.asker@bücher.example' }, true],
    ['from in A-labels', { part: 'from', ends_with: '@xn--bcher-kva.example' }, true],
    ['from has no name', { part: 'from', contains: 'Älice' }, false],
    ['from_name', { part: 'from_name', equals: 'älice ö' }, true],
    ['reply_to', { part: 'reply_to', equals: 'other@asker.example' }, true],
    ['to', { part: 'to', equals: 'boss@example.com' }, true],
    ['to is not cc', { part: 'to', equals: 'carl@copy.example' }, false],
    ['cc', { part: 'cc', equals: 'carl@copy.example' }, true],
    ['recipient: to', { part: 'recipient', equals: 'support@example.com' }, true],
    ['recipient: cc', { part: 'recipient', equals: 'carl@copy.example' }, true],
    ['message_id', { part: 'message_id', ends_with: '@asker.example' }, true],
    ['list_id', { part: 'list_id', equals: 'news.lists.example' }, true],
    ['return_path', { part: 'return_path', starts_with: 'bounces@' }, true],
    ['delivered_to', { part: 'delivered_to', equals: 'support@example.com' }, true],
    ['body', { part: 'body', contains: 'hello there' }, true],
    ['body, over lines', { part: 'body', matches: '(?s)Hello.*line' }, true],
  ])('%s', async (_, when, expected) => {
    expect(await holds(when, { body: BODY })).toBe(expected);
  });

  it.each<[string, Condition, boolean]>([
    ['equals', { part: 'body', equals: 'stop' }, true],
    ['ends', { part: 'body', ends_with: 'stop' }, true],
    ['one of', { part: 'body', one_of: ['go', 'stop'] }, true],
    ['starts', { part: 'body', starts_with: 'stop' }, true],
  ])('the white space around a body: %s', async (_, when, expected) => {
    expect(await holds(when, { body: '\r\n  STOP \r\n\r\n' })).toBe(expected);
  });

  it.each<[string, Condition, boolean]>([
    ['over lines', { part: 'body', contains: 'please cancel my order' }, true],
    ['to its end', { part: 'body', ends_with: 'order' }, true],
    ['no tags', { part: 'body', contains: '<b>' }, false],
    ['no styles', { part: 'body', contains: 'color' }, false],
    ['by a pattern', { part: 'body', matches: '^please (?<what>\\w+) my' }, true],
    ['a mail with a text has it', { part: 'body', exists: false }, false],
  ])('the body of HTML alone: %s', async (_, when, expected) => {
    const html = '<style>b {color: red}</style><p>please\r\n<b>cancel</b> my order</p>';
    const fields = { ...MAIL, 'MIME-Version': '1.0', 'Content-Type': 'text/html; charset=utf-8' };
    expect(await holds(when, { body: html }, fields)).toBe(expected);
  });

  it('of a text and HTML, the text', async () => {
    const part = (type: string, text: string) => `--b\r\nContent-Type: text/${type}\r\n\r\n${text}\r\n`;
    const mailOf = (text: string) =>
      Buffer.from(
        `From: a@asker.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n${part('plain', text)}${part('html', '<p>of html</p>')}--b--\r\n`,
      );
    const rules = ['of text', 'of html'].map((text) => ({
      name: text,
      when: { part: 'body' as const, contains: text },
      then: { add: { 'case.labels': [text] } },
    }));
    const matched = async (text: string) => (await judged(mailOf(text), { rules })).directives.case.labels;
    expect(await matched('of text')).toEqual(['of text']);
    expect(await matched(' ')).toEqual(['of html']);
  });

  it('an empty return path is absent', async () => {
    const fields = { ...MAIL, 'Return-Path': '<>' };
    expect(await holds({ part: 'return_path', exists: false }, {}, fields)).toBe(true);
  });
});

describe('a repeated header: any of its values', () => {
  const source = Buffer.from(
    'From: a@asker.example\r\nTo: support@example.com\r\nX-Tag: one\r\nx-tag: two\r\nX-TAG: three\r\n\r\nx',
  );
  it.each<[string, Condition, boolean]>([
    ['the first', { header: 'x-tag', equals: 'one' }, true],
    ['the last', { header: 'x-tag', equals: 'three' }, true],
    ['none', { header: 'x-tag', equals: 'one, two' }, false],
    ['not: none of them', { not: { header: 'x-tag', equals: 'two' } }, false],
  ])('%s', async (_, when, expected) => {
    const rules = [{ name: 'r', when, then: { stop: true } }];
    const { directives } = await judged(source, { rules });
    expect(directives.byRules?.matched ?? []).toEqual(expected ? ['r'] : []);
  });
});

describe('what was found out', () => {
  const trusted = { trust: 'all' as const };
  it.each<[string, Condition, boolean, There?]>([
    ['trusted', { trusted: true }, true, trusted],
    ['trusted, and is not', { trusted: true }, false],
    ['untrusted', { trusted: false }, true],
    ['sender_auth', { sender_auth: 'none' }, true],
    ['sender_auth, another', { sender_auth: 'pass' }, false],
    ['direction', { direction: 'in' }, true],
    ['direction, other', { direction: 'out' }, false],
    ['kind', { kind: 'list' }, true],
    ['kind, of an own list', { kind: 'list' }, false, { own: ['lists.example'] }],
    ['size over', { size: { over: 100 } }, true],
    ['size under', { size: { under: 100 } }, false],
    ['size between', { size: { over: 100, under: 1_000_000 } }, true],
    ['has_attachment', { has_attachment: false }, true],
    ['mailbox', { mailbox: 'support' }, true],
    ['another mailbox', { mailbox: 'sales' }, false],
    ['folder', { folder: 'INBOX' }, true],
    ['another folder', { folder: 'Archive' }, false],
  ])('%s', async (_, when, expected, there) => expect(await holds(when, there)).toBe(expected));

  it.each([
    ['attached', 'Content-Disposition: attachment; filename=a.pdf', true],
    ['inline and no part of the text', 'Content-Disposition: inline; filename=a.pdf', true],
    ['a logo', 'Content-ID: <logo@x>\r\nContent-Disposition: inline; filename=a.png', false],
  ])('has_attachment: %s', async (_, lines, expected) => {
    const source = `From: a@asker.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\nx\r\n--b\r\nContent-Type: application/octet-stream\r\n${lines}\r\n\r\nx\r\n--b--\r\n`;
    const rules = [{ name: 'r', when: { has_attachment: true }, then: { stop: true } }];
    const { directives } = await judged(Buffer.from(source), { rules });
    expect(directives.byRules !== undefined).toBe(expected);
  });

  it('direction and kind are as headers and the rules before have said', async () => {
    const rules = [
      { name: 'a', when: { direction: 'out' as const }, then: { add: { 'case.labels': ['by-header'] } } },
      { name: 'b', then: { set: { 'interaction.direction': ['in'], 'interaction.kind': ['bounce'] } } },
      { name: 'c', when: { direction: 'in' as const }, then: { add: { 'case.labels': ['by-rule'] } } },
      { name: 'd', when: { kind: 'bounce' as const }, then: { add: { 'case.labels': ['kind'] } } },
    ];
    const { directives, direction, message } = await judged(
      { 'X-Desk-Interaction-Direction': 'out' },
      { rules },
    );
    expect(directives.case.labels).toEqual(['by-header', 'by-rule', 'kind']);
    expect([direction, message.kind]).toEqual(['in', 'bounce']);
  });
});

describe('combinations', () => {
  const yes: Condition = { part: 'subject', contains: 'jira' };
  const no: Condition = { part: 'subject', contains: 'invoice' };
  it.each<[string, Condition, boolean]>([
    ['all', { all: [yes, yes] }, true],
    ['all but one', { all: [yes, no] }, false],
    ['any', { any: [no, yes] }, true],
    ['none of any', { any: [no, no] }, false],
    ['not', { not: no }, true],
    ['not not', { not: { not: yes } }, true],
    ['nested', { all: [yes, { any: [no, { not: { all: [yes, no] } }] }] }, true],
  ])('%s', async (_, when, expected) => expect(await holds(when)).toBe(expected));
});
