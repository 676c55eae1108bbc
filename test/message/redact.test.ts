import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../src/message/parse.ts';
import { redactSource, redactText } from '../../src/message/redact.ts';
import { bytesOf } from './build.ts';

const redaction = [{ header: 'x-secret', value: 'hunter2' }];

describe('redaction in the bytes', () => {
  it.each([
    ['right value', 'X-Secret: hunter2\r\n\r\nx', 'X-Secret: *******\r\n\r\nx'],
    ['wrong value', 'X-Secret: guess\r\n\r\nx', 'X-Secret: *****\r\n\r\nx'],
    ['any letter case', 'x-sECRET:hunter2\r\n\r\nx', 'x-sECRET:*******\r\n\r\nx'],
    ['space before the colon', 'X-Secret : hunter2\r\n\r\nx', 'X-Secret : *******\r\n\r\nx'],
    ['folded', 'X-Secret: hun\r\n ter2\r\nTo: a\r\n\r\nx', 'X-Secret: ***\r\n ****\r\nTo: a\r\n\r\nx'],
    ['folded at once', 'X-Secret:\r\n\thunter2\r\n\r\nx', 'X-Secret:\r\n\t*******\r\n\r\nx'],
    ['LF alone', 'X-Secret: hun\n ter2\nTo: a\n\nx', 'X-Secret: ***\n ****\nTo: a\n\nx'],
    ['encoded', 'X-Secret: =?utf-8?Q?hunter2?=\r\n\r\nx', `X-Secret: ${'*'.repeat(19)}\r\n\r\nx`],
    ['twice', 'X-Secret: a\r\nX-Secret: b\r\n\r\nx', 'X-Secret: *\r\nX-Secret: *\r\n\r\nx'],
    ['in the text', 'To: a\r\n\r\n> X: hunter2.', 'To: a\r\n\r\n> X: *******.'],
    [
      'in a message inside',
      'To: a\r\n\r\n--b\r\n\r\nX-Secret: old\r\n',
      'To: a\r\n\r\n--b\r\n\r\nX-Secret: ***\r\n',
    ],
    ['longer name', 'X-Secret-2: abc\r\n\r\nx', 'X-Secret-2: abc\r\n\r\nx'],
    ['name at the end of another', 'My-X-Secret: abc\r\n\r\nx', 'My-X-Secret: abc\r\n\r\nx'],
    ['nothing to redact', 'To: \xFF\0\r\n\r\nx', 'To: \xFF\0\r\n\r\nx'],
  ])('%s', (_, source, expected) => {
    const bytes = Buffer.from(source, 'latin1');
    expect(redactSource(bytes, redaction).toString('latin1')).toBe(expected);
  });

  it.each([
    ['quoted-printable', 'a=68unter2.', 'a*********.'],
    ['quoted-printable over a soft line break', 'hun=\r\nter2', '***=\r\n****'],
    ['all of it as =HH', '=68=75=6E=74=65=72=32', '*'.repeat(21)],
    ['a Q word', '=?utf-8?Q?x_hunter=32?=', '=?utf-8?Q?x_*********?='],
  ])('%s', (_, body, expected) => {
    const source = `To: a\r\n\r\n${body}`;
    expect(redactSource(Buffer.from(source), redaction).toString()).toBe(`To: a\r\n\r\n${expected}`);
  });

  it.each(['', 'a', 'ab', 'abc', 'abcd', 'some text before '])(
    'base64 behind "%s", over lines and in words',
    (before) => {
      const value = 'a-longer-shared-secret-0123456789';
      const base64 = Buffer.from(`${before}${value} and after`).toString('base64');
      const lines = base64.replace(/.{20}/g, '$&\r\n');
      const source = `Subject: =?utf-8?B?${base64}?=\r\n\r\n${lines}`;
      const redacted = redactSource(Buffer.from(source), [{ header: 'x-secret', value }]).toString();
      expect(redacted).toHaveLength(source.length);
      const [word = '', body = ''] = redacted.split('\r\n\r\n');
      for (const text of [word.slice('Subject: =?utf-8?B?'.length, -2), body]) {
        const decoded = Buffer.from(text, 'base64').toString('latin1');
        expect(decoded).toHaveLength(before.length + value.length + ' and after'.length);
        // The bits of the first and last byte that share a character with a neighbour stay.
        expect(decoded.slice(before.length + 1, before.length + value.length - 1)).toBe(
          '*'.repeat(value.length - 2),
        );
        expect(decoded.startsWith(before)).toBe(true);
        expect(decoded.endsWith(' and after')).toBe(true);
      }
    },
  );

  it.each(['utf16le', 'utf16be'] as const)('%s, as it is and in base64', (encoding) => {
    const value = 'a-longer-shared-secret-0123456789';
    const wide = Buffer.from(`say ${value}!`, 'utf16le');
    if (encoding === 'utf16be') wide.swap16();
    for (const body of [wide, Buffer.from(wide.toString('base64'))]) {
      const source = Buffer.concat([Buffer.from('To: a\r\n\r\n'), body]);
      const redacted = redactSource(Buffer.from(source), [{ header: 'x-secret', value }]);
      expect(redacted).toHaveLength(source.length);
      const kept = redacted.subarray('To: a\r\n\r\n'.length);
      const decoded = body === wide ? kept : Buffer.from(kept.toString(), 'base64');
      expect(decoded.toString('latin1')).not.toMatch(/s\0?e\0?c\0?r/);
      if (body === wide && encoding === 'utf16be') decoded.swap16();
      if (body === wide) expect(decoded.toString('utf16le')).toBe(`say ${'*'.repeat(33)}!`);
    }
  });

  it('of several mailboxes, each', () => {
    const secrets = [...redaction, { header: 'x-other', value: 'swordfish' }];
    const source = Buffer.from('X-Secret: hunter2\r\nX-Other: guess\r\n\r\nswordfish');
    expect(redactSource(source, secrets).toString()).toBe(
      'X-Secret: *******\r\nX-Other: *****\r\n\r\n*********',
    );
    expect(redactText('hunter2 swordfish', secrets)).toBe('******* *********');
  });

  it('a secret beyond ASCII, at the same length in bytes', () => {
    const source = Buffer.from('To: a\r\n\r\nschlüssel', 'utf8');
    const redacted = redactSource(source, [{ header: 'x-secret', value: 'schlüssel' }]);
    expect(redacted.toString('utf8')).toBe(`To: a\r\n\r\n${'*'.repeat(10)}`);
  });

  it('a name with signs of a pattern', () => {
    const source = Buffer.from('x.s: a\r\nxys: a\r\n\r\n');
    expect(redactSource(source, [{ header: 'x.s', value: 'zz' }]).toString()).toBe(
      'x.s: *\r\nxys: a\r\n\r\n',
    );
  });
});

