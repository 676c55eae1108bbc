import { pino } from 'pino';
import type { MailboxConfig } from '../../src/config/schema.ts';
import type { Database } from '../../src/db/connect.ts';
import type { PollReport } from '../../src/poll-context.ts';
import { pollMailbox } from '../../src/poll-mailbox.ts';

/** One poll of one mailbox, as the daemon does it, without its schedule. */
export function poll(db: Database, mailbox: MailboxConfig, prefix = 'x-desk-'): Promise<PollReport> {
  const never = new AbortController().signal;
  return pollMailbox({
    db,
    mailbox,
    prefix,
    log: pino({ level: 'silent' }),
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
