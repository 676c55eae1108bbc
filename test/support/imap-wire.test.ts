import { describe, expect, it, test } from 'vitest';
import { changeItem, setSize, uidOf, WireReader, withoutBodies, withoutLiterals } from './imap-wire.ts';

/** Reads it in pieces of every length: where TCP cuts is nobody's choice. */
function readAll(text: string, isClient: boolean, length: number): { read: string[]; waited: number } {
  let waited = 0;
  const reader = new WireReader({ isClient, onWaiting: () => (waited += 1) });
  const bytes = Buffer.from(text, 'latin1');
  const read: string[] = [];
  for (let at = 0; at < bytes.length; at += length)
    read.push(...reader.read(bytes.subarray(at, at + length)));
  return { read, waited };
}

test.each<[what: string, isClient: boolean, said: string, read: string[], waited: number]>([
  ['lines', false, '* OK ready\r\na OK done\r\n', ['* OK ready', 'a OK done'], 0],
  [
    'a literal with lines in it is one answer with what stands around it',
    false,
    '* 1 FETCH (BODY[] {12}\r\n* 2 EXISTS\r\n UID 7)\r\n* 3 EXISTS\r\n',
    ['* 1 FETCH (BODY[] {12}\r\n* 2 EXISTS\r\n UID 7)', '* 3 EXISTS'],
    0,
  ],
  [
    'two literals, one of them empty, one with bytes of its own',
    false,
    '* 1 FETCH (BODY[1] {0}\r\n BODY[2] {3}\r\n\xe9{1 UID 7)\r\n',
    ['* 1 FETCH (BODY[1] {0}\r\n BODY[2] {3}\r\n\xe9{1 UID 7)'],
    0,
  ],
  ['a text for people announces nothing', false, '* OK try {3}\r\n* BYE\r\n', ['* OK try {3}', '* BYE'], 0],
  [
    'a literal that a client has asked leave for becomes one that it has not',
    true,
    'a LOGIN {3}\r\njoe {4+}\r\na\r\nb\r\nb NOOP\r\n',
    ['a LOGIN {3+}\r\njoe {4+}\r\na\r\nb', 'b NOOP'],
    1,
  ],
  ['lines without CR', true, 'a NOOP\nDONE\n', ['a NOOP', 'DONE'], 0],
])('%s', (_, isClient, said, read, waited) => {
  for (const length of [1, 2, 3, 5, 8, 1000])
    expect(readAll(said, isClient, length)).toEqual({ read, waited });
});

it('gives back what was said and not ended', () => {
  const reader = new WireReader();
  expect([...reader.read(Buffer.from('a OK\r\n\x16\x03\x01'))]).toEqual(['a OK']);
  expect(reader.rest().toString('latin1')).toBe('\x16\x03\x01');
});

describe('a row', () => {
  const row = '* 3 FETCH (FLAGS () BODY[] {19}\r\nUID 9 RFC822.SIZE 4 UID 7 RFC822.SIZE 19)';

  it('has the UID that it says, and not one that a mail says', () => {
    expect(uidOf(row)).toBe(7);
    expect(uidOf('* 3 FETCH (UID 12 FLAGS ())')).toBe(12);
    expect(uidOf('* 3 FETCH (FLAGS ())')).toBeUndefined();
    expect(uidOf('* SEARCH UID 7')).toBeUndefined();
  });

  it('is read without its literals', () => {
    expect(withoutLiterals(row)).toBe('* 3 FETCH (FLAGS () BODY[] {19}\r\n UID 7 RFC822.SIZE 19)');
  });

  test.each([
    ['RFC822.SIZE', '99', '* 3 FETCH (FLAGS () BODY[] {19}\r\nUID 9 RFC822.SIZE 4 UID 7 RFC822.SIZE 99)'],
    ['BODY[]', 'NIL', '* 3 FETCH (FLAGS () BODY[] NIL UID 7 RFC822.SIZE 19)'],
    ['ENVELOPE', 'NIL', row],
  ])('has its %s changed', (item, value, changed) => {
    expect(changeItem(row, item, () => value)).toBe(changed);
  });
});

test.each([
  ['* 1 FETCH (UID 7 BODY[] {10}\r\nBODY[] {1} RFC822.SIZE 9)', '* 1 FETCH (UID 7 BODY[] NIL RFC822.SIZE 9)'],
  [
    '* 1 FETCH (BODY[1.MIME] "a b" BODY[1]<0> {2}\r\n)( UID 7)',
    '* 1 FETCH (BODY[1.MIME] NIL BODY[1]<0> NIL UID 7)',
  ],
  ['* 1 FETCH (UID 7 FLAGS ())', '* 1 FETCH (UID 7 FLAGS ())'],
])('%j without bodies', (row, without) => {
  expect(withoutBodies(row)).toBe(without);
});

test.each([
  ['7', 1],
  ['1:100', 100],
  ['5,9:7,20:21', 6],
  ['7:*', 1],
  ['*', 1],
])('%s names %d', (set, size) => {
  expect(setSize(set)).toBe(size);
});
