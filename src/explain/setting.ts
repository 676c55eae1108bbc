import type { FolderConfig, MailboxConfig, RecordingConfig } from '../config/schema.ts';
import type { FolderRef } from '../record/incoming.ts';

/** Where a message lies, or would lie, and what counts there. */
export interface Setting {
  readonly mailbox: MailboxConfig;
  readonly folder: FolderConfig;
  readonly recording: RecordingConfig;
  /** The folder as the database knows it; undefined where it does not, or where the message is a file. */
  readonly place: FolderRef | undefined;
}
