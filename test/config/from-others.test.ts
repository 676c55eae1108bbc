import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { judged } from '../rules/ready.ts';

/* The configurations for companies that come from elsewhere, and the rules of the example: each loads, and does what it says. */

const CONFIG = new URL('../../config/', import.meta.url);

const BEGIN = `database: {url: postgres://mailcase@localhost/mailcase}
mailboxes:
  - name: support
    trust: all
    imap: {host: imap.example.com, user: support@example.com, password: hunter2!}
`;

async function load(text: string): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-from-'));
  try {
    const file = join(folder, 'mailcase.yaml');
    await writeFile(file, text);
    return (await loadConfig(file, {})).config;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What a mail comes to under a configuration. */
async function comesTo(config: Config, fields: Record<string, string>) {
  const { headers, rules } = config;
  const { directives, direction, message } = await judged(fields, { headers, rules, trust: 'all' });
  const { customer, case: supportCase, interaction, refused, byRules } = directives;
  return { customer, case: supportCase, interaction, refused, byRules, direction, message };
}

describe('from-zammad.yaml', async () => {
  const config = await load(BEGIN + (await readFile(new URL('from-zammad.yaml', CONFIG), 'utf8')));

  it('reads its headers', async () => {
    const result = await comesTo(config, {
      'X-Zammad-Customer-Email': 'Joe <joe@customer.example>',
      'X-Zammad-Customer-Login': 'joe',
      'X-Zammad-Customer-Firstname': 'Joe',
      'X-Zammad-Ticket-State': 'pending reminder',
      'X-Zammad-Ticket-Priority': '3 high',
      'X-Zammad-Ticket-Title': 'Your order',
      'X-Zammad-Ticket-Tags': 'order, paid',
      'X-Zammad-Ticket-Group': 'Sales',
      'X-Zammad-Ticket-Order_Number': '4711',
      'X-Zammad-Article-Sender': 'Agent',
    });
    expect(result).toMatchObject({
      customer: {
        address: { name: 'Joe', address: 'joe@customer.example' },
        external_id: 'joe',
        first_name: 'Joe',
      },
      case: { status: 'pending', priority: 8, subject: 'Your order', labels: ['order', 'paid'] },
      direction: 'out',
      refused: [],
    });
    expect(result.case.custom_fields).toEqual(
      new Map([
        ['group', 'Sales'],
        ['order_number', '4711'],
      ]),
    );
  });

  it('takes what follows up first, and refuses what has no counterpart', async () => {
    const result = await comesTo(config, {
      'X-Zammad-Ticket-State': 'new',
      'X-Zammad-Ticket-FollowUp-State': 'closed',
      'X-Zammad-Ticket-FollowUp-Priority': '9 whatever',
    });
    expect(result.case).toMatchObject({ status: 'closed' });
    expect(result.refused.map(({ by }) => by)).toEqual([
      'x-zammad-ticket-state',
      'x-zammad-ticket-followup-priority',
    ]);
  });

  it('ignores a mail', async () => {
    expect((await comesTo(config, { 'X-Zammad-Ignore': 'true' })).byRules?.skip).toEqual({
      rule: 'zammad ignore',
      reason: 'X-Zammad-Ignore',
    });
  });
});

describe('from-znuny.yaml', async () => {
  const config = await load(BEGIN + (await readFile(new URL('from-znuny.yaml', CONFIG), 'utf8')));

  it('reads its headers', async () => {
    const result = await comesTo(config, {
      'X-OTRS-CustomerUser': 'joe',
      'X-OTRS-CustomerNo': 'ACME',
      'X-OTRS-State': 'closed successful',
      'X-OTRS-Priority': '3 normal',
      'X-OTRS-Queue': 'Raw',
      'X-OTRS-Owner': 'ann',
      'X-OTRS-FollowUp-Responsible': 'joe',
      'X-OTRS-Lock': 'lock',
      'X-OTRS-DynamicField-OrderNumber': '4711',
      'X-OTRS-SenderType': 'system',
      'X-OTRS-Loop': 'yes',
    });
    expect(result).toMatchObject({
      customer: { external_id: 'joe' },
      case: { status: 'closed', priority: 5 },
      direction: 'out',
      refused: [],
    });
    expect(result.customer.custom_fields).toEqual(new Map([['customerno', 'ACME']]));
    expect(result.case.custom_fields).toEqual(
      new Map([
        ['queue', 'Raw'],
        ['owner', 'ann'],
        ['responsible', 'joe'],
        ['lock', 'lock'],
        ['ordernumber', '4711'],
      ]),
    );
  });

  it('refuses what has no counterpart, and ignores a mail', async () => {
    const result = await comesTo(config, { 'X-OTRS-State': 'merged', 'X-OTRS-Ignore': 'yes' });
    expect(result.case.status).toBeUndefined();
    expect(result.refused).toHaveLength(1);
    expect(result.byRules?.skip?.rule).toBe('otrs ignore');
  });
});

it.each([
  ['from-zammad.yaml', 'x-zammad-ignore'],
  ['from-znuny.yaml', 'x-otrs-ignore'],
])('%s: a signature covers what makes it ignore a mail', async (file, header) => {
  const { headers } = await load(BEGIN + (await readFile(new URL(file, CONFIG), 'utf8')));
  expect(headerMapping(headers).isMapped(header)).toBe(true);
});

describe('each rule of the example', async () => {
  const example = await readFile(new URL('mailcase.example.yaml', CONFIG), 'utf8');
  const block = /^#rules:[\s\S]*?(?=^mailboxes:)/m.exec(example)?.[0] ?? '';
  const alone = block.split(/^(?= {2}#- name: )/m).slice(1);
  const named = new Map(
    alone.map((text) => [
      /name: (.*?) *(?: #.*)?$/m.exec(text)?.[1] ?? '',
      text.replace(/^( *)#(?=[a-z-])/gm, '$1'),
    ]),
  );

  const MAILS: Readonly<Record<string, [fields: Record<string, string>, expected: unknown]>> = {
    spam: [{ 'X-Spam-Flag': 'YES' }, { byRules: { skip: { rule: 'spam', reason: 'marked as spam' } } }],
    vip: [{ From: 'boss@vip.example' }, { case: { priority: 9, labels: ['vip'] } }],
    monitoring: [
      { From: 'monitoring@alarms.example', 'X-Alarm-Id': 'db-7' },
      { case: { external_id: 'alarm-db-7' } },
    ],
    'monitoring recovered': [
      { From: 'monitoring@alarms.example', Subject: 'RECOVERY: db' },
      { case: { status: 'resolved' }, byRules: { cleared: new Set(['case.priority']) } },
    ],
    jira: [{ Subject: 'Re: [JIRA] (ABC-123) broken' }, { case: { external_id: 'jira-ABC-123' } }],
    lists: [{ 'List-Id': '<news.example>' }, { case: { status: 'closed' } }],
  };

  it('is tried here', () => expect([...named.keys()]).toEqual(Object.keys(MAILS)));

  it.each(Object.entries(MAILS))('%s', async (name, [fields, expected]) => {
    const config = await load(`${BEGIN}rules:\n${named.get(name)}`);
    expect(config.rules.map((rule) => rule.name)).toEqual([name]);
    expect(await comesTo(config, fields)).toMatchObject(expected as object);
    // And it leaves ordinary mail alone.
    expect((await comesTo(config, {})).byRules).toBeUndefined();
  });
});
