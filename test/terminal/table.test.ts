import { describe, expect, it } from 'vitest';
import { tableLines } from '../../src/terminal/table.ts';
import { widthOf } from '../../src/terminal/width.ts';

const cells = (...texts: string[]) => texts.map((text) => ({ text }));

describe('tableLines', () => {
  it('makes each column as wide as its widest cell, by columns of the terminal', () => {
    expect(tableLines([cells('光光', 'new', 'x'), cells('a', 'resolved', 'y')], 80)).toEqual([
      '光光  new       x',
      'a     resolved  y',
    ]);
  });

  it('cuts the widest column until all fit', () => {
    const lines = tableLines([cells('case 1', 'a'.repeat(40)), cells('case 20', 'b')], 30, '  ');
    expect(lines).toEqual([`  case 1   ${'a'.repeat(18)}…`, '  case 20  b']);
    expect(Math.max(...lines.map(widthOf))).toBe(30);
  });

  it('colours what it has cut', () => {
    const paint = (text: string) => `<${text}>`;
    expect(tableLines([[{ text: 'abc', paint }, { text: 'd' }], cells('abcdef', 'e')], 80)).toEqual([
      '<abc>   d',
      'abcdef  e',
    ]);
  });

  it('leaves nothing behind the last cell, and copes with no rows and rows of several lengths', () => {
    expect(tableLines([], 80)).toEqual([]);
    expect(tableLines([cells('a', ''), cells('b'), []], 80)).toEqual(['a', 'b', '']);
  });
});
