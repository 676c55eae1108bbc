import { describe, expect, it } from 'vitest';
import { readHeaderBlock } from '../../src/message/header-block.ts';

const read = (text: string, isCut = false) =>
  readHeaderBlock(Buffer.from(text, 'latin1'), isCut).map(({ name, value }) => [name, value]);

describe('readHeaderBlock', () => {
  it.each<[string, string, [string, string][]]>([
    [
      'fields up to the empty line',
      'A: 1\r\nB: 2\r\n\r\nC: 3\r\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    [
      'bare line feeds',
      'A: 1\nB: 2\n\nC: 3\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    [
      'folded',
      'A: 1\r\n two\r\n\tthree\r\nB: 2\r\n\r\n',
      [
        ['A', '1 two three'],
        ['B', '2'],
      ],
    ],
    ['encoded words', 'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n', [['Subject', 'Grüße']]],
    [
      'raw UTF-8',
      `From: ${Buffer.from('Åsa').toString('latin1')} <a@b.example>\r\n\r\n`,
      [['From', 'Åsa <a@b.example>']],
    ],
    ['white space before the colon', 'Subject : x\r\n\r\n', [['Subject', 'x']]],
    ['lines that are no fields', 'From a@b Mon Nov 9\r\nA: 1\r\nno field\r\n: none\r\n\r\n', [['A', '1']]],
    ['a message without a header', '\r\nA: 1\r\n', []],
    ['an empty message', '', []],
    [
      'no body',
      'A: 1\r\nB: 2',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['NUL', 'A: 1\0\r\n\r\n', [['A', '1\uFFFD']]],
  ])('%s', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('leaves out a field that is cut, and none that is whole', () => {
    expect(read('A: 1\r\nB: 2', true)).toEqual([['A', '1']]);
    expect(read('A: 1\r\nB: 2\r\n\r\nbody', true)).toEqual([
      ['A', '1'],
      ['B', '2'],
    ]);
    expect(read('A: 1', true)).toEqual([]);
  });
});
