import { describe, expect, it } from 'vitest';
import { ConfigProblems } from '../../src/config/problems.ts';
import type { AlertConfig } from '../../src/config/schema.ts';
import { mailboxSection, writeConfig } from '../support/mailcase.ts';

async function load(alert: unknown): Promise<{ alert: AlertConfig | undefined; secrets: readonly string[] }> {
  const written = await writeConfig({
    database: { url: 'postgres://unused@localhost/unused' },
    alert,
    mailboxes: [mailboxSection('support@example.com')],
  });
  try {
    const { config, secrets } = await written.load();
    return { alert: config.alert, secrets };
  } finally {
    await written.remove();
  }
}

async function problemsOf(alert: unknown): Promise<string[]> {
  try {
    await load(alert);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const command = '/usr/local/bin/page-me';

describe('alert', () => {
  it.each([
    [command, [command]],
    [` ${command}  --to night `, [command, '--to', 'night']],
    [
      [command, '--to', 'night shift', '$(id)'],
      [command, '--to', 'night shift', '$(id)'],
    ],
  ])('reads the command %j', async (written, words) => {
    expect((await load({ command: written })).alert).toEqual({
      ...{ command: words, repeat: 6 * 3_600_000, timeout: 30_000 },
      on: new Set(['stale', 'credentials', 'quarantine', 'headers_not_applied']),
    });
  });

  it('reads a webhook, whose URL and headers are secrets', async () => {
    const url = 'https://hooks.example/T0/s3cret';
    expect((await load({ webhook: url })).alert?.webhook).toEqual({ url });
    const full = { url, headers: { Authorization: 'Bearer t0ken' } };
    const { alert, secrets } = await load({ webhook: full, on: ['stale'], repeat: 'never', timeout: '5s' });
    expect(alert).toEqual({ webhook: full, on: new Set(['stale']), repeat: 'never', timeout: 5_000 });
    expect(secrets).toEqual(expect.arrayContaining([url, 'Bearer t0ken']));
  });

  it.each(['http://127.0.0.1:9000/x', 'http://localhost/x', 'http://[::1]:9000/x'])(
    'takes %s, which stays on this machine',
    async (webhook) => {
      expect(await problemsOf({ webhook })).toEqual([]);
    },
  );

  it.each([
    [{}, /^alert: needs `command` or `webhook`$/],
    [{ command, webhook: 'https://hooks.example/x' }, /^alert: `command` and `webhook` exclude each other$/],
    [{ command: 'page-me' }, /^alert\.command.*: not the whole path of a program/],
    [{ command: ['page-me', 'x'] }, /^alert\.command\[0\]: not the whole path of a program/],
    [
      { command: `${command} "night shift"` },
      /^alert\.command: has a sign that would mean something to a shell/,
    ],
    [{ command: `${command} | logger` }, /^alert\.command: has a sign that would mean something to a shell/],
    [{ webhook: 'http://hooks.example/x' }, /^alert\.webhook.*: goes over the network without TLS$/],
    [{ webhook: 'ftp://hooks.example/x' }, /^alert\.webhook.*: not a URL that can be posted to$/],
    [{ webhook: 'https://a:b@hooks.example/x' }, /^alert\.webhook.*: has a user or a password in it$/],
    [
      { webhook: { url: 'https://hooks.example/x', headers: { Host: 'x' } } },
      /^alert\.webhook\.headers.*: not a header field that can be given$/,
    ],
    [
      { webhook: { url: 'https://hooks.example/x', headers: { 'X-A': 'a\r\nB: c' } } },
      /^alert\.webhook\.headers.*: has a line end in it$/,
    ],
    [{ command, on: ['stale', 'hungry'] }, /^alert\.on\[1\]: /],
    [{ command, on: [] }, /^alert\.on: /],
    [{ command, repeat: '5s' }, /^alert\.repeat: must be from 1m to 31d, or never/],
    [{ command, repeat: 'often' }, /^alert\.repeat: neither a duration nor `never`/],
    [{ command, timeout: '1h' }, /^alert\.timeout: must be at most 5m/],
  ])('refuses %j', async (alert, problem) => {
    const problems = await problemsOf(alert);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
    expect(problems.join()).not.toContain('hooks.example');
  });
});
