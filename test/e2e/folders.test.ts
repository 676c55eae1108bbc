import { describe, expect, inject, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { startDovecot } from '../support/dovecot.ts';
import { contentOf, seenUids, withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';

const database = useDatabase();
const server = inject('dovecot');
let users = 0;

function newUser(): string {
  users += 1;
  return `folders${users}@example.com`;
}

/** A customer of this test alone, so that no case of another test is in the way. */
const customer = (user: string) =>
  `ann.${user.replace('@', '.at.')}@asker.example`.replace('.example.com', '');

/** Ids of one test are not those of another. */
const idOf = (user: string, id: string) => `<${id}.${user.replace('@', '.at.')}@mail.example>`;

const question = (user: string, id: string, more: Record<string, string> = {}) =>
  mail({ From: customer(user), To: user, Subject: id, 'Message-ID': idOf(user, id), ...more });

const answer = (user: string, id: string, to: string, more: Record<string, string> = {}) =>
  mail({
    From: user,
    To: customer(user),
    Subject: `Re: ${to}`,
    'Message-ID': idOf(user, id),
    'In-Reply-To': idOf(user, to),
    ...more,
  });

async function append(user: string, path: string, ...sources: string[]): Promise<void> {
  await withClient(user, async (client) => {
    if (path !== 'INBOX') await client.mailboxCreate(path);
    for (const source of sources) await client.append(path, source, ['\\Seen']);
  });
}

const storyOf = (user: string) =>
  rows(
    database.db,
    `select i.subject, i.direction, f.path, f.role, c.status, i.case_id = min(i.case_id) over () as together
     from interactions i join cases c on c.id = i.case_id join folders f on f.id = i.folder_id
     where f.account = ? order by i.id`,
    [`${user}@127.0.0.1`],
  );

const SENT = [{ path: 'INBOX' }, { path: 'Sent', role: 'sent' }];

describe('the Sent folder', () => {
  test("the agent's answer lands in the case it answers, makes a new case pending, is counted, and is never marked", async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { folders: SENT, start: 'all' });
    await deliver(server, user, [question(user, 'q1')]);
    // Neither seen nor flagged by the mail program that put it there: it stays so.
    await withClient(user, async (client) => {
      await client.mailboxCreate('Sent');
      await client.append('Sent', answer(user, 'a1', 'q1'));
    });
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 2, recorded: 2 });
    expect(await storyOf(user)).toEqual([
      { subject: 'q1', direction: 'in', path: 'INBOX', role: 'inbox', status: 'pending', together: true },
      { subject: 'Re: q1', direction: 'out', path: 'Sent', role: 'sent', status: 'pending', together: true },
    ]);
    expect(await contentOf(user, { path: 'Sent' })).toEqual([{ uid: 1, flags: [] }]);
    const counts = await rows(
      database.db,
      'select direction, sum(interactions) as n from interactions_per_day where mailbox = ? group by 1 order by 1',
      ['support'],
    );
    expect(counts).toEqual([
      { direction: 'in', n: expect.anything() },
      { direction: 'out', n: expect.anything() },
    ]);
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 0, markedLate: 0 });
  });

  test('an answer to a colleague, or from an address that is not listed as own, is outbound all the same', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { folders: SENT, start: 'all', own: [user] });
    await append(
      user,
      'Sent',
      mail({ From: user, To: user, Subject: 'To ourselves' }),
      mail({ From: 'agent@private.example', To: customer(user), Subject: 'From a private address' }),
    );
    await poll(database.db, mailbox);
    expect(await storyOf(user)).toMatchObject([
      { subject: 'To ourselves', direction: 'out' },
      { subject: 'From a private address', direction: 'out' },
    ]);
  });

  test("the answer to a colleague is in the colleague's history", async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { folders: SENT, start: 'all', own: ['example.com'] });
    const colleague = `colleague.${user}`;
    await deliver(server, user, [question(user, 'q1', { From: colleague })]);
    await append(user, 'Sent', answer(user, 'a1', 'q1', { To: colleague }));
    await poll(database.db, mailbox);
    const history = await rows(
      database.db,
      `select h.subject, h.direction from customer_history h join customer_emails e using (customer_id)
       where e.address_key = ? order by h.interaction_id`,
      [colleague],
    );
    expect(history).toEqual([
      { subject: 'q1', direction: 'in' },
      { subject: 'Re: q1', direction: 'out' },
    ]);
  });

  test('at the first contact only what is sent from now on counts, unless start says otherwise', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { folders: SENT });
    await append(user, 'Sent', answer(user, 'old', 'long-ago'));
    await deliver(server, user, [question(user, 'q1')]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1 });
    await withClient(user, (client) => client.append('Sent', answer(user, 'a1', 'q1'), ['\\Seen']));
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 1, recorded: 1 });
    expect(await storyOf(user)).toMatchObject([
      { subject: 'q1', status: 'pending' },
      { subject: 'Re: q1', together: true },
    ]);
  });

  test('the answer read first, the question later: one case, and it is not reopened', async () => {
    const user = newUser();
    const sentFirst = await loadMailbox(user, { folders: [SENT[1], SENT[0]], start: 'all' });
    const [early, late] = [new Date('2026-11-09T08:00:00Z'), new Date('2026-11-09T09:00:00Z')];
    await withClient(user, async (client) => {
      await client.mailboxCreate('Sent');
      await client.append('Sent', answer(user, 'a1', 'q1'), ['\\Seen'], late);
      await client.append('INBOX', question(user, 'q1'), [], early);
    });
    await poll(database.db, sentFirst);
    expect(await storyOf(user)).toMatchObject([
      { subject: 'Re: q1', direction: 'out', status: 'pending', together: true },
      { subject: 'q1', direction: 'in', status: 'pending', together: true },
    ]);
  });

  test('INBOX holds the question and the thanks, Sent the answer between them: the case is open', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { folders: SENT, start: 'all' });
    const at = (hour: number) => new Date(Date.UTC(2026, 10, 9, hour));
    await withClient(user, async (client) => {
      await client.append('INBOX', question(user, 'q1'), [], at(8));
      await client.append(
        'INBOX',
        question(user, 'thanks', {
          'In-Reply-To': idOf(user, 'a1'),
          References: `${idOf(user, 'q1')} ${idOf(user, 'a1')}`,
        }),
        [],
        at(10),
      );
      await client.mailboxCreate('Sent');
      await client.append('Sent', answer(user, 'a1', 'q1'), ['\\Seen'], at(9));
    });
    await poll(database.db, mailbox);
    expect(await storyOf(user)).toMatchObject([
      { subject: 'q1', status: 'open', together: true },
      { subject: 'thanks', status: 'open', together: true },
      { subject: 'Re: q1', status: 'open', together: true },
    ]);
  });

  test('the copy in Sent and the Bcc copy in INBOX are one interaction', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { folders: SENT, start: 'all' });
    const copy = answer(user, 'a1', 'nothing');
    await deliver(server, user, [copy]);
    await append(user, 'Sent', copy);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, duplicates: 1 });
    expect(await storyOf(user)).toMatchObject([{ direction: 'out' }]);
  });
});

