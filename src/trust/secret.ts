import { createHash, timingSafeEqual } from 'node:crypto';
import type { Headers } from '../message/headers.ts';
import type { Finding, SharedSecret } from './trust.ts';

/** Whether a message holds the shared secret. @param headers the message's own */
export function bySecret({ header, value: secret }: SharedSecret, headers: Headers): Finding {
  const given = headers.all(header);
  if (given.length === 0) return { trusted: false, reason: `the mail has no ${header}` };
  // Several values would let somebody try many secrets with one mail.
  if (given.length > 1) return { trusted: false, reason: `the mail has ${header} more than once` };
  // As it stands, or as encoded words: that is how a mailer sends a secret beyond ASCII.
  return given.every(({ raw, value }) => sameSecret(raw, secret) || sameSecret(value, secret))
    ? { trusted: true, reason: `the value of ${header} is the right one` }
    : { trusted: false, reason: `the value of ${header} is another one` };
}

/** Compares in constant time; hashing first makes the lengths equal. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(given), digest(expected));
}
