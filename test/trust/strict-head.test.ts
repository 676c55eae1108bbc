import { describe, expect, it } from 'vitest';
import { bodyStart, readHead } from '../../src/message/head.ts';
import { MAX_HEADER_BYTES } from '../../src/message/limits.ts';
import { headOddity } from '../../src/trust/strict-head.ts';

function oddity(text: string): string | undefined {
  const source = Buffer.from(text, 'latin1');
  const block = source.subarray(0, bodyStart(source));
  return headOddity(block, readHead(block));
}

const LINE = 'its header has a line that is no header field';

describe('a header that all read alike', () => {
  it.each<[string, string, string | undefined]>([
    ['plain', 'From: a@b.example\r\nSubject: x\r\n\r\nHello', undefined],
    ['folded', 'From: a@b.example\r\nSubject: x\r\n\ty\r\n z\r\n\r\nHello', undefined],
    ['without a body', 'From: a@b.example\r\n', undefined],
    ['a body with anything in it', 'From: a@b.example\r\n\r\nno field\0\r\rx\n', undefined],
    ['LF alone, as in a file', 'From: a@b.example\nSubject: x\n y\n\nHello', undefined],
    ['beyond ASCII', 'Subject: \xe4\xff\r\n\r\n', undefined],
    ['an empty value', 'Subject:\r\n\r\n', undefined],
    ['a NUL', 'Subject: a\0b\r\n\r\n', 'its header has a NUL'],
    ['a bare CR', 'Subject: a\rX-Desk-Case-Status: closed\r\n\r\n', 'its header has a CR that ends no line'],
    ['a CR before a CR LF', 'Subject: a\r\r\n\r\n', 'its header has a CR that ends no line'],
    ['a bare LF', 'Subject: a\nX-Desk-Case-Status: closed\r\n\r\n', 'its header ends lines in two ways'],
    [
      'an end by LF LF',
      'A: b\r\nC: d\n\nX-Desk-Case-Status: closed\r\n\r\n',
      'its header ends lines in two ways',
    ],
    ['an mbox line', 'From a@b.example Mon\r\nSubject: x\r\n\r\n', LINE],
    ['a blank before the colon', 'Subject : x\r\n\r\n', LINE],
    ['no colon', 'Subject: x\r\nhello\r\n\r\n', LINE],
    ['a line of blanks', 'Subject: x\r\n \t\r\nX-Desk-Case-Status: closed\r\n\r\n', LINE],
    ['a name beyond ASCII', 'Subj\xe4ct: x\r\n\r\n', LINE],
    ['a no-break space that looks like folding', 'Subject: x\r\n\xa0y: z\r\n\r\n', LINE],
    ['folded at the very beginning', ' x\r\nSubject: x\r\n\r\n', LINE],
    ['no header at all', '\r\nHello', LINE],
    [
      'longer than is read',
      `Subject: ${'x'.repeat(MAX_HEADER_BYTES)}\r\n\r\n`,
      'its header is longer than is read',
    ],
  ])('%s', (_, text, expected) => {
    expect(oddity(text)).toBe(expected);
  });
});
