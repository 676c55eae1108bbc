import { pino } from 'pino';
import { describe, expect, inject, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, RECORDING, rows } from '../support/poll.ts';

const database = useDatabase();
const server = inject('dovecot');
let users = 0;

/** A mailbox, and a domain of customers that no other test writes from. */
function fresh(): { user: string; domain: string; id(name: string): string } {
  users += 1;
  const domain = `test${users}.example`;
  return { user: `contract${users}@example.com`, domain, id: (name) => `<${name}@${domain}>` };
}

const SECRET = 'a-secret-of-the-shop-0123456789';
const TRUSTED = { trust: { secret: { header: 'x-shop-secret', value: SECRET } }, own: ['example.com'] };
const signed = { 'X-Shop-Secret': SECRET };

/** What lies in a test's mailbox, told by subject. */
const told = (user: string) =>
  rows<{
    subject: string;
    kind: string;
    direction: string;
    customer: string | null;
    case: number;
    status: string;
    outsider: boolean;
  }>(
    database.db,
    `select i.subject, i.kind, i.direction, i.outsider, c.status, i.case_id as "case",
       (select e.address_key from customer_emails e where e.customer_id = i.customer_id order by e.id limit 1) as customer
     from interactions i join cases c on c.id = i.case_id join folders f on f.id = i.folder_id
     where f.account = ? order by i.id`,
    [`${user}@127.0.0.1`],
  );

const report = (to: string, original: string, action = 'failed') =>
  [
    '--b',
    'Content-Type: text/plain',
    '',
    'This is the mail system. Your message could not be delivered.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example.net',
    '',
    `Final-Recipient: rfc822; ${to}`,
    `Action: ${action}`,
    'Status: 5.1.1',
    '',
    '--b',
    'Content-Type: text/rfc822-headers',
    '',
    `Message-ID: ${original}`,
    `To: ${to}`,
    'Subject: the original',
    '--b--',
  ].join('\r\n');
const BOUNCE = {
  From: 'MAILER-DAEMON@mx.example.net',
  'Content-Type': 'multipart/report; report-type=delivery-status; boundary=b',
};

