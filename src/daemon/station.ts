import type { MailboxConfig } from '../config/schema.ts';
import type { MailboxRunner } from '../scheduler/mailbox-runner.ts';
import type { Schedule } from '../scheduler/schedule.ts';
import type { MailboxPolls } from './mailbox-polls.ts';

/** One mailbox of a daemon, with what polls it. */
export interface Station {
  readonly mailbox: MailboxConfig;
  readonly polls: MailboxPolls;
  readonly runner: MailboxRunner;
  readonly schedule: Schedule;
}