test.each([
  [
    'slashes',
    undefined,
    '',
    [
      ...['Sent Items', 'Team/2026/Q1 offen', 'Gesendete Objekte/für später', 'Отправленные', '送信済み'],
      ...['a & b/c', `it's "quoted"`, 'back\\slash', '100% done', '[Gmail]/Sent Mail'],
    ],
  ],
  [
    'dots, below INBOX',
    'namespace inbox {\n  inbox = yes\n  separator = .\n  prefix = INBOX.\n}\n',
    'INBOX.',
    ['INBOX.Archive', 'INBOX.Entwürfe.zu prüfen', 'Sent'],
  ],
])('folders with delimiters, spaces and signs of all kinds: %s', async (_, extraConfig, prefix, paths) => {
  const own = extraConfig === undefined ? undefined : await startDovecot({ extraConfig });
  try {
    const user = newUser();
    const { host, imapPort, password } = own ?? server;
    const mailbox = await loadMailbox(user, {
      imap: { host, port: imapPort, password },
      folders: ['INBOX', ...paths],
      processed: { flag: '\\Seen', move: 'Erledigt & abgelegt' },
    });
    await withClient(
      user,
      async (client) => {
        await client.mailboxCreate('Erledigt & abgelegt');
        for (const path of paths) {
          await client.mailboxCreate(path);
          await client.append(path, mail({ From: 'a@names.example', To: user, Subject: `In ${path}` }));
        }
      },
      { server: own ?? server },
    );
    expect(await poll(database.db, mailbox)).toMatchObject({ found: paths.length, recorded: paths.length });
    const found = await rows(
      database.db,
      'select f.path from interactions i join folders f on f.id = i.folder_id where f.account = ? order by i.id',
      [`${user}@127.0.0.1`],
    );
    // However it is spelled in the configuration, a folder is kept by the server's path.
    expect(found).toEqual(paths.map((path) => ({ path: path === 'Sent' ? `${prefix}Sent` : path })));
    expect(await contentOf(user, { path: 'Erledigt & abgelegt', server: own ?? server })).toHaveLength(
      paths.length,
    );
  } finally {
    await own?.stop();
  }
});

