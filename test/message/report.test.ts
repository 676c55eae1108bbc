import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUsableAddress } from '../../src/message/addresses.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { copiedHeader, listedAddresses, type Report } from '../../src/message/report.ts';
import { bytesOf, messageOf, unstorable } from './build.ts';

const DSN = 'Content-Type: multipart/report; report-type=delivery-status; boundary=b';
const MDN = 'Content-Type: multipart/report; report-type=disposition-notification; boundary=b';

/** A report of these parts, each the lines of its header and body. */
function partsOf(type: string, ...parts: (readonly string[])[]): string[] {
  return [type, '', '--b', '', 'See below.', ...parts.flatMap((lines) => ['--b', ...lines]), '--b--'];
}

const status = (...lines: string[]) => ['Content-Type: message/delivery-status', '', ...lines];
const disposition = (...lines: string[]) => ['Content-Type: message/disposition-notification', '', ...lines];
const returned = (...lines: string[]) => ['Content-Type: message/rfc822', '', ...lines];

async function reportOf(lines: readonly string[]): Promise<Report | undefined> {
  return (await parseMessage(bytesOf(lines))).report;
}

async function recipientsOf(lines: readonly string[]): Promise<string[] | undefined> {
  return (await reportOf(lines))?.recipients.map(({ address }) => address);
}

async function idsOf(lines: readonly string[]): Promise<readonly string[] | undefined> {
  return (await reportOf(lines))?.messageIds;
}

describe('what is no report', () => {
  it.each([
    ['mail', ['Subject: x', '', 'x']],
    [
      'mail with a message in it',
      ['Content-Type: multipart/mixed; boundary=b', '', '--b', ...returned('Message-ID: <a@x>'), '--b--'],
    ],
    ['a list', ['List-Id: <l.x>', '', 'x']],
    [
      'a complaint',
      partsOf(DSN.replace('delivery-status', 'feedback-report'), returned('Message-ID: <a@x>')),
    ],
    ['an automatic reply', ['Auto-Submitted: auto-replied', 'In-Reply-To: <a@x>', '', 'x']],
    [
      'an automatic reply that names nothing',
      ['X-Autoreply: yes', 'X-MS-Exchange-Parent-Message-Id:  ', '', 'x'],
    ],
    ['mail that Exchange forwards', ['X-MS-Exchange-Parent-Message-Id: <a@x>', '', 'x']],
  ])('%s', async (_, lines) => {
    expect(await reportOf(lines)).toBeUndefined();
  });

  it('a bounce that says nothing is a report of nothing', async () => {
    expect(await reportOf([DSN, '', 'x'])).toEqual({ messageIds: [], recipients: [] });
  });

  it('an automatic reply is about what it answers, and a copy of it that is attached is not', async () => {
    const lines = ['X-Autoreply: yes', 'X-MS-Exchange-Parent-Message-Id:\r\n <a@x>'];
    const report = await reportOf([
      ...lines,
      ...partsOf('Content-Type: multipart/mixed; boundary=b', returned('Message-ID: <b@x>')),
    ]);
    expect(report).toEqual({ messageIds: ['a@x'], recipients: [] });
  });
});

