/** Dates outside of this are typing errors of a mailer, not times: before SMTP, or too far for timestamps to keep. */
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);

/** A zone at the end: `+0100`, `GMT` and the like (RFC 5322, section 4.3), or the end of an ISO 8601 time. */
const ZONE = /(?:[+-]\d{1,2}:?\d{2}|\b(?:UTC?|GMT|[ECMP][SD]T)|[\d\s]Z)$/i;

/** V8 takes the year 0000 for 2000, and 0099 for 1999; only a year of two or three digits is short for one. */
const YEAR_OF_NOUGHTS = /[a-z]{3}[\s-]+0\d{3,}\b/i;

/**
 * Reads a Date field (RFC 5322, section 3.3, with the obsolete forms that V8 knows too).
 *
 * V8 alone guesses: it reads `Order 7` as a day in 2001, and a time without a zone as that of the machine, so that two
 * daemons would not agree. Hence a time of day is demanded, and no zone means UTC.
 *
 * @param raw the field body, unfolded; comments such as `(CEST)` are dropped
 * @returns undefined when it is no date or far out of range, never "now": INTERNALDATE is there for that
 */
export function parseDate(raw: string): Date | undefined {
  const text = raw.replace(/\([^()]*\)/g, ' ').trim();
  if (!/\d:\d\d/.test(text) || !/^\d{4}-|\b\d{1,2}[\s-]+[a-z]{3}|\b[a-z]{3}\s+\d/i.test(text))
    return undefined;
  if (YEAR_OF_NOUGHTS.test(text)) return undefined;
  const time = Date.parse(ZONE.test(text) ? text : `${text.replace(/(\d)T(\d)/, '$1 $2')} UTC`);
  return time >= EARLIEST && time <= LATEST ? new Date(time) : undefined;
}
