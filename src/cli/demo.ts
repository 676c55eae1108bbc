import { join } from 'node:path';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { runOnce } from '../daemon/run-once.ts';
import { startDaemon } from '../daemon.ts';
import { connectDatabase, type Database } from '../db/connect.ts';
import { startEmbeddedPostgres } from '../db/embedded.ts';
import { migrateUp } from '../db/migrate.ts';
import { openDatabase } from '../db/open.ts';
import { demoFolder, startDemoMailbox } from '../demo/mailbox.ts';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';
import { printHistory, printRefusals, printTotals } from '../history/print.ts';
import { readHistory } from '../history/timeline.ts';
import { createLog, secretMask } from '../observe/log.ts';
import { Releasers } from '../releasers.ts';
import { optionsFor, painter } from '../terminal/style.ts';
import { aborted } from '../waiting.ts';
import { EXIT, print, printError } from './context.ts';
import { shellWord, typedHere } from './here.ts';

const DATABASE = 'demo';

/** Any number that no other program takes: one demo at a time on a server. */
const ADVISORY_LOCK = 7_245_301_843;

/** npm and tsx pass on the signal that Ctrl-C has brought here already; within this time it is the same one. */
const SAME_SIGNAL_MS = 1_000;

/** `mailcase demo [--keep]`: everything on parts that come along, nothing but ./data left behind. */
export async function demoCommand(options: { keep?: boolean }): Promise<number> {
  const parts = new Releasers((part, error) =>
    printError(`mailcase: stopping the ${part} failed: ${errorMessage(error)}`),
  );
  const { stop, release } = stopOnSignals();
  try {
    return await runDemo(options.keep === true, stop, parts);
  } catch (error) {
    // Ctrl-C reaches what we have started as well, and its complaint is no news.
    if (stop.aborted) return EXIT.done;
    throw error;
  } finally {
    await parts.releaseAll();
    release();
  }
}

async function runDemo(keep: boolean, stop: AbortSignal, parts: Releasers): Promise<number> {
  const started = performance.now();
  print('Starting a Postgres in ./data and a mailbox with the mail of a lamp shop …\n');
  const mailbox = await startDemoMailbox();
  parts.add('mailbox', mailbox.close);
  const url = await freshDatabase(parts);
  if (stop.aborted) return EXIT.done;
  const file = join(demoFolder(), 'mailcase.demo.yaml');
  const variables = { DEMO_DATABASE_URL: url, DEMO_IMAP_PORT: String(mailbox.port) };
  const loaded = await loadConfig(file, variables);
  const { db, close } = await openDatabase(loaded.config.database);
  parts.add('connections', close);
  await migrate(url);
  if (stop.aborted) return EXIT.done;

  const log = createLog('warn', loaded.secrets, process.stderr);
  const daemonParts = { config: loaded.config, db, log, mask: secretMask(loaded.secrets) };
  const failures = await runOnce(daemonParts, stop);
  if (stop.aborted) return EXIT.done;
  if (failures > 0)
    throw new MailcaseError('stopped', 'the demo mailbox could not be polled; the log says why');
  await printStory(db, performance.now() - started);
  if (!keep) {
    print(nextSteps());
    return EXIT.done;
  }
  const daemon = startDaemon(daemonParts);
  parts.add('daemon', daemon.stop);
  print(keptParts(loaded, { MAILCASE_CONFIG: file, ...variables }));
  await aborted(stop);
  return EXIT.done;
}

/** Starts the server and makes the database anew. @returns its URL */
async function freshDatabase(parts: Releasers): Promise<string> {
  const server = await startEmbeddedPostgres({
    dataDir: join(process.cwd(), 'data'),
    whenLocked: 'elsewhere',
    onNotice: (text) => print(`${text}\n`),
  });
  parts.add('database', server.stop);
  if (!server.started) print(`A Postgres is running on ./data already: it is used, and goes on running.\n`);
  const admin = connectDatabase(server.url(), 2, { patient: true });
  parts.add('connections', () => admin.destroy());
  await lockDemo(admin, parts);
  await recreateDatabase(admin);
  return server.url(DATABASE);
}

