import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { messageFor, subjectsOf, until, useDaemons } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { deliver } from '../support/deliver.ts';
import { mailboxSection } from '../support/mailcase.ts';
import { listenForNotices, missingForNotify, type NotifySocket } from '../support/notify-socket.ts';

const database = useDatabase();
const { start, rewrite, holdUp, silentServer, undo } = useDaemons(database);

const good = mailboxSection('systemd@example.com', { name: 'good' });

const statusesIn = (socket: NotifySocket) => socket.heard.flatMap(({ fields }) => fields.STATUS ?? []);
const pingsIn = (socket: NotifySocket) => socket.heard.filter(({ fields }) => fields.WATCHDOG === '1');
const isReady = (fields: Readonly<Record<string, string>>) => fields.READY === '1';

async function listen(): Promise<NotifySocket> {
  const socket = await listenForNotices();
  undo.push(socket.close);
  return socket;
}

/** A database that is there only after `open`. */
async function databaseThatComesLater() {
  const proxy = await startDatabaseProxy(database.url);
  undo.push(proxy.close);
  return proxy;
}

describe.skipIf(missingForNotify !== undefined)('what systemd is told', () => {
  it('is READY when the mailboxes have been tried, one of them in vain, and not before; and how they stand', async () => {
    const socket = await listen();
    const { port } = await silentServer();
    const silent = mailboxSection('silent@example.com', {
      ...{ name: 'silent', imap: { port }, poll_timeout: '2s' },
    });
    const { output, child, finished } = await start([good, silent], { env: { NOTIFY_SOCKET: socket.path } });
    await output(/"msg":"polling"/);
    await socket.next('what is missing', ({ STATUS }) => STATUS === '2 mailboxes, 1 not polled yet: silent');
    expect(socket.heard.some(({ fields }) => isReady(fields))).toBe(false);
    // The time of the start is put off meanwhile.
    expect(socket.heard[0]?.fields).toEqual({ STATUS: 'starting', EXTEND_TIMEOUT_USEC: '60000000' });
    const ready = await socket.next('READY', isReady);
    expect(await output(/"mailbox":"silent".*"code":"poll_timeout"/)).toContain('poll failed');
    expect(ready.fields.STATUS).toMatch(/^2 mailboxes, 1 failing: silent since \d\d:\d\d UTC$/);
    expect(socket.heard.filter(({ fields }) => isReady(fields))).toHaveLength(1);
    // Nobody has asked for signs of life.
    expect(pingsIn(socket)).toEqual([]);

    child.kill('SIGTERM');
    const stopping = await socket.next('STOPPING', ({ STOPPING }) => STOPPING === '1');
    // stop_timeout and what follows it.
    expect(stopping.fields).toEqual({
      STOPPING: '1',
      EXTEND_TIMEOUT_USEC: '60000000',
      STATUS: 'stopping after the batch in hand',
    });
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
  });

  it('says that it waits for the database, and is READY after it came', async () => {
    const socket = await listen();
    const { url, open } = await databaseThatComesLater();
    const config = { database: { url } };
    const { output } = await start([good], { config, env: { NOTIFY_SOCKET: socket.path } });
    await output(/"code":"database_unavailable"[\s\S]*"failures":4/);
    const waiting = await socket.next('what it waits for', ({ STATUS = '' }) => STATUS.startsWith('waiting'));
    expect(waiting.fields.STATUS).toMatch(/^waiting for the database since \d\d:\d\d UTC, the log says why$/);
    expect(socket.heard.some(({ fields }) => isReady(fields))).toBe(false);
    await open();
    const ready = await socket.next('READY', isReady);
    expect(ready.fields.STATUS).toBe('1 mailbox, none failing');
    expect(await output(/database reached/)).toMatch(
      /"failures":\d+,"waitedMs":\d+,"msg":"database reached"/,
    );
  });

  it('gives signs of life at the pace that is asked for, from READY on', async () => {
    const socket = await listen();
    await start([good], { env: { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '2000000' } });
    const ready = await socket.next('READY', isReady);
    await until(() => pingsIn(socket).length >= 6, 'six signs of life');
    const times = [ready.at, ...pingsIn(socket).map(({ at }) => at)];
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    // Half of it is asked for; the whole of it is the end, also on a machine that is busy.
    expect(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length).toBeLessThan(1_000);
    expect(Math.max(...gaps)).toBeLessThan(2_000);
    expect(Math.min(...gaps)).toBeGreaterThan(100);
  });

  it('gives none where another process is meant', async () => {
    const socket = await listen();
    const env = { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '500000', WATCHDOG_PID: '1' };
    const { output } = await start([good], { env });
    await socket.next('READY', isReady);
    await sleep(1_500);
    await output(/"msg":"polling"/);
    expect(pingsIn(socket)).toEqual([]);
  });

  it('gives signs of life while a server hangs and while the database does, which polls get over', async () => {
    const socket = await listen();
    const { port } = await silentServer();
    const short = { poll_timeout: '500ms' };
    const sections = [
      mailboxSection('stuck@example.com', { name: 'stuck', ...short }),
      mailboxSection('silent@example.com', { name: 'silent', imap: { port }, ...short }),
    ];
    const env = { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '1000000' };
    // Failing is what is looked at here, however long it lasts.
    await start(sections, { env, config: { unhealthy: { polls: 1_000 } } });
    await socket.next('READY', isReady);
    await until(() => pingsIn(socket).length >= 5, 'signs of life in spite of the silent server');

    // A lock that no statement gets over: each waits in the database.
    const lock = await holdUp('mailboxes', 'access exclusive');
    await socket.next('that polls take too long', ({ STATUS = '' }) =>
      STATUS.includes('2 beyond poll_timeout'),
    );
    const before = pingsIn(socket).length;
    // Polls are cut off and begin anew, with the lock still there.
    await socket.next('that they failed', ({ STATUS = '' }) => STATUS.includes('2 failing'));
    await until(() => pingsIn(socket).length >= before + 3, 'signs of life in spite of the lock');
    await lock.release();
    await socket.next('that it goes on', ({ STATUS = '' }) => STATUS.includes('1 failing: silent'));
  });

  it('gives none while it is stopped, and goes on where it was', async () => {
    const socket = await listen();
    const env = { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '1000000' };
    const { child } = await start([good], { env });
    await socket.next('READY', isReady);
    await until(() => pingsIn(socket).length >= 3, 'signs of life');
    child.kill('SIGSTOP');
    // What it had begun to say may still arrive.
    await sleep(500);
    const before = pingsIn(socket).length;
    await sleep(2_500);
    expect(pingsIn(socket)).toHaveLength(before);
    child.kill('SIGCONT');
    await until(() => pingsIn(socket).length >= before + 3, 'signs of life once it goes on');
  });

  it('is READY in spite of a poll that is stuck from the start, and says which', async () => {
    const socket = await listen();
    const lock = await holdUp('mailboxes', 'access exclusive');
    const stuck = mailboxSection('stuck-first@example.com', { name: 'first', poll_timeout: '500ms' });
    await start([stuck], { env: { NOTIFY_SOCKET: socket.path } });
    const ready = await socket.next('READY', isReady);
    expect(ready.fields.STATUS).toBe('1 mailbox, 1 beyond poll_timeout: first, 1 not polled yet: first');
    expect(await lock.waiting()).toBe(true);
  });

  it('says RELOADING and READY around a reload, and that one was refused', async () => {
    const socket = await listen();
    const { child, file } = await start([good], { env: { NOTIFY_SOCKET: socket.path } });
    await socket.next('READY', isReady);
    const seen = socket.heard.length;
    const turnsIn = () =>
      socket.heard
        .slice(seen)
        .flatMap(({ fields }) => [fields.RELOADING && 'RELOADING', fields.READY && 'READY'])
        .filter(Boolean);
    await rewrite(file, [good, mailboxSection('second@example.com', { name: 'second' })]);
    child.kill('SIGHUP');
    const begun = await socket.next('RELOADING', ({ RELOADING }) => RELOADING === '1');
    expect(begun.fields).toMatchObject({ MONOTONIC_USEC: expect.stringMatching(/^\d{6,}$/) });
    await socket.next('the second mailbox', ({ STATUS }) => STATUS === '2 mailboxes, none failing');
    expect(turnsIn()).toEqual(['RELOADING', 'READY']);

    await rewrite(file, [{ ...good, polltimeout: '1s' }]);
    child.kill('SIGHUP');
    const refused = await socket.next('the refusal', ({ STATUS = '' }) => STATUS.includes('refused'));
    expect(refused.fields.STATUS).toMatch(
      /^2 mailboxes, none failing; reload refused at \d\d:\d\d UTC, the log says why$/,
    );
    expect(turnsIn()).toEqual(['RELOADING', 'READY', 'RELOADING', 'READY']);
    expect(statusesIn(socket)).toContain('loading the configuration anew');

    await rewrite(file, [good]);
    child.kill('SIGHUP');
    await until(() => statusesIn(socket).at(-1) === '1 mailbox, none failing', 'that all is well again');
  });
});

