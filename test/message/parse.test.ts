import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MailcaseError } from '../../src/errors.ts';
import { dedupeKey } from '../../src/message/dedupe-key.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { bytesOf, messageOf, unstorable } from './build.ts';

const DEMO = new URL('../../config/demo/', import.meta.url);
const mapping = headerMapping({ prefix: 'x-desk-' });

describe('messages', () => {
  it('reads the envelope', async () => {
    const message = await messageOf(
      'Message-ID: <a@x>',
      'In-Reply-To: <b@x>',
      'References: <c@x>\r\n <b@x>',
      'From: Joe <joe@example.com>, Ann <ann@example.com>',
      'Reply-To: reply@example.com',
      'To: a@example.com',
      'To: b@example.com',
      'Cc: c@example.com',
      'Subject: one',
      'Subject: two',
      'Date: Mon, 9 Nov 2026 10:00:00 +0100',
      '',
      'hello',
    );
    expect(message).toMatchObject({
      messageId: 'a@x',
      inReplyTo: ['b@x'],
      references: ['c@x', 'b@x'],
      from: { name: 'Joe', address: 'joe@example.com' },
      replyTo: [{ address: 'reply@example.com' }],
      to: [{ address: 'a@example.com' }, { address: 'b@example.com' }],
      cc: [{ address: 'c@example.com' }],
      subject: 'one',
      sentAt: new Date('2026-11-09T09:00:00Z'),
      dateText: 'Mon, 9 Nov 2026 10:00:00 +0100',
      kind: 'mail',
      text: 'hello',
      firstText: 'hello',
      html: undefined,
      attachments: [],
    });
  });

  it.each([
    ['nothing at all', [''], undefined, 0],
    ['no header fields', ['hello', 'there'], 'hello\nthere', 0],
    ['no header fields before an empty line', ['hello', '', 'a: b'], 'hello\n\na: b', 0],
    ['an empty line first', ['', 'a: b'], 'a: b', 0],
    ['headers only', ['Subject: x'], undefined, 1],
    ['a line that is no field among fields', ['Subject: x', 'what', 'To: a', '', 'hello'], 'hello', 3],
    ['an mbox line first', ['From joe@x Mon Nov  9 10:00:00 2026', 'Subject: x', '', 'hello'], 'hello', 1],
    ['a lone CR is no line break', ['Subject: a\rX-Desk-Case-Status: closed', '', 'hello'], 'hello', 1],
    ['unknown charset', ['Content-Type: text/plain; charset=x-unknown', '', 'Jörg'], 'Jörg', 1],
    ['unknown transfer encoding', ['Content-Transfer-Encoding: x-gzip', '', 'hello'], 'hello', 1],
    ['NUL', ['To: a', '', 'a\0b'], 'a\uFFFDb', 1],
    ['format=flowed', ['Content-Type: text/plain; format=flowed', '', 'a ', 'b'], 'a b', 1],
    [
      'multipart whose boundary is another',
      ['Content-Type: multipart/mixed; boundary=b', '', '--c', 'hello'],
      '--c\nhello',
      1,
    ],
    ['multipart without its boundary', ['Content-Type: multipart/mixed', '', 'hello'], 'hello', 1],
  ])('%s', async (_, lines, text, fields) => {
    const message = await messageOf(...lines);
    expect(message.text).toBe(text);
    expect(message.headers.fields).toHaveLength(fields);
  });

  // mailparser's own tree is read for this; when it changes, this fails.
  it('knows the first text part beside the joined text', async () => {
    const message = await messageOf(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: multipart/alternative; boundary=c',
      '',
      '--c',
      '',
      'first',
      '--c',
      'Content-Type: text/html',
      '',
      '<p>first</p>',
      '--c--',
      '--b',
      '',
      'footer',
      '--b--',
    );
    expect(message.firstText).toBe('first');
    expect(message.text).toContain('footer');
    expect(message.html).toContain('<p>first</p>');
  });

  it.each([
    ['a calendar reply', 'text/calendar; method=REPLY', 'calendar'],
    ['in other letter case', 'Text/Calendar; METHOD="reply"', 'calendar'],
    ['a calendar request', 'text/calendar; method=REQUEST', 'mail'],
    ['something else with that parameter', 'text/x; method=REPLY', 'mail'],
  ])('kind: %s', async (_, contentType, kind) => {
    const part = ['--b', `Content-Type: ${contentType}`, '', 'x', '--b--'];
    expect((await messageOf('Content-Type: multipart/mixed; boundary=b', '', ...part)).kind).toBe(kind);
  });

  it('lists attachments without holding them', async () => {
    const { attachments } = await messageOf(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      '',
      'text',
      '--b',
      'Content-Type: IMAGE/PNG; name="=?utf-8?Q?K=C3=A4the=00?="',
      'Content-Disposition: INLINE',
      'Content-ID: <photo@x>',
      'Content-Transfer-Encoding: base64',
      '',
      'aGVsbG8=',
      '--b--',
    );
    expect(attachments.map(({ sha256, ...rest }) => ({ ...rest, sha256: sha256?.toString('hex') }))).toEqual([
      {
        part: '2',
        fileName: 'Käthe\uFFFD',
        contentType: 'image/png',
        contentId: 'photo@x',
        disposition: 'inline',
        sizeBytes: 5,
        sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      },
    ]);
  });
});

