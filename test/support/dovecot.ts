/**
 * A private Dovecot 2.3: free loopback ports, a folder of its own, ended by its own process id. It knows every
 * user, makes their Maildir on first use, and takes mail over LMTP.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findDovecot } from './dovecot-install.ts';
import { processesOf } from './process-group.ts';

/** What a client has to know of it. */
export interface DovecotServer {
  readonly host: '127.0.0.1';
  readonly imapPort: number;
  readonly imapsPort: number;
  readonly lmtpPort: number;
  /** The self-signed certificate, for localhost and 127.0.0.1. */
  readonly caFile: string;
  /** The same for every user. */
  readonly password: string;
  readonly folder: string;
  /** Of the master process, which is another one after each start. */
  readonly pid: number;
  readonly logFile: string;
}

export interface Dovecot extends DovecotServer {
  stop(): Promise<void>;
  /** Ends it as an administrator does, or at once with all its processes; its folder and its ports stay its own. */
  halt(how?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again after `halt`, at the same ports. */
  start(): Promise<void>;
  /** Its processes, or those of a service: `imap` has one for each client that is logged in. */
  processes(service?: string): number[];
  /** The Maildir of the user's INBOX, made if need be; files may be put into its `new` by hand. */
  maildir(user: string): string;
}

export interface DovecotOptions {
  /** Appended to the configuration, so it overrides what is set there. */
  readonly extraConfig?: string;
  /** Every password is wrong. */
  readonly withoutPasswords?: boolean;
}

/** Who does what: as root the mail belongs to an ordinary account, otherwise everything is ours. */
interface Accounts {
  readonly uid: number;
  readonly gid: number;
  readonly internalUser: string;
  readonly internalGroup: string;
  readonly loginUser: string;
}

interface Ports {
  readonly imap: number;
  readonly imaps: number;
  readonly lmtp: number;
}

const PASSWORD = 'correct-horse';
const START_MS = 20_000;
const STOP_MS = 10_000;
const PORT_ATTEMPTS = 5;

export async function startDovecot(options: DovecotOptions = {}): Promise<Dovecot> {
  const program = findDovecot();
  if (program === undefined)
    throw new Error('There is no dovecot; run: npx tsx test/support/dovecot-install.ts');
  const accounts = await chooseAccounts();
  const folder = await makeFolder(accounts);
  try {
    await makeCertificate(folder);
    for (let attempt = 1; ; attempt += 1) {
      const ports = await freePorts();
      await writeFile(join(folder, 'dovecot.conf'), configuration(folder, ports, accounts, options));
      const started = await launch(program.path, folder, ports.imap);
      if (typeof started !== 'string') return describe(started, program.path, folder, ports, accounts);
      const log = await logTail(folder);
      if (!log.includes('Address already in use') || attempt >= PORT_ATTEMPTS) {
        throw new Error(`Dovecot did not start: ${started}. The end of its log:\n${log}`);
      }
    }
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
}

async function chooseAccounts(): Promise<Accounts> {
  const ids = await accountIds();
  if (process.getuid?.() !== 0) {
    const { uid, gid, username } = userInfo();
    const group = (await groupName(gid)) ?? username;
    return { uid, gid, internalUser: username, internalGroup: group, loginUser: username };
  }
  const mail = ids.get('nobody') ?? ids.get('mail');
  if (mail === undefined)
    throw new Error('There is neither a user nobody nor mail to own the test mailboxes.');
  // Debian's packages make these two accounts; elsewhere everything unprivileged is done by nobody.
  const packaged = ids.has('dovecot') && ids.has('dovenull');
  const nobodysGroup = (await groupName(mail.gid)) ?? 'nogroup';
  return {
    ...mail,
    internalUser: packaged ? 'dovecot' : 'nobody',
    internalGroup: packaged ? 'dovecot' : nobodysGroup,
    loginUser: packaged ? 'dovenull' : 'nobody',
  };
}

async function accountIds(): Promise<Map<string, { uid: number; gid: number }>> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n');
  return new Map(
    lines.map((line) => {
      const [name = '', , uid, gid] = line.split(':');
      return [name, { uid: Number(uid), gid: Number(gid) }];
    }),
  );
}

async function groupName(gid: number): Promise<string | undefined> {
  const lines = (await readFile('/etc/group', 'utf8')).split('\n');
  return lines.find((line) => line.split(':')[2] === String(gid))?.split(':')[0];
}

async function makeFolder(accounts: Accounts): Promise<string> {
  // A short path: Dovecot's sockets lie in it, and a socket's path has 107 bytes at most.
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-dovecot-'));
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'users'));
  takeOver(join(folder, 'users'), accounts);
  return folder;
}

function takeOver(path: string, { uid, gid }: Accounts): void {
  chmodSync(path, 0o755);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}

async function makeCertificate(folder: string): Promise<void> {
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await promisify(execFile)('openssl', ['req', '-x509', ...key, ...files, ...names]);
}