describe('automatic mail', () => {
  test('a newsletter: its bounces and out-of-office replies join its closed case and change nothing; a reply opens its own', async () => {
    const { user, domain, id } = fresh();
    const mailbox = await loadMailbox(user, TRUSTED);
    const customers = Array.from({ length: 30 }, (_, i) => `c${i}@${domain}`);
    const headers = { 'x-desk-case-external-id': `NEWS-${domain}`, 'x-desk-case-status': 'closed' };
    await deliver(server, user, [
      ...customers.map((to) =>
        mail({
          From: 'news@example.com',
          To: to,
          Subject: 'News',
          'Message-ID': id('news'),
          ...headers,
          ...signed,
        }),
      ),
      // All mails have one Message-ID; whom it went to tells them apart.
      mail(
        { ...BOUNCE, To: 'news@example.com', Subject: 'Undelivered' },
        report(customers[3] ?? '', id('news')),
      ),
      ...customers.slice(10).map((From) =>
        mail({
          From,
          To: 'news@example.com',
          Subject: 'Out of office',
          'In-Reply-To': id('news'),
          'Auto-Submitted': 'auto-replied',
        }),
      ),
      mail({
        From: customers[5] ?? '',
        To: 'news@example.com',
        Subject: 'A question',
        'In-Reply-To': id('news'),
      }),
    ]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 52, quarantined: 0 });
    const story = await told(user);
    const news = story[0]?.case;
    expect(story.filter((each) => each.case === news)).toHaveLength(51);
    expect(story.find(({ kind }) => kind === 'bounce')).toMatchObject({
      customer: customers[3],
      case: news,
      status: 'closed',
      outsider: false,
    });
    expect(story.filter(({ kind }) => kind === 'auto_reply')).toHaveLength(20);
    expect(story.at(-1)).toMatchObject({ subject: 'A question', status: 'new', customer: customers[5] });
    const [events] = await rows(database.db, 'select count(*) as n from case_events where case_id = ?', [
      String(news),
    ]);
    expect(events).toEqual({ n: 1 });
  });

  test('without the mail that it is about, a bounce is a closed case of whom it was to; nobody else becomes a customer', async () => {
    const { user, domain, id } = fresh();
    const mailbox = await loadMailbox(user, TRUSTED);
    await deliver(
      server,
      user,
      [
        mail({ ...BOUNCE, To: user, Subject: 'Bounced' }, report(`gone@${domain}`, id('unknown'))),
        mail({ From: 'postmaster@mx.example.net', 'Return-Path': '<>', To: user, Subject: 'No report' }),
      ],
      '',
    );
    await poll(database.db, mailbox);
    expect(await told(user)).toMatchObject([
      { subject: 'Bounced', kind: 'bounce', customer: `gone@${domain}`, status: 'closed' },
      { subject: 'No report', kind: 'bounce', customer: null, status: 'closed' },
    ]);
    const systems = await rows(
      database.db,
      `select address from customer_emails where address ~* '^(mailer-daemon|postmaster)@'`,
    );
    expect(systems).toEqual([]);
  });

  test('a flood: 25 mails in a minute make 20 cases, and the log says whose', async () => {
    const { user, domain } = fresh();
    const mailbox = await loadMailbox(user, { own: ['example.com'], batch: { messages: '7' } });
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
    const mails = Array.from({ length: 25 }, (_, i) =>
      mail({ From: `loop@${domain}`, To: user, Subject: `Loop ${i}` }),
    );
    await deliver(server, user, mails);
    expect(await poll(database.db, mailbox, { log })).toMatchObject({ recorded: 25, flooded: 5 });
    const story = await told(user);
    expect(new Set(story.map((each) => each.case)).size).toBe(20);
    expect(story.slice(19).every((each) => each.case === story[19]?.case)).toBe(true);
    const floods = lines.map((line) => JSON.parse(line)).filter(({ msg }) => String(msg).startsWith('flood'));
    expect(floods.reduce((sum, { messages }) => sum + messages, 0)).toBe(5);
    // An hour later the customer is heard again.
    await database.db.raw(
      `update interactions set received_at = received_at - interval '61 minutes' where from_address = ?`,
      [`loop@${domain}`],
    );
    await deliver(server, user, [mail({ From: `loop@${domain}`, To: user, Subject: 'A person at last' })]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, flooded: 0 });
    expect((await told(user)).at(-1)).toMatchObject({ status: 'new' });
  });
});

