import { describe, expect, it } from 'vitest';
import { harmless } from '../../src/history/harmless.ts';

describe('harmless', () => {
  it.each([
    ['ordinary text', 'Your order 10423', 'Your order 10423'],
    ['accents, Greek, Japanese, emoji', 'Åsa Ελένη 佐々木 💡', 'Åsa Ελένη 佐々木 💡'],
    ['combining marks', 'e\u0301', 'e\u0301'],
    ['a colour sequence', '\u001b[31mred', '\uFFFD[31mred'],
    ['the 8-bit form of one', '\u009b31mred', '\uFFFD31mred'],
    ['a window title', '\u001b]0;owned\u0007', '\uFFFD]0;owned\uFFFD'],
    ['backspaces over what stands there', 'abc\b\b', 'abc\uFFFD\uFFFD'],
    ['NUL and DEL', 'a\u0000b\u007f', 'a\uFFFDb\uFFFD'],
    ['a forged line', 'thanks\r\n  case 1 · closed', 'thanks   case 1 · closed'],
    ['Unicode line ends', 'a\u2028b\u2029c\u0085d', 'a b c d'],
    ['a tab', 'a\tb', 'a b'],
    ['right-to-left override', 'invoice\u202Efdp.exe', 'invoice\uFFFDfdp.exe'],
    ['bidi isolates', '\u2066a\u2069', '\uFFFDa\uFFFD'],
    ['zero width', 'pay\u200Bpal \uFEFF', 'pay\uFFFDpal \uFFFD'],
    ['a soft hyphen', 'pay\u00ADpal', 'pay\uFFFDpal'],
    ['tag characters', 'a\u{E0041}b', 'a\uFFFDb'],
    ['a lone surrogate', 'a\uD800b', 'a\uFFFDb'],
    ['nothing', '', ''],
  ])('%s', (_, text, expected) => {
    expect(harmless(text)).toBe(expected);
  });
});
