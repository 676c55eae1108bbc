import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runMailcase } from '../support/mailcase.ts';

const TSX = fileURLToPath(import.meta.resolve('tsx'));
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;

let folder: string;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-demo-test-'));
  // So that as root the database's user can enter.
  await chmod(folder, 0o755);
  children = [];
});

afterEach(async () => {
  for (const child of children.filter(
    ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
  )) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  output(): string;
  /** Until it has printed that. */
  printed(text: string): Promise<void>;
  /** Until it has ended. @returns its exit code, or the signal that ended it */
  ended(): Promise<number | NodeJS.Signals | null>;
}

function demo(...options: string[]): Run {
  const child = spawn(process.execPath, ['--import', TSX, MAIN, 'demo', ...options], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TZ: 'America/St_Johns' },
  });
  children.push(child);
  let text = '';
  const closed = once(child, 'close');
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  return {
    child,
    output: () => text,
    printed: async (wanted) => {
      while (!text.includes(wanted)) {
        if (child.exitCode !== null) throw new Error(`ended without printing ${wanted}:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    ended: async () => {
      await closed;
      return child.exitCode ?? child.signalCode;
    },
  };
}

async function finished(run: Run): Promise<string> {
  expect(await run.ended(), run.output()).toBe(0);
  return run.output();
}

const LOCK = ['data', 'postgres', 'postmaster.pid'];

async function databasePid(): Promise<number> {
  return Number((await readFile(join(folder, ...LOCK), 'utf8')).split('\n')[0]);
}

/** The variables that a reader is told to set, as a shell sets them. */
function exportsIn(output: string): Record<string, string> {
  const lines = output.split('\n').filter((line) => line.startsWith('  export '));
  const names = lines.map((line) => line.replace(/^ *export (\w+)=.*$/, '$1'));
  expect(names).toEqual(['MAILCASE_CONFIG', 'DEMO_DATABASE_URL', 'DEMO_IMAP_PORT']);
  const script = `${lines.join('\n')}\n${names.map((name) => `printf '%s\\n' "$${name}"`).join('\n')}`;
  const values = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n');
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).then((answer) => {
    socket.destroy();
    return answer === true;
  });
}

const JOE = `\
Joe Customer  joe@example.com
  tier: gold
  case 1 · ORDER-10423 · resolved
    labels: order, lamps, shipping, delivered
    order-total: 128.00 EUR
    delivered-to: bakery, ground floor
    delivery-note: Parcel 1 of 1, 2.4 kg. Glass inside: please keep upright. If nobody is at home,
      the driver leaves it with the bakery on the ground floor, which is open until six.
    2026-11-09 08:12  → out  Your order 10423 is confirmed
    2026-11-10 13:05  → out  Your order 10423 is on its way
    2026-11-11 10:31  → out  Your order 10423 has arrived

`;

const FORGED = `\
2026-11-12 22:58  ← in   Mallory <mallory@cheap-lamps.example>: Your order 10423
  not trusted: the mail has no x-lindgren-secret
    x-desk-customer-email: "Joe Customer" <joe@example.com>
    x-desk-case-external-id: ORDER-10423
    x-desk-case-status: closed
    x-desk-case-labels: refund
    x-desk-interaction-direction: out

`;

const REFUSED = `\
    x-desk-case-status: reopened
  not an ISO 639-1 code such as es or pt-BR
    x-desk-case-language: english
  not decimal degrees from -90 to 90
    x-desk-interaction-lat: 123

`;

/** What config/demo/README.md promises of each mail. */
const STORY = [
  JOE,
  'Amelia Okafor  amelia.okafor@example.com\n  case 2 · NEWS-2026-11-7731 · closed\n    labels: newsletter\n',
  '← in   [auto_reply] Out of office: Long evenings, warm light – November news\n',
  `\
Käthe Grünwald  kaethe@example.org
  case 3 · open
    2026-11-11 16:20  ← in   Does the “Älva” fit above a piano?
    2026-11-11 16:55  → out  Re: Does the “Älva” fit above a piano?
    2026-11-11 17:40  ← in   Re: Does the “Älva” fit above a piano?
`,
  'Beatriz Conceição  beatriz@example.net\n  case 4 · ORDER-10431 · open\n',
  '    language: pt-BR\n    priority: 8\n',
  'from São Paulo, BR · 2001:db8:51f:4::2a\n',
  'Åsa Björklund  asa@example.net\n  case 5 · pending\n    labels: returns\n',
  'attachment 1: sprucken lampskärm – Växjö.png (image/png, 209 bytes)\n',
  '佐々木 遥  haruka@kyoto-post.example\n',
  'ランプ「フィヨルド」の電圧について\n',
  'Ελένη Παπαδοπούλου  eleni@salonica-mail.example\n',
  'Πότε θα έρθει το φωτιστικό μου;\n',
  'Mallory  mallory@cheap-lamps.example\n  case 8 · new\n    2026-11-12 22:58  ← in   Your order 10423\n',
  `\
Maja Svensson  maja@cafe-norrsken.example
  company: Café Norrsken AB
  phone: +46 40 628 04 12
  external id: C-20077
  case 9 · INVOICE-2026-1187 · resolved
    subject: Invoice 2026-1187 (12 table lamps)
    labels: invoice
    2026-11-13 09:00  → out  Invoice 2026-1187 for Café Norrsken
`,
  'Ludwig van Beethoven  ludwig@example.org\n',
  'Noor Haddad  noor@example.net\n  case 11 · new\n    2026-11-14 10:20  ← in   Contact form: opening hours\n',
  FORGED,
  REFUSED,
  '17 mails → 11 customers, 11 cases, 17 interactions (10 in, 7 out), in ',
  'npm run mailcase -- --config mailcase.yaml migrate up\n',
];

describe('mailcase demo', { timeout: 120_000 }, () => {
  it('tells the story of the demo mailbox, and again in the same folder', async () => {
    for (const _ of ['first', 'second']) {
      const output = await finished(demo());
      for (const part of STORY) expect(output).toContain(part);
      // Neither colours in a pipe, nor lines of the log, nor warnings of Node.
      expect(output.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      expect(output).not.toMatch(/"level"|Warning/);
      expect(existsSync(join(folder, ...LOCK))).toBe(false);
      expect(await readdir(folder)).toEqual(['data']);
    }
  });

  it('--keep goes on until Ctrl-C and keeps other demos away', async () => {
    const kept = demo('--keep');
    await kept.printed('Ctrl-C ends it');
    expect(kept.output()).toMatch(/postgres:\/\/mailcase:\S+@127\.0\.0\.1:\d+\/demo\n/);
    const port = Number(/imap:\/\/127\.0\.0\.1:(\d+)/.exec(kept.output())?.[1]);
    const pid = await databasePid();
    expect(isRunning(pid)).toBe(true);
    expect(await answers(port)).toBe(true);
    expect(kept.output()).toContain('npm run mailcase -- history joe@example.com\n');
    const { code, stdout } = await runMailcase(['history', 'joe@example.com'], exportsIn(kept.output()));
    expect(code).toBe(0);
    expect(stdout).toContain('Your order 10423 has arrived');

    const second = demo();
    expect(await second.ended()).toBe(1);
    expect(second.output()).toContain('another demo runs on ./data');
    expect(isRunning(pid)).toBe(true);

    kept.child.kill('SIGINT');
    await finished(kept);
    expect(isRunning(pid)).toBe(false);
    expect(await answers(port)).toBe(false);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('ends in good order on %s while it starts', async (signal) => {
    const run = demo();
    await run.printed('Starting');
    run.child.kill(signal);
    await finished(run);
    expect(existsSync(join(folder, ...LOCK))).toBe(false);
  });

  it('works as root in a folder that nobody else can enter', async () => {
    if (!isRoot) {
      process.stderr.write(
        'only root has folders that postgres cannot enter: not tried as an ordinary user\n',
      );
      return;
    }
    await chmod(folder, 0o700);
    const output = await finished(demo());
    expect(output).toContain(JOE);
    const [, elsewhere = ''] = /kept in (\S+) and removed at the end/.exec(output) ?? [];
    expect(elsewhere).not.toBe('');
    expect(existsSync(elsewhere)).toBe(false);
  });
});
