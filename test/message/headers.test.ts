import { describe, expect, it } from 'vitest';
import { readHeaderLine } from '../../src/message/headers.ts';
import { headersOf } from './build.ts';

const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

describe('header lines', () => {
  it.each([
    ['plain', 'Subject: hello', 'hello'],
    ['no space behind the colon', 'Subject:hello', 'hello'],
    ['folded', 'Subject: a\r\n b', 'a b'],
    ['folded with a tab', 'Subject: a\r\n\tb', 'a b'],
    ['folded at once', 'Subject:\r\n hello', 'hello'],
    ['folded with LF alone', 'Subject: a\n b', 'a b'],
    ['encoded word, Q', 'Subject: =?utf-8?Q?J=C3=B6rg_K?=', 'Jörg K'],
    ['encoded word, B', 'Subject: =?utf-8?B?SsO2cmc=?=', 'Jörg'],
    ['encoded word with a language', 'Subject: =?utf-8*en?Q?x?=', 'x'],
    ['encoded words in text', 'Subject: a =?utf-8?Q?b?= c', 'a b c'],
    ['joined: white space between goes', 'Subject: =?utf-8?Q?a?= =?utf-8?Q?b?=', 'ab'],
    ['joined over a fold', 'Subject: =?utf-8?Q?a?=\r\n =?utf-8?Q?b?=', 'ab'],
    ['one letter in two Q words', 'Subject: =?utf-8?Q?J=C3?= =?utf-8?Q?=B6rg?=', 'Jörg'],
    ['one letter in two B words', 'Subject: =?utf-8?B?SsM=?= =?utf-8?B?tnJn?=', 'Jörg'],
    ['two charsets', 'Subject: =?iso-8859-1?Q?=E4?= =?utf-8?Q?=C3=A4?=', 'ää'],
    ['Shift JIS', 'Subject: =?shift_jis?B?k/qWe4zq?=', '日本語'],
    ['ISO-2022-JP', 'Subject: =?ISO-2022-JP?B?GyRCOjQhOUxaGyhC?=', '佐々木'],
    ['GB2312', 'Subject: =?gb2312?B?xOO6ww==?=', '你好'],
    ['unknown charset: as UTF-8', 'Subject: =?x-unknown?Q?J=C3=B6rg?=', 'Jörg'],
    ['unknown charset, no UTF-8', 'Subject: =?x-unknown?Q?J=F6rg?=', 'J\uFFFDrg'],
    ['broken: no end', 'Subject: =?utf-8?Q?abc', '=?utf-8?Q?abc'],
    ['broken: unknown encoding', 'Subject: =?utf-8?X?abc?=', '=?utf-8?X?abc?='],
    ['broken: hex digits', 'Subject: =?utf-8?Q?a=ZZb?=', 'a=ZZb'],
    ['raw UTF-8', utf8('Subject: Ελένη “x”'), 'Ελένη “x”'],
    ['raw latin1', 'Subject: J\xF6rg', 'Jörg'],
    ['raw windows-1252 quotes', 'Subject: \x93J\xF6rg\x94', '“Jörg”'],
    ['NUL', 'Subject: a\0b', 'a\uFFFDb'],
    ['NUL through an encoded word', 'Subject: =?utf-8?Q?a=00b?=', 'a\uFFFDb'],
    ['lone surrogate through an encoded word', 'Subject: =?utf-16be?B?2AA=?=', '\uFFFD'],
    ['line break through an encoded word', 'Subject: =?utf-8?Q?a=0D=0AX-Evil:_1?=', 'a X-Evil: 1'],
    ['empty', 'Subject:', ''],
    ['white space only', 'Subject: \r\n \t', ''],
    ['colons in it', 'Subject: a: b: c', 'a: b: c'],
    ['no colon', 'Subject', ''],
  ])('%s', (_, line, value) => {
    expect(readHeaderLine(line)).toMatchObject({ name: 'Subject', key: 'subject', value });
  });

  it('keeps encoded words in raw, for what reads structure', () => {
    expect(readHeaderLine('To: =?utf-8?Q?a=2C?=\r\n <a@x>').raw).toBe('=?utf-8?Q?a=2C?= <a@x>');
  });

  it('takes a space before the colon', () => {
    expect(readHeaderLine('X-Desk-Case-Status : open')).toMatchObject({
      key: 'x-desk-case-status',
      value: 'open',
    });
  });
});

describe('headers', () => {
  const headers = headersOf('To: a', 'X-A: 1', 'TO: b', 'x-a: 2', '__proto__: 3', 'constructor: 4');

  it.each([
    ['repeated, in order', 'x-a', ['1', '2']],
    ['any letter case', 'to', ['a', 'b']],
    ['__proto__', '__proto__', ['3']],
    ['constructor', 'constructor', ['4']],
    ['absent', 'cc', []],
    ['inherited name', 'toString', []],
  ])('%s', (_, key, values) => {
    expect(headers.all(key).map(({ value }) => value)).toEqual(values);
    expect(headers.first(key)?.value).toBe(values[0]);
  });
});
