import { Logins } from '../auth/logins.ts';
import { type ErrorCode, errorMessage, MailcaseError } from '../errors.ts';
import { type ImportReport, type ImportRequest, importMail } from '../import-mail.ts';
import { Judges } from '../judge/judges.ts';
import { createLog } from '../observe/log.ts';
import { Progress } from '../observe/progress.ts';
import { createOnce, Suspects } from '../poll-context.ts';
import { STATUSES } from '../rules/directives.ts';
import { readableTime } from '../terminal/words.ts';
import { configFor, EXIT, print } from './context.ts';
import { createProgress } from './progress.ts';
import { OptionReader } from './read-options.ts';
import { stopOnSignals } from './signals.ts';
import { mailboxFor } from './which-mailbox.ts';
import { withDatabaseOf } from './with-database.ts';

export interface ImportOptions {
  config?: string;
  mailbox?: string;
  folder?: string[];
  since?: string;
  until?: string;
  limit?: string;
  status?: string;
}

/** After these, the same command goes on. */
const RESUMABLE = new Set<ErrorCode>([
  'imap_connect',
  'imap_command',
  'imap_throttled',
  'database_unavailable',
  'database_race',
  'recording_broken',
]);

/** `mailcase import` */
export async function importCommand(options: ImportOptions): Promise<number> {
  const request = requestFrom(options);
  const loaded = await configFor(options.config);
  const { config, secrets } = loaded;
  const mailbox = mailboxFor(config.mailboxes, options.mailbox);
  const log = createLog('warn', secrets, process.stderr);
  const stopping = stopOnSignals(log);
  const progress = createProgress('imported');
  const judges = new Judges(config);
  const context = {
    mailbox,
    judges,
    recording: config,
    log: log.child({ mailbox: mailbox.name }),
    once: createOnce(),
    progress: new Progress(),
    suspects: new Suspects(),
    stopping,
    cutting: new AbortController().signal,
  };
  const events = {
    onProgress: progress.show,
    onWaiting: () => progress.say('waiting: a poll records new mail'),
  };
  try {
    const report = await withDatabaseOf(loaded, async (db) => {
      const logins = new Logins({ config, db });
      try {
        return await importMail({ ...context, db, logins }, request, events);
      } finally {
        await logins.close();
      }
    });
    progress.end();
    print(summaryOf(report));
    if (report.isSlowed && report.left > 0) {
      print('The server asks to slow down: run the same command again later, in an hour perhaps.');
    }
    // Whoever goes on from here (`&& …`) must not take a part for the whole.
    return report.left > 0 ? EXIT.failed : EXIT.done;
  } catch (error) {
    progress.end();
    if (!(error instanceof MailcaseError) || !RESUMABLE.has(error.code)) throw error;
    throw new MailcaseError(
      error.code,
      `${errorMessage(error)}\nWhat was imported stays; the same command goes on from there.`,
      { cause: error, fields: error.fields },
    );
  } finally {
    await judges.close();
  }
}

/** @throws MailcaseError `usage` with everything that cannot be understood */
function requestFrom({ folder, since, until, limit, status }: ImportOptions): ImportRequest {
  const reader = new OptionReader();
  const { problems } = reader;
  const request: ImportRequest = {
    folders: folder ?? [],
    since: reader.moment('since', since),
    until: reader.end('until', until),
    limit: limit === undefined ? undefined : Number(limit),
    status: STATUSES.find((each) => each === (status ?? 'closed').toLowerCase()),
  };
  if (limit !== undefined && !/^[1-9]\d{0,9}$/.test(limit)) {
    problems.push('--limit is no number of messages: write it in digits, e.g. 1000');
  }
  if (request.status === undefined) problems.push(`--status is none of ${STATUSES.join(', ')}`);
  if (request.since && request.until && request.since >= request.until) {
    problems.push('--since is not before --until, so no mail can be meant');
  }
  reader.finish();
  return request;
}

/** Of what may be downloaded, a part is left to polls. */
function heldText(until: Date): string {
  return `what imports may download in a day is used up (daily_download); from ${readableTime(until)} UTC on, `;
}

function summaryOf({
  found,
  recorded,
  duplicates,
  quarantined,
  skipped,
  notReady,
  known,
  left,
  waitsUntil,
}: ImportReport): string {
  const count = (value: number) => value.toLocaleString('en');
  const parts = [
    `${count(recorded)} recorded`,
    ...(duplicates > 0 ? [`${count(duplicates)} copies of mail that was there`] : []),
    ...(quarantined > 0 ? [`${count(quarantined)} in quarantine (mailcase quarantine list)`] : []),
    ...(skipped > 0 ? [`${count(skipped)} dropped before`] : []),
    ...(notReady > 0 ? [`${count(notReady)} gone, or not handed out by the server`] : []),
    ...(left > 0
      ? [`${count(left)} left: ${waitsUntil ? heldText(waitsUntil) : ''}the same command goes on`]
      : []),
  ];
  const before = known > 0 ? ` (${count(known)} more were known)` : '';
  return `${count(found)} old ${found === 1 ? 'message' : 'messages'}${before}: ${parts.join(', ')}`;
}
