import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, it } from 'vitest';
import type { Report } from '../../src/alert/report.ts';
import { messageFor as message, TAKEN, until, useDaemons } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { deliver } from '../support/deliver.ts';
import { mail } from '../support/mail.ts';
import { mailboxSection, runMailcase } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';
import { startWebhook } from '../support/webhook.ts';

const database = useDatabase();
const { configFile, rewrite, start: startDaemon, undo } = useDaemons(database);

/** Longer than two looks of the daemon, in milliseconds. */
const QUIET_MS = 5_000;

/** A program that keeps each alarm that it gets, a line each. */
async function pager(
  before = '',
): Promise<{ command: string[]; got(): Promise<Report[]>; states(): Promise<string[]> }> {
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-pager-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const [file, out] = [join(folder, 'page-me'), join(folder, 'got')];
  await writeFile(out, '');
  await writeFile(file, `#!/bin/sh\n${before}\ncat >> ${out}\n`);
  await chmod(file, 0o755);
  const got = async () =>
    (await readFile(out, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Report);
  const states = async () =>
    (await got()).map(({ mailbox, condition, state }) => `${mailbox} ${condition} ${state}`);
  return { command: [file], got, states };
}

async function stop({ child, finished }: Awaited<ReturnType<typeof startDaemon>>): Promise<void> {
  child.kill('SIGTERM');
  expect(await finished).toMatchObject({ code: 0 });
}

describe('alarms', () => {
  it('tell of a rejected login at once and once, not again after a restart nor by a second daemon, and of its end', async () => {
    const user = 'alert-login@example.com';
    const { command, got, states } = await pager();
    const wrong = mailboxSection(user, { name: 'login', imap: { password: 'wrong-p4ssword' } });
    const config = { alert: { command }, backoff: { first: '500ms', longest: '500ms' } };
    const first = await startDaemon([wrong], { config });
    const second = await startDaemon([wrong], { config });
    await Promise.race([first, second].map(({ output }) => output(/an alarm went out/)));
    await sleep(QUIET_MS);
    expect(await states()).toEqual(['login credentials alarm']);
    const [alarm] = await got();
    expect(alarm?.text).toMatch(/^mailcase: mailbox login cannot log in \(since .* UTC\): /);
    expect(JSON.stringify(alarm)).not.toContain('wrong-p4ssword');
    await stop(first);
    await stop(second);

    const third = await startDaemon([wrong], { config });
    await third.output(/poll failed/);
    await sleep(QUIET_MS);
    expect(await states()).toEqual(['login credentials alarm']);

    await rewrite(third.file, [mailboxSection(user, { name: 'login' })], config);
    third.child.kill('SIGHUP');
    await third.output(new RegExp(TAKEN));
    await third.output(/"alarm":"all_clear".*an alarm went out/);
    await sleep(QUIET_MS);
    expect(await states()).toEqual(['login credentials alarm', 'login credentials all_clear']);
    await stop(third);
  });

  it('tell of mail in quarantine with how many are new, and when none is left', async () => {
    const user = 'alert-quarantine@example.com';
    const { command, got, states } = await pager();
    await rows(
      database.db,
      `alter table interactions add constraint no_sofas check (subject is null or subject not like '%sofa%')`,
    );
    undo.push(() => rows(database.db, 'alter table interactions drop constraint if exists no_sofas'));
    await deliver(inject('dovecot'), user, [
      message(user, 'A sofa'),
      message(user, 'Another sofa'),
      message(user, 'A lamp'),
    ]);
    const daemon = await startDaemon([mailboxSection(user, { name: 'sofas' })], {
      config: { alert: { command } },
    });
    await daemon.output(/an alarm went out/);
    expect((await got())[0]).toMatchObject({
      ...{ mailbox: 'sofas', condition: 'quarantine', state: 'alarm' },
      why: '2 mails wait in the quarantine, all of them new',
    });
    const dropped = await runMailcase(['quarantine', 'drop', '--config', daemon.file, '1', '2']);
    expect(dropped).toMatchObject({ code: 0 });
    await daemon.output(/"alarm":"all_clear".*an alarm went out/);
    expect(await states()).toEqual(['sofas quarantine alarm', 'sofas quarantine all_clear']);
    await stop(daemon);
  });

  it("tell of own mail's header fields that are not applied, never of a stranger's, and when they are applied again", async () => {
    const user = 'alert-headers@own.example';
    const { command, got, states } = await pager();
    const withHeaders = (from: string, subject: string, more = {}) =>
      mail({ From: from, To: user, Subject: subject, 'X-Desk-Case-Status': 'closed', ...more });
    const server = inject('dovecot');
    await deliver(server, user, [withHeaders('mallory@stranger.example', 'Not ours')]);
    const trust = { secret: { header: 'x-our-secret', value: 'a-secret-of-sixteen-or-more' } };
    const section = mailboxSection(user, { name: 'headers', own: ['own.example'], trust });
    const daemon = await startDaemon([section], { config: { alert: { command } } });
    await daemon.output(/"recorded":1/);
    await sleep(QUIET_MS);
    expect(await states()).toEqual([]);

    await deliver(server, user, [withHeaders('Shop <Shop@own.example>', 'Ours')]);
    await daemon.output(/an alarm went out/);
    expect((await got())[0]).toMatchObject({
      ...{ condition: 'headers_not_applied', state: 'alarm' },
      why: 'x-headers of own mail are not applied: 1 mail from shop@own.example (the mail has no x-our-secret)',
    });

    await deliver(server, user, [
      withHeaders('shop@own.example', 'Ours', { 'X-Our-Secret': trust.secret.value }),
    ]);
    await daemon.output(/"alarm":"all_clear".*an alarm went out/);
    expect(await states()).toEqual([
      'headers headers_not_applied alarm',
      'headers headers_not_applied all_clear',
    ]);
    await stop(daemon);
  });

  it('go on without the database, and are not told once more when it is back', async () => {
    const user = 'alert-database@example.com';
    const { command, states } = await pager();
    const proxy = await startDatabaseProxy(database.url);
    undo.push(() => proxy.close());
    await proxy.open();
    const config = { alert: { command }, database: { url: proxy.url }, unhealthy: { polls: 2, after: '2s' } };
    const daemon = await startDaemon([mailboxSection(user, { name: 'outage' })], { config });
    await daemon.output(/poll done|polling/);
    await until(
      async () =>
        (
          await rows(
            database.db,
            `select 1 from mailboxes where name = 'outage' and last_polled_at is not null`,
          )
        ).length > 0,
      'a good poll',
    );
    await proxy.close();
    await daemon.output(/an alarm went out/);
    expect(await states()).toEqual(['outage stale alarm']);
    await proxy.open();
    await daemon.output(/"alarm":"all_clear".*an alarm went out/);
    await sleep(QUIET_MS);
    expect(await states()).toEqual(['outage stale alarm', 'outage stale all_clear']);
    expect(
      await rows(
        database.db,
        `select is_told, since from alerts where mailbox = 'outage' and condition = 'stale'`,
      ),
    ).toEqual([{ is_told: false, since: null }]);
    await stop(daemon);
  });

  it('tell of a database that is not there at the start', async () => {
    const { command, states } = await pager();
    const proxy = await startDatabaseProxy(database.url);
    undo.push(() => proxy.close());
    const config = { alert: { command }, database: { url: proxy.url }, unhealthy: { polls: 2, after: '2s' } };
    const daemon = await startDaemon([mailboxSection('alert-start@example.com', { name: 'start' })], {
      config,
    });
    await daemon.output(/an alarm went out/);
    expect(await states()).toEqual(['start stale alarm']);
    await proxy.open();
    await daemon.output(/"alarm":"all_clear".*an alarm went out/);
    expect(await states()).toEqual(['start stale alarm', 'start stale all_clear']);
    await stop(daemon);
  });

  it('of a command that hangs hold up neither polls nor the stop', async () => {
    const user = 'alert-hangs@example.com';
    const { command } = await pager('exec sleep 600');
    const other = 'alert-other@example.com';
    const wrong = mailboxSection(user, { name: 'hangs', imap: { password: 'wrong' } });
    const daemon = await startDaemon([wrong, mailboxSection(other, { name: 'goes-on' })], {
      config: { alert: { command, timeout: '5m' } },
    });
    await until(
      async () =>
        (await rows(database.db, `select 1 from alerts where mailbox = 'hangs' and claims > 0`)).length > 0,
      'the command is started',
    );
    await deliver(inject('dovecot'), other, [message(other, 'Meanwhile')]);
    await daemon.output(/"mailbox":"goes-on".*"recorded":1/);
    const before = performance.now();
    await stop(daemon);
    expect(performance.now() - before).toBeLessThan(10_000);
    // The next start sends it at once.
    expect(
      await rows(
        database.db,
        `select not_before, failures, is_told from alerts where mailbox = 'hangs' and condition = 'credentials'`,
      ),
    ).toEqual([{ not_before: null, failures: 0, is_told: false }]);
  });

  it('by a webhook that fails are tried again, and its URL is in no log', async () => {
    const { origin, received, close } = await startWebhook((request, response, count) =>
      response.writeHead(count < 2 ? 503 : 200).end(`no ${request.url}`),
    );
    undo.push(close);
    const webhook = `${origin}/services/T00/s3cr3t-path`;
    const wrong = mailboxSection('alert-hook@example.com', { name: 'hook', imap: { password: 'wrong' } });
    const daemon = await startDaemon([wrong], { config: { alert: { webhook } } });
    await daemon.output(
      /"outcome":"it answered 503 Service Unavailable".*"failures":1.*an alarm could not be sent/,
    );
    const all = await daemon.output(/an alarm went out/);
    expect(all).not.toContain('s3cr3t-path');
    expect(received).toHaveLength(2);
    expect(JSON.parse(received[1]?.body ?? '')).toMatchObject({
      mailbox: 'hook',
      condition: 'credentials',
      state: 'alarm',
    });
    await stop(daemon);
  }, 60_000);

  it('forget a mailbox that is taken out of the configuration, without an all-clear', async () => {
    const { command, states } = await pager();
    const wrong = mailboxSection('alert-gone@example.com', { name: 'gone', imap: { password: 'wrong' } });
    const stays = mailboxSection('alert-stays@example.com', { name: 'stays' });
    const config = { alert: { command } };
    const daemon = await startDaemon([wrong, stays], { config });
    await daemon.output(/an alarm went out/);
    await rewrite(daemon.file, [stays], config);
    daemon.child.kill('SIGHUP');
    await daemon.output(new RegExp(TAKEN));
    await sleep(QUIET_MS);
    expect(await states()).toEqual(['gone credentials alarm']);
    expect(await rows(database.db, `select 1 from alerts where mailbox = 'gone'`)).toEqual([]);
    await stop(daemon);
  });
});

describe('mailcase alert-test', () => {
  it('sends one, says what came back, and ends with 1 where it was not taken', async () => {
    const good = await pager('echo on my way');
    const file = await configFile([mailboxSection('x@example.com')], { alert: { command: good.command } });
    expect(await runMailcase(['alert-test', '--config', file])).toMatchObject({
      ...{ code: 0, stderr: '' },
      stdout: `the test alarm was taken by the command ${good.command[0]}: it ended with exit code 0\n  on my way\n`,
    });
    expect(await good.got()).toMatchObject([{ state: 'test', mailbox: null, condition: null }]);
    const bad = await configFile([mailboxSection('x@example.com')], {
      alert: { command: '/nowhere/page-me' },
    });
    expect(await runMailcase(['alert-test', '--config', bad])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /was not taken by the command \/nowhere\/page-me: it could not be started/,
      ),
    });
    const none = await configFile([mailboxSection('x@example.com')]);
    expect(await runMailcase(['alert-test', '--config', none])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has no `alert`'),
    });
  });
});

describe('mailcase check', () => {
  it('says where alarms go, and that the program is not there', async () => {
    const { command } = await pager();
    const check = async (alert: unknown) => {
      const file = await configFile([mailboxSection('alert-check@example.com')], { alert });
      return (await runMailcase(['check', '--config', file])).stdout;
    };
    expect(await check({ command, on: ['stale'], repeat: '1h' })).toContain(
      `alarms (stale) go to the command ${command[0]}, once, and again every 1h`,
    );
    expect(await check({ webhook: 'https://hooks.example/T0/s3cret' })).toMatch(
      /alarms \(stale, credentials, quarantine, headers_not_applied\) go to the webhook at hooks\.example,\s+once, and again every 6h/,
    );
    expect(await check({ command: '/nowhere/page-me' })).toContain(
      'alarms cannot go out: /nowhere/page-me is not there',
    );
  });
});
