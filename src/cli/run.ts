import type { LoadedConfig } from '../config/load.ts';
import { runOnce } from '../daemon/run-once.ts';
import { assertReachable } from '../db/connect.ts';
import { assertSchemaCurrent } from '../db/migrate.ts';
import { openDatabase } from '../db/open.ts';
import { changingMask, createLog, type Log } from '../observe/log.ts';
import { version } from '../version.ts';
import { configFor, EXIT } from './context.ts';
import { serve } from './serve.ts';
import { onDumpSignal, stopOnSignals } from './signals.ts';

/** `mailcase run` and `mailcase run --once` */
export async function runCommand(options: { config?: string; once?: boolean }): Promise<number> {
  const loaded = await configFor(options.config);
  const mask = changingMask(loaded.secrets);
  const log = createLog(loaded.config.log.level, mask.mask);
  log.info({ version: version(), config: loaded.file, pid: process.pid }, 'starting');
  if (options.once) return pollOnce(loaded, log, mask.mask);
  await serve(loaded, log, mask);
  return EXIT.done;
}

async function pollOnce({ config }: LoadedConfig, log: Log, mask: (text: string) => string): Promise<number> {
  const stop = stopOnSignals(log);
  const { db, close } = await openDatabase(config.database);
  try {
    await assertReachable(db);
    await assertSchemaCurrent(db);
    return (await runOnce({ config, db, log, mask }, stop, onDumpSignal)) === 0 ? EXIT.done : EXIT.failed;
  } finally {
    await close();
  }
}
