import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { seenUids, withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, RECORDING, rows } from '../support/poll.ts';

const database = useDatabase();
let users = 0;

/** A fresh mailbox, so that no test sees another's mail. */
function newUser(): string {
  users += 1;
  return `poll${users}@example.com`;
}

const customerMail = (subject: string, more: Record<string, string> = {}) =>
  mail({ From: 'Ann Asker <ann@asker.example>', To: 'support@example.com', Subject: subject, ...more });

describe('which case', () => {
  test('a reply joins the case of what it answers, and the lifecycle follows', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { own: ['example.com'] });
    const server = inject('dovecot');
    const question = customerMail('Broken lamp', { 'Message-ID': '<q1@asker.example>' });
    const answer = mail({
      From: 'Support <support@example.com>',
      To: 'ann@asker.example',
      Subject: 'Re: Broken lamp',
      'Message-ID': '<a1@example.com>',
      'In-Reply-To': '<q1@asker.example>',
    });
    const thanks = customerMail('Re: Broken lamp', { References: '<q1@asker.example> <a1@example.com>' });
    const status = () => rows(database.db, "select status from cases where subject = 'Broken lamp'");

    await deliver(server, user, [question]);
    await poll(database.db, mailbox);
    expect(await status()).toEqual([{ status: 'new' }]);
    await deliver(server, user, [answer]);
    await poll(database.db, mailbox);
    expect(await status()).toEqual([{ status: 'pending' }]);
    await deliver(server, user, [thanks]);
    await poll(database.db, mailbox);
    expect(await status()).toEqual([{ status: 'open' }]);
    const events = await rows(
      database.db,
      `select e.field, e.old, e.new, i.direction from case_events e join cases c on c.id = e.case_id
       join interactions i on i.id = e.interaction_id where c.subject = 'Broken lamp' order by e.id`,
    );
    expect(events).toEqual([
      { field: 'status', old: null, new: 'new', direction: 'in' },
      { field: 'status', old: 'new', new: 'pending', direction: 'out' },
      { field: 'status', old: 'pending', new: 'open', direction: 'in' },
    ]);
  });

  test('original and reply in one batch share a case; a reply to a closed case begins one that points back', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { trust: 'all' });
    await deliver(inject('dovecot'), user, [
      customerMail('Closed thing', { 'Message-ID': '<c1@asker.example>' }),
      customerMail('Re: Closed thing', {
        'Message-ID': '<c2@asker.example>',
        'In-Reply-To': '<c1@asker.example>',
        'x-desk-case-status': 'closed',
      }),
      customerMail('One more question', { 'In-Reply-To': '<c2@asker.example>' }),
    ]);
    await poll(database.db, mailbox);
    expect(
      await rows(
        database.db,
        `select c.subject, c.status, f.subject as follows, count(i.id) as interactions
         from cases c join interactions i on i.case_id = c.id left join cases f on f.id = c.follow_up_of
         where c.subject in ('Closed thing', 'One more question') group by c.id, f.id order by c.id`,
      ),
    ).toEqual([
      { subject: 'Closed thing', status: 'closed', follows: null, interactions: 2 },
      { subject: 'One more question', status: 'new', follows: 'Closed thing', interactions: 1 },
    ]);
  });

  test('two mailboxes polled at once that meet the same new id, customer and mail make one of each', async () => {
    const [first, second] = [newUser(), newUser()];
    const mails = Array.from({ length: 30 }, (_, i) =>
      mail({
        From: 'shop@example.com',
        To: 'race@customer.example',
        Subject: `Race ${i}`,
        'x-desk-case-external-id': `race-${i % 3}`,
      }),
    );
    await deliver(inject('dovecot'), [first, second], mails);
    const mailboxes = await Promise.all(
      [first, second].map((user) =>
        loadMailbox(user, {
          name: user.replace('@example.com', ''),
          own: ['example.com'],
          trust: 'all',
          batch: { messages: '7' },
        }),
      ),
    );
    const reports = await Promise.all(mailboxes.map((mailbox) => poll(database.db, mailbox)));
    expect(reports.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(30);
    expect(reports.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(30);
    expect(
      await rows(database.db, "select count(*) as n from cases where external_id like 'race-%'"),
    ).toEqual([{ n: 3 }]);
    expect(
      await rows(
        database.db,
        "select count(*) as n from customer_emails where address_key = 'race@customer.example'",
      ),
    ).toEqual([{ n: 1 }]);
    expect(
      await rows(database.db, "select count(*) as n from interactions where subject like 'Race %'"),
    ).toEqual([{ n: 30 }]);
  });
});

