import { afterEach, expect, inject, test } from 'vitest';
import { fetchMessages, fetchSizes } from '../../src/imap/fetch.ts';
import { openFolder } from '../../src/imap/folder.ts';
import { openSession, type Session } from '../../src/imap/session.ts';
import { deliver } from '../support/deliver.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';

const sessions: Session[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.logout();
});

async function open(user: string): Promise<Session> {
  const { imap } = await loadMailbox(user);
  const session = await openSession(imap, 1024 * 1024, () => {}, new AbortController().signal);
  sessions.push(session);
  await openFolder(session, 'INBOX');
  return session;
}

test('flags that another client sets meanwhile are no messages, and hide none', async () => {
  const user = 'fetch-flags@example.com';
  const subjects = ['one', 'two', 'three'];
  const mails = subjects.map((Subject) => mail({ From: 'a@b.example', Subject }));
  await deliver(inject('dovecot'), user, mails);
  const [ours, theirs] = [await open(user), await open(user)];
  // The server tells us of the flag with rows of its own, in the answer to our next command.
  await theirs.client.messageFlagsAdd('1:*', ['\\Flagged']);
  const sizes = await fetchSizes(ours, [1, 2, 3]);
  expect(sizes.map(({ uid }) => uid)).toEqual([1, 2, 3]);
  expect(sizes.every(({ sizeBytes }) => sizeBytes > 100)).toBe(true);
  await theirs.client.messageFlagsRemove('1:*', ['\\Flagged']);
  const messages = await fetchMessages(ours, sizes);
  expect(messages.map(({ source }) => /^Subject: (.*)\r$/m.exec(source.toString())?.[1])).toEqual(subjects);
});

test('messages that are gone are left out', async () => {
  const user = 'fetch-gone@example.com';
  await deliver(inject('dovecot'), user, [mail({ From: 'a@b.example' }), mail({ From: 'c@d.example' })]);
  const ours = await open(user);
  const sizes = await fetchSizes(ours, [1, 2, 99]);
  expect(sizes.map(({ uid }) => uid)).toEqual([1, 2]);
  const theirs = await open(user);
  await theirs.client.messageDelete('1', { uid: true });
  expect((await fetchMessages(ours, sizes)).map(({ uid }) => uid)).toContain(2);
  expect(await fetchMessages(ours, [])).toEqual([]);
});
