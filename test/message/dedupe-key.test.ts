import { describe, expect, it } from 'vitest';
import { dedupeKey } from '../../src/message/dedupe-key.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { bytesOf } from './build.ts';

const mapping = headerMapping({ prefix: 'x-desk-' }, ['x-desk-secret']);

async function keyOf(lines: readonly string[]): Promise<string> {
  return dedupeKey(await parseMessage(bytesOf(lines)), mapping.isMapped).toString('hex');
}

const FROM = 'From: Shop <shop@lamps.example>';
const TO = 'To: Käthe <kaethe@example.com>, Joe <joe@example.com>';
const DATE = 'Date: Mon, 9 Nov 2026 10:00:00 +0100';
const SUBJECT = 'Subject: Your order';
const ID = 'Message-ID: <order-1@lamps.example>';
const STATUS = 'X-Desk-Case-Status: closed';
const HEAD = [FROM, TO, DATE, SUBJECT, ID, STATUS];
const TEXT = 'Grüße, your order 10423 is on its way.';

const utf8 = 'Content-Type: text/plain; charset=utf-8';
const html = 'Content-Type: text/html; charset=utf-8';
const base64 = (text: string, charset: BufferEncoding = 'utf8') =>
  Buffer.from(text, charset).toString('base64');

/** The mail that all others are compared with. */
const plain = [...HEAD, utf8, '', TEXT];

/** The same head with other fields in place of some. */
function withHead(...fields: string[]): string[] {
  const names = fields.map((field) => field.slice(0, field.indexOf(':')));
  return [
    ...HEAD.filter((field) => !names.includes(field.slice(0, field.indexOf(':')))),
    ...fields,
    utf8,
    '',
    TEXT,
  ];
}

const without = (...gone: string[]) => plain.filter((line) => !gone.includes(line));
const withBody = (...lines: string[]) => [...HEAD, ...lines];
const withText = (text: string) => withBody(utf8, '', text);
const multipart = (...parts: string[][]) =>
  withBody(
    'Content-Type: multipart/mixed; boundary=b',
    '',
    ...parts.flatMap((part) => ['--b', ...part]),
    '--b--',
  );
const attached = (text: string) => [
  ...without(ID, utf8, '', TEXT),
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  utf8,
  '',
  TEXT,
  '--b',
  'Content-Type: application/pdf',
  '',
  text,
  '--b--',
];
const newsletter = (style: string, text: string) =>
  withBody(html, '', `<style>${style}</style><p>${text}</p>`);

const SAFE_LINK =
  'https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Flamps.example%2Fo%2F1&data=05%7C02';

