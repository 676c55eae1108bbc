// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write, and no promise.
import { expect, inject, test } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf, withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { mailboxSection, writeConfig } from '../support/mailcase.ts';
import { judges, poll, RECORDING, rows } from '../support/poll.ts';

/* Rules from the configuration file through Dovecot into the tables: what each does, why it stands there, and what is left out. */

const database = useDatabase();
const server = inject('dovecot');
let users = 0;

function newUser(): string {
  users += 1;
  return `rules${users}@example.com`;
}

async function configOf(
  user: string,
  rules: readonly object[],
  more: Record<string, unknown> = {},
  others: readonly object[] = [],
): Promise<Config> {
  const written = await writeConfig({
    database: { url: 'postgres://unused@localhost/unused' },
    mailboxes: [mailboxSection(user, { own: ['example.com'], ...more }), ...others],
    rules,
  });
  const { config } = await written.load();
  await written.remove();
  return config;
}

async function pollUnder({ mailboxes, rules, headers }: Config) {
  const [mailbox] = mailboxes;
  if (!mailbox) throw new Error('no mailbox');
  return poll(database.db, mailbox, { recording: { ...RECORDING, rules, headers }, judges });
}

const from = (who: string, subject: string, more: Record<string, string> = {}) =>
  mail({ From: `${who} <${who}@asker.example>`, To: 'support@example.com', Subject: subject, ...more });

const eventsOf = (subject: string) =>
  rows(
    database.db,
    `select e.field, e.old, e.new, e.reason from case_events e join cases c on c.id = e.case_id
     where c.subject = '${subject}' order by e.id`,
  );

test('set, add, remove and clear: fields of case, customer and interaction, each an event with its reason', async () => {
  const user = newUser();
  const rules = [
    {
      name: 'jira',
      when: { part: 'subject', matches: '\\[JIRA\\] \\((?<key>[A-Z]+-\\d+)\\)' },
      then: {
        set: {
          'case.external_id': 'jira-{key}',
          'case.subject': 'rules {key}',
          'case.priority': 7,
          'customer.company': 'Acme',
          'customer.language': 'ES',
          'customer.custom_fields.key': '{key}',
          'interaction.city': 'Malmö',
        },
        add: { 'case.labels': ['jira', 'open'], 'customer.custom_fields.topics': ['a', 'b'] },
      },
    },
    {
      name: 'done',
      when: { part: 'subject', contains: 'resolved' },
      then: {
        set: { 'case.status': 'resolved' },
        remove: { 'case.labels': 'open', 'customer.custom_fields.topics': 'a' },
        clear: ['case.priority', 'customer.company'],
        stop: true,
      },
    },
    { name: 'after', then: { add: { 'case.labels': 'last' } } },
  ];
  const config = await configOf(user, rules);
  const first = from('ann', '[JIRA] (ABC-1) broken', { 'X-Desk-Case-Priority': '1' });
  await deliver(server, user, [first]);
  expect(await pollUnder(config)).toMatchObject({ recorded: 1 });
  expect(
    await rows(
      database.db,
      `select c.external_id, c.status, c.priority, c.labels, u.company, u.language, u.custom_fields, i.city, i.trusted,
         x.directives -> 'rules' as rules
       from cases c join interactions i on i.case_id = c.id join customers u on u.id = i.customer_id
         join interaction_contents x on x.interaction_id = i.id where c.subject = 'rules ABC-1'`,
    ),
  ).toEqual([
    {
      external_id: 'jira-ABC-1',
      status: 'new',
      priority: 7,
      labels: ['jira', 'open', 'last'],
      company: 'Acme',
      language: 'es',
      custom_fields: { key: 'ABC-1', topics: 'a, b' },
      city: 'Malmö',
      trusted: false,
      rules: ['jira', 'after'],
    },
  ]);

  await deliver(server, user, [from('ann', 'Re: [JIRA] (ABC-1) resolved')]);
  await pollUnder(config);
  expect(await eventsOf('rules ABC-1')).toEqual([
    { field: 'status', old: null, new: 'new', reason: 'a case begins so' },
    { field: 'priority', old: null, new: '7', reason: 'rule jira' },
    { field: 'subject', old: '[JIRA] (ABC-1) broken', new: 'rules ABC-1', reason: 'rule jira' },
    { field: 'labels', old: null, new: 'jira, open, last', reason: 'rule jira, rule after' },
    { field: 'status', old: 'new', new: 'resolved', reason: 'rule done says so' },
    { field: 'priority', old: '7', new: null, reason: 'rule done' },
    { field: 'labels', old: 'jira, open, last', new: 'jira, last', reason: 'rule jira, rule done' },
  ]);
  expect(
    await rows(
      database.db,
      `select u.company, u.custom_fields, c.labels, x.directives -> 'rules' as rules from cases c
       join customers u on u.id = c.customer_id join interactions i on i.case_id = c.id
       join interaction_contents x on x.interaction_id = i.id where c.external_id = 'jira-ABC-1' order by i.id desc limit 1`,
    ),
  ).toEqual([
    {
      company: null,
      custom_fields: { key: 'ABC-1', topics: 'b' },
      labels: ['jira', 'last'],
      rules: ['jira', 'done'],
    },
  ]);
});

