import type { ErrorKind } from '../errors.ts';

/** How long a mailbox rests after failures, in milliseconds. */
export interface Backoff {
  /** After the first failure; it doubles from one to the next. */
  readonly first: number;
  readonly longest: number;
  /** After each rejected login. */
  readonly credentials: number;
  /** Where the server asks to be left alone and does not say for how long; it doubles too. */
  readonly throttled: number;
}

/** What a failure says of the time after it. */
export interface Failure {
  readonly kind: ErrorKind;
  /** For how long the server wants to be left alone, in milliseconds, where it said so. */
  readonly retryAfterMs?: number | undefined;
}

/** Where the rest may not be shorter than was said, this part of it is added at most. */
const SPREAD = 0.1;

/**
 * The rest after a failure, by its kind. A rejected login is not tried again soon: who hammers is locked out, and a
 * password does not mend itself. A server that asks to be left alone is, for as long as it says at least.
 *
 * @param failures in a row, 1 after the first
 * @param random from 0 up to but not including 1
 */
export function restMs(
  backoff: Backoff,
  { kind, retryAfterMs = 0 }: Failure,
  failures: number,
  random = Math.random(),
): number {
  if (kind === 'credentials') return atLeast(backoff.credentials, random);
  if (kind !== 'throttled') return backoffMs(backoff, failures, random);
  const longest = Math.max(backoff.longest, backoff.throttled);
  return atLeast(Math.max(retryAfterMs, doubled(backoff.throttled, longest, failures)), random);
}

/**
 * The pause after a number of failures in a row: doubled each time up to the longest, of which a random half is taken
 * off, so that many mailboxes on one server do not come back in step.
 *
 * @param failures 1 after the first failure
 * @param random from 0 up to but not including 1
 */
export function backoffMs(
  { first, longest }: Pick<Backoff, 'first' | 'longest'>,
  failures: number,
  random = Math.random(),
): number {
  return Math.round(doubled(first, longest, failures) * (0.5 + random / 2));
}

function doubled(first: number, longest: number, failures: number): number {
  // 2 ** 1024 is Infinity, and Math.min copes with that.
  return Math.min(longest, first * 2 ** (failures - 1));
}

function atLeast(ms: number, random: number): number {
  return Math.round(ms * (1 + random * SPREAD));
}
