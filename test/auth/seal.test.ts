import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seal, unseal } from '../../src/auth/seal.ts';

const key = randomBytes(32);
const other = randomBytes(32);
const BELONGING = ['refresh', 'support', 'client', 'support@example.com'];

describe('a sealed text', () => {
  it.each(['', 'a', '1.AXkA-token_with~signs/+=', 'ü'.repeat(5000)])('opens with its key: %#', (text) => {
    expect(unseal(seal(text, key, BELONGING), [key], BELONGING)).toBe(text);
  });

  it('opens with any of several keys', () => {
    expect(unseal(seal('x', other, BELONGING), [key, other], BELONGING)).toBe('x');
  });

  it('is another one each time, and shows nothing of the text', () => {
    const sealed = Array.from({ length: 100 }, () => seal('the token', key, BELONGING).toString('hex'));
    expect(new Set(sealed).size).toBe(100);
    // The nonces differ, which is what GCM stands or falls with.
    expect(new Set(sealed.map((each) => each.slice(2, 26))).size).toBe(100);
    expect(Buffer.from(sealed[0] ?? '', 'hex').includes('token')).toBe(false);
  });

  it('has a version, the nonce, the text and the tag', () => {
    const sealed = seal('twelve bytes', key, BELONGING);
    expect([sealed[0], sealed.length]).toEqual([1, 1 + 12 + 12 + 16]);
  });

  it('does not open with another key, or none', () => {
    const sealed = seal('x', key, BELONGING);
    expect(unseal(sealed, [other], BELONGING)).toBeUndefined();
    expect(unseal(sealed, [], BELONGING)).toBeUndefined();
  });

  it.each([
    ['another purpose', ['access', 'support', 'client', 'support@example.com']],
    ['another mailbox', ['refresh', 'sales', 'client', 'support@example.com']],
    ['parts that are cut elsewhere', ['refresh', 'suppor', 'tclient', 'support@example.com']],
    ['a part less', ['refresh', 'support', 'client']],
  ])('does not open for %s', (_, belonging) => {
    expect(unseal(seal('x', key, BELONGING), [key], belonging)).toBeUndefined();
  });

  it('does not open when any byte of it has changed, or one is missing', () => {
    const sealed = seal('token', key, BELONGING);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(unseal(changed, [key], BELONGING), `byte ${at}`).toBeUndefined();
      expect(unseal(sealed.subarray(0, at), [key], BELONGING), `${at} bytes`).toBeUndefined();
    }
  });
});