describe('once', () => {
  test('a crash between commit and STORE: the next poll marks, and records nothing twice', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user);
    await deliver(inject('dovecot'), user, [customerMail('Crash 1'), customerMail('Crash 2')]);
    await poll(database.db, mailbox);
    // What a crash leaves behind: recorded and committed, but neither flagged nor noted as processed.
    await withClient(user, (client) => client.messageFlagsRemove('1:*', ['\\Seen'], { uid: true }));
    await database.db.raw(`update receipts set processed_at = null where interaction_id in
      (select id from interactions where subject like 'Crash %')`);

    expect(await poll(database.db, mailbox)).toMatchObject({
      found: 2,
      recorded: 0,
      duplicates: 0,
      markedLate: 2,
    });
    expect(await seenUids(user)).toEqual([1, 2]);
    expect(
      await rows(database.db, "select count(*) as n from interactions where subject like 'Crash %'"),
    ).toEqual([{ n: 2 }]);
    expect(
      await rows(
        database.db,
        `select count(*) as n from receipts r join interactions i on i.id = r.interaction_id
         where i.subject like 'Crash %' and r.processed_at is not null`,
      ),
    ).toEqual([{ n: 2 }]);
  });

  test('a mail that a person set back to unseen stays unseen and is not recorded again', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user);
    await deliver(inject('dovecot'), user, [customerMail('Set back')]);
    await poll(database.db, mailbox);
    await withClient(user, (client) => client.messageFlagsRemove('1', ['\\Seen'], { uid: true }));
    expect(await poll(database.db, mailbox)).toMatchObject({
      found: 1,
      recorded: 0,
      duplicates: 0,
      markedLate: 0,
    });
    expect(await seenUids(user)).toEqual([]);
  });

  test('the same mail delivered twice is one interaction; a Message-ID reused for another customer is not', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { own: ['example.com'] });
    const news = (to: string) =>
      mail({ From: 'news@example.com', To: to, Subject: 'Twice', 'Message-ID': '<news@example.com>' });
    const copy = `Received: from elsewhere by here; Mon, 09 Nov 2026 08:16:00 +0000\r\n${news('a@one.example')}`;
    await deliver(inject('dovecot'), user, [news('a@one.example'), copy, news('b@two.example')]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 2, duplicates: 1 });
    expect(
      await rows(
        database.db,
        `select r.uid, r.outcome, i.to_addresses from receipts r join interactions i on i.id = r.interaction_id
         where i.subject = 'Twice' order by r.uid`,
      ),
    ).toEqual([
      { uid: 1, outcome: 'recorded', to_addresses: ['a@one.example'] },
      { uid: 2, outcome: 'duplicate', to_addresses: ['a@one.example'] },
      { uid: 3, outcome: 'recorded', to_addresses: ['b@two.example'] },
    ]);
    expect(await seenUids(user)).toEqual([1, 2, 3]);
  });

  test('nothing is marked when the database refuses, nothing is blamed, and the next poll records it', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user);
    await deliver(inject('dovecot'), user, [customerMail('Refused by the database')]);
    await database.db.raw('alter table receipts rename to receipts_away');
    await expect(poll(database.db, mailbox)).rejects.toThrow(/receipts/);
    await database.db.raw('alter table receipts_away rename to receipts');
    expect(await seenUids(user)).toEqual([]);
    expect(await rows(database.db, 'select count(*) as n from quarantine')).toEqual([{ n: 0 }]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1 });
  });
});

test('another account behind the same name is another folder, though its UIDs and UIDVALIDITY are the same', async () => {
  const users = [newUser(), newUser()];
  const server = inject('dovecot');
  for (const user of users) await deliver(server, user, [customerMail(`Account of ${user}`)]);
  const validity = (user: string) =>
    withClient(user, async (client) => (client.mailbox ? Number(client.mailbox.uidValidity) : 0), {
      readOnly: true,
    });
  for (const user of users) await poll(database.db, await loadMailbox(user));
  const folders = await rows<{ account: string; uid_validity: number }>(
    database.db,
    `select f.account, f.uid_validity from folders f join receipts r on r.folder_id = f.id
     join interactions i on i.id = r.interaction_id where i.subject like 'Account of %' order by f.id`,
  );
  expect(folders.map(({ account }) => account)).toEqual(users.map((user) => `${user}@127.0.0.1`));
  expect(folders[0]?.uid_validity).toBe(await validity(users[0] ?? ''));
});

test('a folder that is missing is said, and holds up no other folder', async () => {
  const user = newUser();
  await deliver(inject('dovecot'), user, [customerMail('Beside a missing folder')]);
  const mailbox = await loadMailbox(user, { folders: ['Nowhere', 'INBOX'] });
  expect(await poll(database.db, mailbox)).toMatchObject({
    recorded: 1,
    problem: { code: 'imap_folder_missing' },
  });
  expect(
    await rows(database.db, "select direction from interactions where subject = 'Beside a missing folder'"),
  ).toEqual([{ direction: 'in' }]);
});

describe('a message that cannot be recorded', () => {
  test('is quarantined alone, with its bytes and its error, and the others go on', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user);
    // A constraint of the operator's own stands in for a defect of ours: the database refuses one message's values.
    await database.db.raw("alter table interactions add constraint no_trap check (subject <> 'Trap')");
    const subjects = ['Before 1', 'Before 2', 'Trap', 'After 1', 'After 2'];
    await deliver(
      inject('dovecot'),
      user,
      subjects.map((subject) => customerMail(subject)),
    );
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 5, recorded: 4, quarantined: 1 });
    await database.db.raw('alter table interactions drop constraint no_trap');
    const [set] = await rows<{ uid: number; stage: string; error: string; content: Buffer }>(
      database.db,
      'select uid, stage, error, content from quarantine',
    );
    expect(set).toMatchObject({ uid: 3, stage: 'store' });
    expect(set?.error).toContain('no_trap');
    expect(set?.content.toString()).toContain('Subject: Trap');
    expect(await seenUids(user)).toEqual([1, 2, 3, 4, 5]);
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 0 });
  });
});

