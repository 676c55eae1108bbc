import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectDatabase } from '../../src/db/connect.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { startDovecot } from '../support/dovecot.ts';
import { ensureDovecot } from '../support/dovecot-install.ts';

/*
 * How much memory one poll takes: `mailcase run --once` as a process of its own from the built package, and the most
 * that it ever held (VmHWM: its resident set, worker threads and Buffers with it). One message of 45 MB in several
 * shapes, and backlogs of several lengths. Run it with `npm run build && npm run bench:memory`; Linux only.
 */
const ROOT = new URL('../../', import.meta.url);
const MAIN = fileURLToPath(new URL('dist/src/cli/main.js', ROOT));
const MEGABYTE = 1024 * 1024;
const LARGE = 45 * MEGABYTE;

const SECRET = 'bench-secret-0123456789';
const BACKLOGS = [2_000, 20_000, 40_000];

let counter = 0;

const say = (text: string) => process.stdout.write(`${text}\n`);

const head = (i: number, ...more: string[]) =>
  [
    `Message-ID: <${i}.${process.pid}@bench.example>`,
    `From: Customer ${i} <c${i % 4_000}@customers.example>`,
    'To: support@example.com',
    `Subject: Message ${i}`,
    'Date: Mon, 09 Nov 2026 08:15:00 +0000',
    'MIME-Version: 1.0',
    ...more,
    '',
    '',
  ].join('\r\n');

/** Lines of 76 characters that cannot be compressed away. */
function base64Lines(bytes: number): string {
  const line = createHash('sha512').update(String(bytes)).digest('base64').slice(0, 76).padEnd(76, 'A');
  return `${line}\r\n`.repeat(Math.ceil(bytes / 78));
}

const text = (bytes: number) =>
  'Grüße aus dem Süden, wo es wärmer ist als im Norden.\r\n'.repeat(Math.ceil(bytes / 58));

/** Messages of 45 MB, by what makes them large. */
const SHAPES: Readonly<Record<string, () => string>> = {
  'an attachment in base64': () =>
    head(1, 'Content-Type: multipart/mixed; boundary=b') +
    `--b\r\n\r\nSee the attachment.\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(LARGE)}--b--\r\n`,
  'an attachment, trust by secret': () =>
    head(2, `X-Shop-Key: ${SECRET}`, 'Content-Type: multipart/mixed; boundary=b') +
    `--b\r\n\r\nSee the attachment.\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(LARGE)}--b--\r\n`,
  'plain text': () =>
    head(3, 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit') + text(LARGE),
  'HTML in quoted-printable': () =>
    head(4, 'Content-Type: text/html; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable') +
    '<p>Gr=C3=BC=C3=9Fe aus dem S=C3=BCden, wo es w=C3=A4rmer ist</p>=\r\n'.repeat(Math.ceil(LARGE / 67)),
  'one line without an end': () => head(5) + 'x'.repeat(LARGE),
  'a header without an end': () => head(6).slice(0, -2) + 'X-Long: y\r\n y'.repeat(LARGE / 13),
  '40 attachments of a megabyte': () =>
    head(7, 'Content-Type: multipart/mixed; boundary=b') +
    Array.from(
      { length: 43 },
      (_, i) =>
        `--b\r\nContent-Type: image/png; name=${i}.png\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(MEGABYTE)}`,
    ).join('') +
    '--b--\r\n',
};

const backlog = (length: number) => Array.from({ length }, (_, i) => head(1_000 + i) + text(4_000));

await ensureDovecot();
const folder = await mkdtemp(join(tmpdir(), 'mailcase-memory-'));
await chmod(folder, 0o755);
const dovecot = await startDovecot();
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
try {
  say(
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, PostgreSQL 18 embedded, Dovecot 2.3`,
  );
  await measure('nothing', []);
  for (const [name, make] of Object.entries(SHAPES)) await measure(`45 MB: ${name}`, [make()]);
  await measure(
    '45 MB, five times',
    Array.from({ length: 5 }, (_, i) => head(100 + i) + text(LARGE)),
  );
  await measure('2,000 messages, then one of 45 MB', [...backlog(2_000), head(200) + text(LARGE)]);
  for (const length of BACKLOGS) {
    await measure(`${length.toLocaleString('en-US')} messages of 4 KB`, backlog(length));
  }
} finally {
  await postgres.stop();
  await dovecot.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(name: string, mails: readonly string[]): Promise<void> {
  counter += 1;
  const user = `memory${counter}@example.com`;
  const inbox = dovecot.maildir(user);
  for (const [index, mail] of mails.entries()) {
    await writeFile(join(inbox, 'new', `${1_700_000_000 + index}.M${index}.bench`), mail);
  }
  const admin = connectDatabase(postgres.url(), 1, { patient: true });
  await admin.raw(`create database memory${counter}`);
  await admin.destroy();
  const url = postgres.url(`memory${counter}`);
  const db = connectDatabase(url, 1, { patient: true });
  await migrateUp(db);
  const config = join(folder, `memory${counter}.yaml`);
  const imap = { host: '127.0.0.1', port: dovecot.imapPort, tls: 'none', user, password: dovecot.password };
  const trust = { secret: { header: 'x-shop-key', value: SECRET } };
  const flood = { messages: 1_000_000 };
  await writeFile(
    config,
    JSON.stringify({ database: { url }, flood, mailboxes: [{ name: 'memory', imap, trust }] }),
  );

  const started = performance.now();
  const peak = await peakOf(['--config', config, 'run', '--once']);
  const seconds = (performance.now() - started) / 1000;
  const { rows } = (await db.raw(
    `select r.outcome, count(*)::int as n, count(*) filter (where i.cut <> '{}')::int as cut
     from receipts r left join interactions i on i.id = r.interaction_id group by 1 order by 1`,
  )) as { rows: { outcome: string; n: number; cut: number }[] };
  await db.destroy();
  const outcomes = rows
    .map(({ outcome, n, cut }) => `${n} ${outcome}${cut > 0 ? ` (${cut} cut)` : ''}`)
    .join(', ');
  say(
    `${name.padEnd(34)} ${String(Math.round(peak / MEGABYTE)).padStart(4)} MB at most, ${seconds.toFixed(1)} s: ${outcomes || 'no mail'}`,
  );
}

/** Runs the program to its end. @returns the most memory that it held, in bytes */
async function peakOf(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  let peak = 0;
  const look = async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024);
  };
  const timer = setInterval(look, 20);
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`mailcase ended with ${code}`);
  return peak;
}