describe('a systemd-notify that is not as it should be', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  /** A folder for PATH with a systemd-notify of the test's own, or without one. */
  async function pathWith(script?: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'mailcase-path-'));
    folders.push(folder);
    if (script === undefined) return folder;
    await writeFile(join(folder, 'systemd-notify'), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, 'systemd-notify'), 0o755);
    return folder;
  }

  it.each([
    ['missing', undefined, 'ENOENT'],
    ['failing', 'exit 1', 'Command failed'],
  ])('is said once where it is %s, and mail is recorded all the same', async (name, script, reason) => {
    const user = `notify-${name}@example.com`;
    const path = await pathWith(script);
    const env = { PATH: path, NOTIFY_SOCKET: '/nowhere/notify', WATCHDOG_USEC: '400000' };
    const { child, output, finished } = await start([mailboxSection(user, { name })], { env });
    await output(/systemd could not be told/);
    await deliver(inject('dovecot'), user, [messageFor(user, 'All the same')]);
    await output(/"recorded":1/);
    child.kill('SIGTERM');
    const { code, stdout } = await finished;
    expect(code).toBe(0);
    const complaints = stdout.split('\n').filter((line) => line.includes('systemd could not be told'));
    expect(complaints).toEqual([expect.stringContaining(reason)]);
    expect(await subjectsOf(database, name)).toEqual([{ subject: 'All the same', marked: true }]);
  });

  it('does not hold up the daemon where it hangs, nor its end', async () => {
    const user = 'notify-hangs@example.com';
    const path = await pathWith('exec /bin/sleep 30');
    const env = { PATH: path, NOTIFY_SOCKET: '/nowhere/notify', WATCHDOG_USEC: '400000' };
    const { child, output, finished } = await start([mailboxSection(user, { name: 'hangs' })], { env });
    await output(/"msg":"polling"/);
    await deliver(inject('dovecot'), user, [messageFor(user, 'Meanwhile')]);
    await output(/"recorded":1/);
    const before = performance.now();
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 0 });
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  it('is not started where no service manager asks, and once where one does', async () => {
    const log = join(await mkdtemp(join(tmpdir(), 'mailcase-calls-')), 'calls');
    folders.push(join(log, '..'));
    const path = await pathWith(`echo "$*" >> ${log}`);
    const without = await start([good], { env: { PATH: path, NOTIFY_SOCKET: '', WATCHDOG_USEC: '400000' } });
    await without.output(/"msg":"polling"/);
    await sleep(1_500);
    without.child.kill('SIGTERM');
    expect(await without.finished).toMatchObject({ code: 0 });
    await expect(readFile(log, 'utf8')).rejects.toThrow('ENOENT');

    await start([good], { env: { PATH: path, NOTIFY_SOCKET: '/nowhere/notify' } });
    await until(async () => (await readFile(log, 'utf8').catch(() => '')).includes('READY=1'), 'a call');
  });
});