describe('recipients of a bounce', () => {
  it.each([
    ['one', ['Final-Recipient: rfc822; a@x.example'], ['a@x.example']],
    ['the original one first', ['Final-Recipient: rfc822; b@y', 'Original-Recipient: rfc822; a@x'], ['a@x']],
    ['the original one alone', ['Original-Recipient: rfc822; a@x'], ['a@x']],
    [
      'the original one of another kind',
      ['Original-Recipient: x400; /C=x/', 'Final-Recipient: rfc822; a@x'],
      ['a@x'],
    ],
    [
      'the original one that is no address',
      ['Original-Recipient: rfc822; joe', 'Final-Recipient: rfc822; a@x'],
      ['a@x'],
    ],
    ['the original one empty', ['Original-Recipient: rfc822;', 'Final-Recipient: rfc822; a@x'], ['a@x']],
    ['the original one escaped', ['Original-Recipient: rfc822; a+2Bb+3Dc@x'], ['a+b=c@x']],
    ['other plus signs', ['Original-Recipient: rfc822; a+41@x'], ['a+41@x']],
    ['an escape in small letters is none', ['Original-Recipient: rfc822; a+2b@x'], ['a+2b@x']],
    [
      'what looks escaped in both is none',
      ['Original-Recipient: rfc822; a+2B@x', 'Final-Recipient: rfc822; A+2B@X'],
      ['a+2B@x'],
    ],
    ['the final one is never escaped', ['Final-Recipient: rfc822; a+2Bb@x'], ['a+2Bb@x']],
    ['no kind', ['Final-Recipient: a@x'], ['a@x']],
    ['a kind in capitals, brackets', ['FINAL-RECIPIENT:RFC822;<a@x>'], ['a@x']],
    ['a local user', ['Final-Recipient: LOCAL; joe@x'], []],
    ['not one, but two: the first', ['Final-Recipient: rfc822; a@x, b@x'], ['a@x']],
    ['folded', ['Final-Recipient:', '\trfc822;', ' a@x'], ['a@x']],
    ['two', ['Final-Recipient: rfc822; a@x', '', 'Final-Recipient: rfc822; b@x'], ['a@x', 'b@x']],
    [
      'two with blanks between',
      ['Final-Recipient: rfc822; a@x', ' \t', 'Final-Recipient: rfc822; b@x'],
      ['a@x', 'b@x'],
    ],
    [
      'two with nothing between',
      ['Final-Recipient: rfc822; a@x', 'Final-Recipient: rfc822; b@x'],
      ['a@x', 'b@x'],
    ],
    [
      'two with nothing between, each with the original one',
      [
        ...['Original-Recipient: rfc822; o@x', 'Final-Recipient: rfc822; a@x'],
        ...['Original-Recipient: rfc822; p@x', 'Final-Recipient: rfc822; b@x'],
      ],
      ['a@x', 'b@x'],
    ],
    [
      'two with blanks between, the first of whom was reached',
      ['Final-Recipient: rfc822; a@x', 'Action: delivered', ' \t', 'Final-Recipient: rfc822; b@x'],
      ['b@x'],
    ],
    ['one twice', ['Final-Recipient: rfc822; a@x', '', 'Final-Recipient: rfc822; A@X'], ['a@x']],
    [
      'who was reached is left out',
      [
        ...['Final-Recipient: rfc822; a@x', 'Action: delivered', ''],
        ...['Final-Recipient: rfc822; b@x', 'Action: Delayed (for now)', ''],
        ...['Final-Recipient: rfc822; c@x', 'Action: relayed (to c.example)', ''],
        ...['Final-Recipient: rfc822; d@x', 'Action: expanded', ''],
        'Final-Recipient: rfc822; e@x',
      ],
      ['b@x', 'e@x'],
    ],
    [
      'all were reached',
      [
        'Final-Recipient: rfc822; a@x',
        'Action: delivered',
        '',
        'Final-Recipient: rfc822; b@x',
        'Action: relayed',
      ],
      ['a@x', 'b@x'],
    ],
    [
      'letters of any alphabet',
      ['Original-Recipient: utf-8; j\\x{F6}rg@\\x{4F8B}.example'],
      ['jörg@例.example'],
    ],
    ['letters as they are', ['Final-Recipient: utf-8; jörg@例.example'], ['jörg@例.example']],
    ['an escape beyond all letters', ['Final-Recipient: utf-8; a\\x{FFFFFF}@x'], ['a\\x{FFFFFF}@x']],
    ['half a letter', ['Final-Recipient: utf-8; a\\x{D800}@x'], []],
    ['NUL', ['Final-Recipient: rfc822; a\0@x'], []],
    ['an encoded word', ['Final-Recipient: rfc822; =?utf-8?q?a?=@x'], []],
    ['too long', [`Final-Recipient: rfc822; ${'a'.repeat(255)}@x`], []],
    ['no field at all', ['just text'], []],
  ])('%s', async (_, lines, expected) => {
    expect(await recipientsOf(partsOf(DSN, status('Reporting-MTA: dns; mx', '', ...lines)))).toEqual(
      expected,
    );
    const attached = ['Content-Type: Message/Global-Delivery-Status', ...status(...lines).slice(1)];
    expect(await recipientsOf(partsOf(DSN, attached))).toEqual(expected);
  });

  const FINAL = 'Final-Recipient: rfc822; final@x';
  const FAILED = 'X-Failed-Recipients: failed@x, Failed2 <failed2@x>';
  const TO = 'To: Joe <to@x>, to2@x';

  it.each([
    ['the status part before all', [FAILED, ...partsOf(DSN, status(FINAL), returned(TO))], ['final@x']],
    ['then the field', [FAILED, ...partsOf(DSN, status('x: y'), returned(TO))], ['failed@x', 'failed2@x']],
    ['then the text', [...partsOf(DSN, ['', '<text@x>:'], returned(TO))], ['text@x']],
    [
      'not a mail system in the text',
      [...partsOf(DSN, ['', '<postmaster@x>:'], returned(TO))],
      ['to@x', 'to2@x'],
    ],
    ['then the returned message', partsOf(DSN, returned(TO, 'To: to3@x')), ['to@x', 'to2@x', 'to3@x']],
    [
      'a status part encoded',
      partsOf(DSN, ['Content-Transfer-Encoding: base64', ...status(btoa(FINAL))]),
      ['final@x'],
    ],
    [
      'a status part for download',
      partsOf(DSN, ['Content-Disposition: attachment; filename=details.txt', ...status(FINAL)]),
      ['final@x'],
    ],
    [
      'the first status part',
      partsOf(DSN, status(FINAL), status('Final-Recipient: rfc822; b@x')),
      ['final@x'],
    ],
  ])('%s', async (_, lines, expected) => {
    expect(await recipientsOf(lines)).toEqual(expected);
  });

  it('keeps the names in the returned message', async () => {
    const report = await reportOf(partsOf(DSN, returned('To: =?utf-8?q?J=C3=B6?= <a@x>')));
    expect(report?.recipients).toEqual([{ name: 'Jö', address: 'a@x' }]);
    const text = ['Failed.', '----- Original message -----', 'To: Łucja <a@x>'];
    const copied = await reportOf(['Return-Path: <>', 'From: postmaster@x', '', ...text]);
    expect(copied?.recipients).toEqual([{ name: 'Łucja', address: 'a@x' }]);
  });
});

