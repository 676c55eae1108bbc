import type { Condition } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { rows } from '../db/rows.ts';
import type { AlertState, Details } from './state.ts';

/** A condition as the database has it. */
export interface Entry {
  readonly mailbox: string;
  readonly condition: Condition;
  readonly state: AlertState;
  /** What a claim has to name: see claim(). */
  readonly claims: number;
}

interface Row {
  readonly mailbox: string;
  readonly condition: Condition;
  readonly since_ms: number | null;
  readonly why: string | null;
  readonly details: Details;
  readonly is_told: boolean;
  readonly sent_ms: number | null;
  readonly rest_ms: number | null;
  readonly failures: number;
  readonly claims: number;
}

/**
 * What the database knows of these mailboxes. It says how long ago something was, by its own clock, so that clocks that
 * differ do no harm.
 */
export async function readEntries(db: Database, mailboxes: readonly string[]): Promise<Entry[]> {
  const found = await rows<Row>(
    db,
    `select mailbox, condition, why, details, is_told, failures, claims,
       extract(epoch from now() - since)::float8 * 1000 as since_ms,
       extract(epoch from now() - last_sent_at)::float8 * 1000 as sent_ms,
       extract(epoch from not_before - now())::float8 * 1000 as rest_ms
     from alerts where mailbox = any(?::text[])`,
    [mailboxes],
  );
  const now = Date.now();
  const ago = (ms: number | null) => (ms === null ? undefined : now - ms);
  return found.map(({ mailbox, condition, claims, ...row }) => ({
    ...{ mailbox, condition, claims },
    state: {
      since: ago(row.since_ms),
      why: row.why ?? undefined,
      details: row.details,
      isTold: row.is_told,
      lastSentAt: ago(row.sent_ms),
      notBefore: row.rest_ms === null ? undefined : now + row.rest_ms,
      failures: row.failures,
    },
  }));
}

/** Open entries of the quarantine, of those of the mailboxes that have some. */
export async function readQuarantine(
  db: Database,
  mailboxes: readonly string[],
): Promise<Map<string, QuarantineCount>> {
  const counts = await rows<QuarantineCount & { mailbox: string; oldest_ms: number }>(
    db,
    `select m.name as mailbox, count(*) as open, max(q.id) as newest,
       count(*) filter (where q.id > coalesce((a.details->>'toldId')::bigint, 0)) as fresh,
       max(extract(epoch from now() - q.created_at)::float8 * 1000) as oldest_ms
     from quarantine q join folders f on f.id = q.folder_id join mailboxes m on m.id = f.mailbox_id
       left join alerts a on a.mailbox = m.name and a.condition = 'quarantine'
     where q.resolved_at is null and m.name = any(?::text[]) group by m.name`,
    [mailboxes],
  );
  return new Map(counts.map((row) => [row.mailbox, { ...row, oldestMs: row.oldest_ms }]));
}

export interface QuarantineCount {
  readonly open: number;
  /** Those that nobody was told of. */
  readonly fresh: number;
  /** The highest id. */
  readonly newest: number;
  readonly oldestMs: number;
}

/** Mailboxes whose last poll was good, and ended within a time that is given for each. */
export async function readGoodPolls(
  db: Database,
  failing: readonly { readonly mailbox: string; readonly forMs: number }[],
): Promise<Set<string>> {
  if (failing.length === 0) return new Set();
  const good = await rows<{ name: string }>(
    db,
    `select m.name from mailboxes m
       join unnest(?::text[], ?::float8[]) as failing (name, for_ms) on failing.name = m.name
     where m.failing_since is null and m.last_polled_at > now() - failing.for_ms * interval '1 millisecond'`,
    [failing.map(({ mailbox }) => mailbox), failing.map(({ forMs }) => forMs)],
  );
  return new Set(good.map(({ name }) => name));
}

/**
 * Keeps how a condition stands. What was told is another daemon's to say, unless this one has told something while the
 * database could not be asked.
 */
export async function writeEntry(
  db: Database,
  { mailbox, condition, state }: Pick<Entry, 'mailbox' | 'condition' | 'state'>,
  hasTold: boolean,
): Promise<void> {
  const now = Date.now();
  const ms = (at: number | undefined) => (at === undefined ? null : now - at);
  await rows(
    db,
    `insert into alerts (mailbox, condition, since, why, details, is_told, last_sent_at, failures)
     values (:mailbox, :condition, now() - :sinceMs * interval '1 millisecond', :why, :details,
       :isTold, now() - :sentMs * interval '1 millisecond', :failures)
     on conflict (mailbox, condition) do update set
       since = excluded.since, why = excluded.why, details = excluded.details,
       is_told = case when :hasTold then excluded.is_told else alerts.is_told end,
       last_sent_at = case when :hasTold then excluded.last_sent_at else alerts.last_sent_at end,
       failures = case when :hasTold then excluded.failures else alerts.failures end,
       not_before = case when :hasTold then null else alerts.not_before end`,
    {
      ...{ mailbox, condition, hasTold },
      sinceMs: ms(state.since),
      why: state.why ?? null,
      details: JSON.stringify(state.details),
      isTold: state.isTold,
      sentMs: ms(state.lastSentAt),
      failures: state.failures,
    },
  );
}

/**
 * Takes it upon this daemon to send, for a while: should it end meanwhile, another one sends.
 *
 * @returns whether no other daemon was faster
 */
export async function claim(
  db: Database,
  { mailbox, condition, claims }: Pick<Entry, 'mailbox' | 'condition' | 'claims'>,
  ms: number,
): Promise<boolean> {
  const claimed = await rows(
    db,
    `update alerts set claims = claims + 1, not_before = now() + :ms * interval '1 millisecond'
     where mailbox = :mailbox and condition = :condition and claims = :claims
       and (not_before is null or not_before <= now())
     returning 1`,
    { mailbox, condition, claims, ms },
  );
  return claimed.length > 0;
}

/** Keeps what became of a message: it went out, or is tried again later. */
export async function settle(
  db: Database,
  { mailbox, condition, state }: Pick<Entry, 'mailbox' | 'condition' | 'state'>,
  hasGone: boolean,
): Promise<void> {
  const restMs = state.notBefore === undefined ? null : state.notBefore - Date.now();
  await rows(
    db,
    `update alerts set failures = :failures, not_before = now() + :restMs * interval '1 millisecond',
       details = case when :hasGone then details || cast(:told as jsonb) else details end,
       is_told = case when :hasGone then :isTold else is_told end,
       last_sent_at = case when :hasGone then now() else last_sent_at end
     where mailbox = :mailbox and condition = :condition`,
    {
      ...{ mailbox, condition, hasGone, restMs, failures: state.failures, isTold: state.isTold },
      told: JSON.stringify(state.details.toldId === undefined ? {} : { toldId: state.details.toldId }),
    },
  );
}

/** Forgets what is watched no more: nobody will know when it is over. */
export async function dropEntries(
  db: Database,
  keys: readonly { readonly mailbox: string; readonly condition: Condition }[],
): Promise<void> {
  await rows(
    db,
    `delete from alerts using unnest(?::text[], ?::text[]) as gone (mailbox, condition)
     where alerts.mailbox = gone.mailbox and alerts.condition = gone.condition`,
    [keys.map(({ mailbox }) => mailbox), keys.map(({ condition }) => condition)],
  );
}
