import { describe, expect, it } from 'vitest';
import { optionsFor, painter } from '../../src/terminal/style.ts';

describe('optionsFor', () => {
  it.each([
    ['a pipe', {}, {}, { width: 100, colours: false }],
    ['a terminal', { isTTY: true, columns: 120 }, {}, { width: 120, colours: true }],
    ['NO_COLOR', { isTTY: true, columns: 120 }, { NO_COLOR: '1' }, { width: 120, colours: false }],
    ['a dumb terminal', { isTTY: true, columns: 120 }, { TERM: 'dumb' }, { width: 120, colours: false }],
    [
      'an empty NO_COLOR says nothing',
      { isTTY: true, columns: 120 },
      { NO_COLOR: '' },
      { width: 120, colours: true },
    ],
    [
      'a terminal that does not know its width',
      { isTTY: true, columns: 0 },
      {},
      { width: 100, colours: true },
    ],
  ])('%s', (_, stream, env, expected) => {
    expect(optionsFor(stream, env)).toEqual(expected);
  });
});

describe('painter', () => {
  it('colours for a terminal, and leaves all else as it is', () => {
    expect(painter({ width: 80, colours: true })('green', 'ok')).toBe('\x1b[32mok\x1b[39m');
    expect(painter({ width: 80, colours: false })('green', 'ok')).toBe('ok');
  });
});