test('a folder that is not there: the error names those that are, and what they are for', async () => {
  const user = newUser();
  await withClient(user, (client) => client.mailboxCreate('Gesendet'));
  const mailbox = await loadMailbox(user, { folders: ['INBOX', { path: 'Sent', role: 'sent' }] });
  expect((await poll(database.db, mailbox)).problem).toMatchObject({
    code: 'imap_folder_missing',
    message: expect.stringMatching(
      /cannot open the folder "Sent": .*the folders of this mailbox: .*Gesendet/,
    ),
    fields: { cure: expect.stringMatching(/name one of those in `folders`; .* may open it/) },
  });
});

test('UIDVALIDITY changes in one folder: its mail is not doubled, the other folder goes on', async () => {
  const user = newUser();
  const mailbox = await loadMailbox(user, { folders: ['INBOX', 'Shop'], select: 'new', start: 'all' });
  const mails = [1, 2, 3].map((n) => question(user, `u${n}`));
  await append(user, 'Shop', ...mails);
  await deliver(server, user, [question(user, 'inbox1')]);
  expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 4 });
  const before = await rows(
    database.db,
    `select uid_validity from folders where account = ? and path = 'Shop'`,
    [`${user}@127.0.0.1`],
  );
  const unmarked = (sql: string) =>
    rows(
      database.db,
      `${sql} where processed_at is null and folder_id in (select id from folders where account = ? and path = 'Shop')`,
      [`${user}@127.0.0.1`],
    );
  // As if the poll had been cut before it could mark them.
  await database.db.raw(
    `update receipts set processed_at = null
     where folder_id in (select id from folders where account = ? and path = 'Shop')`,
    [`${user}@127.0.0.1`],
  );
  expect(await unmarked('select uid from receipts')).toHaveLength(3);
  await withClient(user, async (client) => {
    await client.mailboxDelete('Shop');
  });
  // Dovecot's UIDVALIDITY is made of the time: a folder made in the same second may get the same one.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await append(user, 'Shop', ...mails, question(user, 'u4'));
  await deliver(server, user, [question(user, 'inbox2')]);
  expect(await poll(database.db, mailbox)).toMatchObject({ found: 5, recorded: 2, duplicates: 3 });
  const after = await rows(
    database.db,
    `select uid_validity from folders where account = ? and path = 'Shop'`,
    [`${user}@127.0.0.1`],
  );
  expect(after).not.toEqual(before);
  expect(await unmarked('select uid from receipts')).toEqual([]);
});

test('a folder by two spellings is one, and what is moved into one that is polled is refused', async () => {
  const extraConfig = 'namespace inbox {\n  inbox = yes\n  separator = .\n  prefix = INBOX.\n}\n';
  const own = await startDovecot({ extraConfig });
  try {
    const user = newUser();
    const imap = { host: own.host, port: own.imapPort, password: own.password };
    await withClient(user, (client) => client.mailboxCreate('INBOX.Done'), { server: own });
    await deliver(own, user, [question(user, 'n1')]);
    const circle = { imap, folders: ['INBOX', 'INBOX.Done'], processed: { move: 'Done' } };
    expect(await poll(database.db, await loadMailbox(user, circle))).toMatchObject({ found: 1, recorded: 1 });
    expect(await contentOf(user, { server: own })).toEqual([{ uid: 1, flags: [] }]);
    await poll(database.db, await loadMailbox(user, { imap, folders: ['Done'], select: 'new' }));
    await withClient(user, (client) => client.append('INBOX.Done', question(user, 'n2')), { server: own });
    expect(
      await poll(database.db, await loadMailbox(user, { imap, folders: ['INBOX.Done'], select: 'new' })),
    ).toMatchObject({ recorded: 1 });
    const [folders] = await rows(
      database.db,
      'select array_agg(path order by path) as paths from folders where account = ?',
      [`${user}@127.0.0.1`],
    );
    expect(folders).toEqual({ paths: ['INBOX', 'INBOX.Done'] });
  } finally {
    await own.stop();
  }
});