function configuration(folder: string, ports: Ports, accounts: Accounts, options: DovecotOptions): string {
  const { extraConfig = '', withoutPasswords = false } = options;
  const { uid, gid, internalUser, internalGroup, loginUser } = accounts;
  return `
protocols = imap lmtp
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
instance_name = ${folder.slice(folder.lastIndexOf('/') + 1)}
default_internal_user = ${internalUser}
default_internal_group = ${internalGroup}
default_login_user = ${loginUser}
# Whatever account the system has for nobody, and 0 for no upper limit.
first_valid_uid = 1
last_valid_uid = 0
first_valid_gid = 1
last_valid_gid = 0
mail_access_groups =
mail_privileged_group =

disable_plaintext_auth = no
auth_mechanisms = plain login
# Every character: the default knows no plus sign, for one.
auth_username_chars =
# Tests of wrong passwords should not have to wait, nor make those after them wait.
auth_failure_delay = 0
passdb {
  driver = static
  args = password={PLAIN}${PASSWORD}
  mechanisms = plain login${withoutPasswords ? '\n  deny = yes' : ''}
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${folder}/users/%u allow_all_users=yes
}

# A recipient is the user of exactly that name, so user+detail@domain is a user too.
recipient_delimiter =

mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 1000
namespace inbox {
  inbox = yes
  separator = /
}

ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem

# Raised together: a service with a lower limit than its clients makes Dovecot warn at every start.
default_process_limit = 200
default_client_limit = 4000

# No chroot: it needs root, and the sandboxes tests run in often do not have it.
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
  client_limit = 8000
}
service imap-login {
  chroot =
  process_min_avail = 0
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = ${ports.imaps}
    ssl = yes
  }
}
service imap {
  process_limit = 1000
}
service imap-urlauth-login {
  chroot =
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${ports.lmtp}
  }
}
protocol lmtp {
  postmaster_address = postmaster@localhost
}
${extraConfig}
`;
}

/** The running process, or what went wrong. */
async function launch(program: string, folder: string, port: number): Promise<ChildProcess | string> {
  const output = await open(join(folder, 'console.log'), 'a');
  const child = spawn(program, ['-F', '-c', join(folder, 'dovecot.conf')], {
    cwd: folder,
    // A process group of its own: Ctrl-C must not end it before the tests have finished with it.
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    return `${program} could not be run (${error instanceof Error ? error.message : String(error)})`;
  } finally {
    await output.close();
  }
  child.unref();
  const deadline = Date.now() + START_MS;
  for (;;) {
    if (hasEnded(child)) return `it ended (${child.signalCode ?? child.exitCode})`;
    if (await greets(port)) return child;
    if (Date.now() > deadline) {
      await end(child);
      return `IMAP did not greet within ${START_MS / 1000} s`;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function greets(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(2_000, () => socket.destroy(new Error('no greeting')));
  try {
    const [data] = (await once(socket, 'data')) as [Buffer];
    return data.toString('latin1').startsWith('* OK');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function describe(
  first: ChildProcess,
  program: string,
  folder: string,
  ports: Ports,
  accounts: Accounts,
): Dovecot {
  let child = first;
  const onExit = () => {
    child.kill('SIGTERM');
    if (!process.env.KEEP_TEST_FOLDERS) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.on('exit', onExit);
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await end(child);
    process.off('exit', onExit);
    await removeFolder(folder);
  };
  return {
    host: '127.0.0.1',
    imapPort: ports.imap,
    imapsPort: ports.imaps,
    lmtpPort: ports.lmtp,
    caFile: join(folder, 'cert.pem'),
    password: PASSWORD,
    folder,
    get pid() {
      return child.pid ?? 0;
    },
    logFile: join(folder, 'dovecot.log'),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
    halt: (how = 'SIGTERM') => (how === 'SIGKILL' ? killAll(child) : end(child)),
    start: async () => {
      const started = await launch(program, folder, ports.imap);
      if (typeof started === 'string')
        throw new Error(`Dovecot did not start again: ${started}\n${await logTail(folder)}`);
      child = started;
    },
    processes: (service) => processesOf(child.pid ?? 0, service),
    maildir: (user) => makeMaildir(folder, user, accounts),
  };
}

/** Dovecot has user names in lower case, whatever the client or the recipient's address wrote. */
function makeMaildir(folder: string, user: string, accounts: Accounts): string {
  const home = join(folder, 'users', user.toLowerCase());
  if (dirname(home) !== join(folder, 'users')) throw new Error(`${user} cannot be a folder's name`);
  const maildir = join(home, 'Maildir');
  for (const path of [home, maildir, ...['cur', 'new', 'tmp'].map((name) => join(maildir, name))]) {
    if (existsSync(path)) continue;
    mkdirSync(path);
    takeOver(path, accounts);
  }
  return maildir;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** SIGTERM to the master ends its services too; a master that hangs is killed, and they follow it. */
async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(impatience);
}

/** The master and all its services, which are of its process group: none of them has a chance to say good-bye. */
async function killAll(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const group = child.pid ?? 0;
  child.ref();
  const ended = once(child, 'exit');
  process.kill(-group, 'SIGKILL');
  await ended;
  while (processesOf(group).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function removeFolder(folder: string): Promise<void> {
  // Services may still write their last line while the folder is emptied.
  if (!process.env.KEEP_TEST_FOLDERS) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function freePorts(): Promise<Ports> {
  // All are held until all are known, so no two are the same.
  const servers = await Promise.all(
    [0, 1, 2].map(async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return address !== null && typeof address !== 'string' ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  const [imap = 0, imaps = 0, lmtp = 0] = ports;
  return { imap, imaps, lmtp };
}

async function logTail(folder: string): Promise<string> {
  const texts = ['console.log', 'dovecot.log'].map((name) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  });
  return texts.join('').trimEnd().split('\n').slice(-20).join('\n');
}
