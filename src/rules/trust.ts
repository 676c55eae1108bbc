import { createHash, timingSafeEqual } from 'node:crypto';
import type { Headers } from '../message/headers.ts';
import { type Directives, noDirectives } from './directives.ts';
import type { HeaderMapping } from './header-mapping.ts';

/** Whose x-headers are applied, as the operator configured it for the mailbox. */
export type Trust = 'none' | 'all' | { readonly secret: { readonly header: string; readonly value: string } };

export interface Verdict {
  readonly trusted: boolean;
  /** Why, or why not. */
  readonly reason: string;
}

/** The names, in lower case, of the header fields that the verdict goes by. */
export function verdictHeaders(trust: Trust): readonly string[] {
  return typeof trust === 'object' ? [trust.secret.header] : [];
}

/**
 * Decides whether a message's x-headers are instructions or only what a stranger wrote.
 *
 * @param headers those that verdictHeaders names, at least
 */
export function trustVerdict(trust: Trust, headers: Headers): Verdict {
  if (trust === 'all') return { trusted: true, reason: 'the mailbox trusts everybody (trust: all)' };
  if (trust === 'none') return { trusted: false, reason: 'the mailbox trusts nobody (trust: none)' };
  const given = headers.all(trust.secret.header);
  if (given.length === 0) {
    return { trusted: false, reason: `the mail has no ${trust.secret.header}` };
  }
  // Several values would let somebody try many secrets with one mail.
  if (given.length > 1) {
    return { trusted: false, reason: `the mail has ${trust.secret.header} more than once` };
  }
  const { value: secret } = trust.secret;
  // As it stands, or as encoded words: that is how a mailer sends a secret beyond ASCII.
  return given.every(({ raw, value }) => sameSecret(raw, secret) || sameSecret(value, secret))
    ? { trusted: true, reason: `the value of ${trust.secret.header} is the right one` }
    : { trusted: false, reason: `the value of ${trust.secret.header} is another one` };
}

/** What the message's headers may set: what they say where they are trusted, else nothing, with the reason on each. */
export function trustedDirectives(verdict: Verdict, mapping: HeaderMapping, headers: Headers): Directives {
  if (verdict.trusted) return mapping.read(headers);
  const directives = noDirectives();
  directives.refused = mapping
    .prefixed(headers)
    .filter(({ value }) => value !== '')
    .map(({ key, value }) => ({ by: key, value, reason: `not trusted: ${verdict.reason}` }));
  return directives;
}

/** Compares in constant time; hashing first makes the lengths equal. */
function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(given), digest(expected));
}
