import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { environmentOf } from '../../src/alert/command.ts';
import { deliver, targetText } from '../../src/alert/delivery.ts';
import { reportOf, testReport } from '../../src/alert/report.ts';
import type { AlertConfig } from '../../src/config/schema.ts';
import { startWebhook } from '../support/webhook.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

const REPORT = reportOf(
  {
    mailbox: 'support',
    condition: 'stale',
    since: Date.parse('2026-11-28T11:00:00Z'),
    why: '$(touch /tmp/x) <!channel>\nnext',
  },
  'alarm',
  new Date('2026-11-28T12:00:00Z'),
  (text) => text,
);

function config(more: Partial<AlertConfig>): AlertConfig {
  return { command: undefined, webhook: undefined, on: new Set(), repeat: 'never', timeout: 5_000, ...more };
}

async function script(text: string): Promise<{ file: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-alert-'));
  undo.push(() => rm(folder, { recursive: true }));
  const file = join(folder, 'page-me');
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return { file, folder };
}

const never = new AbortController().signal;

describe('a command', () => {
  it('gets the alarm as JSON and as variables, its words as they are, and nothing else of our environment', async () => {
    const { file, folder } = await script(
      'cat > "$1/in"; env > "$1/env"; printf "%s|" "$@" > "$1/args"; echo ok',
    );
    process.env.ALERT_TEST_SECRET = 'hunter2';
    process.env.NOTIFY_SOCKET = '/run/x';
    undo.push(async () => {
      delete process.env.ALERT_TEST_SECRET;
      delete process.env.NOTIFY_SOCKET;
    });
    const args = [folder, 'two words', '$(id)', ''];
    expect(await deliver(config({ command: [file, ...args] }), REPORT, never)).toEqual({
      ...{ hasArrived: true, isCut: false, outcome: 'it ended with exit code 0', answer: 'ok\n' },
    });
    expect(JSON.parse(await readFile(join(folder, 'in'), 'utf8'))).toEqual(REPORT);
    expect(await readFile(join(folder, 'args'), 'utf8')).toBe(`${folder}|two words|$(id)||`);
    const env = await readFile(join(folder, 'env'), 'utf8');
    expect(env).toContain('MAILCASE_ALERT_STATE=alarm\n');
    expect(env).toContain('MAILCASE_ALERT_MAILBOX=support\n');
    expect(env).toContain('MAILCASE_ALERT_CONDITION=stale\n');
    expect(env).toContain('MAILCASE_ALERT_SINCE=2026-11-28T11:00:00.000Z\n');
    expect(env).toMatch(
      /MAILCASE_ALERT_TEXT=mailcase: mailbox support .*\$\(touch \/tmp\/x\) ‹!channel› next/,
    );
    expect(env).not.toMatch(/hunter2|NOTIFY_SOCKET/);
  });

  it.each([
    ['exit 3', 'it ended with exit code 3'],
    ['kill -9 $$', 'it was ended by SIGKILL'],
  ])('that does `%s` has not taken it', async (text, outcome) => {
    const { file } = await script(`echo broken >&2; ${text}`);
    expect(await deliver(config({ command: [file] }), REPORT, never)).toMatchObject({
      ...{ hasArrived: false, isCut: false, outcome, answer: 'broken\n' },
    });
  });

  it('that reads nothing and writes much is no trouble', async () => {
    const { file } = await script('exec 0<&-; head -c 3000000 /dev/zero | tr "\\0" x');
    const { hasArrived, answer } = await deliver(config({ command: [file] }), REPORT, never);
    expect(hasArrived).toBe(true);
    expect(answer).toHaveLength(2_000);
  });

  it('that is not there, or cannot be executed, is said to be so', async () => {
    const { file } = await script('exit 0');
    await chmod(file, 0o644);
    const results = [await deliver(config({ command: ['/nowhere/page-me'] }), REPORT, never)];
    results.push(await deliver(config({ command: [file] }), REPORT, never));
    expect(results[0]?.outcome).toMatch(/could not be started: .*ENOENT/);
    expect(results[1]?.outcome).toMatch(/could not be started: .*EACCES/);
  });

  it('that hangs is ended at its time, with what it has started, though that ignores SIGTERM', async () => {
    const { file, folder } = await script(
      `trap "" TERM; (trap "" TERM; sleep 60) & echo $! > ${'"$1/pid"'}; wait; sleep 60`,
    );
    const before = performance.now();
    const delivery = await deliver(config({ command: [file, folder], timeout: 300 }), REPORT, never);
    expect(delivery).toMatchObject({
      hasArrived: false,
      outcome: 'it did not end within 300 ms and was ended',
    });
    expect(performance.now() - before).toBeLessThan(8_000);
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
    await sleep(300);
    expect(isAlive(pid)).toBe(false);
  });

  it('that leaves something behind which holds its output is not waited for', async () => {
    const { file, folder } = await script('sleep 30 & echo $! > "$1/pid"; exit 0');
    const before = performance.now();
    expect((await deliver(config({ command: [file, folder] }), REPORT, never)).hasArrived).toBe(true);
    expect(performance.now() - before).toBeLessThan(4_000);
    process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 'SIGKILL');
  });

  it('is ended by a stop', async () => {
    const { file } = await script('exec sleep 60');
    const cutting = new AbortController();
    const work = deliver(config({ command: [file] }), REPORT, cutting.signal);
    await sleep(300);
    cutting.abort();
    expect(await work).toMatchObject({ hasArrived: false, isCut: true });
  });

  it('hands on only what it needs', () => {
    const env = environmentOf(testReport(new Date(0)), {
      PATH: '/bin',
      SUPPORT_PASSWORD: 'x',
      WATCHDOG_USEC: '1',
    });
    expect(Object.keys(env).filter((name) => !name.startsWith('MAILCASE_ALERT_'))).toEqual(['PATH']);
    expect(env).toMatchObject({ MAILCASE_ALERT_STATE: 'test', MAILCASE_ALERT_MAILBOX: '' });
  });
});

