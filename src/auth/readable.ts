/*
 * Answers of OAuth2 servers as openid-client can read them. It refuses an answer whole for a side matter that is not as
 * the standard has it; but the answer may hold the only refresh token that is good. Pure.
 */

/** What is believed of a token's life, in seconds: a year. Dates far beyond it are none that the database could keep. */
const LONGEST_LIFE_S = 365 * 24 * 60 * 60;

/** What is believed of a device code's life, in seconds: a day. Timers cannot wait for a month. */
const LONGEST_CODE_LIFE_S = 24 * 60 * 60;

/** What is believed of the wait between two questions for a device code, in seconds. */
const LONGEST_INTERVAL_S = 60;

/** @returns the text as it came, where it holds neither tokens nor a device code */
export function readable(text: string): string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof body !== 'object' || body === null) return text;
  if ('device_code' in body) return JSON.stringify(withPlainTimes(body));
  if (!('access_token' in body)) return text;
  return JSON.stringify(plain(body as Readonly<Record<string, unknown>>));
}

/** Who signed in is nothing to us, and could only be wrong: some servers say it without being asked. */
function plain({ id_token: _, ...body }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { expires_in, refresh_token, refresh_token_expires_in, scope } = body;
  return {
    ...body,
    // Whatever it is called: no other kind can be shown to a mail server, which then says what it thinks of it.
    token_type: 'Bearer',
    expires_in: secondsOf(expires_in, LONGEST_LIFE_S),
    refresh_token: isFilled(refresh_token) ? refresh_token : undefined,
    refresh_token_expires_in: secondsOf(refresh_token_expires_in, LONGEST_LIFE_S),
    scope: typeof scope === 'string' ? scope : undefined,
  };
}

function withPlainTimes(body: object): Record<string, unknown> {
  const { expires_in, interval } = body as Readonly<Record<string, unknown>>;
  return {
    ...body,
    expires_in: secondsOf(expires_in, LONGEST_CODE_LIFE_S),
    // Nothing, or none at all, is the standard's five seconds (RFC 8628, section 3.2).
    interval: secondsOf(interval, LONGEST_INTERVAL_S) || undefined,
  };
}

/** @returns undefined where it is no time */
function secondsOf(value: unknown, longest: number): number | undefined {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof seconds !== 'number' || Number.isNaN(seconds) || seconds < 0) return undefined;
  return Math.min(seconds, longest);
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
