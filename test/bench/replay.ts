import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { createJudge, judge, judgeSetup } from '../../src/judge/judge.ts';
import { recordTogether } from '../../src/record/record-batch.ts';
import { RECORDING } from '../support/poll.ts';

/*
 * How fast a replay is, and how much memory it takes: 20,000 messages of 4 KB, which were recorded before headers of
 * theirs were mapped, and `mailcase replay` as a process of its own from the built package: a dry run, the real one, and
 * one with nothing left to do. Every tenth message has something new to say. Run it with
 * `npm run build && npm run bench:replay`; Linux only.
 */
const MESSAGES = Number(process.argv[2] ?? 20_000);
const ROOT = new URL('../../', import.meta.url);
const MAIN = fileURLToPath(new URL('dist/src/cli/main.js', ROOT));
const BATCH = 100;

const say = (text: string) => process.stdout.write(`${text}\n`);

const folder = await mkdtemp(join(tmpdir(), 'mailcase-replay-'));
await chmod(folder, 0o755);
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
try {
  say(
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, PostgreSQL 18 embedded`,
  );
  const url = postgres.url('postgres');
  const db = connectDatabase(url, 2, { patient: true });
  await migrateUp(db);
  await recordAll(db);
  await db.destroy();
  const config = join(folder, 'mailcase.yaml');
  const imap = { host: '127.0.0.1', port: 1, tls: 'none', user: 'support@example.com', password: 'x' };
  const mailboxes = [{ name: 'support', imap, own: ['example.com'], trust: 'all' }];
  await writeFile(config, JSON.stringify({ database: { url }, headers: { prefix: 'x-shop-' }, mailboxes }));
  await measure('a dry run', config);
  await measure('with --apply', config, '--apply');
  await measure('once more', config, '--apply');
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function recordAll(db: Database): Promise<void> {
  await db.raw(`insert into mailboxes (name) values ('support');
    insert into folders (mailbox_id, account, path, uid_validity) values (1, 'a', 'INBOX', 1)`);
  const authentication = { authserv_id: undefined, verify: false, wait: 0 };
  const rules = createJudge(
    judgeSetup(
      { name: 'support', trust: 'all', own: ['example.com'], authentication },
      { path: 'INBOX', role: 'inbox' },
      RECORDING,
    ),
  );
  const place = { folderId: 1, uidValidity: 1 };
  for (let start = 0; start < MESSAGES; start += BATCH) {
    const batch = [];
    for (let i = start; i < Math.min(start + BATCH, MESSAGES); i += 1) {
      const source = Buffer.from(message(i));
      const receivedAt = new Date(Date.UTC(2026, 0, 1) + i * 60_000);
      const judged = await judge(rules, place, { uid: i + 1, sizeBytes: source.length, receivedAt, source });
      if ('error' in judged) throw new Error(judged.error);
      batch.push(judged);
    }
    await recordTogether(db, batch, { flood: RECORDING.flood });
  }
}

function message(i: number): string {
  const said =
    i % 10 === 0
      ? [
          `X-Shop-Case-External-Id: ORDER-${i % 1_000}`,
          `X-Shop-Case-Labels: shop`,
          'X-Shop-Case-Status: resolved',
        ]
      : [];
  return [
    `Message-ID: <${i}@bench.example>`,
    `From: Customer ${i} <c${i % 4_000}@customers.example>`,
    'To: support@example.com',
    `Subject: Message ${i}`,
    'Date: Mon, 09 Nov 2026 08:15:00 +0000',
    ...said,
    '',
    'Grüße aus dem Süden, wo es wärmer ist als im Norden.\r\n'.repeat(70),
  ].join('\r\n');
}

async function measure(name: string, config: string, ...more: string[]): Promise<void> {
  const started = performance.now();
  const { peak, output } = await peakOf(['replay', '--config', config, ...more]);
  const seconds = (performance.now() - started) / 1000;
  const rate = Math.round(MESSAGES / seconds);
  say(`${name.padEnd(14)} ${seconds.toFixed(1)} s = ${rate}/s, ${Math.round(peak / 1024)} MB at most`);
  say(`  ${output.trim().split('\n\n').at(-1)?.replaceAll('\n', ' ')}`);
}

/** Runs the program to its end. @returns the most memory that it held (VmHWM), in kilobytes, and its output */
async function peakOf(args: readonly string[]): Promise<{ peak: number; output: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let peak = 0;
  const look = async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0));
  };
  const timer = setInterval(look, 20);
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  return { peak, output };
}
