import type { Database } from '../db/connect.ts';
import { applicationName } from '../db/identity.ts';

/**
 * Ends the database sessions of another daemon that stand in a transaction. One that was stopped there goes on to lock what
 * it wrote, and one that waits for a lock gets it later and keeps it: who takes over writes the same rows and would wait.
 * What was committed stays; a daemon that was only slow has a failed poll.
 *
 * @param holder as in `mailboxes.lease_holder`
 * @returns how many were ended
 */
export async function endSessionsOf(db: Database, holder: string): Promise<number> {
  // One's own role may be ended without any right; the sessions of another one are left to idle_in_transaction_session_timeout.
  const { rows } = (await db.raw(
    `select pg_terminate_backend(pid) as is_ended from pg_stat_activity
     where datname = current_database() and usename = session_user and application_name = :name
       and xact_start is not null and pid <> pg_backend_pid()`,
    { name: applicationName(holder) },
  )) as { rows: { is_ended: boolean }[] };
  return rows.filter(({ is_ended }) => is_ended).length;
}
