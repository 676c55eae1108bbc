import { expect, inject, test } from 'vitest';
import { Suspects } from '../../src/poll-context.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf } from '../support/imap-client.ts';
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

const small = (user: string, subject: string) =>
  mail({ From: `a@${user.split('@')[0]}.example`, To: user, Subject: subject });

test('BODY[] NIL is a mail that is not ready: it is neither recorded nor marked, and asked for again', async () => {
  const user = 'odd-nil@example.com';
  await deliver(server, user, [small(user, 'ready'), small(user, 'not ready')]);
  let isReady = false;
  const proxy = await startImapProxy(server, (text) =>
    // The body of UID 2, with its literal, becomes NIL; these mails fit into one piece of the answer.
    isReady
      ? text
      : text.replace(
          /(\* 2 FETCH \(UID 2 [^\r]*?BODY\[\] )\{(\d+)\}\r\n([\s\S]*)$/,
          (_, head, length, rest) => `${head}NIL${rest.slice(Number(length))}`,
        ),
  );
  try {
    const mailbox = await loadMailbox(user, { imap: { port: proxy.port } });
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, notReady: 1, quarantined: 0 });
    expect(await contentOf(user)).toEqual([
      { uid: 1, flags: ['\\Seen'] },
      { uid: 2, flags: [] },
    ]);
    isReady = true;
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, notReady: 0 });
    expect(await subjects(user)).toEqual(['ready', 'not ready']);
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
