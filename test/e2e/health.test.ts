import { describe, expect, inject, it } from 'vitest';
import { until, useDaemons } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { mail } from '../support/mail.ts';
import { mailboxSection, runMailcase } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';
import { startScriptedImap } from '../support/scripted-imap.ts';

/* A mailbox that cannot be polled: how long it rests by the kind of its error, and who says that it is unhealthy. */

const database = useDatabase();
const { undo, start, rewrite, configFile } = useDaemons(database);
const server = inject('dovecot');

const BACKOFF = { first: '100ms', longest: '200ms', credentials: '1h', throttled: '1s' };
const SOON = { polls: 2, after: '1h' };
const NEVER = { polls: 1000, after: '31d' };

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly time: string;
  readonly kind?: string;
  readonly why?: string;
  readonly cure?: string;
  readonly failures?: number;
  readonly restMs?: number;
  readonly since?: string;
  readonly err?: { readonly code?: string; readonly message?: string; readonly cure?: string };
}

const linesOf = (output: string): Line[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line);

const said = (output: string, msg: string) => linesOf(output).filter((line) => line.msg === msg);

async function mailFor(user: string): Promise<void> {
  await deliver(server, user, [mail({ From: 'joe@customer.example', To: user, Subject: 'Lamp' })]);
}

const mailbox = async (name: string) =>
  (
    await rows<{
      failures: number;
      error_kind: string | null;
      is_failing: boolean;
      last_error: string | null;
      lease_holder: string | null;
    }>(
      database.db,
      `select failures, error_kind, failing_since is not null as is_failing, last_error, lease_holder
       from mailboxes where name = ?`,
      [name],
    )
  )[0];

const recordedIn = async (name: string) =>
  (
    await rows(
      database.db,
      `select 1 from receipts r join folders f on f.id = r.folder_id join mailboxes m on m.id = f.mailbox_id
       where m.name = ? and r.processed_at is not null`,
      [name],
    )
  ).length;

describe('a rejected login', () => {
  it('is tried once and rests long; a reload with the right one polls at once, and the end is said', async () => {
    const user = 'health-password@example.com';
    await mailFor(user);
    const wrong = mailboxSection(user, { name: 'password', imap: { password: 'canary-wrong' } });
    const more = { backoff: BACKOFF, unhealthy: { polls: 1, after: '1h' } };
    const { child, output, finished, file } = await start([wrong], { config: more });
    await output(/"msg":"the mailbox is unhealthy"/);
    // The schedule is of each second: who hammers would have been here again.
    await until(async () => (await mailbox('password'))?.failures === 1, 'the failure is noted');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await mailbox('password')).toMatchObject({
      ...{ failures: 1, error_kind: 'credentials', is_failing: true },
      last_error: expect.stringContaining('refused the login'),
      // Another daemon may have the right one.
      lease_holder: null,
    });

    const check = await runMailcase(['check', '--json', '--config', file]);
    const { findings } = JSON.parse(check.stdout) as { findings: { code: string; level: string }[] };
    expect(check.code).toBe(1);
    for (const code of ['mailbox_unhealthy', 'login_refused'])
      expect(findings).toContainEqual(expect.objectContaining({ code, level: 'problem' }));

    await rewrite(file, [mailboxSection(user, { name: 'password' })], more);
    child.kill('SIGHUP');
    await output(/"msg":"the mailbox is well again"/);
    await until(async () => (await recordedIn('password')) === 1, 'the mail is recorded');
    expect(await mailbox('password')).toMatchObject({ failures: 0, error_kind: null, last_error: null });
    child.kill('SIGTERM');
    const { stdout } = await finished;
    expect(said(stdout, 'poll failed')).toEqual([
      expect.objectContaining({
        restMs: expect.any(Number),
        err: expect.objectContaining({
          code: 'imap_credentials',
          cure: expect.stringContaining('imap.password'),
        }),
      }),
    ]);
    expect(said(stdout, 'poll failed')[0]?.restMs).toBeGreaterThanOrEqual(3_600_000);
    expect(said(stdout, 'the mailbox is unhealthy')).toEqual([
      expect.objectContaining({
        ...{ level: 'error', kind: 'credentials', failures: 1, since: expect.any(String) },
        why: expect.stringContaining('refused the login'),
        cure: expect.stringContaining('imap.password'),
      }),
    ]);
    expect(said(stdout, 'the mailbox is well again')).toEqual([
      expect.objectContaining({ level: 'info', failures: 1, since: expect.any(String) }),
    ]);
    expect(stdout).not.toContain('canary');
  });
});

