import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { mail } from '../support/mail.ts';
import { type ConfigFile, mailboxSection, runMailcase, writeConfig } from '../support/mailcase.ts';
import { KEY } from '../support/signed.ts';

const OLD = { id: '2026-05', secret: 'the old signing key of the tests, long enough' };
const HEADERS = { 'x-desk-case-status': 'resolved', 'x-desk-case-external-id': 'A-1' };
const ORDER = mail({ From: 'The Shop <shop@example.com>', To: 'joe@buyer.example', ...HEADERS });
const REPEATABLE = ['--at', '2026-11-24T16:00:00Z', '--nonce', 'abcdefghijklmnopqrstuv'];
const FIELD = /^x-mailcase-signature: v=1; k=2026-11; t=\d+; n=[\w-]{22}; s=[0-9a-f]{64}$/;

let folder: string;
let config: ConfigFile;
let several: ConfigFile;

const section = (name: string, trust: unknown) => mailboxSection(`${name}@example.com`, { name, trust });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-sign-'));
  const database = { url: 'postgres://nobody@localhost/nothing' };
  const mailboxes = [section('support', { hmac: { keys: [KEY, OLD] } }), section('other', 'none')];
  config = await writeConfig({ database, mailboxes });
  several = await writeConfig({
    database,
    mailboxes: [
      ...mailboxes,
      section('sales', { hmac: { header: 'x-sales-signature', keys: [{ ...KEY, id: 'sales' }] } }),
    ],
  });
});

afterAll(async () => {
  for (const each of [config, several]) await each.remove();
  await rm(folder, { recursive: true, force: true });
});

async function file(content: string | Buffer): Promise<string> {
  const path = join(folder, `${Math.random()}.eml`);
  await writeFile(path, content);
  return path;
}

const sign = async (content: string | Buffer, args: readonly string[] = [], from = config) =>
  runMailcase(['sign', await file(content), ...args, '--config', from.file]);

