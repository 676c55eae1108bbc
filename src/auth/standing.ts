import type { Flow } from '../config/oauth2-presets.ts';
import type { TokenTimes } from './token-store.ts';

/** How the OAuth2 login of a mailbox stands. */
export interface TokenStanding {
  readonly flow: Flow;
  /** When the access token in use ends; undefined where there is none. */
  readonly accessEndsAt: Date | undefined;
  /** Of the flow refresh_token, where somebody has logged in. */
  readonly refresh: RefreshStanding | undefined;
}

export interface RefreshStanding {
  readonly loggedInAt: Date;
  /** When the refresh token was last given or used. */
  readonly refreshedAt: Date;
  /** When it dies; undefined where that is not known. */
  readonly diesAt: Date | undefined;
  /** Whether using it puts that off. */
  readonly isPutOff: boolean;
  /** Whether somebody should know by now that it dies. */
  readonly isNear: boolean;
}

/** So long before it dies, a refresh token is warned of, in milliseconds: two weeks, the longest holiday. */
const WARNED_BEFORE_MS = 14 * 24 * 60 * 60_000;

/**
 * @param lifetimeMs how long one lives that is not used; undefined where that is not known
 * @param now by the same clock as the times
 */
export function refreshStanding(
  times: TokenTimes,
  lifetimeMs: number | undefined,
  now: number,
): RefreshStanding {
  const { loggedInAt, refreshedAt, refreshEndsAt } = times;
  const unusedEnd = lifetimeMs === undefined ? undefined : new Date(refreshedAt.getTime() + lifetimeMs);
  const isPutOff = refreshEndsAt === undefined || (unusedEnd !== undefined && unusedEnd < refreshEndsAt);
  const diesAt = isPutOff ? unusedEnd : refreshEndsAt;
  // One that lives but a week unused is near its end when half of that is over.
  const warnedMs = isPutOff ? Math.min(WARNED_BEFORE_MS, (lifetimeMs ?? 0) / 2) : WARNED_BEFORE_MS;
  return {
    loggedInAt,
    refreshedAt,
    diesAt,
    isPutOff: diesAt !== undefined && isPutOff,
    isNear: diesAt !== undefined && diesAt.getTime() - now < warnedMs,
  };
}
