import { setTimeout as sleep } from 'node:timers/promises';
import { aborted, type Daemon, runOnce, startDaemon } from '../daemon.ts';
import { assertReachable, type Database } from '../db/connect.ts';
import { assertSchemaCurrent } from '../db/migrate.ts';
import { openDatabase } from '../db/open.ts';
import { createLog, type Log, secretMask } from '../observe/log.ts';
import { backoffMs } from '../scheduler/backoff.ts';
import { version } from '../version.ts';
import { configFor, EXIT } from './context.ts';
import { stopOnSignals } from './signals.ts';

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
