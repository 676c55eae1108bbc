import { describe, expect, inject, test } from 'vitest';
import { Suspects } from '../../src/poll-context.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf, seenUids, withClient } from '../support/imap-client.ts';
import { startImapProxy } from '../support/imap-proxy.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';

const database = useDatabase();
const server = inject('dovecot');

const subjects = async (user: string) =>
  (
    await rows<{ subject: string }>(
      database.db,
      `select i.subject from interactions i join folders f on f.id = i.folder_id where f.account = ? order by i.id`,
      [`${user}@127.0.0.1`],
    )
  ).map(({ subject }) => subject);

const OF_USER = 'folder_id = (select id from folders where account = ?)';

/** What is known of mail that was asked for and did not come. */
const awaited = (user: string) =>
  rows<{ uid: number; attempts: number }>(
    database.db,
    `select uid, attempts from awaited_messages where ${OF_USER} order by uid`,
    [`${user}@127.0.0.1`],
  );

/** Makes a day and an hour go by for what is awaited. */
const aDayLater = (user: string) =>
  rows(database.db, `update awaited_messages set since = since - interval '25 hours' where ${OF_USER}`, [
    `${user}@127.0.0.1`,
  ]);

const quarantined = (user: string) =>
  rows<{ uid: number; stage: string; error: string; content: Buffer | null }>(
    database.db,
    `select uid, stage, error, content from quarantine where ${OF_USER} order by uid`,
    [`${user}@127.0.0.1`],
  );

/** The body of UID 2, with its literal, becomes NIL; these mails fit into one piece of the answer. */
const withoutSecond = (text: string) =>
  text.replace(
    /(\* 2 FETCH \(UID 2 [^\r]*?BODY\[\] )\{(\d+)\}\r\n([\s\S]*)$/,
    (_, head, length, rest) => `${head}NIL${rest.slice(Number(length))}`,
  );

const small = (user: string, subject: string) =>
  mail({ From: `a@${user.split('@')[0]}.example`, To: user, Subject: subject });

test('BODY[] NIL is a mail that is not ready: it is neither recorded nor marked, and asked for again', async () => {
  const user = 'odd-nil@example.com';
  await deliver(server, user, [small(user, 'ready'), small(user, 'not ready')]);
  let isReady = false;
  const proxy = await startImapProxy(server, (text) => (isReady ? text : withoutSecond(text)));
  try {
    const mailbox = await loadMailbox(user, { imap: { port: proxy.port } });
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, notReady: 1, quarantined: 0 });
    expect(await contentOf(user)).toEqual([
      { uid: 1, flags: ['\\Seen'] },
      { uid: 2, flags: [] },
    ]);
    expect(await awaited(user)).toEqual([{ uid: 2, attempts: 1 }]);
    isReady = true;
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, notReady: 0 });
    expect(await subjects(user)).toEqual(['ready', 'not ready']);
    expect(await awaited(user)).toEqual([]);
  } finally {
    await proxy.close();
  }
});

test('a server that breaks off at one message: the others are recorded, before it and after it', async () => {
  const user = 'odd-break@example.com';
  await deliver(
    server,
    user,
    ['one', 'poison', 'three'].map((subject) => small(user, subject)),
  );
  const proxy = await startImapProxy(server, (text) => (text.includes('Subject: poison') ? undefined : text));
  try {
    const mailbox = await loadMailbox(user, { imap: { port: proxy.port } });
    const suspects = new Suspects();
    const tryPoll = () => poll(database.db, mailbox, { suspects });
    await expect(tryPoll()).rejects.toMatchObject({
      code: 'imap_connect',
      message: expect.stringContaining('while 3 messages were fetched'),
    });
    for (let i = 0; i < 3; i += 1) await tryPoll().catch(() => undefined);
    await deliver(server, user, [small(user, 'four')]);
    for (let i = 0; i < 2; i += 1) await tryPoll().catch(() => undefined);
    await expect(tryPoll()).rejects.toMatchObject({
      message: expect.stringContaining('while message 2 was fetched'),
    });
    expect(await subjects(user)).toEqual(['one', 'three', 'four']);
    expect(
      (await contentOf(user)).filter(({ flags }) => flags.includes('\\Seen')).map(({ uid }) => uid),
    ).toEqual([1, 3, 4]);
    expect(await rows(database.db, 'select uid from quarantine')).toEqual([]);
  } finally {
    await proxy.close();
  }
});