describe('the same mail', () => {
  it.each([
    [
      'another way through the net',
      plain,
      ['Received: from a by b', 'Delivered-To: support@lamps.example', ...plain],
    ],
    ['a Bcc field left in one copy', plain, ['Bcc: support@lamps.example', ...plain]],
    ['x-headers that are not mapped', plain, ['X-Spam-Score: 3', 'X-Desk-Colour: red', ...plain]],
    ['the secret', plain, ['X-Desk-Secret: abc', ...plain]],
    ['the secret, another value', ['X-Desk-Secret: abc', ...plain], ['X-Desk-Secret: ***', ...plain]],
    ['an empty mapped header', plain, ['X-Desk-Case-Labels:', ...plain]],
    ['fields in another order', plain, [...HEAD.toReversed(), utf8, '', TEXT]],
    ['addresses in another order', plain, withHead('To: joe@example.com, kaethe@example.com')],
    ['To and Cc the other way round', plain, withHead('To: joe@example.com', 'Cc: kaethe@example.com')],
    ['a recipient twice', plain, withHead(`${TO}, JOE@example.com`)],
    ['letter case of From', plain, withHead('From: SHOP@Lamps.Example')],
    [
      'a display name re-encoded',
      plain,
      withHead('To: =?utf-8?Q?K=C3=A4the?= <kaethe@example.com>, joe@example.com'),
    ],
    ['To folded', plain, withHead('To: Käthe\r\n <kaethe@example.com>,\r\n\tJoe <joe@example.com>')],
    ['the Date in another zone', plain, withHead('Date: Mon, 09 Nov 2026 09:00:00 GMT')],
    ['another Subject beside a Message-ID', plain, withHead('Subject: [SPAM?] Your order')],
    [
      'a mapped header folded',
      withHead('X-Desk-Case-Subject: a b'),
      withHead('X-Desk-Case-Subject: a\r\n\tb'),
    ],
    [
      'a fold that doubles a space',
      withHead('X-Desk-Case-Subject: a b'),
      withHead('X-Desk-Case-Subject: a \r\n b'),
    ],
    [
      'a mapped header re-encoded',
      withHead('X-Desk-Case-Subject: Grüße'),
      withHead('X-Desk-Case-Subject: =?iso-8859-1?Q?Gr=FC=DFe?='),
    ],
    ['Message-ID folded', plain, withHead('Message-ID:\r\n <order-1@lamps.example>')],
    [
      'quoted-printable',
      plain,
      withBody(
        utf8,
        'Content-Transfer-Encoding: quoted-printable',
        '',
        'Gr=C3=BC=C3=9Fe, your order 104=',
        '23 is on its way.',
      ),
    ],
    ['base64', plain, withBody(utf8, 'Content-Transfer-Encoding: base64', '', base64(TEXT))],
    [
      'another charset',
      plain,
      withBody(
        'Content-Type: text/plain; charset=iso-8859-1',
        'Content-Transfer-Encoding: base64',
        '',
        base64(TEXT, 'latin1'),
      ),
    ],
    ['lines wrapped anew', plain, withText('Grüße,\r\nyour order 10423\r\nis on its way.')],
    ['spaces at the ends of lines', plain, withText(`${TEXT}  \r\n\r\n`)],
    ['wide letters', plain, withText('Grüße, your order １０４２３ is on its way.')],
    ['letters composed otherwise', plain, withText('Gru\u0308ße, your order 10423 is on its way.')],
    [
      "a list's footer as a text part of its own",
      plain,
      multipart([utf8, '', TEXT], [utf8, '', 'This list is …']),
    ],
    [
      'a list copy: prefix in the subject, its own header fields, a footer of its own part',
      multipart([utf8, '', TEXT]),
      [
        ...['List-Id: <support.lamps.example>', 'Precedence: list', 'Reply-To: support@lamps.example'],
        ...multipart([utf8, '', TEXT], [utf8, '', 'You got this because …']).map((line) =>
          line === SUBJECT ? 'Subject: [support] Your order' : line,
        ),
      ],
    ],
    [
      'a forwarding that adds Resent fields',
      plain,
      ['Resent-From: joe@example.com', 'Resent-To: support@lamps.example', 'Resent-Date: x', ...plain],
    ],
    [
      'a gateway that wraps the text in multipart/mixed with a disclaimer of its own part',
      plain,
      multipart([utf8, '', TEXT], [html, '', '<p>This mail is confidential.</p>']),
    ],
    [
      'a banner behind the first 500 letters',
      withText('a'.repeat(500)),
      withText(`${'a'.repeat(500)} banner`),
    ],
    ['500 letters beyond the BMP', withText('𠀀'.repeat(500)), withText(`${'𠀀'.repeat(500)} banner`)],
    ['a click counter', withText('See https://lamps.example/o/1 now'), withText(`See ${SAFE_LINK} now`)],
    [
      'a link in brackets',
      withText('See <https://lamps.example/o/1> now'),
      withText(`See <${SAFE_LINK}> now`),
    ],
    ['a www link', withText('See www.lamps.example/o/1 now'), withText(`See ${SAFE_LINK} now`)],
    [
      'links in HTML alone',
      withBody(html, '', '<p>See <a href="https://lamps.example/o/1">this</a></p>'),
      withBody(
        html,
        '',
        `<html><style>p { color: red }</style><p>See <a href="${SAFE_LINK}">this</a></p></html>`,
      ),
    ],
    ['no Message-ID, but otherwise the same', without(ID), ['Received: x', ...without(ID)]],
    ['an empty Message-ID and none', without(ID), withHead('Message-ID: <>')],
    ['no Message-ID, the same attachment', attached('pdf'), ['Received: x', ...attached('pdf')]],
    [
      'no Message-ID, Subject re-encoded',
      [SUBJECT, 'Date: x', '', 'a'],
      ['Subject: =?utf-8?Q?Your_order?=', 'Date: x', '', 'a'],
    ],
  ])('%s', async (_, one, other) => {
    expect(one).not.toEqual(other);
    expect(await keyOf(other)).toBe(await keyOf(one));
  });
});

