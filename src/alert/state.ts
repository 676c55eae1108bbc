import type { Condition } from '../config/schema.ts';

/** What is known of a condition at this moment: unknown to whoever does not poll the mailbox, or has not yet. */
export type Observation =
  | { readonly is: 'standing'; readonly since: number; readonly why: string; readonly details?: Details }
  | { readonly is: 'clear'; readonly details?: Details }
  | { readonly is: 'unknown' };

/** What a condition remembers beside since when it stands; see the column alerts.details. */
export interface Details {
  /** The newest entry of the quarantine that was told of. */
  readonly toldId?: number;
  /** Own addresses whose header fields were not applied. */
  readonly senders?: Readonly<Record<string, Sender>>;
}

export interface Sender {
  readonly reason: string;
  readonly mails: number;
  /** When the last such mail was recorded, in milliseconds of this machine's clock. */
  readonly at: number;
}

/** A condition of a mailbox, and what people were told of it. Moments are milliseconds of this machine's clock. */
export interface AlertState {
  /** Since when it stands; undefined where all is well. */
  readonly since: number | undefined;
  readonly why: string | undefined;
  readonly details: Details;
  /** Whether an alarm went out, and no all-clear since. */
  readonly isTold: boolean;
  readonly lastSentAt: number | undefined;
  /** Nobody sends until then. */
  readonly notBefore: number | undefined;
  /** Attempts in a row that failed. */
  readonly failures: number;
}

export const NOTHING_KNOWN: AlertState = {
  ...{ since: undefined, why: undefined, details: {}, isTold: false },
  ...{ lastSentAt: undefined, notBefore: undefined, failures: 0 },
};

/** What is sent. */
export type Message = 'alarm' | 'repeat' | 'all_clear';

export interface Pace {
  /** In milliseconds, or never. */
  readonly repeat: number | 'never';
}

/**
 * What comes again so soon after something was sent is no news: a mailbox that flaps rings once in this time, each alarm
 * with its all-clear, and not each minute. In milliseconds; a shorter `repeat` makes it shorter.
 */
export const FLAP_MS = 10 * 60_000;

/** Two moments that are no further apart are the same, in milliseconds. */
const CLOCKS_MS = 5_000;

/** A condition, as it stands after a look at it. */
export function observed(state: AlertState, observation: Observation): AlertState {
  switch (observation.is) {
    case 'unknown':
      return state;
    case 'clear':
      return { ...state, since: undefined, details: observation.details ?? state.details };
    case 'standing': {
      // Who saw it first says since when. Two clocks never agree to the millisecond.
      const isEarlier = state.since === undefined || observation.since < state.since - CLOCKS_MS;
      const since = isEarlier ? observation.since : state.since;
      return { ...state, since, why: observation.why, details: observation.details ?? state.details };
    }
  }
}

/** What is to be sent now, if anything is: once when it begins, again after a time, once when it is over. */
export function dueMessage(
  condition: Condition,
  state: AlertState,
  observation: Observation,
  now: number,
  { repeat }: Pace,
): Message | undefined {
  if (state.notBefore !== undefined && now < state.notBefore) return undefined;
  if (state.since === undefined) return state.isTold ? 'all_clear' : undefined;
  // Only who sees it tells of it: what another daemon saw may be over.
  if (observation.is !== 'standing') return undefined;
  const sentMs = state.lastSentAt === undefined ? Number.POSITIVE_INFINITY : now - state.lastSentAt;
  if (!state.isTold) {
    const quietMs = repeat === 'never' ? FLAP_MS : Math.min(FLAP_MS, repeat);
    return sentMs >= quietMs ? 'alarm' : undefined;
  }
  if (repeat === 'never' || sentMs < repeat) return undefined;
  return hasNews(condition, state) ? 'repeat' : undefined;
}

/** Header fields that were not applied hours ago are told once: it takes another such mail to tell of them again. */
function hasNews(condition: Condition, { details, lastSentAt = 0 }: AlertState): boolean {
  if (condition !== 'headers_not_applied') return true;
  return Object.values(details.senders ?? {}).some(({ at }) => at > lastSentAt);
}

/** After a message went out. @param at when */
export function sent(state: AlertState, message: Message, at: number, told: Details = {}): AlertState {
  return {
    ...state,
    details: { ...state.details, ...told },
    isTold: message !== 'all_clear',
    lastSentAt: at,
    notBefore: undefined,
    failures: 0,
  };
}

const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 15 * 60_000;

/** After a message could not be sent: it is tried again, later each time. */
export function notSent(state: AlertState, now: number): AlertState {
  const failures = state.failures + 1;
  return { ...state, failures, notBefore: now + retryMs(failures) };
}

/** @param failures 1 after the first */
export function retryMs(failures: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
}

/**
 * What the database knows and what this process has sent while it could not be asked, in one: the later message counts.
 */
export function reconciled(stored: AlertState | undefined, own: AlertState): AlertState {
  if (stored === undefined) return own;
  const isOwnLater = (own.lastSentAt ?? 0) > (stored.lastSentAt ?? 0);
  const { isTold, lastSentAt } = isOwnLater ? own : stored;
  return { ...own, isTold, lastSentAt, details: { ...stored.details, ...own.details } };
}
