import { describe, expect, it, test } from 'vitest';
import { MailcaseError } from '../../src/errors.ts';
import { failureText, keptError } from '../../src/record/failure.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const REDACTION = [{ header: 'x-shop-key', value: 'canary-secret-0123' }];

describe('keptError', () => {
  it.each<[string, string, string]>([
    ['ordinary words', 'a wrong value', 'a wrong value'],
    [
      'the secret',
      'quotes canary-secret-0123 twice: canary-secret-0123',
      `quotes ${'*'.repeat(18)} twice: ${'*'.repeat(18)}`,
    ],
    ['its header, right or wrong', 'X-Shop-Key: another', 'X-Shop-Key: *******'],
    ['NUL and a lone surrogate', 'a\0b\uD800c', 'a\uFFFDb\uFFFDc'],
    ['letters beyond ASCII', 'größer als “x”', 'größer als “x”'],
  ])('%s', (_, error, expected) => {
    expect(keptError(error, REDACTION)).toBe(expected);
  });

  it('is short, and a secret at the cut does not stand in it either', () => {
    const kept = keptError(`${'x'.repeat(1_990)}canary-secret-0123 and so on`, REDACTION);
    expect(kept).toBe(`${'x'.repeat(1_990)}**********`);
    expect(keptError(`${'é'.repeat(5_000)}`, [])).toHaveLength(2_000);
    expect(keptError(`${'x'.repeat(1_999)}😀`, [])).toBe(`${'x'.repeat(1_999)}\uFFFD`);
  });
});

describe('failureText', () => {
  test('a refusal is in the server’s words, without the statement and its values', async () => {
    const error = await database.db
      .raw(`insert into customers (external_id, phone) values ('', ?)`, ['a-value-of-the-mail'])
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    const text = failureText(error);
    expect(text).toMatch(/^the database refused: new row for relation "customers" violates check constraint/);
    expect(text).not.toContain('a-value-of-the-mail');
  });

  test('our own error is its message, a mistake says where it came up', () => {
    expect(failureText(new MailcaseError('message_unparsable', 'cannot be parsed: x'))).toBe(
      'cannot be parsed: x',
    );
    expect(failureText(new RangeError('Invalid string length'))).toMatch(
      /^RangeError: Invalid string length \(at .*failure\.test\.ts:\d+:\d+\)?\)$/,
    );
    expect(failureText('a text')).toBe('a text');
  });
});