describe('being throttled', () => {
  it('is waited out as long as the server says, with the lease kept, and is no failed login', async () => {
    const user = 'health-throttled@example.com';
    await mailFor(user);
    const proxy = await startScriptedImap(server, {
      on: [
        {
          command: /^UID SEARCH/,
          times: 1,
          act: { reply: 'BAD Request is throttled. Suggested Backoff Time: 3000 milliseconds' },
        },
      ],
    });
    undo.push(proxy.close);
    const section = mailboxSection(user, {
      name: 'throttled',
      imap: { host: proxy.host, port: proxy.imapPort, provider: 'exchange' },
    });
    const { child, output, finished } = await start([section], {
      config: { backoff: BACKOFF, unhealthy: NEVER },
    });
    await output(/"msg":"poll failed"/);
    await until(async () => (await mailbox('throttled'))?.failures === 1, 'the failure is noted');
    expect(await mailbox('throttled')).toMatchObject({
      error_kind: 'throttled',
      // The server counts for all daemons together.
      lease_holder: expect.any(String),
    });
    await output(/"msg":"polls work again"/);
    await until(async () => (await recordedIn('throttled')) === 1, 'the mail is recorded');
    child.kill('SIGTERM');
    const { stdout } = await finished;
    const [failed, ...others] = said(stdout, 'poll failed');
    expect(others).toEqual([]);
    expect(failed).toMatchObject({ err: { code: 'imap_throttled', retryAfterMs: 3_000 } });
    expect(failed?.restMs).toBeGreaterThanOrEqual(3_000);
    const again = Date.parse(said(stdout, 'polls work again')[0]?.time ?? '');
    expect(again - Date.parse(failed?.time ?? '')).toBeGreaterThanOrEqual(2_990);
    expect(stdout).not.toContain('the mailbox is unhealthy');
    expect(proxy.said(/^(LOGIN|AUTHENTICATE)/).length).toBe(proxy.said(/^UID SEARCH/).length);
  });

  it('while all was done that was asked: the batch is recorded and marked, then it rests', async () => {
    const user = 'health-slowed@example.com';
    for (let count = 0; count < 3; count += 1) await mailFor(user);
    const proxy = await startScriptedImap(server, {
      on: [{ command: /^UID STORE/, times: 1, act: { tagged: () => 'OK Success [THROTTLED]' } }],
    });
    undo.push(proxy.close);
    const imap = { host: proxy.host, port: proxy.imapPort, provider: 'gmail' };
    const section = mailboxSection(user, { name: 'slowed', imap, batch: { messages: 1 } });
    const { child, output, finished } = await start([section], {
      config: { backoff: BACKOFF, unhealthy: NEVER },
    });
    await output(/"msg":"the server asks to slow down, so the mailbox rests"/);
    const before = await recordedIn('slowed');
    expect(before).toBeLessThan(3);
    await until(async () => (await recordedIn('slowed')) === 3, 'the rest is recorded');
    child.kill('SIGTERM');
    const { stdout } = await finished;
    expect(said(stdout, 'poll failed')).toEqual([]);
    expect(
      said(stdout, 'the server asks to slow down, so the mailbox rests')[0]?.restMs,
    ).toBeGreaterThanOrEqual(1_000);
  });

  it('ends `run --once` with its text and its cure', async () => {
    const user = 'health-once@example.com';
    const proxy = await startScriptedImap(server, {
      on: [
        {
          command: /^(LOGIN|AUTHENTICATE)/,
          act: { reply: 'NO [ALERT] Too many simultaneous connections. (Failure)' },
        },
      ],
    });
    undo.push(proxy.close);
    const imap = { host: proxy.host, port: proxy.imapPort, provider: 'gmail' };
    const file = await configFile([mailboxSection(user, { name: 'once', imap })]);
    const { code, stdout } = await runMailcase(['run', '--once', '--config', file]);
    expect(code).toBe(1);
    expect(said(stdout, 'poll failed')[0]?.err).toMatchObject({
      ...{ code: 'imap_throttled', cure: expect.stringContaining('other mail programs') },
      message: expect.stringContaining('Too many simultaneous connections'),
    });
    expect(await mailbox('once')).toMatchObject({ failures: 1, error_kind: 'throttled' });
  });
});

describe('a network that is cut', () => {
  it('is tried again soon; what fails again and again is unhealthy, over a restart too, until it is well', async () => {
    const user = 'health-network@example.com';
    await mailFor(user);
    let isAway = true;
    const proxy = await startScriptedImap(server, {
      on: [{ command: /^(LOGIN|AUTHENTICATE)/, act: () => (isAway ? { cut: true } : undefined) }],
    });
    undo.push(proxy.close);
    const imap = { host: proxy.host, port: proxy.imapPort };
    const section = mailboxSection(user, { name: 'network', imap });
    const config = { backoff: BACKOFF, unhealthy: SOON };
    const first = await start([section], { config });
    await first.output(/"msg":"the mailbox is unhealthy"/);
    await first.output(/"failures":4/);
    first.child.kill('SIGTERM');
    const before = await first.finished;
    expect(said(before.stdout, 'the mailbox is unhealthy')).toEqual([
      expect.objectContaining({ level: 'error', kind: 'network', failures: 2 }),
    ]);
    const [{ since } = {}] = said(before.stdout, 'the mailbox is unhealthy');

    const second = await start([section], { config });
    await second.output(/"msg":"the mailbox is unhealthy"/);
    isAway = false;
    await second.output(/"msg":"the mailbox is well again"/);
    await until(async () => (await recordedIn('network')) === 1, 'the mail is recorded');
    second.child.kill('SIGTERM');
    const { stdout } = await second.finished;
    const [again] = said(stdout, 'the mailbox is unhealthy');
    // The first failure here is not the first of all.
    expect(again?.failures).toBeGreaterThanOrEqual(5);
    const apart = Math.abs(Date.parse(again?.since ?? '') - Date.parse(since ?? ''));
    expect(apart).toBeLessThan(1_000);
    expect(said(stdout, 'the mailbox is well again')).toHaveLength(1);
    expect(await mailbox('network')).toMatchObject({ failures: 0, is_failing: false });
  });
});
