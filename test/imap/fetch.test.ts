import { afterEach, expect, inject, test } from 'vitest';
import { fetchMessages, fetchSizes } from '../../src/imap/fetch.ts';
import { openFolder } from '../../src/imap/folder.ts';
import { openSession, type Session } from '../../src/imap/session.ts';
import { deliver } from '../support/deliver.ts';
import { withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';

const MEGABYTE = 1024 * 1024;
const sessions: Session[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.logout();
});

async function open(user: string, megabytes = 1): Promise<Session> {
  const { imap } = await loadMailbox(user);
  const session = await openSession(imap, megabytes * MEGABYTE, () => {}, new AbortController().signal);
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

test('large messages, whatever piece they end in', async () => {
  const user = 'fetch-pieces@example.com';
  const piece = 4 * MEGABYTE;
  const lengths = [piece - 1, piece, piece + 1, 2 * piece, 2 * piece + 1, 3 * piece + 1_000];
  const head = 'Subject: large\r\n\r\n';
  const bodies = lengths.map((length, i) => `${head}${`${i}`.repeat(98)}\r\n`.padEnd(length, 'xyz'));
  await withClient(user, async (client) => {
    for (const body of bodies) await client.append('INBOX', body);
  });
  const session = await open(user, 16);
  const uids = lengths.map((_, i) => i + 1);
  const sizes = await fetchSizes(session, uids);
  expect(sizes.map(({ sizeBytes }) => sizeBytes)).toEqual(lengths);
  const fetched = await fetchMessages(session, sizes);
  expect(fetched.map(({ uid }) => uid)).toEqual(uids);
  expect(fetched.map(({ source }, i) => source.equals(Buffer.from(bodies[i] ?? '')))).toEqual(
    uids.map(() => true),
  );

  // Servers that estimate: a message is longer, or shorter, than it was said to be.
  for (const factor of [0.6, 1.4]) {
    const estimated = sizes
      .slice(3)
      .map((size) => ({ ...size, sizeBytes: Math.round(size.sizeBytes * factor) }));
    const messages = await fetchMessages(session, estimated);
    expect(messages.map(({ source }) => source.length)).toEqual(lengths.slice(3));
    expect(messages.map(({ source }, i) => source.equals(Buffer.from(bodies[i + 3] ?? '')))).toEqual([
      true,
      true,
      true,
    ]);
  }
  // One that is far longer is not taken.
  const [far] = sizes.slice(-1).map((size) => ({ ...size, sizeBytes: piece + 1 }));
  expect(far && (await fetchMessages(session, [far]))).toEqual([]);
});
