import { describe, expect, it } from 'vitest';
import { parseMessageId, parseMessageIds } from '../../src/message/message-id.ts';

describe('Message-ID', () => {
  it.each([
    ['bracketed', '<a@b.example>', 'a@b.example'],
    ['without brackets', 'a@b.example', 'a@b.example'],
    ['without an at', '<abc>', 'abc'],
    ['letter case stays', '<A@B.example>', 'A@B.example'],
    ['folded inside', '<a\t@ b.example>', 'a@b.example'],
    ['phrase around it', 'x <a@b.example> y', 'a@b.example'],
    ['two: the first', '<a@b.example> <c@d.example>', 'a@b.example'],
    ['bracket that never closes', '<a@b.example', 'a@b.example'],
    ['empty', '', undefined],
    ['empty brackets', '<>', undefined],
    ['998 bytes', `<${'a'.repeat(998)}>`, 'a'.repeat(998)],
    ['999 bytes', `<${'a'.repeat(999)}>`, undefined],
    ['998 bytes in 499 characters', `<${'ö'.repeat(499)}>`, 'ö'.repeat(499)],
    ['1,000 bytes in 500 characters', `<${'ö'.repeat(500)}>`, undefined],
    ['NUL', '<a\0@b.example>', 'a\uFFFD@b.example'],
  ])('%s', (_, raw, expected) => {
    expect(parseMessageId(raw)).toBe(expected);
  });
});

describe('References and In-Reply-To', () => {
  it.each([
    ['spaces between', '<a@x> <b@x>', ['a@x', 'b@x']],
    ['nothing between', '<a@x><b@x>', ['a@x', 'b@x']],
    ['commas between', '<a@x>, <b@x>', ['a@x', 'b@x']],
    ['without brackets', 'a@x b@x', ['a@x', 'b@x']],
    ['bracket that never closes', '<a@x', ['a@x']],
    ['phrase', 'Your message of "Mon, 9 Nov" <a@x>', ['a@x']],
    ['phrase with an address', 'joe@example.com wrote <a@x>', ['a@x']],
    ['folded inside', '<a@ x> <b@x>', ['a@x', 'b@x']],
    ['twice', '<a@x> <b@x> <a@x>', ['a@x', 'b@x']],
    ['empty ones', '<> <a@x>', ['a@x']],
    ['none', 'Your message of Monday', []],
    ['empty', '', []],
    ['too long among others', `<${'a'.repeat(999)}> <b@x>`, ['b@x']],
    ['lone surrogate', '<a\uD800@x>', ['a\uFFFD@x']],
  ])('%s', (_, raw, expected) => {
    expect(parseMessageIds(raw)).toEqual(expected);
  });
});