describe('selection', () => {
  test('changed from unseen to new: the archive is not new mail, and nothing that came since is lost', async () => {
    const user = newUser();
    await withClient(user, async (client) => {
      for (const n of [1, 2, 3]) await client.append('INBOX', question(user, `archive${n}`), ['\\Seen']);
    });
    await deliver(server, user, [question(user, 'unread')]);
    expect(await poll(database.db, await loadMailbox(user))).toMatchObject({ found: 1, recorded: 1 });
    await deliver(server, user, [question(user, 'read by a person')]);
    await withClient(user, (client) => client.messageFlagsAdd('5', ['\\Seen'], { uid: true }));
    const changed = await loadMailbox(user, { select: 'new' });
    expect(await poll(database.db, changed)).toMatchObject({ found: 1, recorded: 1 });
    expect((await storyOf(user)).map(({ subject }) => subject)).toEqual(['unread', 'read by a person']);
    expect(await poll(database.db, changed)).toMatchObject({ found: 0 });
    // Mail that came while the daemon was down, nothing of which was recorded before.
    const late = await loadMailbox(`late.${user}`);
    await deliver(server, `late.${user}`, []);
    expect(await poll(database.db, late)).toMatchObject({ found: 0 });
    await deliver(server, `late.${user}`, [question(user, 'came meanwhile')]);
    expect(await poll(database.db, await loadMailbox(`late.${user}`, { select: 'new' }))).toMatchObject({
      recorded: 1,
    });
    // Whoever wants the archive says so.
    const all = await loadMailbox(`all.${user}`, { select: 'unseen' });
    await withClient(`all.${user}`, (client) => client.append('INBOX', question(user, 'seen'), ['\\Seen']));
    await poll(database.db, all);
    const explicit = await loadMailbox(`all.${user}`, { select: 'new', start: 'all' });
    expect(await poll(database.db, explicit)).toMatchObject({ recorded: 1 });
  });

  test('new: a person who reads first hides nothing, and nothing is looked at twice', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { select: 'new', start: 'all' });
    await deliver(server, user, [question(user, 'n1'), question(user, 'n2')]);
    await withClient(user, (client) => client.messageFlagsAdd('1:*', ['\\Seen'], { uid: true }));
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 2, recorded: 2 });
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 0 });
    await deliver(server, user, [question(user, 'n3')]);
    await withClient(user, (client) => client.messageFlagsRemove('1:*', ['\\Seen'], { uid: true }));
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 1, recorded: 1 });
  });

  test('new: the sweep does not pass over a mail that was not recorded', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { select: 'new', start: 'all', batch: { messages: '1' } });
    await deliver(
      server,
      user,
      ['s1', 's2', 's3'].map((id) => question(user, id)),
    );
    await database.db.raw(
      'alter table receipts add constraint not_two check (uid <> 2 or folder_id < 0) not valid',
    );
    // The database refuses the second one, and even its quarantine: nothing is known of it afterwards.
    await expect(poll(database.db, mailbox)).rejects.toThrow(/not_two/);
    await database.db.raw('alter table receipts drop constraint not_two');
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 2 });
    expect((await storyOf(user)).map(({ subject }) => subject)).toEqual(['s1', 's2', 's3']);
  });

  test('keyword: what lacks it is taken, read or not, and gets it', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { select: 'keyword', start: 'all' });
    await deliver(server, user, [question(user, 'k1'), question(user, 'k2')]);
    await withClient(user, (client) => client.messageFlagsAdd('1', ['\\Seen'], { uid: true }));
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 2, recorded: 2 });
    expect(await contentOf(user)).toEqual([
      { uid: 1, flags: ['\\Seen', 'mailcase'] },
      { uid: 2, flags: ['mailcase'] },
    ]);
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 0 });
  });
});

