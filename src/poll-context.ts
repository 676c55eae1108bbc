import type { MailboxConfig } from './config/schema.ts';
import type { Database } from './db/connect.ts';
import type { Session } from './imap/session.ts';
import type { Judge } from './judge.ts';
import type { Log } from './observe/log.ts';

/** What one poll needs to know. */
export interface PollContext {
  readonly db: Database;
  readonly session: Session;
  readonly mailboxId: number;
  readonly mailbox: MailboxConfig;
  readonly judge: Judge;
  readonly log: Log;
  /** Aborted when the daemon stops: the poll ends after the batch in hand. */
  readonly stopping: AbortSignal;
  /** Aborted when the poll has used its time: it ends in good order, but not before its first batch. */
  readonly ending: AbortSignal;
}

/** What one poll did, in numbers of messages. */
export interface PollReport {
  found: number;
  recorded: number;
  duplicates: number;
  quarantined: number;
  /** Header values that were not applied. */
  refused: number;
  /** Recorded by an earlier poll that could not mark them. */
  markedLate: number;
  /** Not handed out by the server yet; asked for again by the next poll. */
  notReady: number;
  /** Not looked at, because the poll was told to stop. */
  left: number;
}

export function emptyReport(found: number): PollReport {
  return {
    found,
    recorded: 0,
    duplicates: 0,
    quarantined: 0,
    refused: 0,
    markedLate: 0,
    notReady: 0,
    left: 0,
  };
}
