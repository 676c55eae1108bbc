import type { Allowance } from './allowance.ts';
import type { FolderConfig, MailboxConfig } from './config/schema.ts';
import type { Database } from './db/connect.ts';
import type { MailcaseError } from './errors.ts';
import type { Session } from './imap/session.ts';
import type { JudgeMessage } from './judge/judges.ts';
import type { Log } from './observe/log.ts';
import type { OwnHeadersNotes } from './observe/own-headers.ts';
import type { FolderRef } from './record/incoming.ts';
import type { Policy } from './record/policy.ts';
import type { Verdict } from './trust/trust.ts';

/** What the poll of one folder, or an import from it, needs to know. */
export interface PollContext {
  readonly db: Database;
  readonly session: Session;
  readonly mailboxId: number;
  readonly mailbox: MailboxConfig;
  readonly folder: FolderConfig;
  readonly judge: JudgeMessage;
  readonly policy: Policy;
  /** Given where messages are read again: what was found of their trust when they came. */
  readonly verdict?: Verdict | undefined;
  /** Whether somebody comes again for a message of which not all can be found out at the moment: the next poll does. */
  readonly mayPutOff: boolean;
  /** How much may still be downloaded today. */
  readonly allowance: Allowance;
  readonly log: Log;
  /** Does something, and lets people see that it is being done: `fetch 50 messages`, to which the folder is added. */
  readonly during: <T>(what: string, work: () => Promise<T>) => Promise<T>;
  /** Says once, as long as the daemon runs, what would be said by every poll. */
  readonly once: Once;
  /** Messages that were being fetched when the connection broke. */
  readonly suspects: Suspects;
  /** Where it is noted what came of the header fields of own mail; undefined where nobody wants to know. */
  readonly ownHeaders?: OwnHeadersNotes | undefined;
  /** Tells of what could not be done, and holds up nothing else: it is tried again by the next poll. */
  readonly onProblem: (problem: MailcaseError) => void;
  /** Aborted when the daemon stops: the poll ends after the batch in hand. */
  readonly stopping: AbortSignal;
  /** Aborted when the poll has used its time: it ends in good order, but not before its first batch. */
  readonly ending: AbortSignal;
  /** Aborted when it ends at once, wherever it is. */
  readonly cut: AbortSignal;
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

/**
 * Messages that were being fetched when the server broke the connection off, with how often that was: some servers do
 * so at one message that they cannot read. They are fetched alone and last, so that they hold up no other.
 */
export class Suspects {
  private readonly failures = new Map<string, number>();

  add(place: FolderRef, uids: readonly number[]): void {
    for (const uid of uids) this.failures.set(keyOf(place, uid), this.count(place, uid) + 1);
  }

  /** Those that were fetched all the same are none any more. */
  clear(place: FolderRef, uids: readonly number[]): void {
    for (const uid of uids) this.failures.delete(keyOf(place, uid));
  }

  count(place: FolderRef, uid: number): number {
    return this.failures.get(keyOf(place, uid)) ?? 0;
  }
}

function keyOf({ folderId, uidValidity }: FolderRef, uid: number): string {
  return `${folderId} ${uidValidity} ${uid}`;
}

/** What one poll did, in numbers of messages. */
export interface PollReport {
  found: number;
  recorded: number;
  duplicates: number;
  quarantined: number;
  /** What a rule skips, and copies of mail that somebody has dropped: nothing is recorded of them. */
  skipped: number;
  /** Header values that were not applied. */
  refused: number;
  /** Recorded in their customer's latest case, because there were too many of them. */
  flooded: number;
  /** Recorded by an earlier poll that could not mark them. */
  markedLate: number;
  /** Not handed out by the server yet; asked for again by the next poll. */
  notReady: number;
  /** Left where it is, because a DKIM key cannot be looked up; the next poll looks again. */
  putOff: number;
  /** Left where it is, because the daily download is used up; later polls take it. */
  heldBack: number;
  /** Not looked at, because the poll was told to stop. */
  left: number;
}

export function emptyReport(found: number): PollReport {
  return {
    found,
    recorded: 0,
    duplicates: 0,
    quarantined: 0,
    skipped: 0,
    refused: 0,
    flooded: 0,
    markedLate: 0,
    notReady: 0,
    putOff: 0,
    heldBack: 0,
    left: 0,
  };
}
