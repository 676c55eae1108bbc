/** How long a mailbox rests after failures, in milliseconds. */
export interface Backoff {
  readonly first: number;
  readonly longest: number;
}

/**
 * The pause after a number of failures in a row: doubled each time up to the longest, of which a random half is taken
 * off, so that many mailboxes on one server do not come back in step.
 *
 * @param failures 1 after the first failure
 * @param random from 0 up to but not including 1
 */
export function backoffMs({ first, longest }: Backoff, failures: number, random = Math.random()): number {
  // 2 ** 1024 is Infinity, and Math.min copes with that.
  const whole = Math.min(longest, first * 2 ** (failures - 1));
  return Math.round(whole * (0.5 + random / 2));
}
