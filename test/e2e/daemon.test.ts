import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, it } from 'vitest';
import {
  messageFor as message,
  subjectsOf as recordedSubjects,
  until,
  useDaemons,
} from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { deliver } from '../support/deliver.ts';
import { withClient } from '../support/imap-client.ts';
import { startImapProxy } from '../support/imap-proxy.ts';
import { mailboxSection, runMailcase, startMailcase } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

const { configFile, start: startDaemon, holdUp, silentServer, undo } = useDaemons(database);

function subjectsOf(name: string): Promise<unknown[]> {
  return recordedSubjects(database, name);
}

describe('mailcase run', () => {
  it('records what is there when it starts and what comes while it runs, and ends with 0 on SIGTERM', async () => {
    const user = 'daemon@example.com';
    const server = inject('dovecot');
    await deliver(server, user, [message(user, 'Before')]);
    const { child, output, finished } = await startDaemon([mailboxSection(user, { name: 'daemon' })]);
    await output(/"recorded":1/);
    await deliver(server, user, [message(user, 'Meanwhile')]);
    await output(/"recorded":1[\s\S]*"recorded":1/);
    expect(await subjectsOf('daemon')).toEqual([
      { subject: 'Before', marked: true },
      { subject: 'Meanwhile', marked: true },
    ]);
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/"signal":"SIGTERM".*stopping[\s\S]*"msg":"stopped"/),
    });
  });

  it('finishes the batch in hand after SIGTERM, and leaves the others for the next start', async () => {
    const user = 'daemon-stop@example.com';
    const server = inject('dovecot');
    await deliver(
      server,
      user,
      Array.from({ length: 10 }, (_, index) => message(user, `Mail ${index + 1}`)),
    );
    const lock = await holdUp('interactions');
    const section = mailboxSection(user, { name: 'stop', batch: { messages: 2 } });
    const { child, output, finished } = await startDaemon([section]);
    await until(lock.waiting, 'the batch waits for the table');
    child.kill('SIGTERM');
    await output(/stopping after the batch in hand/);
    await sleep(300);
    expect(child.exitCode).toBeNull();
    await lock.release();
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
    const done = await subjectsOf('stop');
    // The batch in hand, and at most one that was read ahead.
    expect([2, 4]).toContain(done.length);
    expect(done).toEqual(done.map((_, index) => ({ subject: `Mail ${index + 1}`, marked: true })));

    const again = await runMailcase(['run', '--once', '--config', await configFile([section])]);
    expect(again.code).toBe(0);
    expect(await subjectsOf('stop')).toHaveLength(10);
  });

  it('ends at once with 1 on the second signal, and what was not recorded is recorded by the next', async () => {
    const user = 'daemon-second@example.com';
    await deliver(inject('dovecot'), user, [message(user, 'Cut')]);
    const lock = await holdUp('interactions');
    const section = mailboxSection(user, { name: 'second' });
    const { child, output, finished } = await startDaemon([section]);
    await until(lock.waiting, 'the batch waits for the table');
    child.kill('SIGTERM');
    await output(/stopping after the batch in hand/);
    const before = performance.now();
    child.kill('SIGINT');
    expect(await finished).toMatchObject({ code: 1, stdout: expect.stringContaining('second signal') });
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(await subjectsOf('second')).toEqual([]);

    await lock.release();
    const again = await runMailcase(['run', '--once', '--config', await configFile([section])]);
    expect(again.code).toBe(0);
    expect(await subjectsOf('second')).toEqual([{ subject: 'Cut', marked: true }]);
  });

  it('cuts off after stop_timeout what does not end by itself, and ends', async () => {
    const { port, accepted } = await silentServer();
    const { child, finished } = await startDaemon(
      [mailboxSection('silent@example.com', { name: 'cut', imap: { port } })],
      { config: { stop_timeout: '300ms' } },
    );
    await until(async () => accepted() > 0, 'the silent server is called');
    const before = performance.now();
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/cut off[\s\S]*"msg":"stopped"/),
    });
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('cuts off a batch that hangs in the database as well, and the next start records it', async () => {
    const user = 'daemon-hangs@example.com';
    await deliver(inject('dovecot'), user, [message(user, 'Hung')]);
    const lock = await holdUp('interactions');
    const section = mailboxSection(user, { name: 'hangs' });
    const { child, finished } = await startDaemon([section], { config: { stop_timeout: '300ms' } });
    await until(lock.waiting, 'the batch waits for the table');
    const before = performance.now();
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ stdout: expect.stringContaining('cut off') });
    expect(performance.now() - before).toBeLessThan(15_000);
    await lock.release();
    const again = await runMailcase(['run', '--once', '--config', await configFile([section])]);
    expect(again.code).toBe(0);
    expect(await subjectsOf('hangs')).toEqual([{ subject: 'Hung', marked: true }]);
  });

  it('says on SIGUSR2 what it is doing, with --once as well, and goes on', async () => {
    const { port, accepted } = await silentServer();
    const file = await configFile([mailboxSection('silent@example.com', { name: 'asked', imap: { port } })]);
    const { child, output, finished } = startMailcase(['run', '--once', '--config', file]);
    undo.push(async () => void child.kill('SIGKILL'));
    await until(() => accepted() > 0, 'the silent server is called');
    child.kill('SIGUSR2');
    await output(/"mailbox":"asked","doing":\[\{"what":"connect to 127.0.0.1:\d+ and log in"/);
    expect(child.exitCode).toBeNull();
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect(await finished).toMatchObject({ signal: null });
  });

  it('gives a poll up after poll_timeout, tries again, and polls the other mailbox all the while', async () => {
    const user = 'daemon-other@example.com';
    const server = inject('dovecot');
    const { port, accepted } = await silentServer();
    const { child, output, finished } = await startDaemon(
      [
        mailboxSection('silent@example.com', { name: 'silent', imap: { port }, poll_timeout: '500ms' }),
        mailboxSection(user, { name: 'other' }),
      ],
      { config: { stop_timeout: '1s' } },
    );
    await output(/"mailbox":"silent".*"code":"poll_timeout"/);
    await deliver(server, user, [message(user, 'Other')]);
    await output(/"mailbox":"other".*"recorded":1/);
    // It is tried again, without an end.
    await output(/"code":"poll_timeout"[\s\S]*"failures":2/);
    expect(accepted()).toBeGreaterThan(1);
    expect(child.exitCode).toBeNull();
    expect(await subjectsOf('other')).toEqual([{ subject: 'Other', marked: true }]);
    const [silent] = await rows<{ last_error: string }>(
      database.db,
      `select last_error from mailboxes where name = 'silent'`,
    );
    expect(silent?.last_error).toContain('poll_timeout');
    const before = performance.now();
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0 });
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('speaks TLS with a server whose certificate is known, and with no other', async () => {
    const user = 'localhost@example.com';
    const { imapsPort, caFile } = inject('dovecot');
    await deliver(inject('dovecot'), user, [message(user, 'Over TLS')]);
    const imap = { host: 'localhost', port: imapsPort, tls: 'implicit' };
    const file = await configFile([mailboxSection(user, { name: 'tls', imap })]);
    const refused = await runMailcase(['run', '--once', '--config', file], { NODE_EXTRA_CA_CERTS: '' });
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(
      new RegExp(
        `"code":"imap_connect","message":"cannot connect to localhost:${imapsPort} \\(tls: implicit\\): self-signed certificate`,
      ),
    );
    expect(await subjectsOf('tls')).toEqual([]);

    const accepted = await runMailcase(['run', '--once', '--config', file], { NODE_EXTRA_CA_CERTS: caFile });
    expect(accepted).toMatchObject({ code: 0, stderr: '' });
    expect(await subjectsOf('tls')).toEqual([{ subject: 'Over TLS', marked: true }]);
  });

  it('does not speak TLS with a server of another name', async () => {
    const { imapsPort, caFile } = inject('dovecot');
    const imap = { host: '0.0.0.0', port: imapsPort, tls: 'implicit' };
    const file = await configFile([mailboxSection('localhost@example.com', { name: 'name', imap })]);
    const { code, stdout } = await runMailcase(['run', '--once', '--config', file], {
      NODE_EXTRA_CA_CERTS: caFile,
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/"code":"imap_connect","message":"cannot connect to 0\.0\.0\.0.*altnames/);
  });

  it('waits for a database that is not there yet, and stops while it waits', async () => {
    const { port } = await silentServer();
    const url = 'postgres://mailcase:secret@127.0.0.1:1/mailcase';
    const { child, output, finished } = await startDaemon(
      [mailboxSection('silent@example.com', { imap: { port } })],
      { config: { database: { url } } },
    );
    await output(/"code":"database_unavailable"[\s\S]*"failures":2/);
    expect(child.exitCode).toBeNull();
    const before = performance.now();
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0 });
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});

describe('an outage', () => {
  it('of the database is said to be one, and its end is said once', async () => {
    const user = 'outage-database@example.com';
    const proxy = await startDatabaseProxy(database.url);
    undo.push(proxy.close);
    await proxy.open();
    const { port } = new URL(proxy.url);
    await deliver(inject('dovecot'), user, [message(user, 'Before')]);
    const { child, output, finished } = await startDaemon([mailboxSection(user, { name: 'outage' })], {
      config: { database: { url: proxy.url } },
    });
    await output(/"recorded":1/);
    await proxy.close();
    await output(/"failures":2.*"msg":"poll failed"/);
    await deliver(inject('dovecot'), user, [message(user, 'Meanwhile')]);
    await proxy.open();
    await output(/"msg":"polls work again"/);
    await until(async () => (await subjectsOf('outage')).length === 2, 'what came meanwhile is recorded');
    child.kill('SIGTERM');
    const { code, stdout } = await finished;
    expect(code).toBe(0);
    const failed = stdout.split('\n').filter((line) => line.includes('"poll failed"'));
    for (const line of failed) {
      expect(JSON.parse(line)).toMatchObject({
        ...{ level: 'error', mailbox: 'outage' },
        err: {
          code: 'database_unavailable',
          temporary: true,
          message: expect.stringMatching(
            new RegExp(`^cannot reach the database at 127\\.0\\.0\\.1:${port}/\\w+: .* \\(.*\\)$`),
          ),
        },
      });
      expect(line).not.toContain('"stack"');
    }
    expect(failed.join('\n')).toMatch(/ECONNREFUSED 127\.0\.0\.1:\d+ \(is PostgreSQL running there/);
    const again = stdout.split('\n').filter((line) => line.includes('work again'));
    expect(again.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        ...{ level: 'info', mailbox: 'outage', failures: failed.length, lastedMs: expect.any(Number) },
      }),
    ]);
  });

  it('of the mail server is one of the mail server, and its end is said once', async () => {
    const user = 'outage-mail@example.com';
    const server = inject('dovecot');
    let isAway = true;
    const proxy = await startImapProxy(server, (text) => (isAway ? undefined : text));
    undo.push(proxy.close);
    await deliver(server, user, [message(user, 'Late')]);
    const section = mailboxSection(user, { name: 'away', imap: { port: proxy.port } });
    const { child, output, finished } = await startDaemon([section]);
    await output(/"code":"imap_connect".*"failures":3/);
    isAway = false;
    await output(/"msg":"polls work again"/);
    await until(async () => (await subjectsOf('away')).length === 1, 'the mail is recorded');
    child.kill('SIGTERM');
    const { stdout } = await finished;
    expect(stdout).not.toContain('database_unavailable');
    expect(stdout.match(/work again/g)).toHaveLength(1);
  });

  it('of the rights of the role is kept without the statement', async () => {
    const role = `outage_${process.pid}`;
    await database.db.raw(`create role ${role} login password 'canary-password'`);
    undo.push(async () => {
      await database.db.raw(`drop owned by ${role}`);
      await database.db.raw(`drop role ${role}`);
    });
    // It may do what keeps the state of a mailbox, and nothing with its folders.
    await database.db.raw(`grant select on schema_migrations to ${role}`);
    await database.db.raw(`grant select, insert, update on mailboxes to ${role}`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'canary-password';
    const user = 'outage-rights@example.com';
    await deliver(inject('dovecot'), user, [message(user, 'Refused')]);
    const file = await configFile([mailboxSection(user, { name: 'rights' })], {
      database: { url: url.href },
    });
    const { code, stdout } = await runMailcase(['run', '--once', '--config', file]);
    expect(code).toBe(1);
    const failed = stdout.split('\n').find((line) => line.includes('poll failed')) ?? '';
    expect(JSON.parse(failed)).toMatchObject({
      err: {
        code: 'database_refused',
        sqlstate: '42501',
        message: expect.stringContaining('permission denied'),
      },
    });
    expect(failed).not.toMatch(/insert into|"stack"/);
    expect(await rows(database.db, `select last_error from mailboxes where name = 'rights'`)).toEqual([
      {
        last_error:
          'the database refused: permission denied for table folders (`mailcase check` says which rights are missing)',
      },
    ]);
    const set = await runMailcase(['case', 'set', '1', 'status=open', '--config', file]);
    expect(set).toEqual({
      ...{ code: 1, signal: null, stdout: '' },
      stderr:
        'mailcase: the database refused: permission denied for table cases (`mailcase check` says which rights are missing)\n',
    });
  });
});

describe('a folder that is not there', () => {
  it('lets the others be polled on time, is said once, and fails run --once', async () => {
    const user = 'missing-folder@example.com';
    const section = mailboxSection(user, {
      name: 'missing',
      folders: ['INBOX', { path: 'Sent Items', role: 'sent' }],
    });
    // A rest after a failure would be longer than the test.
    const backoff = { first: '1h', longest: '1h' };
    const daemon = await startDaemon([section], { config: { backoff } });
    for (const subject of ['one', 'two', 'three']) {
      await deliver(inject('dovecot'), user, [message(user, subject)]);
      await until(
        async () =>
          (await subjectsOf('missing')).some((row) => (row as { subject: string }).subject === subject),
        `${subject} is recorded`,
      );
    }
    const [row] = await rows(database.db, `select last_error from mailboxes where name = 'missing'`);
    expect(row).toEqual({ last_error: expect.stringContaining('cannot open the folder "Sent Items"') });
    const remake = async (change: 'mailboxCreate' | 'mailboxDelete') =>
      withClient(user, async (client) => void (await client[change]('Sent Items')));
    await remake('mailboxCreate');
    await daemon.output(/"failures":\d+,"lastedMs":\d+,"msg":"all parts of the poll work again"/);
    // The next time is said as well.
    await remake('mailboxDelete');
    await daemon.output(/work again[\s\S]*a part of the poll failed/);
    daemon.child.kill('SIGTERM');
    const { code, stdout } = await daemon.finished;
    expect(code).toBe(0);
    expect(stdout.match(/a part of the poll failed/g)).toHaveLength(2);
    const once = await runMailcase(['run', '--once', '--config', await configFile([section])]);
    expect(once.code).toBe(1);
  });
});
