import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { declareDesk } from '../../src/cli/commands/desk.ts';
import { until } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { mail } from '../support/mail.ts';
import {
  type ConfigFile,
  type Finished,
  loadMailbox,
  mailboxSection,
  runMailcase,
  startMailcase,
  writeConfig,
} from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';

const database = useDatabase();
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const USER = 'history@example.com';

/** How long main.ts lets what is left open keep the process. */
const LINGER_MS = 1_000;

const SETTINGS = { own: ['example.com'], trust: 'all' };

/** Clears the screen, turns text around, and looks like a line of ours. */
const EVIL = 'a\u001b[2J\u202eb';
const encoded = (text: string) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;

const MAILS: readonly [Record<string, string>, string?][] = [
  [
    {
      From: 'Shop <shop@example.com>',
      To: 'Joe Customer <Joe@Example.net>',
      Subject: 'Your order',
      'Message-ID': '<order@example.com>',
      'x-desk-customer-external-id': 'C-1',
      'x-desk-customer-company': 'Lamps Ltd',
      'x-desk-case-external-id': 'ORDER-1',
      'x-desk-case-status': 'resolved',
      'x-desk-case-labels': 'order, lamps',
      'x-desk-case-priority': 'high',
      'x-desk-case-custom-total': '5 EUR',
    },
    'Hello Joe,\n\nthank you for your order.',
  ],
  [
    {
      From: `${encoded(EVIL)} <joe@example.net>`,
      To: 'support@example.com',
      Subject: encoded(`${EVIL} 光のランプ`),
      'Message-ID': '<question@example.net>',
      'Content-Type': 'multipart/mixed; boundary="=_X"',
    },
    '--=_X\r\n\r\nWhere is it?\r\n--=_X\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=lamp.png\r\n\r\nx\r\n--=_X--',
  ],
  [
    {
      From: 'ann@example.com',
      To: 'joe@example.net',
      Subject: 'Re: Where',
      'Message-ID': '<answer@example.com>',
      'In-Reply-To': '<question@example.net>',
    },
    'It is on its way.\n\nJoe wrote:\n> Where is it?',
  ],
  [
    {
      From: 'stranger@example.org',
      To: 'support@example.com',
      Subject: 'Me too',
      'In-Reply-To': '<answer@example.com>',
    },
  ],
  [{ From: 'mailer-daemon@example.org', To: 'support@example.com', Subject: 'Nobody wrote this' }],
  [{ From: 'jörg@bücher.example', To: 'support@example.com', Cc: 'cc@example.org', Subject: 'Grüße' }],
];

let config: ConfigFile;

beforeAll(async () => {
  config = await writeConfig({
    database: { url: database.url },
    mailboxes: [mailboxSection(USER, SETTINGS)],
  });
  for (const [fields, body] of MAILS) {
    await deliver(inject('dovecot'), USER, [
      mail({ 'MIME-Version': '1.0', 'Content-Type': 'text/plain; charset=utf-8', ...fields }, body),
    ]);
  }
  expect(await poll(database.db, await loadMailbox(USER, SETTINGS))).toMatchObject({
    recorded: MAILS.length,
  });
  // What `case merge` and `customer merge` leave behind.
  await database.db.raw(`
    insert into customers (external_id, merged_into) select 'C-0', id from customers where external_id = 'C-1';
    insert into cases (external_id, status, received_at, merged_into)
      select 'ORDER-0', 'closed', now(), id from cases where external_id = 'ORDER-1';
    insert into case_events (case_id, at, field, old, new, actor)
      select id, now(), 'priority', null, '8', 'ann' from cases where external_id = 'ORDER-1';
    update cases set priority = 8, language = 'de' where external_id = 'ORDER-1';
    update interaction_contents set directives = directives || '{"decided": [{"what": "case", "value": "2", "why": "In-Reply-To names interaction 2"}]}'
      where interaction_id = (select id from interactions where message_id = 'answer@example.com');
  `);
});

afterAll(() => config.remove());