describe('strangers', () => {
  test('a guessed Message-ID, and a Reply-To that names a known customer: seen, and planted in no history', async () => {
    const { user, domain, id } = fresh();
    const mailbox = await loadMailbox(user, { own: ['example.com'] });
    const victim = `victim@${domain}`;
    await deliver(server, user, [
      mail({ From: `Vera Victim <${victim}>`, To: user, Subject: 'Mine', 'Message-ID': id('mine') }),
      mail({ From: `eve@evil-${domain}`, To: user, Subject: 'Guessed', 'In-Reply-To': id('mine') }),
      mail({ From: `mal@evil-${domain}`, 'Reply-To': victim, To: user, Subject: 'Planted' }),
      // The website's own form speaks for whom it names, known or not.
      mail({ From: 'www@example.com', 'Reply-To': victim, To: user, Subject: 'Form' }),
    ]);
    await poll(database.db, mailbox);
    const story = await told(user);
    expect(story).toMatchObject([
      { subject: 'Mine', customer: victim, outsider: false },
      { subject: 'Guessed', customer: `eve@evil-${domain}`, outsider: true, case: story[0]?.case },
      { subject: 'Planted', customer: `mal@evil-${domain}`, outsider: false },
      { subject: 'Form', customer: victim, direction: 'in', outsider: false },
    ]);
    const [noted] = await rows(
      database.db,
      `select x.directives->'refused' as refused from interaction_contents x join interactions i on i.id = x.interaction_id
       where i.subject = 'Planted' and i.reply_to_address = ?`,
      [victim],
    );
    expect(noted).toEqual({
      refused: [
        { by: 'reply-to', value: victim, reason: expect.stringContaining('known customer other than From') },
      ],
    });
    const history = await rows(
      database.db,
      `select h.subject from customer_history h join customer_emails e using (customer_id) where e.address_key = ? order by interaction_id`,
      [victim],
    );
    expect(history).toEqual([{ subject: 'Mine' }, { subject: 'Form' }]);
  });

  test('the number in the subject: whoever is part of the case joins it, a stranger who counts does not', async () => {
    const { user, domain } = fresh();
    const mailbox = await loadMailbox(user, { own: ['example.com'] });
    const recording = { ...RECORDING, cases: { subject_number: '[#1234]' } };
    const ann = `ann@${domain}`;
    await deliver(server, user, [mail({ From: ann, To: user, Cc: `bob@${domain}`, Subject: 'Numbered' })]);
    await poll(database.db, mailbox, { recording });
    const number = (await told(user))[0]?.case;
    const subject = (text: string) => `Re: ${text} [#${number}]`;
    await deliver(server, user, [
      mail({ From: ann, To: user, Subject: subject('by the customer') }),
      mail({ From: `bob@${domain}`, To: user, Subject: subject('by whom was in Cc') }),
      mail({ From: user, To: ann, Subject: subject('by the agent') }),
      mail({ From: `eve@evil-${domain}`, To: user, Subject: subject('by a stranger') }),
    ]);
    await poll(database.db, mailbox, { recording });
    expect((await told(user)).map((each) => each.case === number)).toEqual([true, true, true, true, false]);
  });
});

