/** What a server answered, when it refused something or ended the connection. */
export interface Said {
  /** Until the login is done, greeting included; or after it. */
  readonly at: 'login' | 'session';
  readonly status: 'NO' | 'BAD' | 'BYE';
  /** The response code (RFC 5530), in capitals, without what stands behind it. */
  readonly code: string | undefined;
  /** The words for people. */
  readonly text: string;
  /** What a server says of an access token: a number as of HTTP (XOAUTH2), or a word (RFC 7628, section 3.2.2). */
  readonly oauthStatus?: string | undefined;
  /** Whether the login was with an access token, and no password. */
  readonly isByToken?: boolean;
}

/** A status response (RFC 9051, section 7.1), of a command or of the server's own. */
export interface StatusLine {
  /** `*` for what answers no command. */
  readonly tag: string;
  readonly status: 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';
  readonly code: string | undefined;
  readonly text: string;
}

const STATUS_LINE = /^(\S+) (OK|NO|BAD|BYE|PREAUTH)(?: +\[([^\s\]]+)[^\]]*\])? *(.*)$/is;

/** @returns undefined for a line of another kind */
export function statusLine(line: string): StatusLine | undefined {
  const [, tag, status, code, text = ''] = STATUS_LINE.exec(line.trim()) ?? [];
  if (tag === undefined || status === undefined) return undefined;
  return {
    tag,
    status: status.toUpperCase() as StatusLine['status'],
    code: code?.toUpperCase(),
    text: withoutTiming(text.trim()),
  };
}

/** Dovecot says how long it took, which helps nobody and makes each error another one. */
export function withoutTiming(text: string): string {
  return text.replace(/ \([\d.]+ \+ [\d.]+ secs\)\.?$/, '');
}

/**
 * Whether a success asks to slow down, as Gmail does: `OK Success [THROTTLED]`. What was asked for is done, and the next
 * thing will be refused.
 */
export function asksToSlowDown({ status, code, text }: StatusLine): boolean {
  return status === 'OK' && (code === 'THROTTLED' || /\[THROTTLED\]\s*$/i.test(text));
}

/** Milliseconds in what servers count in. */
const UNITS: Readonly<Record<string, number>> = { m: 60_000, s: 1_000, ms: 1 };

/** `Suggested Backoff Time: 299961 milliseconds`, `try again in 5 minutes`. @returns milliseconds */
export function waitOf(text: string): number | undefined {
  const [, amount, unit = ''] =
    /(?:back-?off time|(?:re)?try (?:again )?(?:after|in)|wait)\D{0,12}(\d{1,15})\s*(milliseconds?|ms|minutes?|min|seconds?|secs?|s|m)?\b/i.exec(
      text,
    ) ?? [];
  if (amount === undefined) return undefined;
  // Exchange's number without a unit is of milliseconds.
  const name = /^(ms|milli|$)/i.test(unit) ? 'ms' : unit[0]?.toLowerCase();
  const ms = Number(amount) * (UNITS[name ?? 'ms'] ?? 1);
  return ms > 0 ? ms : undefined;
}

/** The status in what a server says of an access token, which imapflow has read from its base64. */
export function oauthStatusOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('status' in answer)) return undefined;
  const { status } = answer;
  return typeof status === 'string' || typeof status === 'number' ? String(status) : undefined;
}
