import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/explain/explanation.ts';
import { useDatabase } from '../support/database.ts';
import { mail } from '../support/mail.ts';
import { type ConfigFile, mailboxSection, runMailcase, writeConfig } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const ORDER = fileURLToPath(new URL('../../config/demo/01-order-confirmation.eml', import.meta.url));

let folder: string;
let config: ConfigFile;
let two: ConfigFile;

const shop = {
  own: ['lindgren-lamps.example'],
  trust: { secret: { header: 'x-lindgren-secret', value: 'demo-only-not-a-real-secret' } },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-explain-'));
  config = await writeConfig({
    database: { url: database.url },
    mailboxes: [mailboxSection('explain@example.com', shop)],
  });
  two = await writeConfig({
    database: { url: database.url },
    mailboxes: [
      mailboxSection('a@example.com', { name: 'a', ...shop }),
      mailboxSection('b@example.com', { name: 'b', folders: ['INBOX', { path: 'Sent', role: 'sent' }] }),
    ],
  });
});

afterAll(async () => {
  await config.remove();
  await two.remove();
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('mailcase explain FILE', () => {
  it('says step by step what the message comes to, and records nothing', async () => {
    const { code, stdout, stderr } = await runMailcase(['explain', ORDER, '--config', config.file]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.replace(/received \S+ \S+,/, 'received NOW,')).toBe(`\
Your order 10423 is confirmed
  from shop@lindgren-lamps.example to joe@example.com
  received NOW, 1.3 KB

Polled from support, it is recorded as outbound mail of a new customer, Joe Customer, in a new case
(ORDER-10423, then resolved).

Why
  trust      trusted: the value of x-lindgren-secret is the right one
  direction  out: x-desk-interaction-direction says so
  customer   joe@example.com: x-desk-customer-email names this address; a new customer
  case       ORDER-10423: a new one: x-desk-case-external-id is the first with this id
  status     resolved: x-desk-case-status says so

Headers
  x-desk-customer-email sets customer.email: joe@example.com
  x-desk-customer-custom-tier sets customer.custom_fields.tier: gold
  x-desk-case-external-id sets case.external_id: ORDER-10423
  x-desk-case-status sets case.status: resolved
  x-desk-case-labels sets case.labels: order, lamps
  x-desk-case-custom-order-total sets case.custom_fields.order-total: 128.00 EUR
  x-desk-interaction-direction sets interaction.direction: out

Rules
  none matches

What changes in the case
  status: resolved
  labels: order, lamps
  custom_fields.order-total: 128.00 EUR
`);
    expect(await rows(database.db, 'select * from mailboxes')).toEqual([]);
    expect(await rows(database.db, 'select * from interactions')).toEqual([]);
  });

  it('reads standard input, and answers with data', () => {
    const source = mail({
      From: 'Eve <eve@e.example>',
      To: 'support@lindgren-lamps.example',
      Subject: 'Lamp',
      'X-Desk-Case-Status': 'closed',
    });
    const args = ['--import', import.meta.resolve('tsx'), MAIN, 'explain', '-', '--json'];
    const received = ['--received', '2026-11-09T08:15:00Z', '--config', config.file];
    const { status, stdout, stderr } = spawnSync(process.execPath, [...args, ...received], { input: source });
    expect([status, stderr.toString()]).toEqual([0, '']);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      mailbox: 'support',
      folder: 'INBOX',
      role: 'inbox',
      message: { subject: 'Lamp', from: 'eve@e.example', received_at: '2026-11-09T08:15:00.000Z' },
      outcome: 'recorded',
      decided: [
        { what: 'trust', value: null, why: 'the mail has no x-lindgren-secret' },
        { what: 'direction', value: 'in', why: 'From (eve@e.example) is not own' },
        { what: 'customer', value: 'eve@e.example', why: 'inbound: From; a new customer' },
        { what: 'case', value: null },
        { what: 'status', value: 'new', why: 'a case begins so' },
      ],
      headers: {
        applied: [],
        refused: [
          {
            by: 'x-desk-case-status',
            value: 'closed',
            reason: 'not trusted: the mail has no x-lindgren-secret',
          },
        ],
      },
      rules: { matched: [], applied: [], refused: [] },
      customer: { id: null, first_name: 'Eve' },
      case: { id: null, status: 'new', subject: 'Lamp' },
      changes: [{ field: 'status', old: null, new: 'new', reason: 'a case begins so' }],
    } satisfies Partial<Record<keyof Explanation, unknown>>);
  });

  it('shows the secret of trust nowhere, and gives the terminal no orders', async () => {
    const path = await file(
      'escape.eml',
      mail({
        From: '=?utf-8?Q?=1B]0;owned=07?= <eve@e.example>',
        Subject: '=?utf-8?Q?a=1B[2J=C2=9B2J=E2=80=AEb?=',
        'X-Desk-Case-Labels': '=?utf-8?Q?=1B[31mred?=',
        'X-Lindgren-Secret': 'demo-only-not-a-real-secret',
      }),
    );
    for (const more of [[], ['--json']]) {
      const { code, stdout } = await runMailcase(['explain', path, '--config', config.file, ...more]);
      expect(code).toBe(0);
      expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(stdout).not.toContain('not-a-real-secret');
    }
  });

  it('needs no database where it is told so, and says so where there is none', async () => {
    const away = await writeConfig({
      database: { url: 'postgres://mailcase:canary@127.0.0.1:1/mailcase' },
      mailboxes: [mailboxSection('explain@example.com')],
    });
    const explain = (...more: string[]) => runMailcase(['explain', ORDER, '--config', away.file, ...more]);
    const without = await explain('--no-database');
    expect([without.code, without.stderr]).toEqual([0, '']);
    expect(without.stdout).toContain('trust      not trusted: the mailbox trusts nobody (trust: none)');
    const { code, stderr } = await explain();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^mailcase: cannot reach the database at 127\.0\.0\.1:1\/mailcase: .*\n--no-database explains the message/,
    );
    expect(stderr).not.toContain('canary');
    await away.remove();
  });

  it('makes no embedded database that was never made', async () => {
    const fresh = await writeConfig({
      database: { embedded: './data' },
      mailboxes: [mailboxSection('explain@example.com')],
    });
    for (const args of [
      ['explain', ORDER],
      ['history', 'ann@asker.example'],
      ['case', '1'],
    ]) {
      const { code, stderr } = await runMailcase([...args, '--config', fresh.file]);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/there is no database in \S+data yet: `mailcase migrate up`/),
      ]);
    }
    expect(existsSync(join(fresh.folder, 'data'))).toBe(false);
    await fresh.remove();
  });

  it.each<[name: string, args: string[], message: RegExp]>([
    ['no message', [], /which message\? give a FILE .* or --uid/],
    ['two messages', [ORDER, '--uid', '3'], /which message\?/],
    ['a UID that is none', ['--uid', '0x1'], /--uid is no UID/],
    ['a UID beyond 32 bits', ['--uid', '4294967296'], /--uid is no UID/],
    ['a date that is none', [ORDER, '--received', 'today'], /--received is no date/],
    ['a date for a UID', ['--uid', '3', '--received', '2026-01-31'], /--received is for a FILE/],
    ['no such file', ['/no/such.eml'], /cannot read \/no\/such\.eml: there is no such file/],
    ['a folder', [tmpdir()], /cannot read .*: it is a folder/],
    ['an empty file', ['/dev/null'], /\/dev\/null is empty/],
    [
      'a mailbox that is not there',
      [ORDER, '--mailbox', 'x'],
      /no mailbox x: give --mailbox with one of support/,
    ],
    [
      'a folder that is not configured',
      [ORDER, '--folder', 'x'],
      /x is no configured folder .* one of INBOX/,
    ],
  ])('wrong usage: %s', async (_, args, message) => {
    const { code, stdout, stderr } = await runMailcase(['explain', ...args, '--config', config.file]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('of several mailboxes one has to be named; the role of its folder counts', async () => {
    const explain = (...more: string[]) => runMailcase(['explain', ORDER, '--config', two.file, ...more]);
    expect(await explain()).toMatchObject({ code: 2, stderr: expect.stringContaining('which mailbox?') });
    expect((await explain('--mailbox', 'a')).stdout).toContain('trust      trusted:');
    expect((await explain('--mailbox', 'b')).stdout).toContain('direction  in: From');
    expect((await explain('--mailbox', 'b', '--folder', 'Sent')).stdout).toContain('(role: sent)');
  });

  it('says of a file that is larger than is fetched whole that a mail server has to list its parts', async () => {
    const small = await writeConfig({
      database: { url: database.url },
      mailboxes: [mailboxSection('explain@example.com', { message_bytes: '1KB' })],
    });
    const { code, stdout, stderr } = await runMailcase(['explain', ORDER, '--config', small.file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /is larger than message_bytes \(1024 bytes\): .*--uid explains it in the mailbox/s,
    );
    await small.remove();
  });

  it('has a help with an example', async () => {
    const { code, stdout } = await runMailcase(['explain', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}mailcase explain order\.eml\n/);
  });
});
