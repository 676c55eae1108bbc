import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { messageFor, REFUSED, subjectsOf, TAKEN, until, useDaemons } from '../support/daemon.ts';
import { createDatabase, createEmptyDatabase, dropDatabase, useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { mailboxSection, runMailcase } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();
const { start, configFile, rewrite, silentServer, undo } = useDaemons(database);

/** A folder for an embedded server, which may run as another user. */
async function embeddedFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-reload-'));
  await chmod(folder, 0o755);
  undo.push(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'data');
}

/** Processes that have the folder in their command line: the server, or what makes its data. */
function processesOf(folder: string): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(folder));
}

describe('the database of a configuration that is loaded anew', () => {
  it('has as many connections to the database after ten reloads as before', async () => {
    const section = mailboxSection('reload-ten@example.com', { name: 'ten' });
    const config = (pool: number) => ({ database: { url: database.url, pool }, log: { level: 'debug' } });
    const connections = async () =>
      (
        await rows(
          database.db,
          'select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        )
      ).length;
    const others = await connections();
    const { child, file, output, finished } = await start([section], { config: config(2) });
    await output(/"msg":"poll done"/);
    expect(await connections()).toBeGreaterThan(others);
    for (let taken = 1; taken <= 10; taken += 1) {
      await rewrite(file, [section], config(2 + (taken % 2)));
      child.kill('SIGHUP');
      await output(new RegExp(`(${TAKEN}[\\s\\S]*){${taken}}"msg":"poll done"`));
    }
    // Those of the largest pool at most. An idle connection goes by itself only after half a minute.
    await until(async () => (await connections()) - others <= 2, 'the pools before are closed');
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
  });

  it('stops on SIGTERM while it looks whether the new database is there', async () => {
    const { port, accepted } = await silentServer();
    const section = mailboxSection('reload-silent@example.com');
    const { child, file, output, finished } = await start([section]);
    await output(/"msg":"polling"/);
    await rewrite(file, [section], { database: { url: `postgres://mailcase@127.0.0.1:${port}/mailcase` } });
    child.kill('SIGHUP');
    await until(() => accepted() > 0, 'the new database is called');
    const before = performance.now();
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0 });
    // What closes it has 5 s; a connection that nobody answers would take 15.
    expect(performance.now() - before).toBeLessThan(11_000);
  });

  it('takes another database if that is there with its tables, and stays with the old one if not', async () => {
    const user = 'reload-database@example.com';
    const server = inject('dovecot');
    const section = mailboxSection(user, { name: 'moves' });
    const empty = await createEmptyDatabase('reload');
    undo.push(() => dropDatabase(empty.url));
    undo.push(() => empty.db.destroy());
    const other = await createDatabase('reload_other');
    undo.push(() => dropDatabase(other.url));
    undo.push(() => other.db.destroy());
    const { child, file, output, finished } = await start([section]);
    await output(/"msg":"polling"/);

    const away = 'postgres://mailcase:canary-password@127.0.0.1:1/mailcase';
    await rewrite(file, [section], { database: { url: away } });
    child.kill('SIGHUP');
    await output(new RegExp(`"code":"database_unavailable".*${REFUSED}`));
    await rewrite(file, [section], { database: { url: empty.url } });
    child.kill('SIGHUP');
    await output(new RegExp(`"code":"schema_older".*${REFUSED}`));
    await deliver(server, user, [messageFor(user, 'To the old one')]);
    await output(/"recorded":1/);

    await rewrite(file, [section], { database: { url: other.url, pool: 2 } });
    child.kill('SIGHUP');
    await output(new RegExp(TAKEN));
    await deliver(server, user, [messageFor(user, 'To the new one')]);
    await output(/"recorded":1[\s\S]*"recorded":1/);
    // Another pool on the same server.
    await rewrite(file, [section], { database: { url: other.url, pool: 3 } });
    child.kill('SIGHUP');
    await output(new RegExp(`${TAKEN}[\\s\\S]*${TAKEN}`));
    await deliver(server, user, [messageFor(user, 'By the new pool')]);
    await output(/"recorded":1[\s\S]*"recorded":1[\s\S]*"recorded":1/);
    child.kill('SIGTERM');
    const { code, stdout } = await finished;
    expect(code).toBe(0);
    expect(stdout).not.toContain('canary');
    expect(await subjectsOf(database, 'moves')).toEqual([{ subject: 'To the old one', marked: true }]);
    expect(await subjectsOf(other, 'moves')).toEqual([
      { subject: 'To the new one', marked: true },
      { subject: 'By the new pool', marked: true },
    ]);
  });

  it('is taken while the daemon still waits for its first database', async () => {
    const user = 'reload-waiting@example.com';
    await deliver(inject('dovecot'), user, [messageFor(user, 'At last')]);
    const section = mailboxSection(user, { name: 'at-last' });
    const { child, file, output } = await start([section], {
      config: {
        database: { url: 'postgres://mailcase@127.0.0.1:1/mailcase' },
        backoff: { first: '1h', longest: '1h' },
      },
    });
    await output(/"code":"database_unavailable"/);
    await rewrite(file, [section]);
    child.kill('SIGHUP');
    await output(/"recorded":1/);
    expect(await subjectsOf(database, 'at-last')).toEqual([{ subject: 'At last', marked: true }]);
  });

  it('is taken while the daemon still waits, though the next database is away as well; the waiting begins anew', async () => {
    const section = mailboxSection('reload-away@example.com');
    const away = (name: string) => ({
      database: { url: `postgres://mailcase@127.0.0.1:1/${name}` },
      backoff: { first: '100ms', longest: '1h' },
    });
    const { child, file, output, finished } = await start([section], { config: away('first') });
    await output(/"failures":3/);
    await rewrite(file, [section], away('second'));
    child.kill('SIGHUP');
    await output(new RegExp(`${TAKEN}[\\s\\S]*"failures"`));
    child.kill('SIGTERM');
    const { code, stdout } = await finished;
    expect(code).toBe(0);
    expect(stdout).not.toContain(REFUSED);
    const [first] = /"failures":\d+/.exec(stdout.slice(stdout.indexOf(TAKEN))) ?? [];
    expect(first).toBe('"failures":1');
  });

  it('ends an embedded server that was started for what is then refused', async () => {
    const embedded = await embeddedFolder();
    const section = mailboxSection('reload-tableless@example.com');
    const { child, file, output, finished } = await start([section]);
    await output(/"msg":"polling"/);
    await rewrite(file, [section], { database: { embedded } });
    child.kill('SIGHUP');
    await until(() => processesOf(embedded).length > 0, 'a server is made');
    await output(new RegExp(`"code":"schema_older".*${REFUSED}`));
    expect(processesOf(embedded)).toEqual([]);
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
  });

  it('leaves nothing of a database that it was opening when SIGTERM came', async () => {
    const embedded = await embeddedFolder();
    const section = mailboxSection('reload-overtaken@example.com');
    const { child, file, output, finished } = await start([section]);
    await output(/"msg":"polling"/);
    await rewrite(file, [section], { database: { embedded } });
    child.kill('SIGHUP');
    await until(() => processesOf(embedded).length > 0, 'its data are being made');
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
    expect(processesOf(embedded)).toEqual([]);
    // Made whole, and its server ended in good order.
    expect(await readFile(join(embedded, 'postgres.log'), 'utf8')).toMatch(/database system is shut down\n$/);
  });

  it('leaves the embedded server running where the folder stays the same, also with another pool', async () => {
    const embedded = await embeddedFolder();
    const pidOf = async () =>
      (await readFile(join(embedded, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0];
    const section = mailboxSection('reload-embedded@example.com', { name: 'embedded' });
    const migrated = await runMailcase([
      ...['migrate', 'up', '--config', await configFile([section], { database: { embedded } })],
    ]);
    expect(migrated.code).toBe(0);

    const { child, file, output, finished } = await start([section], { config: { database: { embedded } } });
    await output(/"msg":"polling"/);
    const pid = await pidOf();
    for (const [pool, taken] of [
      [10, 1],
      [3, 2],
    ] as const) {
      await rewrite(file, [section], { database: { embedded, pool }, log: { level: 'debug' } });
      child.kill('SIGHUP');
      await output(new RegExp(`(${TAKEN}[\\s\\S]*){${taken}}"msg":"poll done"`));
      expect(await pidOf()).toBe(pid);
    }
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
    // With its last pool it ends.
    await expect(pidOf()).rejects.toThrow('ENOENT');
  });
});