describe('a webhook', () => {
  async function hook(answer: Parameters<typeof startWebhook>[0]) {
    const { origin, received, close } = await startWebhook(answer);
    undo.push(close);
    return { url: `${origin}/services/T0/B0/s3cret?k=v4lue`, received };
  }

  it('gets the alarm as JSON, with a text for chat services and the headers that are given', async () => {
    const { url, received } = await hook((_, response) => response.end('ok'));
    const webhook = { url, headers: { Authorization: 'Bearer t' } };
    expect(await deliver(config({ webhook }), REPORT, never)).toEqual({
      ...{ hasArrived: true, isCut: false, outcome: 'it answered 200 OK', answer: 'ok' },
    });
    expect(received).toHaveLength(1);
    expect(received[0]?.headers).toMatchObject({
      ...{ authorization: 'Bearer t', 'content-type': 'application/json; charset=utf-8' },
    });
    expect(received[0]?.url).toBe('/services/T0/B0/s3cret?k=v4lue');
    expect(JSON.parse(received[0]?.body ?? '')).toEqual(REPORT);
    expect(targetText({ webhook })).toMatch(/^the webhook at 127\.0\.0\.1:\d+$/);
  });

  it.each([
    [404, 'it answered 404 Not Found'],
    [500, 'it answered 500 Internal Server Error'],
    [302, 'it answered 302 Found, a redirection, which is not followed'],
  ])('that answers %i has not taken it, and its answer gives no secret away', async (status, outcome) => {
    const { url, received } = await hook((request, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end(`Cannot POST ${request.url}`);
    });
    expect(await deliver(config({ webhook: { url } }), REPORT, never)).toEqual({
      ...{ hasArrived: false, isCut: false, outcome, answer: 'Cannot POST [secret]' },
    });
    expect(received).toHaveLength(1);
  });

  it('that never answers is given up at its time, and cut by a stop', async () => {
    const { url } = await hook(() => {});
    expect(await deliver(config({ webhook: { url }, timeout: 200 }), REPORT, never)).toMatchObject({
      ...{ hasArrived: false, outcome: 'it was not reached: no answer within 200 ms' },
    });
    const cutting = new AbortController();
    const work = deliver(config({ webhook: { url } }), REPORT, cutting.signal);
    await sleep(100);
    cutting.abort();
    expect(await work).toMatchObject({ hasArrived: false, isCut: true });
  });

  it('whose answer goes on without an end is taken by its status', async () => {
    const { url } = await hook((_, response) => {
      response.writeHead(200);
      response.write('x'.repeat(100_000));
    });
    expect(await deliver(config({ webhook: { url }, timeout: 2_000 }), REPORT, never)).toMatchObject({
      hasArrived: true,
    });
  });

  it('that is not there is said to be so, without its path', async () => {
    const webhook = { url: 'http://127.0.0.1:1/services/s3cret' };
    const { outcome, hasArrived } = await deliver(config({ webhook }), REPORT, never);
    expect(hasArrived).toBe(false);
    expect(outcome).not.toContain('s3cret');
  });
});

/** Whether it runs: what was killed may stay as a row of the process table, where nobody asks for its end. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}
