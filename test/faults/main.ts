import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { faultTable, readFaults } from './fault-table.ts';

/*
 * The long form of the fault tests: `npm run test:faults`, or with `-- --seed 42 --only kill`. At the end a table, one
 * line per fault; exit code 1 where a test failed. They run one file after the other, so that the times mean something.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: process.env.FUZZ_SEED ?? String(Date.now() % 1_000_000_000) },
    only: { type: 'string', default: '' },
  },
});
const say = (text: string) => process.stdout.write(`${text}\n`);
if (!/^\d{1,9}$/.test(values.seed) || !/^[\w.-]*$/.test(values.only)) {
  say(
    '--seed is a whole number, --only how the file of a test begins: npm run test:faults -- --seed 42 --only kill',
  );
  process.exit(2);
}

/** No test of the long form is over time before this, in milliseconds; each that can hang has limits of its own. */
const LONGEST_TEST_MS = 3_600_000;

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'mailcase-faults-'));
const table = join(folder, 'table.jsonl');
await writeFile(table, '');
say(`seed ${values.seed}`);
const started = performance.now();
const child = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    ...['run', '--config', join(root, 'test', 'vitest.config.ts'), '--no-file-parallelism'],
    ...[`--testTimeout=${LONGEST_TEST_MS}`, `--hookTimeout=${LONGEST_TEST_MS}`],
    `test/faults/${values.only}`,
  ],
  {
    cwd: root,
    env: { ...process.env, FUZZ_SEED: values.seed, FAULTS: 'long', FAULTS_TABLE: table },
    stdio: 'inherit',
  },
);
// Ctrl-C reaches vitest by itself; the table of what was tried until then is printed all the same.
process.on('SIGINT', () => {});
const [code] = (await once(child, 'close')) as [number | null];
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
const faults = await readFaults(table);
if (faults.length > 0) say(`\n${faultTable(faults)}`);
say(`\nseed ${values.seed}, ${minutes} min`);
await rm(folder, { recursive: true, force: true });
process.exitCode = code ?? 1;