describe('the message that bounced', () => {
  it.each([
    ['whole', returned('From: s@x', 'Message-ID: <a@x>', '', 'Message-ID: <b@x>'), ['a@x']],
    ['its header', ['Content-Type: text/rfc822-headers', '', 'Message-ID: <a@x>'], ['a@x']],
    [
      'its header, shown',
      ['Content-Type: Text/RFC822-Headers', 'Content-Disposition: inline', '', 'Message-ID: <a@x>'],
      ['a@x'],
    ],
    [
      'in UTF-8',
      ['Content-Type: message/global', 'Content-Transfer-Encoding: base64', '', btoa('Message-ID: <a@x>')],
      ['a@x'],
    ],
    ['its header in UTF-8', ['Content-Type: message/global-headers', '', 'Message-ID: <a@x>'], ['a@x']],
    ['shown', ['Content-Disposition: inline', ...returned('Message-ID: <a@x>', '', 'x')], ['a@x']],
    ['after an empty line', returned('', 'Message-ID: <a@x>'), ['a@x']],
    ['after an mbox line', returned('From s@x Mon Nov  9 10:00:00 2026', 'Message-ID: <a@x>'), ['a@x']],
    ['folded, in capitals', returned('MESSAGE-ID:', '\t<a@x>'), ['a@x']],
    ['without brackets', returned('Message-ID: a@x'), ['a@x']],
    ['with two ids: the first', returned('Message-ID: <a@x>', 'Message-ID: <b@x>'), ['a@x']],
    ['without an id', returned('Subject: x'), []],
    ['an id that no index takes', returned(`Message-ID: <${'a'.repeat(1000)}@x>`), []],
    [
      'an id that Gmail tells',
      status('X-Original-Message-ID: <a@x>', '', 'Final-Recipient: rfc822; a@x'),
      ['a@x'],
    ],
    ['an id far down', returned(`Subject: ${'x'.repeat(60_000)}`, 'Message-ID: <a@x>'), ['a@x']],
    ['an id too far down', returned(`Subject: ${'x'.repeat(66_000)}`, 'Message-ID: <a@x>'), []],
    [
      'a copy in the text',
      ['', '--- Below this line is a copy of the message.', '', 'Message-ID: <a@x>'],
      ['a@x'],
    ],
  ])('%s', async (_, part, expected) => {
    expect(await idsOf(partsOf(DSN, part))).toEqual(expected);
  });

  it('the returned one before what else is said, each id once', async () => {
    const gmail = status('X-Original-Message-ID: <b@x>');
    const copy = ['', '--- Below this line is a copy of the message.', '', 'Message-ID: <c@x>'];
    expect(await idsOf(partsOf(DSN, gmail, copy, returned('Message-ID: <a@x>')))).toEqual(['a@x', 'b@x']);
    expect(await idsOf(partsOf(DSN, gmail, returned('Message-ID: <b@x>')))).toEqual(['b@x']);
  });

  it('the first of two', async () => {
    const parts = [returned('Message-ID: <a@x>'), returned('Message-ID: <b@x>')];
    expect(await idsOf(partsOf(DSN, ...parts))).toEqual(['a@x']);
  });
});

