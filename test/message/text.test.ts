import { describe, expect, it } from 'vitest';
import { byteLength, storableLine, storableText } from '../../src/message/text.ts';

describe('storable text', () => {
  it.each([
    ['plain', 'hello', 'hello', 'hello'],
    ['NUL', 'a\0b', 'a\uFFFDb', 'a\uFFFDb'],
    ['high surrogate alone', 'a\uD800b', 'a\uFFFDb', 'a\uFFFDb'],
    ['low surrogate alone', 'a\uDC00b', 'a\uFFFDb', 'a\uFFFDb'],
    ['surrogates the wrong way round', '\uDC00\uD800', '\uFFFD\uFFFD', '\uFFFD\uFFFD'],
    ['a pair', '😀', '😀', '😀'],
    ['line breaks', 'a\r\n\tb\nc', 'a\r\n\tb\nc', 'a b c'],
    ['white space around', ' a ', ' a ', 'a'],
    ['empty', '', '', ''],
  ])('%s', (_, text, stored, line) => {
    expect(storableText(text)).toBe(stored);
    expect(storableLine(text)).toBe(line);
  });

  it.each([
    ['a', 1],
    ['ö', 2],
    ['語', 3],
    ['😀', 4],
  ])('%s has %i bytes', (text, bytes) => {
    expect(byteLength(text)).toBe(bytes);
  });
});
