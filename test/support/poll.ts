import { pino } from 'pino';
import type { MailboxConfig, RecordingConfig } from '../../src/config/schema.ts';
import type { Database } from '../../src/db/connect.ts';
import type { Log } from '../../src/observe/log.ts';
import { createOnce, type Once, Suspects } from '../../src/poll-context.ts';
import { type MailboxReport, pollMailbox } from '../../src/poll-mailbox.ts';

/** What counts where a test does not say otherwise. */
export const RECORDING: RecordingConfig = {
  headers: { prefix: 'x-desk-' },
  cases: { subject_number: 'off' },
  flood: { messages: 20, window: 3_600_000 },
};

/** One poll of one mailbox, as the daemon does it, without its schedule. */
export function poll(
  db: Database,
  mailbox: MailboxConfig,
  more: { recording?: Partial<RecordingConfig>; log?: Log; once?: Once; suspects?: Suspects } = {},
): Promise<MailboxReport> {
  const never = new AbortController().signal;
  return pollMailbox({
    db,
    mailbox,
    recording: { ...RECORDING, ...more.recording },
    log: more.log ?? pino({ level: 'silent' }),
    once: more.once ?? createOnce(),
    suspects: more.suspects ?? new Suspects(),
    stopping: never,
    cutting: never,
  });
}

/** All rows of a query. */
export async function rows<T = Record<string, unknown>>(
  db: Database,
  sql: string,
  bindings: readonly string[] = [],
): Promise<T[]> {
  const result = (await db.raw(sql, bindings as string[])) as { rows: T[] };
  return result.rows;
}