describe('the same mail', () => {
  const order = (to: string, id: string, more: Record<string, string> = {}) =>
    mail({
      ...{ From: 'shop@example.com', To: to, Subject: 'Your order', 'Message-ID': id },
      ...{
        'x-desk-customer-email': to,
        'x-desk-interaction-direction': 'out',
        'x-desk-case-status': 'resolved',
      },
      ...{ 'x-desk-case-labels': 'order', 'x-desk-interaction-city': 'Malmö', ...more },
    });

  test('in two polled mailboxes: the untrusting one first; the trusted copy applies its headers, once', async () => {
    const { user, domain, id } = fresh();
    const second = `second-${user}`;
    const joe = `joe@${domain}`;
    const external = { 'x-desk-case-external-id': `O-${domain}` };
    const [plain, trusting] = [
      await loadMailbox(user, { own: ['example.com'] }),
      await loadMailbox(second, { ...TRUSTED, name: `second${users}` }),
    ];
    await deliver(server, user, [order(joe, id('o'), external)]);
    await deliver(server, second, [
      order(joe, id('o'), { ...external, ...signed }),
      order(joe, id('o'), { ...external, ...signed }),
    ]);
    expect(await poll(database.db, plain)).toMatchObject({ recorded: 1, refused: 6 });
    expect(await told(user)).toMatchObject([{ direction: 'out', customer: joe, status: 'pending' }]);
    expect(await poll(database.db, trusting)).toMatchObject({ recorded: 0, duplicates: 2 });
    expect(await told(user)).toMatchObject([{ direction: 'out', customer: joe, status: 'resolved' }]);
    const [stored] = await rows(
      database.db,
      `select i.trusted, i.city, c.external_id, c.labels, x.directives->'refused' as refused,
         jsonb_array_length(x.directives->'applied') as applied, encode(r.content, 'escape') like '%' || ? || '%' as leaked
       from interactions i join cases c on c.id = i.case_id join interaction_contents x on x.interaction_id = i.id
       join raw_messages r on r.interaction_id = i.id where c.external_id = ?`,
      [SECRET, `O-${domain}`],
    );
    expect(stored).toEqual({
      ...{ trusted: true, city: 'Malmö', external_id: `O-${domain}`, labels: ['order'] },
      ...{ refused: [], applied: 6, leaked: false },
    });
    const events = await rows<{ field: string; old: string | null; new: string }>(
      database.db,
      `select e.field, e.old, e.new from case_events e join cases c on c.id = e.case_id where c.external_id = ? order by e.id`,
      [`O-${domain}`],
    );
    expect(events).toEqual([
      { field: 'status', old: null, new: 'pending' },
      { field: 'external_id', old: null, new: `O-${domain}` },
      { field: 'status', old: 'pending', new: 'resolved' },
      { field: 'labels', old: null, new: 'order' },
    ]);
  });

  test('trusted copies read by several daemons at the same moment are applied once', async () => {
    const { user, domain, id } = fresh();
    const copies = [1, 2, 3].map((n) => `copy${n}-${user}`);
    const ids = Array.from({ length: 12 }, (_, i) => id(`same${i}`));
    await deliver(
      server,
      user,
      ids.map((each) => order(`joe@${domain}`, each)),
    );
    await poll(database.db, await loadMailbox(user, { own: ['example.com'] }));
    const mailboxes = await Promise.all(
      copies.map((copy, i) =>
        loadMailbox(copy, { ...TRUSTED, name: `copy${users}-${i}`, batch: { messages: '3' } }),
      ),
    );
    for (const copy of copies)
      await deliver(
        server,
        copy,
        ids.map((each) => order(`joe@${domain}`, each, signed)),
      );
    await Promise.all(mailboxes.map((mailbox) => poll(database.db, mailbox)));
    const [counts] = await rows(
      database.db,
      `select count(distinct i.id) as interactions, count(*) filter (where e.field = 'labels') as labelled,
         count(*) filter (where e.field = 'status' and e.new = 'resolved') as resolved
       from interactions i join cases c on c.id = i.case_id join case_events e on e.case_id = c.id
       where i.message_id like ?`,
      [`same%@${domain}`],
    );
    expect(counts).toEqual({ interactions: 12, labelled: 12, resolved: 12 });
  });

  test('To and Bcc copies, a list copy beside a direct one, Safe Links, and a Message-ID reused for every customer', async () => {
    const { user, domain, id } = fresh();
    const mailbox = await loadMailbox(user, { own: ['example.com'] });
    const fields = { From: `ann@${domain}`, To: user, Subject: 'Help', 'Message-ID': id('help') };
    const text = 'See https://shop.example/orders/1 please.';
    const safe =
      'See https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fshop.example%2Forders%2F1&data=05 please.';
    const viaList = {
      ...fields,
      Subject: '[support] Help',
      'List-Id': '<support.example.com>',
      Precedence: 'list',
      'Reply-To': user,
    };
    const news = (to: string) =>
      mail({ From: 'news@example.com', To: to, Subject: 'News', 'Message-ID': id('n') });
    await deliver(server, user, [
      mail(fields, text),
      `Delivered-To: ${user}\r\nReceived: from a by b; Mon, 09 Nov 2026 08:16:00 +0000\r\n${mail(fields, text)}`,
      mail(viaList, text),
      mail(fields, safe),
      news(`a@${domain}`),
      news(`b@${domain}`),
    ]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 3, duplicates: 3 });
  });
});

test('question and answer in two mailboxes that are polled at the same moment are one case', async () => {
  const { user, domain, id } = fresh();
  const other = `other-${user}`;
  const ann = `ann@${domain}`;
  const [first, second] = await Promise.all([
    loadMailbox(user, { own: ['example.com'] }),
    loadMailbox(other, { own: ['example.com'], name: `other${users}` }),
  ]);
  await deliver(server, user, [mail({ From: ann, To: user, Subject: 'known from before' })]);
  await poll(database.db, first);
  for (let round = 0; round < 12; round += 1) {
    await deliver(server, user, [
      mail({ From: ann, To: user, Subject: `q${round}`, 'Message-ID': id(`q${round}`) }),
    ]);
    await deliver(server, other, [
      mail({ From: user, To: ann, Subject: `a${round}`, 'In-Reply-To': id(`q${round}`) }),
    ]);
    await Promise.all([poll(database.db, first), poll(database.db, second)]);
  }
  const [cases] = await rows(
    database.db,
    `select count(distinct case_id) as n, count(*) as mails from interactions i
     join customer_emails e using (customer_id) where e.address_key = ? and i.subject ~ '^[qa][0-9]'`,
    [ann],
  );
  expect(cases).toEqual({ n: 12, mails: 24 });
});