describe('receipts', () => {
  const WHOLE = ['Final-Recipient: rfc822; a@x', 'Original-Message-ID: <a@x>'];

  it.each([
    ['by the rules', [disposition(...WHOLE)], ['a@x'], ['a@x']],
    [
      'in capitals, folded',
      [disposition('ORIGINAL-MESSAGE-ID:', ' <a@x>', 'final-recipient:RFC822;a@x')],
      ['a@x'],
      ['a@x'],
    ],
    [
      'in UTF-8',
      [['Content-Type: message/global-disposition-notification', '', 'Final-Recipient: utf-8; ä@x']],
      [],
      ['ä@x'],
    ],
    [
      'who read it, and not who was written to',
      [disposition('Original-Recipient: rfc822; b@x', 'Final-Recipient: rfc822; a@x')],
      [],
      ['a@x'],
    ],
    ['only who was written to', [disposition('Original-Recipient: rfc822; b@x')], [], ['b@x']],
    ['nobody, though the message had recipients', [returned('Message-ID: <b@x>', 'To: b@x')], ['b@x'], []],
    ['two ids', [disposition(...WHOLE), returned('Message-ID: <b@x>')], ['a@x', 'b@x'], ['a@x']],
    ['an id in the body of what was read', [returned('Subject: x', '', 'Message-ID: <b@x>')], [], []],
    ['fields apart', [disposition(WHOLE[0] ?? '', '', WHOLE[1] ?? '')], ['a@x'], ['a@x']],
    ['nothing', [], [], []],
  ])('%s', async (_, parts, messageIds, recipients) => {
    const report = await reportOf(partsOf(MDN, ...parts));
    expect(report?.messageIds).toEqual(messageIds);
    expect(report?.recipients.map(({ address }) => address)).toEqual(recipients);
  });
});

describe('the text of a bounce without structure', () => {
  it.each([
    ['qmail', '<a@x>:\nNo such user.\n\n<b@x>:', ['<a@x>', '<b@x>']],
    ['Exim, Gmail', 'failed:\n\n  a@x\n    host mx: 550\n', ['a@x']],
    ['sendmail', '<a@x>  (unrecoverable error)\n<b@x>\n    (reason: 550)', ['<a@x>', '<b@x>']],
    ['an address among words', 'mail to a@x failed\na@x failed\nto: a@x\n550 <a@x>... unknown', []],
    ['two in a line', 'a@x b@x\na@x, b@x', []],
    ['after the copy begins', '<a@x>:\n\n--- Below this line is a copy of the message.\n\nb@x', ['<a@x>']],
    ['after a copy that nothing announces', 'a@x\n\nReceived: from y\n\nb@x', ['a@x']],
    [
      'a message that is only spoken of',
      'This message\nOriginal messages are kept\nReturned message is long\n a@x',
      ['a@x'],
    ],
    ['a line too long', `${'a'.repeat(400)}@x`, []],
    ['nothing', '', []],
  ])('addresses: %s', (_, text, expected) => {
    expect(listedAddresses(text)).toEqual(expected);
    expect(listedAddresses(text.replaceAll('\n', '\r\n'))).toEqual(expected);
  });

  it.each([
    ['------ This is a copy of the message, including all the headers. ------'],
    ["------ This is a copy of the message's headers. ------"],
    ['This is a copy of your message, including all the headers.'],
    ['--- Below this line is a copy of the message.'],
    ['--- Below the next line is a copy of the message.'],
    ['--- Enclosed are the original headers of the message.'],
    ['   ----- Original message follows -----'],
    ['   ----- Message header follows -----'],
    ['   ----- Unsent message follows -----'],
    ['  --- Returned message ---'],
    ['----- Original message -----'],
    ['Original message headers:'],
    ['Received: from y'],
    ['Return-Path: <s@x>'],
  ])('the copy after: %s', (line) => {
    const text = `Message for a@x failed: no.\n\n${line}\n------ Only the first part.\n\nMessage-ID: <a@x>\n y\n\nbody`;
    const beginning = /^(?:Received|Return)/.test(line) ? line : 'Message-ID: <a@x>';
    expect(copiedHeader(text).split('\n')[0]).toBe(beginning);
    expect(listedAddresses(`${text}\nb@x`)).toEqual([]);
  });

  it.each([
    ['nothing'],
    ['Subject: x\nMessage for a@x: failed'],
    ['----- Original message -----\n\nHello there'],
    [`${'x\n'.repeat(40_000)}--- Below this line is a copy of the message.\n\nMessage-ID: <a@x>`],
  ])('no copy: %#', (text) => {
    expect(copiedHeader(text)).toBe('');
  });
});