describe('different mails', () => {
  it.each([
    // In doubt two interactions, never a loss.
    [
      'a list that puts itself into From',
      plain,
      withHead('From: Shop via support <support@lamps.example>', 'X-Original-From: shop@lamps.example'),
    ],
    ['a list that writes its footer into a short text', plain, withText(`${TEXT}\r\n--\r\nThe list`)],
    ['a banner before the text', plain, withText(`EXTERNAL MAIL! ${TEXT}`)],
    ['another Message-ID', plain, withHead('Message-ID: <order-2@lamps.example>')],
    ['letter case of the Message-ID', plain, withHead('Message-ID: <ORDER-1@lamps.example>')],
    ['a reused Message-ID, another To', plain, withHead('To: maja@example.com')],
    ['one recipient more', plain, withHead(`${TO}, maja@example.com`)],
    ['another From', plain, withHead('From: billing@lamps.example')],
    ['a second later', plain, withHead('Date: Mon, 9 Nov 2026 10:00:01 +0100')],
    ['two dates that are none', withHead('Date: today'), withHead('Date: tomorrow')],
    ['no Date', plain, without(DATE)],
    ['another value of a mapped header', plain, withHead('X-Desk-Case-Status: open')],
    ['no mapped header', plain, without(STATUS)],
    [
      'a value under another mapped header',
      plain,
      withHead('X-Desk-Case-Priority: closed', 'X-Desk-Case-Status:'),
    ],
    ['another text', plain, withText('Grüße, your order 10424 is on its way.')],
    ['another text at its 500th letter', withText(`${'a'.repeat(499)}b`), withText(`${'a'.repeat(499)}c`)],
    [
      'another 500th letter beyond the BMP',
      withText(`${'𠀀'.repeat(499)}b`),
      withText(`${'𠀀'.repeat(499)}c`),
    ],
    [
      'empty text parts beside different HTML',
      multipart([utf8, '', ''], [html, '', '<p>one</p>']),
      multipart([utf8, '', ''], [html, '', '<p>two</p>']),
    ],
    [
      'text parts of a link beside different HTML',
      multipart([utf8, '', 'https://x.example/1'], [html, '', '<p>one</p>']),
      multipart([utf8, '', 'https://x.example/2'], [html, '', '<p>two</p>']),
    ],
    [
      'different HTML behind much style',
      newsletter('p{} '.repeat(9000), 'one'),
      newsletter('p{} '.repeat(9000), 'two'),
    ],
    [
      'no Message-ID, another Subject',
      without(ID),
      without(ID).map((line) => (line === SUBJECT ? 'Subject: x' : line)),
    ],
    ['no Message-ID, another attachment', attached('pdf'), attached('fdp')],
    ['no Message-ID, no attachment', attached('pdf'), without(ID)],
    ['no headers at all', ['one'], ['two']],
    ['a Message-ID that is the From of another', ['Message-ID: a@x', '', ''], ['From: a@x', '', '']],
  ])('%s', async (_, one, other) => {
    expect(await keyOf(other)).not.toBe(await keyOf(one));
  });
});

it('is a version byte and a SHA-256', async () => {
  const key = dedupeKey(await parseMessage(bytesOf(plain)), mapping.isMapped);
  expect(key).toHaveLength(33);
  expect(key[0]).toBe(1);
});