describe('in messages of megabytes', () => {
  const MEGABYTE = 1024 * 1024;
  const WINDOW = MEGABYTE / 8;
  const value = 'a-longer-shared-secret-0123456789';
  const long = [{ header: 'x-secret', value }];
  const base64 = Buffer.from(`..${value}..`).toString('base64');
  const quoted = [...value].map((sign) => `=${sign.charCodeAt(0).toString(16)}=\r\n`).join('');

  it.each([
    ['as it is', value, '*'.repeat(value.length)],
    ['base64', base64, undefined],
    ['quoted-printable with soft line breaks everywhere', quoted, quoted.replace(/=[^\r]{2}/g, '***')],
    ['a field', `\nX-Secret: guess\r\n over lines\r\n`, `\nX-Secret: *****\r\n **** *****\r\n`],
    ['a name that begins no line', `.X-Secret: guess\r\n`, '.X-Secret: guess\r\n'],
  ])('%s, wherever it stands', (_, form, expected) => {
    // Around the place where one window ends and the next begins.
    for (let at = WINDOW - form.length - 2; at <= WINDOW + 2; at += 1) {
      const source = Buffer.alloc(WINDOW + 2_000, '.');
      source.write(form, at, 'latin1');
      const redacted = redactSource(source, long);
      const there = redacted.toString('latin1', at, at + form.length);
      if (expected !== undefined) expect(there, `at ${at}`).toBe(expected);
      else
        expect(Buffer.from(there, 'base64').toString('latin1'), `at ${at}`).toMatch(/^\.\..?\*{31}.?\.\.$/);
      redacted.fill('.', at, at + form.length);
      expect(
        redacted.every((byte) => byte === 0x2e),
        `at ${at}`,
      ).toBe(true);
    }
  });

  it('a field that goes on for megabytes', () => {
    const source = Buffer.from(`X-Secret: ${'y'.repeat(3 * MEGABYTE)}\r\nTo: a\r\n\r\nyy`);
    const redacted = redactSource(source, redaction);
    expect(redacted.toString('latin1').replace(/\*+/, '*')).toBe('X-Secret: *\r\nTo: a\r\n\r\nyy');
  });

  it.each(['x-secret:\r', 'x-secret:\r ', 'x-secret:\n '])('a megabyte of %j in one second', (field) => {
    const source = Buffer.from(field.repeat(MEGABYTE / field.length));
    const start = performance.now();
    redactSource(source, redaction);
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(source.includes('secret', 'x-secret:'.length)).toBe(false);
  });

  it('without a copy', () => {
    const source = Buffer.from(`X-Secret: guess\r\n\r\n${'x'.repeat(3 * MEGABYTE)}`);
    expect(redactSource(source, redaction)).toBe(source);
  });
});

describe('redaction in decoded text', () => {
  it.each([
    ['every time', 'hunter2 hunter2', '******* *******'],
    ['none', 'hunter', 'hunter'],
  ])('%s', (_, text, expected) => {
    expect(redactText(text, redaction)).toBe(expected);
  });

  it('a body that was base64 in the bytes', async () => {
    const source = bytesOf([
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from('the secret is hunter2').toString('base64'),
    ]);
    expect((await parseMessage(source, redaction)).text).toBe('the secret is *******');
    expect((await parseMessage(source)).text).toBe('the secret is hunter2');
  });
});