describe('what strangers write', () => {
  const everything = [
    'Return-Path: <>',
    'From: MAILER-DAEMON@x',
    'X-Failed-Recipients: a@x',
    'Original-Message-ID: <a@x>',
    'Original-Recipient: rfc822; ',
    'Final-Recipient: utf-8;',
    '\\x{D800}',
    '\\x{FFFFFF}',
    '+2B',
    'Message-ID: <',
    '--- Below this line is a copy of the message.',
    '=?utf-16be?B?2AAAAA==?=',
    'a@x',
    '\0',
    '\r\n',
    '\r\n\r\n',
    '>',
    ';',
  ];

  it('never breaks it, and all that comes out can be used', async () => {
    const piece = fc.oneof(fc.constantFrom(...everything), fc.string({ unit: 'binary', maxLength: 20 }));
    const body = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    const type = fc.constantFrom(DSN, MDN, 'X-Autoreply: y', 'Content-Type: multipart/mixed; boundary=b');
    await fc.assert(
      fc.asyncProperty(type, body, body, body, async (header, ...bodies) => {
        const [a, b, c] = bodies;
        const lines = partsOf(header, status(a), disposition(b), returned(c));
        const message = await messageOf('Return-Path: <>', 'From: MAILER-DAEMON@x', ...lines);
        expect(unstorable(message)).toEqual([]);
        const { messageIds = [], recipients = [] } = message.report ?? {};
        expect(recipients.filter(({ address }) => !isUsableAddress(address))).toEqual([]);
        expect(messageIds.filter((id) => /[<>\s]/.test(id) || id === '')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('a secret does not come out', async () => {
    const source = bytesOf(
      partsOf(
        DSN,
        status('X-Original-Message-ID: <hunter2@x>'),
        returned('Message-ID: <a-hunter2@x>', 'To: =?utf-8?q?=68unter2?= <hunter2@x>'),
      ),
    );
    const { report } = await parseMessage(source, [{ header: 'x-secret', value: 'hunter2' }]);
    expect(report).toEqual({
      messageIds: ['a-*******@x', '*******@x'],
      recipients: [{ name: '*******', address: '*******@x' }],
    });
  });

  it('thousands of recipients', async () => {
    const many = Array.from({ length: 1_500 }, (_, i) => [`Final-Recipient: rfc822; a${i}@x`, '']);
    const recipients = await recipientsOf(partsOf(DSN, status(...many.flat())));
    expect(recipients).toHaveLength(100);
    expect(recipients?.[99]).toBe('a99@x');
    const listed = Array.from({ length: 1_500 }, (_, i) => `<a${i}@x>:`);
    expect(await recipientsOf(partsOf(DSN, ['', ...listed]))).toHaveLength(100);
  });

  it('more parts than a report has', async () => {
    const junk = (count: number) => Array.from({ length: count }, () => returned('Subject: x'));
    const fields = ['Content-Disposition: attachment', ...status('Final-Recipient: rfc822; a@x')];
    expect(await recipientsOf(partsOf(DSN, ...junk(15), fields))).toEqual(['a@x']);
    expect(await recipientsOf(partsOf(DSN, ...junk(16), fields))).toEqual([]);
  });

  it.each([
    ['at signs', '@'.repeat(100_000)],
    ['short lines of at signs', `${'@<'.repeat(100)}\r\n`.repeat(500)],
    ['dashes', '-'.repeat(100_000)],
    ['brackets', '<'.repeat(100_000)],
    ['blanks', ' '.repeat(100_000)],
    ['folds', '\r\n x'.repeat(25_000)],
    ['empty lines', '\r\n'.repeat(50_000)],
    ['fields', 'Final-Recipient: rfc822; <\r\n'.repeat(5_000)],
    ['escapes', `Original-Recipient: utf-8; ${'\\x{'.repeat(30_000)}`],
    ['markers', 'Original message -----------\r\n'.repeat(4_000)],
    ['half a marker', `Original message${' -:'.repeat(30_000)}x`],
    ['a long method', `METHOD;${'x'.repeat(100_000)}`],
  ])('does not grow slow: %s', async (_, text) => {
    const parts = [
      ['', text],
      status(text),
      disposition(text),
      returned(text),
      ['Content-Type: text/calendar', '', text],
    ];
    const start = performance.now();
    await reportOf(partsOf(DSN, ...parts));
    await reportOf(partsOf(MDN, ...parts));
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
