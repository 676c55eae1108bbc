import type { FolderConfig, MailboxConfig } from './config/schema.ts';
import type { Database } from './db/connect.ts';
import type { MailcaseError } from './errors.ts';
import type { Session } from './imap/session.ts';
import type { Judge } from './judge.ts';
import type { Log } from './observe/log.ts';
import type { Policy } from './record/policy.ts';

/** What the poll of one folder, or an import from it, needs to know. */
export interface PollContext {
  readonly db: Database;
  readonly session: Session;
  readonly mailboxId: number;
  readonly mailbox: MailboxConfig;
  readonly folder: FolderConfig;
  readonly judge: Judge;
  readonly policy: Policy;
  readonly log: Log;
  /** Says once, as long as the daemon runs, what would be said by every poll. */
  readonly once: Once;
  /** Tells of what could not be done, and holds up nothing else: it is tried again by the next poll. */
  readonly onProblem: (problem: MailcaseError) => void;
  /** Aborted when the daemon stops: the poll ends after the batch in hand. */
  readonly stopping: AbortSignal;
  /** Aborted when the poll has used its time: it ends in good order, but not before its first batch. */
  readonly ending: AbortSignal;
}

/** Runs something the first time that it is called with a key. */
export type Once = (key: string, say: () => void) => void;

export function createOnce(): Once {
  const said = new Set<string>();
  return (key, say) => {
    if (said.has(key)) return;
    said.add(key);
    say();
  };
}

/** What one poll did, in numbers of messages. */
export interface PollReport {
  found: number;
  recorded: number;
  duplicates: number;
  quarantined: number;
  /** Header values that were not applied. */
  refused: number;
  /** Recorded in their customer's latest case, because there were too many of them. */
  flooded: number;
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
    flooded: 0,
    markedLate: 0,
    notReady: 0,
    left: 0,
  };
}
