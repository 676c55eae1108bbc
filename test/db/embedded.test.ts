import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedOptions, type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.ts';

const isRoot = process.getuid?.() === 0;
const FAST = { fsync: 'off', shared_buffers: '16MB' };

let folder: string;
let running: EmbeddedPostgres[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embedded-test-'));
  await chmod(folder, 0o755);
  running = [];
});

afterEach(async () => {
  for (const server of running) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'db'), settings: FAST, ...options });
  running.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const serverPid = async (server: EmbeddedPostgres) =>
  Number((await readFile(join(server.dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);

async function untilGone(pid: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`process ${pid} is still there`);
}

describe('startEmbeddedPostgres', { timeout: 120_000 }, () => {
  it('gives a UTF-8 server on loopback only, with a password', async () => {
    const server = await start({ settings: { ...FAST, work_mem: '7MB' } });
    expect(server.started).toBe(true);
    const [row] = await query(
      server.url(),
      `select current_setting('server_version_num')::int / 10000 as major,
              current_setting('server_encoding') as encoding,
              current_setting('listen_addresses') as addresses,
              current_setting('unix_socket_directories') as sockets,
              current_setting('work_mem') as work_mem,
              lower('ÄÖÉ') as folded, current_user as name`,
    );
    expect(row).toEqual({
      major: 18,
      encoding: 'UTF8',
      addresses: '127.0.0.1',
      sockets: '',
      work_mem: '7MB',
      folded: 'äöé',
      name: 'mailcase',
    });
    const wrong = new URL(server.url());
    wrong.password = 'guess';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
    expect((await stat(join(server.dataDir, 'password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(server.dataDir, 'postgres'))).mode & 0o777).toBe(0o700);
  });

  it('keeps data, password and other databases over a stop', async () => {
    const first = await start();
    await query(first.url(), 'create database other');
    await query(first.url('other'), 'create table kept as select 42 as answer');
    const pid = await serverPid(first);
    await first.stop();
    await first.stop();
    expect(() => process.kill(pid, 0)).toThrow();
    const second = await start();
    expect(second.started).toBe(true);
    expect(await query(second.url('other'), 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('attaches to a server that runs on the folder, and leaves it running', async () => {
    const first = await start();
    const second = await start();
    expect(second.started).toBe(false);
    expect(second.url()).toBe(first.url());
    await second.stop();
    expect(await query(first.url(), 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('lets starts at the same moment share one server', async () => {
    const servers = await Promise.all([start(), start(), start()]);
    expect(servers.filter((server) => server.started)).toHaveLength(1);
    expect(new Set(servers.map((server) => server.url())).size).toBe(1);
  });

  it('is not fooled by a stale postmaster.pid, even when its number is in use again', async () => {
    const first = await start();
    const pidFile = join(first.dataDir, 'postgres', 'postmaster.pid');
    const lines = (await readFile(pidFile, 'utf8')).split('\n');
    await first.stop();
    const owner = await stat(join(first.dataDir, 'postgres'));
    const stranger = spawn('sleep', ['60'], { uid: owner.uid, gid: owner.gid, cwd: '/', stdio: 'ignore' });
    try {
      for (const pid of [stranger.pid, 4_194_303]) {
        await writeFile(pidFile, [String(pid), ...lines.slice(1)].join('\n'), { mode: 0o644 });
        const next = await start();
        expect(next.started).toBe(true);
        expect(await query(next.url(), 'select 1 as one')).toEqual([{ one: 1 }]);
        await next.stop();
      }
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('recovers after the server was killed', async () => {
    const first = await start();
    await query(first.url(), 'create table kept as select 42 as answer');
    const pid = await serverPid(first);
    process.kill(pid, 'SIGKILL');
    await untilGone(pid);
    const second = await start();
    expect(second.started).toBe(true);
    expect(await query(second.url(), 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('starts over after an interrupted initdb, and clears its leftovers', async () => {
    const halfMade = join(folder, 'db', 'initialising-abc123');
    await mkdir(join(halfMade, 'cluster'), { recursive: true });
    await utimes(halfMade, new Date(0), new Date(0));
    const server = await start();
    expect(await query(server.url(), 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(existsSync(halfMade)).toBe(false);
  });

  it('shows the end of the log when the server does not start', async () => {
    await expect(start({ settings: { shared_buffers: 'lots' } })).rejects.toMatchObject({
      code: 'database_embedded',
      message: expect.stringMatching(/did not start[\s\S]*invalid value for parameter "shared_buffers"/),
    });
  });

  it('says so when the cluster is of another version, has lost its password, or is none', async () => {
    const cluster = join(folder, 'db', 'postgres');
    await mkdir(cluster, { recursive: true });
    await writeFile(join(cluster, 'letter.txt'), 'hello');
    await expect(start()).rejects.toMatchObject({ message: expect.stringContaining('is in the way') });
    await writeFile(join(cluster, 'PG_VERSION'), '12\n');
    await expect(start()).rejects.toMatchObject({ message: expect.stringContaining('PostgreSQL 12') });
    await writeFile(join(cluster, 'PG_VERSION'), '18\n');
    await rm(join(folder, 'db', 'password'));
    await expect(start()).rejects.toMatchObject({ message: expect.stringContaining('password file') });
  });

  it('leaves no server behind when the process exits without stopping it', async () => {
    const script = `
      const { startEmbeddedPostgres } = await import(${JSON.stringify(resolve('src/db/embedded.ts'))});
      const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(join(folder, 'db'))} });
      process.stdout.write(server.url());
      process.exit(0);`;
    const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(child.stderr).toBe('');
    const lock = join(folder, 'db', 'postgres', 'postmaster.pid');
    for (let tries = 0; existsSync(lock) && tries < 100; tries += 1) {
      await new Promise((done) => setTimeout(done, 50));
    }
    await expect(query(child.stdout, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
  });
});

if (!isRoot) {
  process.stderr.write('only root has folders that postgres cannot enter: not tried as an ordinary user\n');
}

describe.runIf(isRoot)(
  'startEmbeddedPostgres as root in a folder only root can enter',
  { timeout: 120_000 },
  () => {
    beforeEach(() => chmod(folder, 0o700));

    it('fails with the cure', async () => {
      await expect(start()).rejects.toMatchObject({
        code: 'database_embedded',
        message: expect.stringMatching(/cannot enter .*embedded-test-.*chmod o\+x.*database\.url/s),
      });
      expect(existsSync(join(folder, 'db'))).toBe(false);
    });

    it('goes elsewhere if allowed, says where, and cleans up', async () => {
      const notices: string[] = [];
      const server = await start({ whenLocked: 'elsewhere', onNotice: (text) => notices.push(text) });
      expect(await query(server.url(), 'select 1 as one')).toEqual([{ one: 1 }]);
      expect(server.dataDir.startsWith(folder)).toBe(false);
      expect(notices).toHaveLength(1);
      expect(notices[0]).toContain('mailcase-postgres-data-');
      await server.stop();
      expect(existsSync(server.dataDir)).toBe(false);
    });

    it('opens a closed folder that is the data folder itself', async () => {
      const server = await start({ dataDir: folder });
      expect(server.dataDir).toBe(folder);
      expect((await stat(folder)).mode & 0o777).toBe(0o711);
    });
  },
);