/** Keeps other demos away as long as this one runs; the lock goes with its connection, whatever happens to us. */
async function lockDemo(admin: Database, parts: Releasers): Promise<void> {
  const holder = await admin.transaction();
  parts.add('lock', async () => {
    await holder.rollback();
  });
  const { rows } = (await holder.raw('select pg_try_advisory_xact_lock(?) as free', [ADVISORY_LOCK])) as {
    rows: { free: boolean }[];
  };
  if (rows[0]?.free !== true) throw inUse('another demo runs on ./data');
}

async function recreateDatabase(admin: Database): Promise<void> {
  try {
    await admin.raw(`drop database if exists ${DATABASE}`);
  } catch (error) {
    // 55006, object_in_use
    if (errorCode(error) === '55006') throw inUse(`somebody is connected to the database ${DATABASE}`);
    throw error;
  }
  await admin.raw(`create database ${DATABASE}`);
}

function inUse(why: string): MailcaseError {
  return new MailcaseError(
    'database_unavailable',
    `${why}, and the demo would begin by emptying it: end that one (Ctrl-C), or run this demo in another folder`,
  );
}

async function migrate(url: string): Promise<void> {
  const db = connectDatabase(url, 2, { patient: true });
  try {
    await migrateUp(db);
  } finally {
    await db.destroy();
  }
}

async function printStory(db: Database, ms: number): Promise<void> {
  const options = optionsFor(process.stdout);
  const paint = painter(options);
  const history = await readHistory(db);
  const refusals = printRefusals(history, options);
  print(printHistory(history, options));
  if (refusals !== '') print(`\n${paint('bold', 'Not applied')}\n\n${refusals}`);
  print(`\n${paint('bold', printTotals(history.totals))}, in ${(ms / 1000).toFixed(1)} s. Times are UTC.\n`);
}

/** How to go on with a mailbox of one's own. */
function nextSteps(): string {
  return `Your own mailbox:

  ${typedHere('init --provider imap')}     (or gmail, or exchange)
  ${typedHere('--config mailcase.yaml migrate up')}
  ${typedHere('--config mailcase.yaml check --sample')}
  ${typedHere('--config mailcase.yaml run --once')}
  ${typedHere('--config mailcase.yaml run')}

The first writes mailcase.yaml and says what to set in it; \`check\` changes nothing. \`run --once\`
records the unread mail and marks it read; \`run\` does so every 30 seconds. To look around in the
demo's database, run the demo with --keep.`;
}

/** @param variables what other commands need in the environment to find the demo's parts */
function keptParts({ config }: LoadedConfig, variables: Readonly<Record<string, string>>): string {
  const imap = config.mailboxes[0]?.imap;
  const exports = Object.entries(variables).map(([name, value]) => `  export ${name}=${shellWord(value)}`);
  return `The database:  ${variables.DEMO_DATABASE_URL}
The mailbox:   imap://${imap?.host}:${imap?.port}  user ${imap?.user}  password ${imap?.password}

mailcase's own commands on them, in another terminal:

${exports.join('\n')}
  ${typedHere('history joe@example.com')}

Views to begin with are customer_history, interactions_with_contents and interactions_per_day.
It goes on polling. Ctrl-C ends it.`;
}

/** Ctrl-C, a service manager, a closed terminal, a reader of our output who has seen enough: all end the demo. */
function stopOnSignals(): { stop: AbortSignal; release: () => void } {
  const stop = new AbortController();
  let since = 0;
  const onSignal = () => {
    if (stop.signal.aborted && performance.now() - since > SAME_SIGNAL_MS) process.exit(EXIT.failed);
    if (stop.signal.aborted) return;
    since = performance.now();
    stop.abort();
  };
  const onOutputError = () => stop.abort();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.stdout.on('error', onOutputError);
  const release = () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.stdout.off('error', onOutputError);
  };
  return { stop: stop.signal, release };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
