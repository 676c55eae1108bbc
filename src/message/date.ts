/** Dates outside of this are typing errors of a mailer, not times: before SMTP, or too far for timestamps to keep. */
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);

/**
 * Reads a Date field (RFC 5322, section 3.3, with the obsolete forms that V8 knows too).
 *
 * @param raw the field body, unfolded; comments such as `(CEST)` are dropped
 * @returns undefined when it is no date or far out of range, never "now": INTERNALDATE is there for that
 */
export function parseDate(raw: string): Date | undefined {
  const time = Date.parse(raw.replace(/\([^()]*\)/g, ' ').trim());
  return time >= EARLIEST && time <= LATEST ? new Date(time) : undefined;
}