describe('processed', () => {
  test('none: shadow mode changes nothing in the mailbox, and records each mail once', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { processed: 'none' });
    await deliver(server, user, [question(user, 'p1'), question(user, 'p2')]);
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 2, recorded: 2 });
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 2, recorded: 0, markedLate: 0 });
    expect(await contentOf(user)).toEqual([
      { uid: 1, flags: [] },
      { uid: 2, flags: [] },
    ]);
    // When the operator goes live, what was recorded in the shadow is not suddenly read.
    const live = await loadMailbox(user);
    expect(await poll(database.db, live)).toMatchObject({ recorded: 0, markedLate: 0 });
    expect(await seenUids(user)).toEqual([]);
  });

  test('several together: flag, keyword and move', async () => {
    const user = newUser();
    const processed = { flag: '\\Flagged', keyword: '$Recorded', move: 'Done' };
    const mailbox = await loadMailbox(user, { processed });
    await append(user, 'Done');
    await deliver(server, user, [question(user, 'm1'), question(user, 'm2')]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 2 });
    expect(await contentOf(user)).toEqual([]);
    expect(await contentOf(user, { path: 'Done' })).toEqual([
      { uid: 1, flags: ['$Recorded', '\\Flagged'] },
      { uid: 2, flags: ['$Recorded', '\\Flagged'] },
    ]);
  });

  test('delete: only what is fully recorded goes, a duplicate too; what was cut stays', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { processed: { delete: true }, message_bytes: '4KB' });
    const large = question(user, 'too-large', { Subject: 'x'.repeat(70).concat('\r\n ').repeat(100) });
    const twice = question(user, 'd1');
    await deliver(server, user, [twice, large, twice]);
    // Somebody else's deleted mail is not ours to expunge.
    await deliver(server, user, [question(user, 'd2')]);
    await withClient(user, (client) => client.messageFlagsAdd('4', ['\\Deleted', '\\Seen'], { uid: true }));
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 2, duplicates: 1 });
    expect(await contentOf(user)).toEqual([
      { uid: 2, flags: [] },
      { uid: 4, flags: ['\\Deleted', '\\Seen'] },
    ]);
    // It is receipted, so it is not tried again by every poll.
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 0, duplicates: 0 });
  });

  test('set_aside: what could not be recorded in full goes to a folder of its own', async () => {
    const user = newUser();
    const processed = { move: 'Done', set_aside: 'Not recorded' };
    const mailbox = await loadMailbox(user, { processed, message_bytes: '4KB' });
    await append(user, 'Done');
    await append(user, 'Not recorded');
    const large = question(user, 'too-large', { Subject: 'x'.repeat(70).concat('\r\n ').repeat(100) });
    await deliver(server, user, [question(user, 'a1'), large]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 2 });
    expect(await contentOf(user)).toEqual([]);
    expect(await contentOf(user, { path: 'Done' })).toHaveLength(1);
    expect(await contentOf(user, { path: 'Not recorded' })).toHaveLength(1);
  });

  test('a crash after the commit, and a person who reads the mail before it is marked: it is moved all the same', async () => {
    const user = newUser();
    const mailbox = await loadMailbox(user, { processed: { move: 'Done' } });
    const shadow = await loadMailbox(user, { processed: 'none' });
    await append(user, 'Done');
    await deliver(server, user, [question(user, 'c1'), question(user, 'c2')]);
    await poll(database.db, shadow);
    await database.db.raw(
      `update receipts set processed_at = null where folder_id = (select id from folders where account = ?)`,
      [`${user}@127.0.0.1`],
    );
    await withClient(user, async (client) => {
      await client.messageFlagsAdd('1', ['\\Seen'], { uid: true });
      await client.messageDelete('2', { uid: true });
    });
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 0, markedLate: 1 });
    expect(await contentOf(user, { path: 'Done' })).toHaveLength(1);
    const open = await rows(
      database.db,
      `select uid from receipts r join folders f on f.id = r.folder_id where f.account = ? and processed_at is null`,
      [`${user}@127.0.0.1`],
    );
    expect(open).toEqual([]);
  });
});
