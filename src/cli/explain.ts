import { Logins } from '../auth/logins.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { MailboxConfig } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { MailcaseError } from '../errors.ts';
import { explainMessage } from '../explain/explain.ts';
import type { Explanation } from '../explain/explanation.ts';
import { explainInMailbox } from '../explain/in-mailbox.ts';
import { printExplanation } from '../explain/print.ts';
import { Judges } from '../judge/judges.ts';
import { optionsFor } from '../terminal/style.ts';
import { answer, configFor, EXIT } from './context.ts';
import { readMessage } from './read-message.ts';
import { OptionReader } from './read-options.ts';
import { folderFor, mailboxFor } from './which-mailbox.ts';
import { withDatabaseOf } from './with-database.ts';

export interface ExplainOptions {
  config?: string;
  mailbox?: string;
  folder?: string;
  uid?: string;
  received?: string;
  /** False for an empty history. */
  database: boolean;
  json?: boolean;
}

/** `mailcase explain FILE|-` and `mailcase explain --uid 42` */
export async function explainCommand(file: string | undefined, options: ExplainOptions): Promise<number> {
  const wanted = readWanted(file, options);
  const loaded = await configFor(options.config);
  const explanation = await withHistory(loaded, options.database, (db) =>
    explain(db, loaded, wanted, options),
  );
  answer(options.json, explanation, () => printExplanation(explanation, optionsFor(process.stdout)));
  return EXIT.done;
}

type Wanted = { readonly file: string; readonly receivedAt: Date } | { readonly uid: number };

/** @throws MailcaseError `usage` with everything that cannot be understood */
function readWanted(file: string | undefined, { uid, received }: ExplainOptions): Wanted {
  const reader = new OptionReader();
  const { problems } = reader;
  if ((file === undefined) === (uid === undefined)) {
    problems.push(
      'which message? give a FILE (or - for standard input), or --uid with its UID in the mailbox',
    );
  }
  if (uid !== undefined && !(/^\d{1,10}$/.test(uid) && Number(uid) > 0 && Number(uid) < 2 ** 32)) {
    problems.push('--uid is no UID: write a whole number, e.g. 42');
  }
  const receivedAt = reader.moment('received', received) ?? new Date();
  if (uid !== undefined && received !== undefined) {
    problems.push('--received is for a FILE: the server knows when the message with --uid was received');
  }
  reader.finish();
  return uid !== undefined ? { uid: Number(uid) } : { file: file ?? '-', receivedAt };
}

async function withHistory<T>(
  loaded: LoadedConfig,
  isWanted: boolean,
  work: (db: Database | undefined) => Promise<T>,
): Promise<T> {
  if (!isWanted) return work(undefined);
  try {
    return await withDatabaseOf(loaded, work);
  } catch (error) {
    const isAbout = error instanceof MailcaseError && /^(database|schema)_/.test(error.code);
    if (!isAbout) throw error;
    const hint = '--no-database explains the message as if nothing were recorded';
    throw new MailcaseError(error.code, `${error.message}\n${hint}`, { cause: error });
  }
}

async function explain(
  db: Database | undefined,
  { config }: LoadedConfig,
  wanted: Wanted,
  options: ExplainOptions,
): Promise<Explanation> {
  const mailbox = mailboxFor(config.mailboxes, options.mailbox);
  const folder = folderFor(mailbox, options.folder);
  const judges = new Judges(config);
  const logins = new Logins({ config, db });
  const setting = { mailbox, folder, recording: config, judges, place: undefined };
  try {
    if ('uid' in wanted) return await explainInMailbox(db, setting, wanted.uid, logins.of(mailbox));
    const { receivedAt } = wanted;
    const source = await readMessage(wanted.file, mailbox.message_bytes, tooLarge(mailbox));
    const fetched = { uid: 0, sizeBytes: source.length, receivedAt, source };
    return await explainMessage(db, setting, fetched);
  } finally {
    await logins.close();
    await judges.close();
  }
}

/** Of a larger mail, the daemon fetches parts, which only a mail server can list. */
function tooLarge({ message_bytes }: MailboxConfig): string {
  return (
    `is larger than message_bytes (${message_bytes} bytes): of such a mail, header and texts are fetched by their parts, ` +
    'which takes a mail server; --uid explains it in the mailbox'
  );
}