test('a stranger whose subject names a case by a rule is its outsider; a trusted mail is not', async () => {
  const user = newUser();
  const rules = [
    {
      name: 'number',
      when: { part: 'subject', matches: 'order (?<no>\\d+)' },
      then: { set: { 'case.external_id': 'order-{no}' } },
    },
  ];
  const trust = { secret: { header: 'x-our-secret', value: '0123456789abcdef' } };
  const config = await configOf(user, rules, { trust });
  await deliver(server, user, [
    from('ann', 'order 17'),
    from('eve', 'order 17'),
    from('ann', 'order 17'),
    from('shop', 'order 17', { 'X-Our-Secret': '0123456789abcdef' }),
  ]);
  await pollUnder(config);
  const found = await rows(
    database.db,
    `select i.from_name, i.outsider from interactions i join cases c on c.id = i.case_id
     where c.external_id = 'order-17' order by i.id`,
  );
  expect(found).toEqual([
    { from_name: 'ann', outsider: false },
    { from_name: 'eve', outsider: true },
    { from_name: 'ann', outsider: false },
    { from_name: 'shop', outsider: false },
  ]);
});

test('skip: nothing is recorded, the receipt says which rule, and the mail is marked and never moved', async () => {
  const user = newUser();
  const rules = [
    { name: 'spam', when: { header: 'x-spam-flag', equals: 'yes' }, then: { skip: 'marked as spam' } },
    { name: 'later', then: { add: { 'case.labels': 'later' } } },
  ];
  await withClient(user, (client) => client.mailboxCreate('Done'));
  const config = await configOf(user, rules, { processed: { flag: '\\Seen', move: 'Done' } });
  const spam = from('eve', 'skipped by a rule', { 'X-Spam-Flag': 'YES' });
  await deliver(server, user, [spam, from('ann', 'not skipped')]);
  expect(await pollUnder(config)).toMatchObject({ recorded: 1, skipped: 1 });
  expect(await contentOf(user)).toEqual([{ uid: 1, flags: ['\\Seen'] }]);
  const receipts = () =>
    rows(
      database.db,
      `select r.uid, r.outcome, r.last_error, r.dedupe_key is not null as has_key, r.interaction_id
       from receipts r join folders f on f.id = r.folder_id where f.account = ? and r.outcome = 'skipped' order by uid`,
      [`${user}@127.0.0.1`],
    );
  const receipt = {
    outcome: 'skipped',
    last_error: 'rule spam: marked as spam',
    has_key: true,
    interaction_id: null,
  };
  expect(await receipts()).toEqual([{ uid: 1, ...receipt }]);
  expect(await pollUnder(config)).toMatchObject({ found: 0 });
});

test('what a rule has skipped stays out after a UIDVALIDITY change, without the rule; a copy elsewhere does not', async () => {
  const user = newUser();
  const folders = { folders: ['Shop', 'Other'], select: 'new', start: 'all', processed: 'none' };
  const rules = [{ name: 'shop', when: { folder: 'Shop' }, then: { skip: true } }];
  const spam = from('eve', 'skipped in Shop');
  await withClient(user, async (client) => {
    for (const path of ['Shop', 'Other']) await client.mailboxCreate(path);
    await client.append('Shop', spam);
  });
  expect(await pollUnder(await configOf(user, rules, folders))).toMatchObject({ skipped: 1, recorded: 0 });
  await withClient(user, (client) => client.mailboxDelete('Shop'));
  // Dovecot's UIDVALIDITY is made of the time: a folder made in the same second may get the same one.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await withClient(user, async (client) => {
    await client.mailboxCreate('Shop');
    await client.append('Shop', spam);
  });
  const without = await configOf(user, [], folders);
  expect(await pollUnder(without)).toMatchObject({ skipped: 1, recorded: 0 });
  await withClient(user, async (client) => {
    await client.append('Other', spam);
  });
  expect(await pollUnder(without)).toMatchObject({ skipped: 0, recorded: 1 });
});

test('a rule that skips untrusted mail does not keep its trusted copy out', async () => {
  const user = newUser();
  const trust = { secret: { header: 'x-our-secret', value: '0123456789abcdef' } };
  const rules = [{ name: 'strangers', when: { trusted: false }, then: { skip: 'not ours' } }];
  const id = { 'Message-ID': '<both@asker.example>' };
  await deliver(server, user, [
    from('ann', 'both copies', id),
    from('ann', 'both copies', { ...id, 'X-Our-Secret': '0123456789abcdef' }),
  ]);
  expect(await pollUnder(await configOf(user, rules, { trust }))).toMatchObject({ skipped: 1, recorded: 1 });
});

test('a header that is mapped later doubles no mail of a folder that was restored', async () => {
  const user = newUser();
  const folder = { folders: ['Shop'], select: 'new', start: 'all', processed: 'none', trust: 'all' };
  const mails = ['open', 'closed'].map((state) =>
    from('ann', 'mapped later', { 'Message-ID': '<later@asker.example>', 'X-Zammad-Ticket-State': state }),
  );
  await withClient(user, async (client) => {
    await client.mailboxCreate('Shop');
    for (const each of mails) await client.append('Shop', each);
  });
  const mapped = {
    ...(await configOf(user, [], folder)),
    headers: {
      ...RECORDING.headers,
      map: [{ header: 'x-zammad-ticket-state', sets: 'case.status', values: undefined }],
    },
  };
  // Without the mapping, the two are one: nothing that counts tells them apart.
  expect(await pollUnder(await configOf(user, [], folder))).toMatchObject({ recorded: 1, duplicates: 1 });
  await withClient(user, (client) => client.mailboxDelete('Shop'));
  // Dovecot's UIDVALIDITY is made of the time: a folder made in the same second may get the same one.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await withClient(user, async (client) => {
    await client.mailboxCreate('Shop');
    await client.append('Shop', mails[0] ?? '');
  });
  expect(await pollUnder(mapped)).toMatchObject({ recorded: 0, duplicates: 1 });
});
