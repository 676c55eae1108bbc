import { describe, expect, it } from 'vitest';
import { harmless, harmlessJson } from '../../src/terminal/harmless.ts';

describe('harmless', () => {
  it.each([
    ['ordinary text', 'Your order 10423', 'Your order 10423'],
    ['accents, Greek, Japanese, emoji', 'Åsa Ελένη 佐々木 💡', 'Åsa Ελένη 佐々木 💡'],
    ['combining marks', 'e\u0301', 'e\u0301'],
    ['a Persian word with its non-joiner', 'می\u200cخواهم', 'می\u200cخواهم'],
    ['a Hindi conjunct', 'क्\u200dष', 'क्\u200dष'],
    [
      'an emoji of several',
      '👩\u200d👩\u200d👧 👨🏽\u200d🚀 ❤️\u200d🔥',
      '👩\u200d👩\u200d👧 👨🏽\u200d🚀 ❤️\u200d🔥',
    ],
    ['a joiner between Latin letters', 'pay\u200dpal', 'pay\uFFFDpal'],
    ['joiners that join nothing', '\u200dا\u200c\u200dب\u200c', '\uFFFDا\uFFFD\uFFFDب\uFFFD'],
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

describe('harmlessJson', () => {
  it.each([
    ['an escape sequence', 'a\x1b[2Jb'],
    ['C1 controls', 'a\x9b2Jb'],
    ['a bidi override', 'a\u202egnp.exe'],
    ['line separators', 'a\u2028b\u2029c'],
    ['tags beyond the first plane', 'a\u{e0041}b'],
    ['a lone surrogate', 'a\ud800b'],
    ['what is harmless', 'Käthe 光 👩‍🚀'],
  ])('keeps %s and cannot be seen to do anything', (_, text) => {
    const json = harmlessJson({ text });
    expect(JSON.parse(json)).toEqual({ text });
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
  });
});
