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
