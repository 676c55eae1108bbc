import { parseMoment } from '../config/units.ts';
import { MailcaseError } from '../errors.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What a command line says beyond its shape, read one by one, with all that is wrong kept for one answer. */
export class OptionReader {
  readonly problems: string[] = [];

  /** A day (UTC) or a moment. */
  moment(name: string, text: string | undefined): Date | undefined {
    const read = text === undefined ? undefined : parseMoment(text);
    if (text !== undefined && read === undefined) {
      this.problems.push(`--${name} is no date: write one such as 2026-01-31 or 2026-01-31T08:00:00Z`);
    }
    return read;
  }

  /** A moment before which something is; a day alone is meant with all its hours. */
  end(name: string, text: string | undefined): Date | undefined {
    const moment = this.moment(name, text);
    return moment && text && !/t/i.test(text) ? new Date(moment.getTime() + DAY_MS) : moment;
  }

  /** How many of something, in digits. @param largest more would be held in memory than is good */
  count(name: string, text: string | undefined, usual: number, largest: number): number {
    if (text === undefined) return usual;
    const count = Number(text);
    if (/^[1-9]\d*$/.test(text) && count <= largest) return count;
    this.problems.push(
      `--${name} is no number from 1 to ${largest.toLocaleString('en-US')}: write it in digits, e.g. 100`,
    );
    return usual;
  }

  /** @throws MailcaseError `usage` with everything that cannot be understood */
  finish(): void {
    if (this.problems.length > 0) throw new MailcaseError('usage', this.problems.join('\n'));
  }
}

/** The number that a text is, if it can be one of a row. */
export function idIn(text: string): number | undefined {
  const id = Number(text);
  return /^\d+$/.test(text) && id > 0 && Number.isSafeInteger(id) ? id : undefined;
}
