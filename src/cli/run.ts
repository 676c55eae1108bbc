import { setTimeout as sleep } from 'node:timers/promises';
import { aborted, type Daemon, runOnce, startDaemon } from '../daemon.ts';
import { assertReachable, type Database } from '../db/connect.ts';
import { assertSchemaCurrent } from '../db/migrate.ts';
import { openDatabase } from '../db/open.ts';
import { createLog, type Log, secretMask } from '../observe/log.ts';
import { backoffMs } from '../scheduler/backoff.ts';
import { version } from '../version.ts';
import { configFor, EXIT } from './context.ts';

/** `mailcase run` and `mailcase run --once` */
export async function runCommand(options: { config?: string; once?: boolean }): Promise<number> {
  const { config, secrets, file } = await configFor(options.config);
  const log = createLog(config.log.level, secrets);
  const stop = stopOnSignals(log);
  log.info({ version: version(), config: file, pid: process.pid }, 'starting');
  const { db, close } = await openDatabase(config.database);
  try {
    if (options.once) await assertReachable(db);
    else if (!(await waitForDatabase(db, log, config.backoff, stop))) return EXIT.done;
    await assertSchemaCurrent(db);
    const parts = { config, db, log, mask: secretMask(secrets) };
    if (options.once) return (await runOnce(parts, stop)) === 0 ? EXIT.done : EXIT.failed;
    const daemon: Daemon = startDaemon(parts);
    await aborted(stop);
    await daemon.stop();
    log.info('stopped');
    return EXIT.done;
  } finally {
    await close();
  }
}

/** One keypress does not come twice within this time, in milliseconds. */
const ECHO_MS = 300;

/** The first SIGTERM or SIGINT (or the terminal's hang-up) asks for a stop; a second one ends the process at once. */
function stopOnSignals(log: Log): AbortSignal {
  const stop = new AbortController();
  let askedAt = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) {
      // On a terminal, npm and tsx pass on the Ctrl-C that has reached us already.
      const isEcho = signal === 'SIGINT' && process.stdin.isTTY && Date.now() - askedAt < ECHO_MS;
      if (isEcho) return;
      log.warn({ signal }, 'second signal, stopping at once');
      process.exit(EXIT.failed);
    }
    log.info({ signal }, 'stopping after the batch in hand');
    askedAt = Date.now();
    stop.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  process.on('SIGINT', onSignal);
  return stop.signal;
}

/** A daemon that starts before its database, as after a power cut, waits for it. @returns false when stopped meanwhile */
async function waitForDatabase(
  db: Database,
  log: Log,
  backoff: { first: number; longest: number },
  stop: AbortSignal,
): Promise<boolean> {
  for (let failures = 1; !stop.aborted; failures += 1) {
    try {
      await assertReachable(db);
      return true;
    } catch (error) {
      const restMs = backoffMs(backoff, failures);
      log.error({ err: error, failures, restMs }, 'database not reached');
      await sleep(restMs, undefined, { signal: stop }).catch(() => {});
    }
  }
  return false;
}
