/** When a mailbox that cannot be polled counts as unhealthy: see the option `unhealthy`. */
export interface HealthLimits {
  readonly polls: number;
  /** In milliseconds. */
  readonly after: number;
}

/** Polls that failed one after the other. */
export interface Trouble {
  readonly failures: number;
  /** From the end of the first of them, in milliseconds. */
  readonly forMs: number;
}

/**
 * Whether a mailbox has been failing for longer than a hiccup lasts. The time counts from the first failure, not from the
 * last good poll: a mailbox that is polled each night is not ill all day.
 */
export function isUnhealthy({ failures, forMs }: Trouble, { polls, after }: HealthLimits): boolean {
  return failures > 0 && (failures >= polls || forMs >= after);
}