test.each([
  [1_000_000, /^\{"body_text: the first 1,000,000 of 6,\d{3},\d{3} characters"\}$/],
  // In UTF-8 more than goes to the database in one piece.
  [4_000_000, /^\{"body_text: the first 4,000,000 of 6,\d{3},\d{3} characters"\}$/],
])('a large message arrives byte for byte, and %d characters of its large text', async (limit, cut) => {
  const user = newUser();
  const mailbox = await loadMailbox(user);
  const body = `${'äöüß Grüße aus dem Süden, 012345. '.repeat(2)}\r\n`.repeat(98_000);
  const large = mail(
    {
      From: 'big@b.example',
      To: user,
      Subject: `Large ${limit}`,
      'Content-Type': 'text/plain; charset=utf-8',
    },
    body,
  );
  await deliver(inject('dovecot'), user, [large]);
  const limits = { ...RECORDING.limits, body_characters: limit };
  expect(await poll(database.db, mailbox, { recording: { limits } })).toMatchObject({ recorded: 1 });
  const source = await withClient(
    user,
    async (client) => {
      const message = await client.fetchOne('1', { source: true }, { uid: true });
      const bytes = message ? message.source : undefined;
      return bytes ?? Buffer.of();
    },
    { readOnly: true },
  );
  const [stored] = await rows<{
    content: Buffer;
    body_text: string;
    cut: string;
    size: number;
    good: boolean;
  }>(
    database.db,
    `select r.content, c.body_text, i.cut::text, r.size_bytes as size, sha256(r.content) = r.sha256 as good
     from raw_messages r join interactions i on i.id = r.interaction_id
     join interaction_contents c on c.interaction_id = i.id where i.subject = ?`,
    [`Large ${limit}`],
  );
  expect(stored?.good).toBe(true);
  expect(Buffer.compare(source, stored?.content ?? Buffer.of())).toBe(0);
  expect(stored?.size).toBeGreaterThan(7_800_000);
  expect(stored?.body_text === body.replaceAll('\r\n', '\n').slice(0, limit)).toBe(true);
  expect(stored?.cut).toMatch(cut);
});

test('the shared secret is applied, and overwritten wherever the mail is kept', async () => {
  const user = newUser();
  const secret = 'canary-secret-0123456789';
  const mailbox = await loadMailbox(user, { trust: { secret: { header: 'X-Shop-Key', value: secret } } });
  const shop = (key: string) =>
    mail(
      {
        From: 'shop@example.com',
        To: 'kim@k.example',
        Subject: `Key ${key.length}`,
        'X-Shop-Key': key,
        'x-desk-case-priority': '7',
      },
      `It also quotes ${key}.`,
    );
  await deliver(inject('dovecot'), user, [shop(secret), shop('canary-wrong-one')]);
  await poll(database.db, mailbox);
  expect(
    await rows(
      database.db,
      `select i.trusted, c.priority, x.directives->'refused'->0->>'reason' as reason from interactions i
       join cases c on c.id = i.case_id join interaction_contents x on x.interaction_id = i.id
       where i.subject like 'Key %' order by i.id`,
    ),
  ).toEqual([
    { trusted: true, priority: 7, reason: null },
    { trusted: false, priority: null, reason: 'not trusted: the value of x-shop-key is another one' },
  ]);
  const kept = await rows<{ everything: string }>(
    database.db,
    `select encode(r.content, 'escape') || x.headers::text || x.directives::text || x.body_text as everything
     from raw_messages r join interaction_contents x using (interaction_id)
     join interactions i on i.id = r.interaction_id where i.subject like 'Key %' order by i.id`,
  );
  expect(kept).toHaveLength(2);
  expect(kept[0]?.everything).not.toContain(secret);
  // A wrong value may be another system's right one: its header is blanked as well.
  expect(kept[1]?.everything).not.toMatch(/X-Shop-Key:? *canary-wrong-one/i);
});

test('mail of other projects is recorded, each message once', async () => {
  const folder = fileURLToPath(new URL('../../../shared/mail/nasty', import.meta.url));
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.eml'));
  if (files.length === 0) {
    process.stderr.write('../shared/mail is not here (a clone elsewhere): nothing to read\n');
    return;
  }
  const user = newUser();
  const mailbox = await loadMailbox(user, { trust: 'all' });
  await withClient(user, async (client) => {
    for (const file of files) await client.append('INBOX', await readFile(join(folder, file)));
  });
  const report = await poll(database.db, mailbox);
  expect(report).toMatchObject({ found: files.length, quarantined: 0, notReady: 0, left: 0 });
  expect(report.recorded + report.duplicates).toBe(files.length);
  expect(await poll(database.db, mailbox)).toMatchObject({ found: 0 });
});