function mailcase(...args: string[]): Promise<Finished> {
  return runMailcase([...args, '--config', config.file]);
}

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await mailcase(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function idOf(table: 'cases' | 'customers', externalId: string): Promise<number> {
  const [row] = await rows<{ id: number }>(database.db, `select id from ${table} where external_id = ?`, [
    externalId,
  ]);
  return row?.id ?? 0;
}

async function caseOf(messageId: string): Promise<string> {
  const [row] = await rows<{ id: number }>(
    database.db,
    'select case_id as id from interactions where message_id = ?',
    [messageId],
  );
  return String(row?.id);
}

const TIME = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d';

describe('mailcase history', () => {
  it('shows a customer across cases, in one stream, with nothing that drives the terminal', async () => {
    const { code, stdout, stderr } = await mailcase('history', 'joe@example.net');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.replace(new RegExp(TIME, 'g'), 'TIME')).toBe(`\
Joe Customer  Joe@Example.net
  company: Lamps Ltd
  external id: C-1
  merged from: ${await idOf('customers', 'C-0')} (external id C-0)
  3 interactions (1 in, 2 out), TIME${/to/.test(stdout.split('\n')[4] ?? '') ? ' to TIME' : ''} UTC
  open: case ${await caseOf('question@example.net')}
  resolved: case ${await caseOf('order@example.com')}

TIME  → out  Your order
                         case ${await caseOf('order@example.com')} · ORDER-1 · resolved  thank you for your order.
TIME  ← in   a\uFFFD[2J\uFFFDb 光のランプ
                         case ${await caseOf('question@example.net')} · open                Where is it?
                         attachment 1: lamp.png (image/png, 1 byte)
TIME  → out  Re: Where
                         case ${await caseOf('question@example.net')} · open                It is on its way.
`);
  });

  it.each([
    ['in other letter case', ['JOE@EXAMPLE.NET'], 'C-1'],
    ['pasted with its name', ['"Joe Customer" <joe@example.net>'], 'C-1'],
    ['by the external id', ['--external-id', 'C-1'], 'C-1'],
    ['by the external id of one merged into them', ['--external-id', 'C-0'], 'C-1'],
  ])('finds a customer %s', async (_how, args, externalId) => {
    const history = await json('history', ...args);
    expect(history).toMatchObject({ customer: { external_id: externalId }, left_out: 0 });
    expect(history.interactions).toHaveLength(3);
  });

  it.each(['jörg@bücher.example', 'JÖRG@xn--bcher-kva.example'])(
    'finds %s, whichever way it is written',
    async (address) => {
      expect(await json('history', address)).toMatchObject({
        totals: { inbound: 1, outbound: 0, matching: 1 },
      });
    },
  );

  it('says that one was merged into another', async () => {
    const [merged, target] = [await idOf('customers', 'C-0'), await idOf('customers', 'C-1')];
    const { stdout } = await mailcase('history', '--external-id', 'C-0');
    expect(stdout).toMatch(
      new RegExp(`^Customer ${merged} was merged into customer ${target}\\.\n\nJoe Customer`),
    );
    expect(await json('history', '--external-id', 'C-0')).toMatchObject({
      requested_customer_id: merged,
      customer: { id: target, merged_from: [{ id: merged, external_id: 'C-0' }] },
    });
  });

  it('--json has all of it, by the names of the columns, and the very text of the mail', async () => {
    const history = await json('history', 'joe@example.net');
    expect(history).toMatchObject({
      customer: {
        first_name: 'Joe',
        last_name: 'Customer',
        company: 'Lamps Ltd',
        addresses: ['Joe@Example.net'],
      },
      totals: {
        inbound: 1,
        outbound: 2,
        matching: 3,
        cases: [
          { status: 'open', cases: 1 },
          { status: 'resolved', cases: 1 },
        ],
      },
      interactions: [
        { direction: 'out', case: { external_id: 'ORDER-1', status: 'resolved' }, trusted: true },
        {
          subject: `${EVIL} 光のランプ`,
          received_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          attachments: [{ id: 1, file_name: 'lamp.png', content_type: 'image/png', size_bytes: 1 }],
        },
        { excerpt: 'It is on its way.' },
      ],
    });
    expect(JSON.stringify(history)).not.toContain('body_text');
  });

  it('--limit keeps the latest and says how many are left out', async () => {
    const { stdout } = await mailcase('history', 'joe@example.net', '--limit', '1');
    expect(stdout).toMatch(/… 2 older ones left out; see them with --limit 3 or --until \S+Z\n/);
    expect(stdout).not.toContain('Your order');
    expect(await json('history', 'joe@example.net', '--limit', '1')).toMatchObject({
      left_out: 2,
      interactions: [{ subject: 'Re: Where' }],
    });
  });

  it('--since and --until bound it; what lies outside is not left out', async () => {
    expect(await json('history', 'joe@example.net', '--since', '2100-01-01')).toMatchObject({
      totals: { inbound: 1, outbound: 2, matching: 0 },
      left_out: 0,
      interactions: [],
    });
    const { stdout } = await mailcase('history', 'joe@example.net', '--until', '2001-01-01T00:00Z');
    expect(stdout).toMatch(/Nothing in that time\.\n$/);
    const today = new Date().toISOString().slice(0, '2026-01-31'.length);
    const [first] = (await json('history', 'joe@example.net')).interactions as { received_at: string }[];
    const day = first?.received_at.slice(0, '2026-01-31'.length) ?? today;
    const bounded = await json('history', 'joe@example.net', '--since', day, '--until', today);
    expect(bounded.interactions).toHaveLength(3);
  });

  it('--text shows what was written', async () => {
    const { stdout } = await mailcase('history', 'joe@example.net', '--text');
    expect(stdout).toMatch(/\n {25}Hello Joe,\n\n {25}thank you for your order\.\n/);
    expect(stdout).toContain('> Where is it?');
    const history = await json('history', 'joe@example.net', '--text');
    expect(history.interactions).toMatchObject([
      { body_text: expect.stringContaining('Hello Joe,') },
      { body_text: expect.stringContaining('Where is it?') },
      { body_text: expect.stringContaining('> Where is it?') },
    ]);
  });

  it.each([
    [['nobody@nowhere.example'], /^mailcase: no customer has the address nobody@nowhere\.example\n$/],
    [['jo@example.net'], /address jo@example\.net\nDid you mean Joe@Example\.net\?\n$/],
    [['joe@other.example'], /\nThere is Joe@Example\.net\.\n$/],
    [['sales@example.net'], /\nThere is Joe@Example\.net\.\n$/],
    [['CC@example.org'], /\nIt takes part in case \d+: mailcase case \d+\n$/],
    [['--external-id', 'nope'], /^mailcase: no customer has the external id nope\n$/],
    [['--external-id', 'c -1'], /\nDid you mean C-1\?\n$/],
    [['--external-id', 'ORDER-1'], /\nA case has it: mailcase case --external-id ORDER-1\n$/],
    [['--external-id', EVIL], /external id a\uFFFD\[2J\uFFFDb\n$/],
  ])('ends with 1 where there is no such customer, and helps: %j', async (args, message) => {
    const { code, stdout, stderr } = await mailcase('history', ...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
  });

  it.each([
    [[], /whose history\? Give either an address or --external-id/],
    [['joe@example.net', '--external-id', 'C-1'], /whose history\?/],
    [['--external-id', ' '], /--external-id is empty/],
    [['joe'], /"joe" is not one address/],
    [['a@example.net, b@example.net'], /is not one address/],
    [['joe@example.net', '--limit', '0'], /--limit is no number from 1 to 10,000/],
    [['joe@example.net', '--limit', '10001'], /--limit is no number from 1 to 10,000/],
    [['joe@example.net', '--since', 'yesterday'], /--since is no date/],
    [['joe@example.net', '--since', '2026-02-01', '--until', '2026-01-01'], /--since is not before --until/],
    [['joe@example.net', '--since', 'x', '--until', 'y', '--limit', 'z'], /since.*\n.*until.*\n.*limit/],
    [['joe@example.net', 'ann@example.net'], /too many arguments/],
  ])('ends with 2 at %j', async (args, message) => {
    const { code, stdout, stderr } = await mailcase('history', ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

describe('mailcase case', () => {
  it('shows a case by its number: mails, attachments, outsiders, changes', async () => {
    const id = await caseOf('question@example.net');
    const { code, stdout, stderr } = await mailcase('case', id);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^case ${id} · open\n  subject: a\uFFFD\\[2J\uFFFDb 光のランプ\n`));
    expect(stdout).toMatch(/\n {2}customer: Joe Customer, Joe@Example\.net, customer \d+\n/);
    expect(stdout).toMatch(/\n3 interactions \(2 in, 1 out\)\n/);
    expect(stdout).toMatch(/interaction \d+: a\uFFFD\[2J\uFFFDb <joe@example\.net> → support@example\.com\n/);
    expect(stdout).toMatch(/attachment 1: lamp\.png/);
    expect(stdout).toMatch(/\[outsider\] Me too\n.*interaction \d+: stranger@example\.org/);
    expect(stdout).toMatch(/from stranger@example\.org, who had no part in the case before/);
    expect(stdout).toMatch(/status: new → pending {2}by interaction \d+/);
    expect(stdout).not.toMatch(/here because|Where each field/);
  });

  it('--why says where each field came from, and why each mail is there', async () => {
    const { stdout } = await mailcase('case', '--external-id', 'ORDER-1', '--why');
    const by = (header: string) => `\n    interaction \\d+, ${TIME}: ${header}\n`;
    expect(stdout).toMatch(new RegExp(`\n  status: resolved${by('x-desk-case-status says so')}`));
    expect(stdout).toMatch(new RegExp(`\n  external_id: ORDER-1${by('x-desk-case-external-id')}`));
    expect(stdout).toMatch(new RegExp(`\n  subject: Your order${by('the case began with it')}`));
    expect(stdout).toMatch(new RegExp(`\n  total: 5 EUR${by('x-desk-case-custom-total')}`));
    expect(stdout).toMatch(new RegExp(`\n  priority: 8\n    ann, ${TIME}\n`));
    expect(stdout).toMatch(/\n {2}language: de\n {4}nothing recorded says so: perhaps it was set by SQL\n/);
    expect(stdout).toMatch(/here because: a new one: x-desk-case-external-id is the first with this\s+id\n/);
    expect(stdout).toMatch(/not applied: .*\n +x-desk-case-priority: high\n/);
    const other = await mailcase('case', await caseOf('question@example.net'), '--why');
    expect(other.stdout).toMatch(/here because: In-Reply-To names interaction 2\n/);
  });

  it('leads from a merged case to the one that stands for it, by number and external id', async () => {
    const [merged, target] = [await idOf('cases', 'ORDER-0'), await idOf('cases', 'ORDER-1')];
    for (const args of [[String(merged)], ['--external-id', 'ORDER-0']]) {
      const { stdout } = await mailcase('case', ...args);
      expect(stdout).toMatch(
        new RegExp(`^Case ${merged} was merged into case ${target}\\.\n\ncase ${target} · ORDER-1`),
      );
      expect(stdout).toContain(`merged from: case ${merged} (ORDER-0)`);
    }
    expect(await json('case', String(merged))).toMatchObject({
      requested_case_id: merged,
      case: { id: target, merged_from: [{ id: merged, external_id: 'ORDER-0' }] },
    });
  });

  it('shows one without a customer', async () => {
    const [row] = await rows<{ id: number }>(
      database.db,
      "select id from cases where subject = 'Nobody wrote this'",
    );
    const { code, stdout } = await mailcase('case', String(row?.id));
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n {2}customer: none\n/);
    expect(await json('case', String(row?.id), '--why')).toMatchObject({
      customer: null,
      interactions: [{ customer: null, customer_id: null }],
    });
  });

  it('--json has all of it', async () => {
    expect(await json('case', '--external-id', 'ORDER-1', '--why', '--text')).toMatchObject({
      case: {
        external_id: 'ORDER-1',
        status: 'resolved',
        labels: ['order', 'lamps'],
        custom_fields: { total: '5 EUR' },
        received_at: expect.stringMatching(/Z$/),
        followed_by: [],
      },
      customer: { external_id: 'C-1' },
      inbound: 0,
      outbound: 1,
      interactions: [
        {
          applied: expect.arrayContaining([
            { by: 'x-desk-case-status', field: 'case.status', value: 'resolved' },
          ]),
          refused: [{ by: 'x-desk-case-priority', value: 'high', reason: expect.any(String) }],
          decided: expect.any(Array),
          body_text: expect.stringContaining('thank you'),
        },
      ],
      changes: 4,
      events: [{ field: 'status', old: null, new: 'resolved' }, {}, {}, { field: 'priority', actor: 'ann' }],
      origins: expect.arrayContaining([
        expect.objectContaining({ field: 'priority', value: '8', actor: 'ann' }),
      ]),
    });
    expect(await json('case', '--external-id', 'ORDER-1')).not.toHaveProperty('origins');
  });

  it('--limit keeps the latest', async () => {
    const shown = await json('case', await caseOf('question@example.net'), '--limit', '1');
    expect(shown).toMatchObject({ inbound: 2, outbound: 1, interactions: [{ subject: 'Me too' }] });
    expect(shown.events).toHaveLength(1);
  });

  it.each([
    [['987654'], /^mailcase: there is no case 987654; the latest is case \d+\n$/],
    [['--external-id', 'nope'], /^mailcase: no case has the external id nope\n$/],
    [['--external-id', 'order-1'], /\nDid you mean ORDER-1\?\n$/],
    [['--external-id', 'C-1'], /\nA customer has it: mailcase history --external-id C-1\n$/],
  ])('ends with 1 where there is no such case, and helps: %j', async (args, message) => {
    const { code, stdout, stderr } = await mailcase('case', ...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
  });

  it.each([
    [[], /which case\? Give either its number or --external-id/],
    [['3', '--external-id', 'X'], /which case\?/],
    [['three'], /"three" is no case's number/],
    [['0'], /"0" is no case's number/],
    [['99999999999999999999'], /is no case's number/],
    [['3', '--limit', '-1'], /--limit is no number from 1 to 10,000/],
    [['3', '--because'], /unknown option '--because'/],
  ])('ends with 2 at %j', async (args, message) => {
    const { code, stdout, stderr } = await mailcase('case', ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

describe('both', () => {
  it('have a help with an example', async () => {
    for (const command of ['history', 'case']) {
      const { code, stdout } = await mailcase(command, '--help');
      expect(code).toBe(0);
      expect(stdout).toMatch(
        new RegExp(`--external-id[\\s\\S]*--json[\\s\\S]*Examples:\n  mailcase ${command} `),
      );
    }
  });

  it('leave room for subcommands of case, whose arguments are their own', async () => {
    const cli = () => {
      const root = new Command('mailcase').option('-c, --config <file>').exitOverride();
      declareDesk(root, () => {});
      return root;
    };
    const run = (...args: string[]) => cli().parseAsync(['node', 'mailcase', ...args]);
    await expect(run('case', 'set', '3', 'staus=open')).rejects.toThrow(/staus/);
    // Not a subcommand, so the case's own business, which complains in its own words.
    await expect(run('case', 'sat')).rejects.toThrow(/"sat" is no case's number/);
    await expect(run('case', '--external-id', 'set', 'x', '-c', 'x.yaml')).rejects.toThrow(/which case\?/);
  });

  it('end with 1 and a line where the output goes to a full disk', async () => {
    if (!existsSync('/dev/full')) return;
    const full = openSync('/dev/full', 'w');
    const args = ['--import', import.meta.resolve('tsx'), MAIN, 'history', '--external-id', 'C-1'];
    const { status, stderr } = spawnSync(process.execPath, [...args, '--config', config.file], {
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    expect(status).toBe(1);
    expect(stderr.toString()).toMatch(/^mailcase: the output cannot be written: ENOSPC.*\n$/);
  });

  it('reach a reader who pauses, whole, and forgive one who has seen enough', async () => {
    await database.db.raw(`
      insert into interactions (case_id, customer_id, direction, kind, subject, trusted, dedupe_key, received_at)
      select i.case_id, i.customer_id, 'in', 'mail', repeat('x', 500), false,
        '\\x01'::bytea || sha256(convert_to(n::text, 'UTF8')), '2020-01-01'
      from interactions i, generate_series(1, 2000) n where i.message_id = 'order@example.com'`);
    const args = ['history', '--external-id', 'C-1', '--limit', '5000', '--json', '--config', config.file];
    const paused = startMailcase(args);
    paused.child.stdout?.pause();
    const connections = async () =>
      (
        await rows(
          database.db,
          'select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        )
      ).length;
    const before = await connections();
    await until(async () => (await connections()) > before, 'it asks the database');
    await until(async () => (await connections()) === before, 'it has its answer');
    // Its work is done, and more than the pipe holds is still to be read: it must wait for that.
    await sleep(3 * LINGER_MS);
    expect(paused.child.exitCode).toBeNull();
    paused.child.stdout?.resume();
    const { code, stdout } = await paused.finished;
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { interactions: unknown[] }).interactions).toHaveLength(2_003);
    const closed = startMailcase(args);
    closed.child.stdout?.destroy();
    expect(await closed.finished).toMatchObject({ code: 0, stderr: '' });
  });
});