describe('too much of everything', () => {
  it('a header field of a megabyte', async () => {
    expect((await messageOf(`Subject: ${'a'.repeat(1_000_000)}`, '', 'x')).subject).toHaveLength(1_000_000);
  });

  it('thousands of recipients', async () => {
    const list = Array.from({ length: 5000 }, (_, i) => `a${i}@example.com`).join(',\r\n ');
    expect((await messageOf(`To: ${list}`, '', 'x')).to).toHaveLength(5000);
  });

  it('thousands of parts', async () => {
    const parts = Array.from({ length: 5000 }, (_, i) => `--b\r\n\r\n${i}`);
    expect(
      (await messageOf('Content-Type: multipart/mixed; boundary=b', '', ...parts, '--b--')).firstText,
    ).toBe('0');
  });

  const open = (i: number) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}`;

  it('parts in one another, as deep as they are read', async () => {
    const opened = Array.from({ length: 100 }, (_, i) => open(i));
    expect(await messageOf('Subject: deep', ...opened, '', 'hello')).toMatchObject({
      text: 'hello',
      cut: [],
    });
  });

  it('thousands of parts in one another: what lies too deep is not read, and what comes behind it is', async () => {
    const message = await messageOf(
      'Subject: deep',
      ...Array.from({ length: 10_000 }, (_, i) => open(i)),
      '',
      'hello',
      '--b1',
      '',
      'behind',
    );
    expect(message).toMatchObject({
      subject: 'deep',
      text: 'behind',
      firstText: 'behind',
      cut: ['parts: 1 that lie deeper than 100 levels are not read, nor what is in them'],
    });
  });

  it('a megabyte of lines that look like boundaries, in ten thousand parts in one another', async () => {
    const lines = '--d\r\n'.repeat(200_000);
    const opened = Array.from({ length: 10_000 }, (_, i) => open(i));
    const started = performance.now();
    const message = await messageOf('Subject: deep', ...opened, '', lines, '--b1', '', 'behind');
    // Each line compared with ten thousand boundaries took minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(message.text).toBe('behind');
  });

  it('headers of parts beyond what is read of them: the parts are read all the same', async () => {
    const part = (i: number) =>
      `--b\r\nTo: ${'g:;'.repeat(300_000)}\r\nContent-Type: text/plain; name=n${i}\r\n\r\n${i}`;
    const parts = Array.from({ length: 8 }, (_, i) => part(i));
    const started = performance.now();
    const message = await messageOf('Content-Type: multipart/mixed; boundary=b', '', ...parts, '--b--');
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(message.text).toBe('0\n1\n2\n3\n4\n5\n6\n7');
    expect(message.cut).toEqual(['headers: of parts, 7 MB beyond 1 MB are not read']);
  });

  it('more parts than the limit', async () => {
    const parts = Array.from({ length: 3000 }, (_, i) => `--b\r\n\r\n${i}`);
    const message = await messageOf('Content-Type: multipart/mixed; boundary=b', '', ...parts);
    expect(message.cut).toEqual(['parts: the first 2,000 of 3,001']);
    expect(message.text?.split('\n').at(-1)).toBe('1998');
  });

  it('more parts than are counted', async () => {
    const parts = Array.from({ length: 60_000 }, () => '--b\r\n\r\nx');
    const message = await messageOf(
      'Subject: many',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      ...parts,
    );
    expect(message).toMatchObject({ subject: 'many', firstText: 'x' });
    expect(message.cut).toEqual([
      expect.stringMatching(/^parts: the first 2,000 of [45]\d,\d{3}$/),
      'parts: not read to the end (Max allowed child nodes exceeded)',
    ]);
  });

  it('more attachments than are listed, of one byte each', async () => {
    const parts = Array.from(
      { length: 1_500 },
      (_, i) => `--b\r\nContent-Disposition: attachment; filename=${i}\r\n\r\nx`,
    );
    const end = ['--b', '', 'the text', '--b--'];
    const message = await messageOf('Content-Type: multipart/mixed; boundary=b', '', ...parts, ...end);
    expect(message.cut).toEqual(['attachments: the first 1,000 of 1,500']);
    expect(message.attachments).toHaveLength(1_000);
    expect(message.attachments.at(-1)).toMatchObject({ fileName: '999', part: '1000', sizeBytes: 1 });
    expect(message.text).toBe('the text');
  });

  it('nothing but attachments beyond the list', async () => {
    const parts = Array.from({ length: 1_001 }, () => '--b\r\nContent-Type: image/png\r\n\r\nx');
    const message = await messageOf('Content-Type: multipart/mixed; boundary=b', '', ...parts, '--b--');
    expect(message.attachments).toHaveLength(1_000);
    expect(message.cut).toEqual(['attachments: the first 1,000 of 1,001']);
  });

  it('a text larger than is decoded, and an attachment behind it', async () => {
    const message = await messageOf(
      'Content-Type: multipart/mixed; boundary=b',
      ...['', '--b', '', 'y'.repeat(70).concat('\r\n').repeat(330_000)],
      ...['--b', 'Content-Type: text/html', '', '<p>more'],
      ...['--b', 'Content-Type: image/png', '', 'png', '--b--'],
    );
    expect(message.text?.length).toBeGreaterThan(8_000_000);
    expect(message.html).toBeUndefined();
    expect(message.attachments).toMatchObject([{ part: '3', sizeBytes: 3 }]);
    expect(message.cut).toEqual(['body: the first 8 MB of the text parts; 15 MB more are not read']);
  });

  it.each([
    ['one field', `X-Long: ${'y'.repeat(3 * 1024 * 1024)}`],
    ['folded without end', `X-Long: y${'\r\n y'.repeat(1024 * 1024)}`],
    ['fields without end', 'X: y\r\n'.repeat(600_000).slice(0, -2)],
    ['empty lines but for a blank', ' \r\n'.repeat(1_000_000).slice(0, -2)],
  ])('a header larger than is read: %s', async (_, header) => {
    const message = await messageOf('Subject: first', header, 'To: late@example.com', '', 'the body');
    expect(message).toMatchObject({ subject: 'first', text: 'the body', to: [] });
    expect(message.cut).toEqual(['headers: read up to 2 MB']);
  });

  it('a header without end, and no body', async () => {
    const message = await messageOf('Subject: first', `X-Long: ${'y'.repeat(3 * 1024 * 1024)}`);
    expect(message).toMatchObject({ subject: 'first', text: undefined, cut: ['headers: read up to 2 MB'] });
  });

  it('megabytes without a header are a body', async () => {
    const message = await messageOf('y'.repeat(3 * 1024 * 1024));
    expect(message.headers.fields).toEqual([]);
    expect(message.text).toHaveLength(3 * 1024 * 1024);
  });

  it('HTML of nothing but open tags', async () => {
    const message = await messageOf('Content-Type: text/html', '', '<style<!--<'.repeat(100_000));
    const start = performance.now();
    expect(dedupeKey(message, mapping.isMapped)).toHaveLength(33);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('any bytes', () => {
  const demo = readdirSync(DEMO)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => readFileSync(new URL(name, DEMO)));

  /** Nothing but a MailcaseError comes out, and every text can be stored. */
  async function survives(source: Uint8Array): Promise<void> {
    try {
      const message = await parseMessage(Buffer.from(source));
      expect(unstorable(message)).toEqual([]);
      expect(unstorable(mapping.read(message.headers))).toEqual([]);
      expect(dedupeKey(message, mapping.isMapped)).toHaveLength(33);
    } catch (error) {
      if (!(error instanceof MailcaseError)) throw error;
    }
  }

  const mutated = fc
    .tuple(
      fc.constantFrom(...demo),
      fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 1, noNaN: true }),
          drop: fc.nat(40),
          insert: fc.oneof(
            fc.uint8Array({ maxLength: 12 }),
            fc
              .constantFrom(
                '\0',
                '\r\n',
                '\r\n\r\n',
                '=?utf-16be?B?2AA=?=',
                '=00',
                '--',
                '"',
                '<',
                '=?x?Q?=FF?=',
                '; name*0*=',
              )
              .map((text) => Buffer.from(text)),
          ),
        }),
        { minLength: 1, maxLength: 8 },
      ),
    )
    .map(([source, edits]) =>
      edits.reduce((bytes, { at, drop, insert }) => {
        const start = Math.floor(at * bytes.length);
        return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + drop)]);
      }, source),
    );

  it('there is a demo to mutate', () => {
    expect(demo.length).toBeGreaterThan(10);
  });

  it('random bytes', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), survives), { numRuns: 300 });
  });

  it('random header fields', async () => {
    const line = fc.tuple(
      fc.constantFrom(
        'From',
        'To',
        'Subject',
        'Date',
        'Message-ID',
        'References',
        'Content-Type',
        'x-desk-customer-email',
        'x-desk-case-labels',
      ),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    const source = fc
      .array(line)
      .map((lines) => Buffer.from(`${lines.map((l) => l.join(': ')).join('\r\n')}\r\n\r\nx`));
    await fc.assert(fc.asyncProperty(source, survives), { numRuns: 300 });
  });

  it('mutated mails', async () => {
    await fc.assert(fc.asyncProperty(mutated, survives), { numRuns: 500 });
  });
});

it('a part whose header is too large ends the reading, and not in a wait for ever', async () => {
  const source = bytesOf([
    ...['From: a@b.example', 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'the text', '--b'],
    ...['Content-Type: application/octet-stream', '', 'x'.repeat(70).concat('\r\n').repeat(30_000)],
    ...['--b', `X-Long: ${'y'.repeat(5 * 1024 * 1024)}`, '', 'z', '--b--'],
  ]);
  const message = await parseMessage(source);
  expect(message.from?.address).toBe('a@b.example');
  expect(message.text).toBe('the text');
  expect(message.attachments).toMatchObject([{ part: '2' }]);
  expect(message.cut).toEqual(['parts: not read to the end (Max header size for a MIME node exceeded)']);
});
