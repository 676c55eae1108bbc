import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ImapFlow } from 'imapflow';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { startDovecot } from '../support/dovecot.ts';
import { ensureDovecot } from '../support/dovecot-install.ts';

/*
 * How soon a mail is recorded: from the moment at which Dovecot has accepted it by LMTP until another session of the
 * database sees its interaction, which it does when that is committed. `mailcase run` is a process of its own from the
 * built package; its schedule never comes, so that IDLE alone tells it. Run it with `npm run build && npm run bench:idle`.
 */
const ROOT = new URL('../../', import.meta.url);
const MAIN = fileURLToPath(new URL('dist/src/cli/main.js', ROOT));
const MAILS = Number(process.env.BENCH_MAILS ?? 300);

/** The pause before each mail is between nothing and this, in milliseconds: it meets the daemon in whatever it does. */
const LONGEST_PAUSE_MS = 2_000;

/** How often the database is asked, in milliseconds; the figures are too high by that at the most. */
const ASK_MS = 5;

const USER = 'idle@bench.example';

const say = (text: string) => process.stdout.write(`${text}\n`);

const mailOf = (number: number) =>
  [
    `Message-ID: <${number}.${process.pid}@bench.example>`,
    `From: Customer ${number} <c${number}@customers.example>`,
    `To: ${USER}`,
    `Subject: Message ${number}`,
    `Date: ${new Date().toUTCString()}`,
    '',
    'Grüße aus dem Süden, wo es wärmer ist als im Norden.\r\n'.repeat(75),
  ].join('\r\n');

await ensureDovecot();
const folder = await mkdtemp(join(tmpdir(), 'mailcase-idle-'));
await chmod(folder, 0o755);
const dovecot = await startDovecot();
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
try {
  say(
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, PostgreSQL 18 embedded, Dovecot 2.3; load ${loadavg()[0]?.toFixed(1)}`,
  );
  await measure();
} finally {
  await postgres.stop();
  await dovecot.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const db = connectDatabase(postgres.url(), 2, { patient: true });
  await migrateUp(db);
  const daemon = await startDaemon();
  const lmtp = await openLmtp();
  const bystander = await openBystander();
  try {
    const told: number[] = [];
    const took: number[] = [];
    // The first one tells that it has begun to wait.
    await take({ lmtp, db, bystander }, 0);
    await sleep(LONGEST_PAUSE_MS);
    for (let number = 1; number <= MAILS; number += 1) {
      await sleep(Math.random() * LONGEST_PAUSE_MS);
      const ms = await take({ lmtp, db, bystander }, number);
      told.push(ms.told);
      took.push(ms.took);
    }
    say(`${MAILS} mails, one at a time; from Dovecot's OK`);
    say(`until it tells a client that does nothing but IDLE: ${spread(told)}`);
    say(`until the interaction is committed: ${spread(took)}`);
  } finally {
    lmtp.quit();
    bystander.close();
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    await db.destroy();
  }
}

async function startDaemon() {
  const config = join(folder, 'mailcase.yaml');
  const { host, imapPort: port, password } = dovecot;
  const mailbox = { name: 'idle', imap: { host, port, tls: 'none', user: USER, password } };
  const settings = { schedule: '0 0 1 1 *', database: { url: postgres.url() }, mailboxes: [mailbox] };
  await writeFile(config, JSON.stringify(settings));
  return spawn(process.execPath, [MAIN, '--config', config, 'run'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** One connection for all mails: that of each would be measured with it. */
async function openLmtp(): Promise<SMTPConnection> {
  const connection = new SMTPConnection({
    ...{ host: dovecot.host, port: dovecot.lmtpPort, lmtp: true, ignoreTLS: true },
    socketTimeout: 600_000,
  });
  await new Promise<void>((resolve, reject) => {
    connection.once('error', reject);
    connection.connect(() => resolve());
  });
  return connection;
}

/** Beside the daemon, so that it is seen how much of the time is the server's own. */
async function openBystander(): Promise<ImapFlow> {
  const { host, imapPort: port, password: pass } = dovecot;
  const client = new ImapFlow({
    host,
    port,
    ...{ secure: false, doSTARTTLS: false },
    auth: { user: USER, pass },
    logger: false,
  });
  await client.connect();
  await client.mailboxOpen('INBOX');
  void client.idle();
  return client;
}

interface Parts {
  readonly lmtp: SMTPConnection;
  readonly db: Database;
  readonly bystander: ImapFlow;
}

/** @returns milliseconds from the acceptance of a mail until IDLE tells of it, and until others see its interaction */
async function take({ lmtp, db, bystander }: Parts, number: number): Promise<{ told: number; took: number }> {
  const told = once(bystander, 'exists').then(() => performance.now());
  await new Promise<void>((resolve, reject) => {
    const envelope = { from: 'sender@customers.example', to: [USER] };
    lmtp.send(envelope, mailOf(number), (error) => (error ? reject(error) : resolve()));
  });
  const accepted = performance.now();
  const subject = `Message ${number}`;
  while ((await db('interactions').where({ subject }).limit(1)).length === 0) await sleep(ASK_MS);
  const took = performance.now() - accepted;
  return { told: (await told) - accepted, took };
}

/** `p50 12 ms, p90 …` */
function spread(all: readonly number[]): string {
  const sorted = [...all].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN);
  const late = sorted.filter((ms) => ms > 1_000).length;
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms; ${late} above a second`;
}
