import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connectDatabase } from '../../src/db/connect.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { Judges } from '../../src/judge/judges.ts';
import { RECORDING } from '../support/poll.ts';
import { fuzz } from './fuzz-run.ts';

/*
 * Mutated mails through parser, rules and recording into a PostgreSQL of its own: `npm run test:fuzz`, or with
 * `-- --seed 42 --runs 1000`. Exit code 1 at the first that is lost, or breaks what must be true of the tables.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: process.env.FUZZ_SEED ?? String(Date.now() % 1_000_000_000) },
    runs: { type: 'string', default: process.env.FUZZ_RUNS ?? '20000' },
  },
});
const [seed, runs] = [Number(values.seed), Number(values.runs)];
const say = (text: string) => process.stdout.write(`${text}\n`);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(runs) || runs < 1) {
  say('--seed and --runs are whole numbers, e.g. npm run test:fuzz -- --seed 42 --runs 1000');
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'mailcase-fuzz-postgres-'));
// A crash of the machine costs nothing here, so nothing has to reach the disk.
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
const postgres = await startEmbeddedPostgres({ dataDir: folder, settings });
const db = connectDatabase(postgres.url('postgres'), 5, { patient: true });
const judges = new Judges(RECORDING);
say(`seed ${seed}, ${runs} mutated mails`);
try {
  await migrateUp(db);
  const onBatch = (done: number) => {
    if (done % 1_000 === 0) say(`  ${done} …`);
  };
  const report = await fuzz(db, judges, { seed, runs, onBatch });
  const rate = Math.round(runs / report.seconds);
  say(
    `${report.recorded} recorded (${report.cut} of them cut), ${report.duplicate} duplicates, ` +
      `${report.quarantined} quarantined, none lost, in ${report.seconds.toFixed(0)} s = ${rate}/s`,
  );
  for (const reason of report.reasons) say(`quarantined: ${reason}`);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await judges.close();
  await db.destroy();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