test.each(['UID SEARCH', 'UID FETCH', 'UID STORE'])(
  'a connection that breaks at %s is one that broke, and the next poll does what is left',
  async (command) => {
    const user = `odd-${command.slice(4).toLowerCase()}@example.com`;
    await deliver(server, user, [small(user, `broken at ${command}`)]);
    let isBroken = false;
    const hear = (text: string) => {
      isBroken ||= text.includes(` ${command} `);
    };
    const proxy = await startImapProxy(server, (text) => (isBroken ? undefined : text), hear);
    try {
      const mailbox = await loadMailbox(user, { imap: { port: proxy.port } });
      await expect(poll(database.db, mailbox)).rejects.toMatchObject({
        ...{ code: 'imap_connect', temporary: true },
        message: expect.stringMatching(/^the connection (broke|was closed)/),
      });
    } finally {
      await proxy.close();
    }
    await poll(database.db, await loadMailbox(user));
    expect(await subjects(user)).toEqual([`broken at ${command}`]);
    expect(await seenUids(user)).toEqual([1]);
  },
);

/** Polls so often, whatever becomes of it. */
async function polls(times: number, tryPoll: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < times; i += 1) await tryPoll().catch(() => undefined);
}

test.each([
  ['body', withoutSecond],
  ['size', (text: string) => text.replace(/\* 2 FETCH \([^\r\n]*RFC822\.SIZE[^\r\n]*\r\n/, '')],
])(
  'a mail whose %s is not handed out for a day goes to quarantine, and gets the flag',
  async (what, without) => {
    const user = `odd-day-${what}@example.com`;
    await deliver(server, user, [small(user, 'ready'), small(user, 'never')]);
    const proxy = await startImapProxy(server, without);
    try {
      const mailbox = await loadMailbox(user, { imap: { port: proxy.port } });
      const tryPoll = () => poll(database.db, mailbox);
      expect(await tryPoll()).toMatchObject({ recorded: 1, notReady: 1 });
      // However long ago it was: one asking says nothing.
      await aDayLater(user);
      expect(await tryPoll()).toMatchObject({ notReady: 1, quarantined: 0 });
      await polls(2, tryPoll);
      expect(await awaited(user)).toEqual([{ uid: 2, attempts: 4 }]);
      expect(await quarantined(user)).toEqual([]);
      expect(await tryPoll()).toMatchObject({ found: 1, notReady: 0, quarantined: 1 });
      expect(await quarantined(user)).toEqual([
        {
          ...{ uid: 2, stage: 'fetch', content: null },
          error: expect.stringMatching(
            /^the server lists it and does not hand it out; it was asked for 5 times since \d{4}-.* UTC, and stays in the mailbox$/,
          ),
        },
      ]);
      expect(await awaited(user)).toEqual([]);
      expect(await contentOf(user)).toEqual([
        { uid: 1, flags: ['\\Seen'] },
        { uid: 2, flags: ['\\Seen'] },
      ]);
      expect(await tryPoll()).toMatchObject({ found: 0 });
    } finally {
      await proxy.close();
    }
  },
);

test('a mail that was asked for often, and not for a day, is asked for again', async () => {
  const user = 'odd-often@example.com';
  await deliver(server, user, [small(user, 'ready'), small(user, 'soon')]);
  const proxy = await startImapProxy(server, withoutSecond);
  try {
    const mailbox = await loadMailbox(user, { imap: { port: proxy.port } });
    await polls(8, () => poll(database.db, mailbox));
    expect(await awaited(user)).toEqual([{ uid: 2, attempts: 8 }]);
    expect(await quarantined(user)).toEqual([]);
  } finally {
    await proxy.close();
  }
});

test('a mail that is not handed out and then gone from the folder is awaited no more', async () => {
  const user = 'odd-gone@example.com';
  await deliver(server, user, [small(user, 'ready'), small(user, 'gone')]);
  const proxy = await startImapProxy(server, withoutSecond);
  try {
    const mailbox = await loadMailbox(user, { imap: { port: proxy.port } });
    await poll(database.db, mailbox);
    expect(await awaited(user)).toEqual([{ uid: 2, attempts: 1 }]);
    await withClient(user, (client) => client.messageDelete('2', { uid: true }));
    // And what was awaited before the folder was made anew.
    await rows(
      database.db,
      `insert into awaited_messages (folder_id, uid_validity, uid)
       select id, uid_validity + 1, 1 from folders where account = ?`,
      [`${user}@127.0.0.1`],
    );
    await poll(database.db, mailbox);
    expect(await awaited(user)).toEqual([]);
  } finally {
    await proxy.close();
  }
});

describe('a mail at which the server breaks off', () => {
  const breaking = (isBad: (text: string) => boolean) =>
    startImapProxy(server, (text) => (isBad(text) ? undefined : text));

  test('for a day, while it hands out others, goes to quarantine, and gets the flag by the poll after it', async () => {
    const user = 'odd-break-day@example.com';
    await deliver(
      server,
      user,
      ['one', 'poison', 'three'].map((subject) => small(user, subject)),
    );
    const proxy = await breaking((text) => text.includes('Subject: poison'));
    try {
      const mailbox = await loadMailbox(user, { imap: { port: proxy.port } });
      const suspects = new Suspects();
      const tryPoll = () => poll(database.db, mailbox, { suspects });
      // All together, then each alone, the one that breaks it last.
      await polls(3, tryPoll);
      expect(await subjects(user)).toEqual(['one', 'three']);
      const [before] = await awaited(user);
      await polls(5, tryPoll);
      const [after] = await awaited(user);
      expect(after).toEqual({ uid: 2, attempts: (before?.attempts ?? 0) + 5 });
      expect(await quarantined(user)).toEqual([]);
      await aDayLater(user);
      // The connection is gone, so it cannot be marked at once.
      await expect(tryPoll()).rejects.toMatchObject({ code: 'imap_connect' });
      expect(await quarantined(user)).toEqual([
        {
          ...{ uid: 2, stage: 'fetch', content: null },
          error: expect.stringMatching(
            /^the server breaks the connection off when it is fetched; it was asked for \d+ times/,
          ),
        },
      ]);
      expect(await tryPoll()).toMatchObject({ markedLate: 1 });
      expect(await seenUids(user)).toEqual([1, 2, 3]);
      expect(await awaited(user)).toEqual([]);
    } finally {
      await proxy.close();
    }
  });

  test.each([
    [
      'and at every other, as where a network is bad',
      ['one', 'two', 'three'],
      (text: string) => /BODY\[\]/.test(text),
    ],
    ['and there is no other to tell by', ['poison'], (text: string) => text.includes('Subject: poison')],
  ])('%s: it is asked for again, however long that goes on', async (what, titles, isBad) => {
    const user = `odd-break-${titles.length}@example.com`;
    await deliver(
      server,
      user,
      titles.map((subject) => small(user, subject)),
    );
    const proxy = await breaking(isBad);
    try {
      const mailbox = await loadMailbox(user, { name: `b${titles.length}`, imap: { port: proxy.port } });
      const suspects = new Suspects();
      await polls(8, () => poll(database.db, mailbox, { suspects }));
      expect(await awaited(user), what).toEqual([]);
      expect(await quarantined(user)).toEqual([]);
    } finally {
      await proxy.close();
    }
  });

  test('because it takes longer than a poll may: it is asked for again', async () => {
    const user = 'odd-slow@example.com';
    await deliver(server, user, [small(user, 'one')]);
    await poll(database.db, await loadMailbox(user, { name: 'slow' }));
    await deliver(server, user, [small(user, 'slow')]);
    const proxy = await startImapProxy(server, (text) => (text.includes('Subject: slow') ? '' : text));
    try {
      const section = { name: 'slow', poll_timeout: '2s', imap: { port: proxy.port } };
      const mailbox = await loadMailbox(user, section);
      const suspects = new Suspects();
      await polls(3, () => poll(database.db, mailbox, { suspects }));
      const [place] = await rows<{ folderId: number; uidValidity: number }>(
        database.db,
        'select id as "folderId", uid_validity as "uidValidity" from folders where account = ?',
        [`${user}@127.0.0.1`],
      );
      expect(place && suspects.count(place, 2)).toBeGreaterThan(0);
      expect(await awaited(user)).toEqual([]);
    } finally {
      await proxy.close();
    }
  });

  test('a server that is away for a day blames no mail: what is awaited waits on', async () => {
    const user = 'odd-away@example.com';
    await deliver(server, user, [small(user, 'ready'), small(user, 'late')]);
    const proxy = await startImapProxy(server, withoutSecond);
    const mailbox = await loadMailbox(user, { imap: { port: proxy.port } });
    await poll(database.db, mailbox);
    await proxy.close();
    await aDayLater(user);
    await polls(6, () => poll(database.db, mailbox));
    expect(await awaited(user)).toEqual([{ uid: 2, attempts: 1 }]);
    expect(await quarantined(user)).toEqual([]);
    const back = await loadMailbox(user);
    expect(await poll(database.db, back)).toMatchObject({ recorded: 1 });
    expect(await subjects(user)).toEqual(['ready', 'late']);
  });

  test('because of the structure that it sends: a large mail is then read without it', async () => {
    const user = 'odd-structure@example.com';
    const body = 'A line of text.\r\n'.repeat(500);
    await deliver(server, user, [mail({ From: 'a@b.example', Subject: 'bent' }, body)]);
    const proxy = await breaking((text) => text.includes('BODYSTRUCTURE ('));
    try {
      const mailbox = await loadMailbox(user, {
        name: 'bent',
        message_bytes: '2KB',
        imap: { port: proxy.port },
      });
      const suspects = new Suspects();
      await polls(2, () => poll(database.db, mailbox, { suspects }));
      expect(await poll(database.db, mailbox, { suspects })).toMatchObject({ recorded: 1 });
      expect(
        await rows(
          database.db,
          "select cut, is_whole from interactions i join raw_messages on interaction_id = id where subject = 'bent'",
        ),
      ).toEqual([{ cut: [expect.stringMatching(/^body: read to 8\.\d KB/)], is_whole: false }]);
    } finally {
      await proxy.close();
    }
  });
});