describe('mailcase sign', () => {
  it('writes the mail with a signature on top, and explain trusts it', async () => {
    const { code, stdout, stderr } = await sign(ORDER);
    expect([code, stderr]).toEqual([0, '']);
    const [field = '', ...rest] = stdout.split('\r\n');
    expect(field).toMatch(FIELD);
    expect(rest.join('\r\n')).toBe(ORDER);
    const explained = await runMailcase([
      'explain',
      await file(stdout),
      '--no-database',
      '--json',
      '--mailbox',
      'support',
      '--config',
      config.file,
    ]);
    const { decided, headers } = JSON.parse(explained.stdout);
    expect(decided[0]).toEqual({
      ...{ what: 'trust', value: 'trusted' },
      why: 'x-mailcase-signature is right, signed with 2026-11',
    });
    expect(headers.applied).toHaveLength(2);
  });

  it('reads standard input, and makes another signature each time', () => {
    const run = () =>
      spawnSync(process.execPath, [inject('program'), 'sign', '-', '--header', '--config', config.file], {
        input: ORDER,
        encoding: 'utf8',
      });
    const [a, b] = [run(), run()];
    for (const each of [a, b]) expect(each.stdout.trimEnd()).toMatch(FIELD);
    expect(a.stdout).not.toBe(b.stdout);
  });

  it.each([
    ['LF', ORDER.replaceAll('\r\n', '\n'), '\n'],
    ['CRLF', ORDER, '\r\n'],
    ['bytes that are no text', Buffer.concat([Buffer.from(ORDER), Buffer.of(0, 255, 13, 10)]), '\r\n'],
  ])('keeps every byte of a mail with %s', async (_, content, end) => {
    const output = join(folder, `${Math.random()}.out`);
    expect(await sign(content, ['--output', output])).toMatchObject({ code: 0, stdout: '' });
    const signed = await readFile(output);
    const length = signed.indexOf('\n') + 1;
    expect(signed.subarray(0, length).toString()).toMatch(new RegExp(`[0-9a-f]${end}$`));
    expect(signed.subarray(length).equals(Buffer.from(content as string))).toBe(true);
  });

  it('leaves the line of an mbox where it is', async () => {
    const { stdout } = await sign(`From shop Mon Nov  9 08:00:00 2026\n${ORDER.replaceAll('\r\n', '\n')}`);
    expect(stdout).toMatch(/^From shop [^\n]*\nx-mailcase-signature: [^\n]*\nMessage-ID: /);
  });

  it('says the same of the same mail, moment and nonce, by the newest key or the one that is named', async () => {
    const [a, b, old] = await Promise.all([
      sign(ORDER, ['--header', ...REPEATABLE]),
      sign(ORDER, ['--header', ...REPEATABLE]),
      sign(ORDER, ['--header', ...REPEATABLE, '--key', '2026-05']),
    ]);
    expect(a.stdout).toMatch(
      /^x-mailcase-signature: v=1; k=2026-11; t=1795536000; n=abcdefghijklmnopqrstuv; s=/,
    );
    expect(b.stdout).toBe(a.stdout);
    expect(old.stdout).toContain('k=2026-05');
  });

  it.each<[string, string | Buffer, string[], RegExp]>([
    ['no From', mail({ To: 'a@b.example' }), [], /^mailcase: cannot sign .*: the mail has no From$/],
    ['two From', `From: a@b.example\r\n${ORDER}`, [], /cannot sign .*: the mail has From more than once$/],
    ['a group in From', mail({ From: 'Shop: a@b.example;' }), [], /cannot sign .*plain form$/],
    ['a signature', `X-Mailcase-Signature: x\r\n${ORDER}`, [], /has x-mailcase-signature already/],
    ['nothing in it', '', [], /is empty$/],
    ['a key that is not there', ORDER, ['--key', '2025'], /give --key with one of 2026-11, 2026-05$/],
    [
      'a mailbox that is not there',
      ORDER,
      ['--mailbox', 'x'],
      /there is no mailbox x: give --mailbox with one of/,
    ],
    [
      'a mailbox without',
      ORDER,
      ['--mailbox', 'other'],
      /the mailbox other trusts no signatures: set `trust: \{hmac/,
    ],
    [
      'a wrong date and nonce',
      ORDER,
      ['--at', 'soon', '--nonce', 'x'],
      /--at is no date.*\n.*--nonce is no nonce/,
    ],
    ['a place for a line', ORDER, ['--header', '--output', 'x'], /--header prints a line/],
  ])('refuses a mail with %s', async (_, content, args, reason) => {
    const { code, stdout, stderr } = await sign(content, args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd()).toMatch(reason);
    expect(stderr).not.toContain(KEY.secret);
  });

  it('says what will not count, and signs all the same', async () => {
    const doubtful = { 'x-desk-case-status': 'reopened', 'X-Desk-Case-State': 'closed' };
    const { code, stdout, stderr } = await sign(mail({ From: 'shop@example.com', ...doubtful }), [
      '--header',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^x-mailcase-signature: /) });
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(
        /^mailcase: warning: x-desk-case-status: reopened is signed, and will not count: /,
      ),
      expect.stringMatching(
        /^mailcase: warning: x-desk-case-state: closed is signed, .*: no header of this name/,
      ),
    ]);
    const { stderr: none } = await sign(mail({ From: 'shop@example.com' }), ['--header']);
    expect(none).toBe(
      'mailcase: warning: the mail has no header field that is an instruction: the signature is of From alone\n',
    );
  });

  it('asks which mailbox, where several trust signatures', async () => {
    const asked = await sign(ORDER, ['--header'], several);
    expect(asked).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/which mailbox\?.*support, sales$/m),
    });
    const { stdout } = await sign(ORDER, ['--header', '--mailbox', 'sales'], several);
    expect(stdout).toMatch(/^x-sales-signature: v=1; k=sales; /);
  });
});
