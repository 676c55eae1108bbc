import { describe, expect, it } from 'vitest';
import { clip, indented, padEnd, widthOf, wrap } from '../../src/terminal/width.ts';

describe('clip', () => {
  it.each([
    ['short enough', 'lamp', 4, 'lamp'],
    ['too long', 'lamps', 4, 'lam…'],
    ['wide signs take two columns', '光光光', 6, '光光光'],
    ['a wide sign does not stand half', '光光光', 5, '光光…'],
    ['a wide sign gives way to the ellipsis', '光光光', 4, '光…'],
    ['letters with their accents stay whole', 'e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['half-width kana take one column', 'ｱｲｳ', 3, 'ｱｲｳ'],
    ['nothing', '', 3, ''],
  ])('%s', (_, text, columns, expected) => {
    expect(clip(text, columns)).toBe(expected);
  });
});

describe('widthOf', () => {
  it.each([
    ['lamp', 4],
    ['光', 2],
    ['ｱ', 1],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['🇸🇪', 2],
    ['\x1b[32mok\x1b[39m', 2],
    ['', 0],
  ])('%j takes %i', (text, columns) => {
    expect(widthOf(text)).toBe(columns);
  });
});

describe('wrap', () => {
  it.each([
    ['breaks at spaces', 'one two three', 7, ['one two', 'three']],
    ['counts wide signs twice', '光光 光光 光光', 9, ['光光 光光', '光光']],
    ['goes on with a long word in the next line', 'see abcdefgh ij', 4, ['see', 'abcd', 'efgh', 'ij']],
    ['does not part a wide sign', '光光光', 5, ['光光', '光']],
    ['leaves nothing as it is', '', 4, ['']],
  ])('%s', (_, text, columns, lines) => {
    expect(wrap(text, columns)).toEqual(lines);
  });

  it('indents every line, within the same width', () => {
    expect(indented('one two three', '    ', 11)).toEqual(['    one two', '    three']);
  });
});

describe('padEnd', () => {
  it.each([
    ['光', 4, '光  '],
    ['lamp', 4, 'lamp'],
    ['lamps', 4, 'lamps'],
    ['\x1b[32mok\x1b[39m', 4, '\x1b[32mok\x1b[39m  '],
  ])('%j to %i', (text, columns, padded) => {
    expect(padEnd(text, columns)).toBe(padded);
  });
});
