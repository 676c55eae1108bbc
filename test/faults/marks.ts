import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../../src/db/connect.ts';
import { rows } from '../support/poll.ts';
import { uidsOf } from './arrivals.ts';

/** How often is looked, in milliseconds. */
const LOOK_MS = 20;

/** Watches the files of a Maildir for the moment at which each is marked \Seen, which stands in its name. */
export class MarkWatch {
  private readonly maildir: string;
  private readonly markedAt = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;

  constructor(maildir: string) {
    this.maildir = maildir;
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.look();
  }

  /** @returns how many messages were marked, and the UIDs of those whose record was begun after that, or never */
  async tooEarly(db: Database): Promise<{ marked: number; early: number[] }> {
    const receipts = await rows<{ uid: number; at: Date }>(db, 'select uid, recorded_at as at from receipts');
    const recordedAt = new Map(receipts.map(({ uid, at }) => [uid, at.getTime()]));
    const uids = uidsOf(this.maildir);
    const early = [...this.markedAt]
      .map(([file, at]) => ({ uid: uids.get(file) ?? 0, at }))
      .filter(({ uid, at }) => (recordedAt.get(uid) ?? Number.POSITIVE_INFINITY) > at);
    return { marked: this.markedAt.size, early: early.map(({ uid }) => uid) };
  }

  private look(): void {
    const now = Date.now();
    for (const entry of readdirSync(join(this.maildir, 'cur'))) {
      const [file = '', flags = ''] = entry.split(':2,');
      if (flags.includes('S') && !this.markedAt.has(file)) this.markedAt.set(file, now);
    }
  }
}
