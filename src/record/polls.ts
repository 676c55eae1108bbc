import type { Database } from '../db/connect.ts';
import type { ErrorKind } from '../errors.ts';

/** Polls of a mailbox that failed one after the other, of whatever daemon. */
export interface Failing {
  readonly failures: number;
  /** Since the first of them ended, by the database's clock. */
  readonly since: Date;
  readonly forMs: number;
}

/** How the polls of a mailbox stand after the one that was noted, and before it. */
export interface Noted {
  readonly now: Failing | undefined;
  readonly before: Failing | undefined;
}

interface NotedRow {
  readonly failures: number;
  readonly since: Date | null;
  readonly for_ms: number | null;
  readonly failures_before: number;
  readonly since_before: Date | null;
  readonly for_ms_before: number | null;
}

/**
 * Notes how a poll ended: when it was good, or why it was not.
 *
 * @param failure undefined where it was good; secrets are overwritten in its text already
 * @returns undefined where nobody has registered the mailbox
 */
export async function notePoll(
  db: Database,
  name: string,
  failure: { readonly error: string; readonly kind: ErrorKind } | undefined,
): Promise<Noted | undefined> {
  const { rows } = (await db.raw(
    `with before as (select id, failures, failing_since from mailboxes where name = :name for update)
     update mailboxes m set last_error = :error, error_kind = :kind,
       last_polled_at = case when :isGood then now() else m.last_polled_at end,
       failing_since = case when not :isGood then coalesce(m.failing_since, now()) end,
       failures = case when :isGood then 0 else m.failures + 1 end
     from before where before.id = m.id
     returning m.failures, m.failing_since as since,
       extract(epoch from now() - m.failing_since)::float8 * 1000 as for_ms,
       before.failures as failures_before, before.failing_since as since_before,
       extract(epoch from now() - before.failing_since)::float8 * 1000 as for_ms_before`,
    {
      name,
      error: failure?.error ?? null,
      kind: failure?.kind ?? null,
      isGood: failure === undefined,
    },
  )) as { rows: NotedRow[] };
  const [row] = rows;
  return (
    row && {
      now: failing(row.failures, row.since, row.for_ms),
      before: failing(row.failures_before, row.since_before, row.for_ms_before),
    }
  );
}

function failing(failures: number, since: Date | null, forMs: number | null): Failing | undefined {
  // The database's clock may have been set back meanwhile.
  return since === null ? undefined : { failures, since, forMs: Math.max(0, forMs ?? 0) };
}

/** A mailbox as polls have left it. */
export interface FoundMailbox {
  readonly id: number;
  /** When a poll last went well. */
  readonly lastPolledAt: Date | null;
  /** How long ago that was, by the database's clock, in milliseconds. */
  readonly lastPolledMs: number | null;
  /** Why the last poll did not. */
  readonly lastError: string | null;
  readonly errorKind: ErrorKind | null;
  /** The polls that have failed since. */
  readonly failing: Failing | undefined;
  /** The daemon that polls it at present. */
  readonly polledBy: string | null;
}

/** @returns undefined where no poll has registered it */
export async function findMailbox(db: Database, name: string): Promise<FoundMailbox | undefined> {
  const { rows } = (await db.raw(
    `select id, last_polled_at as "lastPolledAt", last_error as "lastError", error_kind as "errorKind",
       extract(epoch from now() - last_polled_at)::float8 * 1000 as "lastPolledMs",
       failures, failing_since as since, extract(epoch from now() - failing_since)::float8 * 1000 as for_ms,
       case when leased_until > now() then lease_holder end as "polledBy"
     from mailboxes where name = ?`,
    [name],
  )) as { rows: (FoundMailbox & Pick<NotedRow, 'failures' | 'since' | 'for_ms'>)[] };
  const [row] = rows;
  if (row === undefined) return undefined;
  const { failures, since, for_ms, ...found } = row;
  return { ...found, failing: failing(failures, since, for_ms) };
}
