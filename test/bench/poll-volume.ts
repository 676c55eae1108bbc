import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectDatabase } from '../../src/db/connect.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { startDovecot } from '../support/dovecot.ts';
import { ensureDovecot } from '../support/dovecot-install.ts';

/*
 * How fast one poll is: the 2,000 messages of ../shared/mail/volume in a Dovecot mailbox, `mailcase run --once` as a
 * process of its own from the built package (start-up included), into an empty PostgreSQL with its default
 * durability. Run it with `npm run build && npm run bench`.
 */
const ROOT = new URL('../../', import.meta.url);
const VOLUME = fileURLToPath(new URL('../shared/mail/volume', ROOT));
const MAIN = fileURLToPath(new URL('dist/src/cli/main.js', ROOT));
const RUNS = 3;

const run = promisify(execFile);
const say = (text: string) => process.stdout.write(`${text}\n`);

const files = await readdir(VOLUME).catch(() => []);
if (files.length === 0) {
  say('../shared/mail/volume is not here (a clone elsewhere): nothing to measure');
  process.exit(0);
}
await ensureDovecot();
const folder = await mkdtemp(join(tmpdir(), 'mailcase-bench-'));
await chmod(folder, 0o755);
const dovecot = await startDovecot();
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
try {
  say(
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, PostgreSQL 18 embedded, Dovecot 2.3`,
  );
  for (let number = 1; number <= RUNS; number += 1) await measure(number);
} finally {
  await postgres.stop();
  await dovecot.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(number: number): Promise<void> {
  const user = `volume${number}@example.com`;
  const inbox = dovecot.maildir(user);
  for (const [index, file] of files.sort().entries()) {
    await copyFile(join(VOLUME, file), join(inbox, 'new', `${1_700_000_000 + index}.M${index}.bench`));
  }
  const admin = connectDatabase(postgres.url(), 1, { patient: true });
  await admin.raw(`create database bench${number}`);
  await admin.destroy();
  const url = postgres.url(`bench${number}`);
  const db = connectDatabase(url, 1, { patient: true });
  await migrateUp(db);
  const config = join(folder, `bench${number}.yaml`);
  const imap = { host: '127.0.0.1', port: dovecot.imapPort, tls: 'none', user, password: dovecot.password };
  await writeFile(config, JSON.stringify({ database: { url }, mailboxes: [{ name: 'volume', imap }] }));

  const started = performance.now();
  await run(process.execPath, [MAIN, '--config', config, 'run', '--once'], { maxBuffer: 64 * 1024 * 1024 });
  const seconds = (performance.now() - started) / 1000;
  const { rows } = (await db.raw(
    'select outcome, count(*)::int as n, count(processed_at)::int as marked from receipts group by 1 order by 1',
  )) as { rows: { outcome: string; n: number; marked: number }[] };
  await db.destroy();
  const outcomes = rows.map(({ outcome, n, marked }) => `${n} ${outcome} (${marked} marked)`).join(', ');
  say(
    `run ${number}: ${files.length} messages in ${seconds.toFixed(2)} s = ${Math.round(files.length / seconds)}/s: ${outcomes}`,
  );
}
