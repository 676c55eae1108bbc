import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import type { LoadedConfig } from '../../src/config/load.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { MailboxConfig } from '../../src/config/schema.ts';

/** A mailbox's section for the tests' Dovecot. */
export function mailboxSection(user: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const { host, imapPort, password } = inject('dovecot');
  const { name = 'support', imap = {}, ...rest } = more as { name?: string; imap?: object };
  return { name, imap: { host, port: imapPort, tls: 'none', user, password, ...imap }, ...rest };
}

export interface ConfigFile {
  readonly file: string;
  readonly folder: string;
  load(): Promise<LoadedConfig>;
  remove(): Promise<void>;
}

/** Writes a configuration file (JSON is YAML) into a folder of its own. */
export async function writeConfig(content: unknown): Promise<ConfigFile> {
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-config-'));
  const file = join(folder, 'mailcase.yaml');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  const remove = () => rm(folder, { recursive: true, force: true });
  return { file, folder, load: () => loadConfig(file, {}), remove };
}

/** The configuration of one mailbox as the program sees it. */
export async function loadMailbox(user: string, more: Record<string, unknown> = {}): Promise<MailboxConfig> {
  const written = await writeConfig({
    database: { url: 'postgres://unused@localhost/unused' },
    mailboxes: [mailboxSection(user, more)],
  });
  const { config } = await written.load().finally(() => written.remove());
  const [mailbox] = config.mailboxes;
  if (!mailbox) throw new Error('the configuration has no mailbox');
  return mailbox;
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Waits until standard output matches. */
  output(pattern: RegExp): Promise<string>;
}

/** What Node is given to start the program as it stands in the checkout, which is slower than compiled. */
export const CHECKOUT: readonly string[] = [
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)),
];

/** Starts the program as a process of its own, compiled where nothing else is said. */
export function startMailcase(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd = tmpdir(),
  program: readonly string[] = [inject('program')],
  input: 'ignore' | 'pipe' = 'ignore',
): Running {
  const child = spawn(process.execPath, [...program, ...args], {
    cwd,
    // By npm_command it would tell that npx has started it.
    env: { ...process.env, NO_COLOR: '1', npm_command: '', ...env },
    stdio: [input, 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const listener of listeners) listener();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const output = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (!pattern.test(stdout)) return;
        listeners.delete(look);
        resolve(stdout);
      };
      listeners.add(look);
      finished.then(() => reject(new Error(`ended without ${pattern}:\n${stdout}\n${stderr}`)), reject);
      look();
    });
  return { child, finished, output };
}

/** Runs the program to its end. */
export function runMailcase(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return startMailcase(args, env).finished;
}
