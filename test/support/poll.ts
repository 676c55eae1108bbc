import { pino } from 'pino';
import { Logins } from '../../src/auth/logins.ts';
import type { AuthenticationConfig, MailboxConfig, RecordingConfig } from '../../src/config/schema.ts';
import type { Database } from '../../src/db/connect.ts';
import { Judges } from '../../src/judge/judges.ts';
import type { Log } from '../../src/observe/log.ts';
import { Progress } from '../../src/observe/progress.ts';
import { createOnce, type Once, Suspects } from '../../src/poll-context.ts';
import { type MailboxReport, pollMailbox } from '../../src/poll-mailbox.ts';

/** What counts where a test does not say otherwise. */
export const RECORDING: RecordingConfig = {
  headers: { prefix: 'x-desk-', desk: true, map: [] },
  rules: [],
  cases: { subject_number: 'off' },
  flood: { messages: 20, window: 3_600_000 },
  limits: { parse_time: 30_000, parse_memory: 256 * 1024 * 1024, body_characters: 1_000_000 },
};

/** Where nobody says who wrote a mail: the default. */
export const NO_AUTHENTICATION: AuthenticationConfig = {
  authserv_id: undefined,
  verify: false,
  wait: 3_600_000,
};

/** Ends with the process that the tests of a file run in. */
export const judges = new Judges(RECORDING);

/** One poll of one mailbox, as the daemon does it, without its schedule. */
export function poll(
  db: Database,
  mailbox: MailboxConfig,
  more: {
    recording?: Partial<RecordingConfig>;
    log?: Log;
    once?: Once;
    suspects?: Suspects;
    judges?: Judges;
    logins?: Logins;
  } = {},
): Promise<MailboxReport> {
  const never = new AbortController().signal;
  return pollMailbox({
    db,
    mailbox,
    recording: { ...RECORDING, ...more.recording },
    judges: more.judges ?? judges,
    logins: more.logins ?? new Logins({ config: { token_key: undefined }, db }),
    log: more.log ?? pino({ level: 'silent' }),
    once: more.once ?? createOnce(),
    suspects: more.suspects ?? new Suspects(),
    progress: new Progress(),
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
