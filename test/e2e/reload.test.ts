import { spawn, spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it } from 'vitest';
import { messageFor, REFUSED, subjectsOf, TAKEN, until, useDaemons } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { startImapProxy } from '../support/imap-proxy.ts';
import { mailboxSection } from '../support/mailcase.ts';

const database = useDatabase();
const { start, configFile, rewrite, holdUp, undo } = useDaemons(database);

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe('mailcase run, on SIGHUP', () => {
  it('takes mailboxes that were added, leaves those that were removed, and takes the level of the log', async () => {
    const server = inject('dovecot');
    const [old, added] = ['reload-old@example.com', 'reload-added@example.com'];
    const { child, file, output, finished } = await start([mailboxSection(old, { name: 'old' })]);
    await output(/"msg":"polling"/);
    await deliver(server, old, [messageFor(old, 'Before')]);
    await output(/"mailbox":"old".*"recorded":1/);
    await rewrite(file, [mailboxSection(added, { name: 'added' })], { log: { level: 'debug' } });
    child.kill('SIGHUP');
    await output(new RegExp(TAKEN));
    await deliver(server, old, [messageFor(old, 'Nobody looks')]);
    await deliver(server, added, [messageFor(added, 'After')]);
    await output(/"mailbox":"added".*"recorded":1/);
    await output(/"level":"debug".*"mailbox":"added".*"found":0[\s\S]*"found":0/);
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.slice(0, stdout.indexOf(TAKEN))).not.toContain('"level":"debug"');
    expect(stdout.slice(stdout.indexOf(TAKEN))).not.toContain('"mailbox":"old"');
    expect(await subjectsOf(database, 'old')).toEqual([{ subject: 'Before', marked: true }]);
    expect(await subjectsOf(database, 'added')).toEqual([{ subject: 'After', marked: true }]);
  });

  it('refuses a wrong configuration with all that is wrong, without its secrets, and goes on with the old one', async () => {
    const user = 'reload-wrong@example.com';
    const section = mailboxSection(user, { name: 'wrong' });
    const { child, file, output, finished } = await start([section]);
    await output(/"msg":"polling"/);
    const trust = { secret: { header: 'x-our-secret', value: 'canary-sh' } };
    const imap = { host: '127.0.0.1', tls: 'nono', user, password: 'canary-password' };
    await rewrite(file, [{ name: 'wrong', imap, trust }], {
      database: { url: 'postgres://mailcase:canary-database@/' },
    });
    child.kill('SIGHUP');
    await output(new RegExp(REFUSED));
    await deliver(inject('dovecot'), user, [messageFor(user, 'Old one')]);
    await output(/"recorded":1/);
    // A file that is not there is refused as well.
    await rm(file);
    child.kill('SIGHUP');
    await output(new RegExp(`${REFUSED}[\\s\\S]*does not exist[\\s\\S]*${REFUSED}`));
    child.kill('SIGTERM');
    const { code, stdout } = await finished;
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /"level":"error".*"line":\d+,"option":"mailboxes\[0\]\.imap\.tls","problem":"[^"]+.*"cure":"[^"]+/,
    );
    expect(stdout).toMatch(/"option":"mailboxes\[0\]\.trust\.secret\.value","problem"/);
    expect(stdout).not.toContain('canary');
    expect(stdout).not.toContain(TAKEN);
    expect(await subjectsOf(database, 'wrong')).toEqual([{ subject: 'Old one', marked: true }]);
  });

  it('masks the new secrets, and those of the configuration before', async () => {
    const user = 'reload-secrets@example.com';
    // Dovecot's own words hold no password, so here each is in a line that the log writes: an old one is a name later.
    const old = { imap: { password: 'canary-before' } };
    const { child, file, output, finished } = await start([mailboxSection(user, old)]);
    await output(/"msg":"poll failed"/);
    const sections = [
      mailboxSection(user, { name: 'canary-before' }),
      mailboxSection(user, { name: 'canary-now', imap: { password: 'canary-now' } }),
    ];
    // A poll fails before a good one and after it: a rejected login rests for 15 minutes otherwise.
    const backoff = { first: '100ms', longest: '200ms', credentials: '1s' };
    await rewrite(file, sections, { log: { level: 'debug' }, backoff });
    child.kill('SIGHUP');
    await output(new RegExp(`${TAKEN}[\\s\\S]*poll done[\\s\\S]*poll failed`));
    await output(new RegExp(`${TAKEN}[\\s\\S]*poll failed[\\s\\S]*poll done`));
    child.kill('SIGTERM');
    const { stdout } = await finished;
    const after = stdout.slice(stdout.indexOf(TAKEN));
    expect(after).toMatch(/"mailbox":"\[secret\]".*"poll done"/);
    expect(after).toMatch(/"mailbox":"\[secret\]".*"poll failed"/);
    expect(stdout).not.toContain('canary-');
    expect(stdout).not.toContain(inject('dovecot').password);
  });

  it('blanks nothing of what was refused out of later lines', async () => {
    const user = 'reload-word@example.com';
    const section = (more: object) => mailboxSection(user, { name: 'ordinary', ...more });
    const { child, file, output, finished } = await start([section({})]);
    await output(/"msg":"polling"/);
    const away = 'postgres://mailcase:canary-away@127.0.0.1:1/mailcase';
    await rewrite(file, [section({ imap: { password: 'ordinary' } })], { database: { url: away } });
    child.kill('SIGHUP');
    await output(new RegExp(REFUSED));
    await deliver(inject('dovecot'), user, [messageFor(user, 'Later')]);
    await output(/"recorded":1/);
    child.kill('SIGTERM');
    const { stdout } = await finished;
    expect(stdout.slice(stdout.indexOf(REFUSED))).toMatch(/"mailbox":"ordinary".*"recorded":1/);
    expect(stdout).not.toContain('canary-');
  });

  it('ends the batch in hand first; mail that comes meanwhile is recorded once, and no SIGHUP is lost', async () => {
    const user = 'reload-batch@example.com';
    const server = inject('dovecot');
    await deliver(
      server,
      user,
      ['Mail 1', 'Mail 2', 'Mail 3'].map((subject) => messageFor(user, subject)),
    );
    const lock = await holdUp('interactions');
    const section = (more: object) => mailboxSection(user, { name: 'batch', ...more });
    const { child, file, output, finished } = await start([section({ batch: { messages: 1 } })]);
    await until(lock.waiting, 'a batch waits for the table');
    await rewrite(file, [section({ batch: { messages: 2 } })]);
    child.kill('SIGHUP');
    await output(/loading the configuration anew/);
    await rewrite(file, [section({ batch: { messages: 50 } })]);
    child.kill('SIGHUP');
    child.kill('SIGHUP');
    await deliver(server, user, [messageFor(user, 'Mail 4')]);
    await sleep(500);
    await lock.release();
    await output(new RegExp(`${TAKEN}[\\s\\S]*${TAKEN}`));
    await until(async () => (await subjectsOf(database, 'batch')).length >= 4, 'all four are recorded');
    await sleep(1_500);
    child.kill('SIGTERM');
    const { code, stdout } = await finished;
    expect(code).toBe(0);
    expect(countOf(stdout, TAKEN)).toBe(2);
    expect(stdout).not.toContain('cut off');
    expect(await subjectsOf(database, 'batch')).toEqual(
      [1, 2, 3, 4].map((number) => ({ subject: `Mail ${number}`, marked: true })),
    );
  });

  it('stops on SIGTERM while it waits for the batch in hand', async () => {
    const user = 'reload-stop@example.com';
    await deliver(inject('dovecot'), user, [messageFor(user, 'In hand')]);
    const lock = await holdUp('interactions');
    const { child, file, output, finished } = await start([mailboxSection(user, { name: 'in-hand' })]);
    await until(lock.waiting, 'a batch waits for the table');
    await rewrite(file, [mailboxSection(user, { name: 'other' })]);
    child.kill('SIGHUP');
    await output(/loading the configuration anew/);
    child.kill('SIGTERM');
    await output(/stopping after the batch in hand/);
    // After that, a reload is no second signal.
    child.kill('SIGHUP');
    await sleep(300);
    expect(child.exitCode).toBeNull();
    await lock.release();
    const { code, stdout } = await finished;
    expect(code).toBe(0);
    expect(stdout).not.toContain(TAKEN);
    expect(await subjectsOf(database, 'in-hand')).toEqual([{ subject: 'In hand', marked: true }]);
    expect(await subjectsOf(database, 'other')).toEqual([]);
  });

  it.each(['UID STORE', 'UID SEARCH', 'SELECT'])(
    'cuts a poll whose %s hangs, and takes that for no refusal of the server',
    async (command) => {
      const name = command.replace(' ', '-').toLowerCase();
      const user = `reload-cut-${name}@example.com`;
      const server = inject('dovecot');
      await deliver(server, user, [messageFor(user, 'Cut')]);
      let hangs = false;
      const proxy = await startImapProxy(
        server,
        (text) => (hangs ? '' : text),
        (text) => {
          hangs ||= text.includes(command);
        },
      );
      undo.push(proxy.close);
      const short = { stop_timeout: '300ms', log: { level: 'debug' } };
      const slow = mailboxSection(user, { name, imap: { port: proxy.port } });
      const { child, file, output, finished } = await start([slow], { config: short });
      await until(() => hangs, 'the command is under way');
      await rewrite(file, [mailboxSection(user, { name })], short);
      child.kill('SIGHUP');
      await output(new RegExp(`${TAKEN}[\\s\\S]*poll done`));
      child.kill('SIGTERM');
      const { code, stdout } = await finished;
      expect(code).toBe(0);
      const loud = stdout.split('\n').filter((line) => /"level":"(warn|error)"/.test(line));
      expect(loud).toEqual([expect.stringContaining('a batch did not end in time and is cut off')]);
      expect(stdout.slice(0, stdout.indexOf(TAKEN))).not.toContain('poll done');
      expect(await subjectsOf(database, name)).toEqual([{ subject: 'Cut', marked: true }]);
    },
  );
});

/** Of util-linux: runs a command on a terminal of its own. */
const hasScript = spawnSync('script', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasScript) process.stderr.write('Not tested: a hang-up on a terminal (script is not installed).\n');

it.skipIf(!hasScript)('stops on SIGHUP where it runs on a terminal', async () => {
  const file = await configFile([mailboxSection('hangup@example.com')]);
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const command = `echo "PID $$"; exec ${process.execPath} --import ${import.meta.resolve('tsx')} ${main} run --config ${file}`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  undo.push(async () => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  await until(() => output.includes('polling'), 'it polls');
  process.kill(Number(/PID (\d+)/.exec(output)?.[1]), 'SIGHUP');
  expect(await closed).toBe(0);
  expect(output).toContain('stopping after the batch in hand');
  expect(output).not.toContain('loading the configuration anew');
});
