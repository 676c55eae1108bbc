import { type Address, parseAddresses } from '../message/addresses.ts';
import type { Headers } from '../message/headers.ts';

/** Longest From that is looked at, in characters: two lines of RFC 5322, and nothing that takes long to read. */
const MAX_FROM_CHARACTERS = 2_000;

/** Whose mail it says it is, or why that cannot be said for certain. */
export type PlainFrom = Address | { readonly refused: string };

/** A quoted string (RFC 5322, section 3.2.4), or a run of what is no special sign in a display name. */
const NAME = String.raw`(?:"(?:[^"\\\p{Cc}]|\\[^\p{Cc}]|\t)*"|[^"()<>[\]:;@\\,\p{Cc}]|\t)*`;

/** Dot-atom on both sides (section 3.2.3), beyond ASCII too (RFC 6532): no quoted local part, no address literal. */
const ADDRESS = String.raw`[^\s"()<>[\]:;@\\,.\p{Cc}]+(?:\.[^\s"()<>[\]:;@\\,.\p{Cc}]+)*@[\p{L}\p{N}\p{M}_-]+(?:\.[\p{L}\p{N}\p{M}_-]+)*`;

/** The two forms in which all readers find the same address: alone, or in angle brackets at the end. */
const PLAIN = new RegExp(`^(?:${ADDRESS}|${NAME}<${ADDRESS}>)$`, 'u');

/**
 * From of a message whose word is to count: exactly one field with exactly one address in a form that no reader takes
 * for another one. No group, no comment, no second address, nothing behind the closing bracket: of such a From, the one
 * who signs, the one who verifies and the one who shows it may each see somebody else.
 *
 * @returns the address, with the display name decoded; the reason begins in lower case, as a part of a sentence
 */
export function plainFrom(headers: Headers): PlainFrom {
  const [field, ...more] = headers.all('from');
  if (field === undefined) return { refused: 'the mail has no From' };
  if (more.length > 0) return { refused: 'the mail has From more than once' };
  if (field.raw.length > MAX_FROM_CHARACTERS) return { refused: 'From is too long' };
  const [from, ...others] = parseAddresses(field.raw);
  if (others.length > 0) return { refused: 'From has more than one address' };
  if (from === undefined) return { refused: 'From has no usable address' };
  // An unknown form may hold what our own reader does not see either.
  const isPlain = PLAIN.test(field.raw) && field.raw.replace(/>$/, '').endsWith(from.address);
  return isPlain ? from : { refused: 'From is more than one name and one address in plain form' };
}
