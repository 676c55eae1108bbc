/**
 * Makes sure the tests have a Dovecot 2.3, before vitest starts: `tsx test/support/dovecot-install.ts`.
 *
 * As root on Debian and Ubuntu it is installed; anywhere else the line to type is printed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface DovecotProgram {
  readonly path: string;
  readonly version: string;
  /** Whether the LMTP service is installed with it; Debian has it in a package of its own. */
  readonly hasLmtp: boolean;
}

const PACKAGES = ['dovecot-imapd', 'dovecot-lmtpd'];
const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** Dovecot, also where Debian has it: /usr/sbin is not on an ordinary user's PATH. */
export function findDovecot(): DovecotProgram | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...onPath, '/usr/sbin', '/usr/local/sbin']) {
    const path = join(folder, 'dovecot');
    const run = existsSync(path) ? spawnSync(path, ['--version'], { encoding: 'utf8' }) : undefined;
    if (run?.status !== 0) continue;
    return { path, version: run.stdout.trim(), hasLmtp: lmtpExists(realpathSync(path)) };
  }
  return undefined;
}

function lmtpExists(dovecot: string): boolean {
  const prefix = dirname(dirname(dovecot));
  return ['lib/dovecot', 'libexec/dovecot'].some((folder) => existsSync(join(prefix, folder, 'lmtp')));
}

/** Returns when a usable Dovecot is there; throws an Error that says what to do otherwise. */
export function ensureDovecot(): DovecotProgram {
  const found = findDovecot();
  if (found !== undefined) checkVersion(found.version);
  if (found?.hasLmtp === true) return found;
  if (process.getuid?.() !== 0 || !canUseApt()) throw new Error(lineToType());
  install();
  const installed = findDovecot();
  if (installed === undefined || !installed.hasLmtp) {
    throw new Error(
      `apt-get has installed ${PACKAGES.join(' and ')}, but no working dovecot with LMTP was found.`,
    );
  }
  checkVersion(installed.version);
  return installed;
}

function checkVersion(version: string): void {
  if (/^2\.3\./.test(version)) return;
  throw new Error(
    `The tests' configuration is for Dovecot 2.3 (Debian 12, Ubuntu 22.04 and 24.04); this system has ${version}.`,
  );
}

function lineToType(): string {
  return `The tests need Dovecot 2.3 with LMTP: sudo apt-get install ${PACKAGES.join(' ')}`;
}

function canUseApt(): boolean {
  return spawnSync('apt-get', ['--version']).status === 0;
}

function install(): void {
  process.stderr.write(`Installing ${PACKAGES.join(' ')} for the tests (apt-get).\n`);
  apt(['update']);
  const candidate = candidateVersion();
  // Installing a 2.4 only to refuse it would leave a mail server nobody has asked for.
  if (candidate !== undefined) checkVersion(candidate);
  withoutServiceStart(() => apt(['install', '-y', '--no-install-recommends', ...PACKAGES]));
}

function apt(args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = spawnSync('apt-get', args, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (run.status === 0) return;
  const output = `${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}`.trim();
  throw new Error(`${output}\napt-get ${args.join(' ')} failed. ${lineToType()}`);
}

/** What apt would install, without epoch and packaging suffix. */
function candidateVersion(): string | undefined {
  const { stdout } = spawnSync('apt-cache', ['policy', 'dovecot-imapd'], {
    env: { ...process.env, LC_ALL: 'C' },
    encoding: 'utf8',
  });
  return /Candidate: (?:\d+:)?(\d[\d.]*)/.exec(stdout ?? '')?.[1];
}

/** dpkg starts the services it installs; the system's Dovecot would then listen on the mail ports. */
function withoutServiceStart(work: () => void): void {
  if (existsSync(POLICY_FILE)) {
    // Somebody's own policy, as container images have one. What it says is theirs to decide.
    work();
    return;
  }
  writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  try {
    work();
  } finally {
    rmSync(POLICY_FILE, { force: true });
  }
}

function isMain(): boolean {
  const script = process.argv[1];
  return script !== undefined && realpathSync(script) === realpathSync(fileURLToPath(import.meta.url));
}

if (isMain()) {
  try {
    ensureDovecot();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
