import type { MailboxConfig } from './config/schema.ts';
import type { Database } from './db/connect.ts';
import { accountOf } from './entering.ts';
import type { Session } from './imap/session.ts';
import { addDownload, correctDownload, type DownloadedHour, findDownloads } from './record/downloads.ts';

/** What of the daily download imports leave to polls. */
export const IMPORT_SHARE = 0.8;

/** Downloads are counted by whole hours, so one counts until 24 hours after the end of its hour, in milliseconds. */
const COUNTS_MS = 25 * 60 * 60 * 1000;

/** How much of a day's download is used, and when it is less. */
export interface DayUsed {
  /** In bytes. */
  readonly limit: number;
  readonly used: number;
  /** When something can be downloaded again; undefined where it can be now. */
  readonly waitsUntil: Date | undefined;
}

/**
 * How much of an account may still be downloaded today (`daily_download`). What is about to be downloaded is counted
 * before it is, and set right afterwards: a program that is killed in between, again and again, does not pass the limit.
 */
export class Allowance {
  private readonly db: Database;
  private readonly account: string;
  private readonly limit: number | undefined;
  private readonly largest: number;
  private held: Date | undefined;

  /** @param share which part of it may be used */
  constructor(
    db: Database,
    mailbox: Pick<MailboxConfig, 'imap' | 'daily_download' | 'message_bytes'>,
    share = 1,
  ) {
    const { daily_download, message_bytes } = mailbox;
    this.db = db;
    this.account = accountOf(mailbox);
    this.limit = daily_download && daily_download * share;
    this.largest = message_bytes;
  }

  /** Until when the rest waits, once something did not fit: then nothing else is fetched in its stead, or it never would. */
  get waitsUntil(): Date | undefined {
    return this.held;
  }

  /** @returns undefined where nothing limits it */
  async used(): Promise<DayUsed | undefined> {
    if (this.limit === undefined) return undefined;
    const hours = await findDownloads(this.db, this.account);
    return { limit: this.limit, used: sumOf(hours), waitsUntil: fitsFrom(hours, this.limit, 1) };
  }

  /** @returns the first of these messages, as many as may be fetched now, in their order; the rest waits */
  async fitting<T extends { readonly sizeBytes: number }>(messages: readonly T[]): Promise<readonly T[]> {
    if (this.limit === undefined || messages.length === 0) return messages;
    if (this.held) return [];
    const hours = await findDownloads(this.db, this.account);
    const costs = messages.map((message) => this.costOf(message));
    const count = countFitting(sumOf(hours), this.limit, costs);
    const next = costs[count];
    if (next !== undefined) {
      const before = costs.slice(0, count).reduce((sum, cost) => sum + cost, 0);
      const now = { hour: new Date(), bytes: before };
      this.held = fitsFrom([...hours, now], this.limit, next) ?? new Date();
    }
    return messages.slice(0, count);
  }

  /** Downloads something. @param messages what is about to be; what comes is counted in the end */
  async during<T>(
    session: Pick<Session, 'received'>,
    messages: readonly { readonly sizeBytes: number }[],
    work: () => Promise<T>,
  ): Promise<T> {
    if (this.limit === undefined) return work();
    const expected = messages.reduce((sum, message) => sum + this.costOf(message), 0);
    const hour = await addDownload(this.db, this.account, expected);
    const before = session.received();
    try {
      return await work();
    } finally {
      const came = Math.max(0, session.received() - before);
      // Where the database has gone, too much stays counted.
      await correctDownload(this.db, this.account, hour, came - expected).catch(() => {});
    }
  }

  /** What is larger is not fetched whole. */
  private costOf({ sizeBytes }: { readonly sizeBytes: number }): number {
    return Math.min(sizeBytes, this.largest);
  }
}

/** How many of these fit, in order. One that is larger than a whole day's fits when nothing else was downloaded. */
export function countFitting(used: number, limit: number, costs: readonly number[]): number {
  let sum = used;
  for (const [index, cost] of costs.entries()) {
    sum += cost;
    if (sum > limit && !(used === 0 && index === 0)) return index;
  }
  return costs.length;
}

/** From when on so many bytes fit; undefined where they do now. */
export function fitsFrom(hours: readonly DownloadedHour[], limit: number, bytes: number): Date | undefined {
  let used = sumOf(hours);
  let from: Date | undefined;
  for (const each of [...hours].sort((a, b) => a.hour.getTime() - b.hour.getTime())) {
    if (used === 0 || used + bytes <= limit) break;
    used -= each.bytes;
    from = new Date(each.hour.getTime() + COUNTS_MS);
  }
  return from;
}

function sumOf(hours: readonly DownloadedHour[]): number {
  return hours.reduce((sum, { bytes }) => sum + bytes, 0);
}
