/** What a token endpoint gave. */
export interface GrantedTokens {
  readonly accessToken: string;
  /** How long it lives, in milliseconds from the asking on; undefined where the server does not say. */
  readonly livesMs: number | undefined;
  /** Another refresh token than the one that was shown; undefined where that one goes on. */
  readonly refreshToken: string | undefined;
  /** In how many milliseconds the refresh token ends, whatever is done with it; undefined where the server does not say. */
  readonly refreshLivesMs: number | undefined;
}

/** An access token, and until when it is used. */
export interface AccessToken {
  readonly value: string;
  /** When it ends, by the clock of this machine. */
  readonly endsAt: Date;
  /** When it is renewed. */
  readonly renewAt: Date;
}

/** What is taken for the life of a token that does not say, in milliseconds: short, so that one too many is asked for. */
const LIFE_UNSAID_MS = 5 * 60_000;

/**
 * So long before its end a token is not used any more, in milliseconds: a login takes up to half a minute at Exchange,
 * and clocks differ.
 */
const BEFORE_END_MS = 2 * 60_000;

/** Of a token that lives but a short time, it is used for this part of it. */
const USED_PART = 0.8;

/** @param livesMs from `now` on */
export function accessToken(value: string, livesMs: number | undefined, now: number): AccessToken {
  const life = livesMs ?? LIFE_UNSAID_MS;
  return {
    value,
    endsAt: new Date(now + life),
    renewAt: new Date(now + Math.max(life - BEFORE_END_MS, life * USED_PART)),
  };
}

/** Whether it is used for another login. */
export function isGood({ renewAt }: AccessToken, now: number): boolean {
  return now < renewAt.getTime();
}

/** What is left of it, in milliseconds. */
export function msLeft(
  { endsAt, renewAt }: AccessToken,
  now: number,
): { endsInMs: number; renewInMs: number } {
  return { endsInMs: endsAt.getTime() - now, renewInMs: renewAt.getTime() - now };
}
