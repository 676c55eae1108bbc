import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Prints each datagram that comes as a line of hexadecimal digits. Node has no AF_UNIX datagrams. */
const RECEIVERS = [
  {
    program: 'perl',
    args: [
      '-MSocket',
      '-e',
      `$| = 1; socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, sockaddr_un($ARGV[0])) or die "$!";
       print "bound\\n"; while (1) { recv(S, $m, 65536, 0); print unpack("H*", $m), "\\n" }`,
    ],
  },
  {
    program: 'python3',
    args: [
      '-c',
      `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("bound", flush=True)
while True: print(s.recv(65536).hex(), flush=True)`,
    ],
  },
];

function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

const receiver = RECEIVERS.find(({ program }) => isInstalled(program));

/** What is missing for tests with a real socket of the service manager's; undefined where all is there. */
export const missingForNotify = !isInstalled('systemd-notify')
  ? 'systemd-notify is not installed'
  : receiver === undefined
    ? 'neither perl nor python3 is installed'
    : undefined;

if (missingForNotify !== undefined)
  process.stderr.write(`Not tested: what systemd is told (${missingForNotify}).\n`);

export interface Heard {
  /** By performance.now(). */
  readonly at: number;
  readonly fields: Readonly<Record<string, string>>;
}

export interface NotifySocket {
  readonly path: string;
  /** All that came so far. */
  readonly heard: readonly Heard[];
  /** Waits for a message, also one that came before. */
  next(what: string, is: (fields: Readonly<Record<string, string>>) => boolean): Promise<Heard>;
  close(): Promise<void>;
}

/** Listens as the service manager does. */
export async function listenForNotices(): Promise<NotifySocket> {
  if (receiver === undefined) throw new Error('there is no program that could listen');
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-notify-'));
  const path = join(folder, 'notify');
  const child = spawn(receiver.program, [...receiver.args, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const heard: Heard[] = [];
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  const listeners = new Set<() => void>();
  lines.on('line', (line) => {
    const fields = fieldsOf(Buffer.from(line, 'hex').toString('utf8'));
    // What systemd-notify adds, to know that it was heard.
    if (!('BARRIER' in fields)) heard.push({ at: performance.now(), fields });
    for (const listener of listeners) listener();
  });
  const next: NotifySocket['next'] = (what, is) =>
    new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(patience);
        listeners.delete(look);
      };
      const patience = setTimeout(() => {
        done();
        const all = heard.map(({ fields }) => JSON.stringify(fields)).join('\n');
        reject(new Error(`not heard within 20 s: ${what}; but\n${all}`));
      }, 20_000);
      const look = () => {
        const found = heard.find(({ fields }) => is(fields));
        if (found === undefined) return;
        done();
        resolve(found);
      };
      listeners.add(look);
      look();
    });
  const close = async () => {
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { path, heard, next, close };
}

function fieldsOf(text: string): Record<string, string> {
  const pairs = text
    .split('\n')
    .filter(Boolean)
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return Object.fromEntries(pairs) as Record<string, string>;
}
