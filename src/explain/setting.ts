import type { FolderConfig, MailboxConfig, RecordingConfig } from '../config/schema.ts';
import type { Judges } from '../judge/judges.ts';
import type { FolderRef } from '../record/incoming.ts';
import type { Receipt } from './original.ts';

/** Where a message lies, or would lie, and what counts there. */
export interface Setting {
  readonly mailbox: MailboxConfig;
  readonly folder: FolderConfig;
  readonly recording: RecordingConfig;
  readonly judges: Judges;
  /** The folder as the database knows it; undefined where it does not, or where the message is a file. */
  readonly place: FolderRef | undefined;
  /** What became of it before, where it has been read already. */
  readonly receipt?: Receipt | undefined;
  /** Whether a poll would take it; undefined for a file, which lies nowhere. */
  readonly selection?: Selection | undefined;
}

/** Whether the next poll takes a message, and why. */
export interface Selection {
  readonly taken: boolean;
  readonly why: string;
  /** How many that the poll takes too are before it in the folder: what they begin is not known yet. */
  readonly waiting_before: number;
}