test('the same message read again, under another UIDVALIDITY and with trust turned on, keeps its verdict', async () => {
  const { user, domain } = fresh();
  const path = 'Shop';
  const order = mail({
    ...{
      From: 'shop@example.com',
      To: `joe@${domain}`,
      Subject: 'Old order',
      'x-desk-case-status': 'resolved',
    },
    ...{ 'x-desk-case-labels': 'old', ...signed },
  });
  const make = () =>
    withClient(user, async (client) => {
      await client.mailboxCreate(path);
      await client.append(path, order, [], new Date('2026-11-09T08:15:00Z'));
    });
  await make();
  await poll(database.db, await loadMailbox(user, { own: ['example.com'], folders: [path] }));
  await withClient(user, (client) => client.mailboxDelete(path));
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await make();
  const trusting = await loadMailbox(user, { ...TRUSTED, folders: [path] });
  expect(await poll(database.db, trusting)).toMatchObject({ recorded: 0, duplicates: 1 });
  expect(await told(user)).toMatchObject([{ subject: 'Old order', status: 'pending' }]);
});

test('every change of a case is an event, with the mail that made it', async () => {
  const { user, domain, id } = fresh();
  const mailbox = await loadMailbox(user, TRUSTED);
  const external = { 'x-desk-case-external-id': `E-${domain}` };
  await deliver(server, user, [
    mail({ From: 'undisclosed', To: user, Subject: '1', ...external, ...signed }),
    mail({
      From: 'shop@example.com',
      To: `joe@${domain}`,
      Subject: '2',
      'Message-ID': id('2'),
      ...external,
      ...signed,
      'x-desk-case-priority': '3',
      'x-desk-case-labels': 'a',
    }),
    mail({ From: `joe@${domain}`, To: user, Subject: '3', 'In-Reply-To': id('2') }),
    mail({
      From: 'shop@example.com',
      To: `joe@${domain}`,
      Subject: '4',
      ...external,
      ...signed,
      'x-desk-case-status': 'closed',
      'x-desk-case-labels': 'a, b',
      'x-desk-case-language': 'SV',
      'x-desk-case-subject': 'Renamed',
      'x-desk-case-custom-size': 'XL',
    }),
  ]);
  await poll(database.db, mailbox);
  const events = await rows<Record<string, unknown>>(
    database.db,
    `select i.subject as by, e.field, e.old, e.new, e.at = i.received_at as then, e.actor
     from case_events e join interactions i on i.id = e.interaction_id join cases c on c.id = e.case_id
     where c.external_id = ? order by e.id`,
    [`E-${domain}`],
  );
  expect(events.every(({ then, actor }) => then === true && actor === null)).toBe(true);
  expect(events.map(({ by, field, old, new: value }) => [by, field, old, value])).toEqual([
    ['1', 'status', null, 'new'],
    ['2', 'status', 'new', 'pending'],
    ['2', 'priority', null, '3'],
    ['2', 'labels', null, 'a'],
    ['2', 'customer_id', null, expect.stringMatching(/^\d+$/)],
    ['3', 'status', 'pending', 'open'],
    ['4', 'status', 'open', 'closed'],
    ['4', 'language', null, 'sv'],
    ['4', 'subject', '1', 'Renamed'],
    ['4', 'labels', 'a', 'a, b'],
    ['4', 'custom_fields.size', null, 'XL'],
  ]);
});
