import { expect, inject, it } from 'vitest';
import { openFolder } from '../../src/imap/folder.ts';
import { planMarking } from '../../src/imap/mark.ts';
import { markProcessed } from '../../src/imap/mark-processed.ts';
import { openSession } from '../../src/imap/session.ts';
import { deliver } from '../support/deliver.ts';
import { startDovecot } from '../support/dovecot.ts';
import { contentOf, withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { startScriptedImap } from '../support/scripted-imap.ts';

const PROCESSED = 'Processed';

const EVENTS = { onCopied: async () => {}, onUnkept: () => {} };

it.each([
  ['moved', { move: PROCESSED, delete: false }],
  ['deleted', { delete: true }],
  ['flagged', { flag: '\\Seen', delete: false }],
] as const)('a message that somebody takes away holds up none that is %s with it', async (how, processed) => {
  const user = `taken-away-${how}@example.com`;
  await withClient(user, async (client) => void (await client.mailboxCreate(PROCESSED)));
  const subjects = ['1', '2', '3', '4'];
  const mails = subjects.map((subject) => mail({ From: 'joe@mail.example', To: user, Subject: subject }));
  await deliver(inject('dovecot'), user, mails);
  const { imap } = await loadMailbox(user);
  const session = await openSession(imap, 1024 * 1024, () => {}, new AbortController().signal);
  try {
    await openFolder(session, 'INBOX');
    const marking = await planMarking(session, processed, ['INBOX']);
    // The session has not been told of it when it marks.
    await withClient(user, (client) => client.messageDelete('2', { uid: true }));
    await markProcessed(session, marking, { recorded: [1, 2, 3], aside: [] }, EVENTS);
  } finally {
    await session.logout();
  }
  const left = await contentOf(user);
  const flagged = [1, 3].map((uid) => ({ uid, flags: ['\\Seen'] }));
  expect(left).toEqual([...(how === 'flagged' ? flagged : []), { uid: 4, flags: [] }]);
  expect(await contentOf(user, { path: PROCESSED })).toHaveLength(how === 'moved' ? 2 : 0);
});

it('a message that somebody takes away is no reason to delete what was not copied, where a server has no MOVE', async () => {
  const server = await startDovecot({ extraConfig: 'imap_capability = IMAP4rev1 LITERAL+ UIDPLUS\n' });
  try {
    const user = 'taken-away-copied@example.com';
    await withClient(user, async (client) => void (await client.mailboxCreate(PROCESSED)), { server });
    const mails = ['1', '2', '3'].map((subject) =>
      mail({ From: 'joe@mail.example', To: user, Subject: subject }),
    );
    await deliver(server, user, mails);
    const imap = { host: server.host, port: server.imapPort, password: server.password };
    const mailbox = await loadMailbox(user, { imap });
    const session = await openSession(mailbox.imap, 1024 * 1024, () => {}, new AbortController().signal);
    try {
      await openFolder(session, 'INBOX');
      const marking = await planMarking(session, { move: PROCESSED, delete: false }, ['INBOX']);
      await withClient(user, (client) => client.messageDelete('2', { uid: true }), { server });
      await markProcessed(session, marking, { recorded: [1, 2, 3], aside: [] }, EVENTS);
    } finally {
      await session.logout();
    }
    expect(await contentOf(user, { server })).toEqual([]);
    expect(await contentOf(user, { path: PROCESSED, server })).toHaveLength(2);
  } finally {
    await server.stop();
  }
});

it.each([
  ['BAD to UID EXPUNGE', { command: /^UID EXPUNGE/, act: { reply: 'BAD Unknown command' } }, 3],
  [
    'OK without COPYUID',
    { command: /^UID COPY/, act: { tagged: (line: string) => line.replace(/\[COPYUID[^\]]*\] /, '') } },
    0,
  ],
])('nothing is copied twice where a server without MOVE says %s', async (_what, rule, left) => {
  const server = inject('dovecot');
  const user = `copied-once-${left}@example.com`;
  await withClient(user, async (client) => void (await client.mailboxCreate(PROCESSED)));
  const mails = ['1', '2', '3'].map((subject) =>
    mail({ From: 'joe@mail.example', To: user, Subject: subject }),
  );
  await deliver(server, user, mails);
  const capabilities = (list: readonly string[]) => list.filter((each) => each !== 'MOVE');
  const proxy = await startScriptedImap(server, { capabilities, on: [rule] });
  const { imap } = await loadMailbox(user, { imap: { port: proxy.imapPort } });
  const session = await openSession(imap, 1024 * 1024, () => {}, new AbortController().signal);
  const copied: number[] = [];
  try {
    await openFolder(session, 'INBOX');
    const marking = await planMarking(session, { move: PROCESSED, delete: false }, ['INBOX']);
    const events = { ...EVENTS, onCopied: async (uids: readonly number[]) => void copied.push(...uids) };
    const marked = markProcessed(session, marking, { recorded: [1, 2, 3], aside: [] }, events);
    await (left > 0 ? expect(marked).rejects.toMatchObject({ code: 'imap_command' }) : marked);
  } finally {
    await session.logout();
    await proxy.close();
  }
  expect(copied).toEqual([1, 2, 3]);
  expect(await contentOf(user)).toHaveLength(left);
  expect(await contentOf(user, { path: PROCESSED })).toHaveLength(3);
});
