/** What came of the x-headers of one own address. */
export interface OwnHeaders {
  /** In lower case. */
  readonly from: string;
  /** Why the last mail's were not applied; undefined where they were. */
  readonly reason: string | undefined;
  /** How many mails they were not applied of. */
  readonly mails: number;
  /** When the last of them was recorded. */
  readonly at: Date;
}

/** More senders than this are not told apart: it is for an alarm, which names a few. */
const MOST_SENDERS = 20;

/** Notes what comes of the x-headers of the mailbox's own mail, until somebody asks. */
export class OwnHeadersNotes {
  private readonly bySender = new Map<string, OwnHeaders>();

  /** @param reason undefined where they were applied */
  note(from: string, reason: string | undefined, at = new Date()): void {
    const known = this.bySender.get(from);
    if (known === undefined && this.bySender.size >= MOST_SENDERS) return;
    // What is right now was wrong before: the count goes with it.
    const mails = reason === undefined ? 0 : (known?.mails ?? 0) + 1;
    this.bySender.set(from, { from, reason, mails, at });
  }

  /** What was noted since the last time. */
  take(): OwnHeaders[] {
    const noted = [...this.bySender.values()];
    this.bySender.clear();
    return noted;
  }
}
