import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type FetchedMessage, fetchMessages, fetchSizes } from '../../src/imap/fetch.ts';
import { fetchWithin } from '../../src/imap/fetch-large.ts';
import { openFolder } from '../../src/imap/folder.ts';
import { openSession, type Session } from '../../src/imap/session.ts';
import { dedupeKey } from '../../src/message/dedupe-key.ts';
import { withLeft } from '../../src/message/left.ts';
import type { Message } from '../../src/message/message.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf } from '../support/imap-client.ts';
import { startImapProxy } from '../support/imap-proxy.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { corpus, file, LARGE_MAILS, multipart } from './large-mails.ts';

const MAILS = [...LARGE_MAILS, ...corpus()];
const USER = 'fetch-large@example.com';
const MAILBOX_LIMIT = 1024 * 1024;

let session: Session;
const whole = new Map<string, FetchedMessage>();
const byParts = new Map<string, FetchedMessage>();

beforeAll(async () => {
  await deliver(
    inject('dovecot'),
    USER,
    MAILS.map(({ source }) => source),
  );
  const { imap } = await loadMailbox(USER);
  session = await openSession(imap, MAILBOX_LIMIT, () => {}, new AbortController().signal);
  await openFolder(session, 'INBOX');
  const sizes = await fetchSizes(
    session,
    MAILS.map((_, index) => index + 1),
  );
  const into = (map: Map<string, FetchedMessage>, list: readonly FetchedMessage[]) => {
    for (const each of list) map.set(MAILS[each.uid - 1]?.name ?? '', each);
  };
  into(whole, await fetchMessages(session, sizes));
  into(byParts, await fetchWithin(session, sizes, 10));
});

afterAll(() => session.logout());

async function read(fetched: FetchedMessage | undefined): Promise<Message> {
  if (fetched === undefined) throw new TypeError('the message was not fetched');
  return withLeft(await parseMessage(fetched.source), fetched.left);
}

const keyOf = (message: Message) => dedupeKey(message, (name) => name.startsWith('x-desk-')).toString('hex');

/** What does not hang on content that was left in the mailbox. */
function said({ attachments, cut: _, ...rest }: Message) {
  return {
    ...rest,
    headers: rest.headers.fields,
    attachments: attachments.map(({ sha256: _sha256, sizeBytes: _size, ...each }) => each),
  };
}

describe('a message that is fetched by its parts', () => {
  it.each(MAILS.map(({ name }) => name))('says what it says when it is fetched whole: %s', async (name) => {
    const [all, some] = [await read(whole.get(name)), await read(byParts.get(name))];
    expect(said(some)).toEqual(said(all));
    if (all.messageId !== undefined) expect(keyOf(some)).toBe(keyOf(all));
    expect(some.cut.length).toBeGreaterThan(0);
    expect(byParts.get(name)?.left?.cut).toEqual(some.cut);
  });

  it.each([
    ['one text', []],
    ['one file', ['1']],
    ['mixed', ['2', '3']],
    ['alternative in mixed with an image', ['1.2.2', '2']],
    ['multiparts in one another', ['1.1.2']],
    ['signed', ['1.2', '2']],
    ['names in pieces and in percents', ['2', '3', '4']],
    ['a message attached', ['2']],
    ['a bounce with all of what it returns', ['3']],
    ['a calendar reply', ['2']],
    ['a text that is a file', ['2']],
    // It is empty as it came, so there is nothing to leave.
    ['parts without a header, and empty ones', ['4']],
    ['a type that is none', ['1']],
  ])('leaves the attachments in the mailbox, and those alone: %s', async (name, expected) => {
    const [all, some] = [await read(whole.get(name)), await read(byParts.get(name))];
    const left = some.attachments.filter(({ sha256 }) => sha256 === undefined);
    expect(left.map(({ part }) => part)).toEqual(expected);
    const kept = some.attachments.filter((each) => !left.includes(each));
    expect(kept).toEqual(all.attachments.filter(({ part }) => !expected.includes(part)));
    for (const { part, sizeBytes } of left) {
      // Encoded it is not smaller.
      const decoded = all.attachments.find((each) => each.part === part)?.sizeBytes ?? Number.NaN;
      expect(sizeBytes).toBeGreaterThanOrEqual(decoded);
    }
    const of = /^attachments: (\d+) left/.exec(some.cut.find((each) => each.startsWith('attach')) ?? '')?.[1];
    if (byParts.get(name)?.left?.isBodyCut === false) expect(Number(of ?? 0)).toBe(expected.length);
  });

  it('was not marked as read', async () => {
    const flags = (await contentOf(USER)).flatMap((message) => message.flags);
    expect(flags).toEqual([]);
  });
});

describe('the bounds', () => {
  const user = 'fetch-bounds@example.com';
  const line = 'A line of a text that does not end.\r\n';
  const long = line.repeat((5 * 1024 * 1024) / line.length);
  const tiny = Array.from({ length: 5_000 }, (_, n) => `Content-Type: image/png; name=${n}.png\r\n\r\nx`);
  const deep = (depth: number): string =>
    depth === 0
      ? 'Content-Type: text/plain\r\n\r\nAt the bottom.'
      : `Content-Type: ${multipart('mixed', `b${depth}-`, []).header}\r\n\r\n--b${depth}-\r\n${deep(depth - 1)}\r\n--b${depth}---\r\n`;
  const mails = {
    long: mail({ From: 'a@b.example' }, long),
    longPart: ofParts([`Content-Type: text/plain\r\n\r\n${long}`, file('filename=a.pdf', 10)]),
    texts: ofParts(
      Array.from({ length: 12 }, () => `Content-Type: text/plain\r\n\r\n${line.repeat(30_000)}`),
    ),
    tiny: ofParts(tiny),
    deep: mail(
      { From: 'a@b.example', 'Content-Type': 'multipart/mixed; boundary=b' },
      `--b\r\n${deep(150)}\r\n--b--`,
    ),
    header: mail({
      From: 'a@b.example',
      'X-Long': `x${'\r\n and on'.repeat(200_000)}`,
      'X-After': 'x',
      Subject: 'Lost',
    }),
    partHeader: ofParts([
      `Content-Type: application/pdf; name=a.pdf\r\nX-Long: x${'\r\n and on'.repeat(3_000)}\r\n\r\nx`,
    ]),
  };
  const names = Object.keys(mails) as (keyof typeof mails)[];
  const fetched = new Map<string, FetchedMessage>();
  let heard = 0;

  function ofParts(parts: readonly string[]): string {
    const { header, body } = multipart('mixed', '=_b', parts);
    return mail({ From: 'a@b.example', 'Content-Type': header }, body);
  }

  beforeAll(async () => {
    await deliver(inject('dovecot'), user, Object.values(mails));
    const proxy = await startImapProxy(inject('dovecot'), (answer) => {
      heard += answer.length;
      return answer;
    });
    const { imap } = await loadMailbox(user, { imap: { port: proxy.port } });
    // The limits of a session are those of the smallest mailbox: no answer is larger.
    const own = await openSession(imap, 1024, () => {}, new AbortController().signal);
    await openFolder(own, 'INBOX');
    const sizes = await fetchSizes(
      own,
      names.map((_, index) => index + 1),
    );
    for (const each of await fetchWithin(own, sizes, 1024)) fetched.set(names[each.uid - 1] ?? '', each);
    await own.logout();
    await proxy.close();
  });

  it('ask for a part of what is there', () => {
    const all = Object.values(mails).reduce((sum, { length }) => sum + length, 0);
    expect(all).toBeGreaterThan(24 * 1024 * 1024);
    expect(heard).toBeLessThan(14 * 1024 * 1024);
    expect([...fetched.keys()]).toEqual(names);
  });

  it.each(['long', 'longPart'] as const)('of a text, the beginning in whole lines: %s', async (name) => {
    const message = await read(fetched.get(name));
    expect(message.text?.length).toBeGreaterThan(900_000);
    expect(message.text?.length).toBeLessThanOrEqual(1024 * 1024);
    expect(message.text).toMatch(/ end\.\n?$/);
    expect(message.cut[0]).toMatch(/^text: 1024 KB of 5 MB read in 1 part, since the mail has 5 MB/);
  });

  it('of many texts, so much as is in all of them together', async () => {
    const { text = '', cut } = await read(fetched.get('texts'));
    expect(text.length).toBeGreaterThan(7 * 1024 * 1024);
    expect(text.length).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(cut).toEqual([expect.stringMatching(/^text: 8 MB of 12\.7 MB read in \d+ parts, since/)]);
  });

  it('of thousands of parts, the first, each with its number', async () => {
    const { attachments, cut } = await read(fetched.get('tiny'));
    expect(attachments.map(({ fileName }) => fileName)).toEqual(
      Array.from({ length: 1_000 }, (_, n) => `${n}.png`),
    );
    expect(attachments.map(({ part }) => part)).toEqual(Array.from({ length: 1_000 }, (_, n) => `${n + 1}`));
    expect(cut).toEqual([
      expect.stringMatching(/^attachments: 1,000 left in the mailbox/),
      expect.stringMatching(/^parts: 4,000 of 5,000 not looked at/),
    ]);
  });

  it('of what is nested deeper than the library reads, the beginning of the body', async () => {
    const message = await read(fetched.get('deep'));
    // The parser stops at the same depth.
    expect(message.text).toBeUndefined();
    expect(message.cut).toEqual([
      expect.stringMatching(/^parts: \d+ that lie deeper than 100 levels are not read, nor what is in them$/),
      expect.stringMatching(/^body: read to 10\.\d KB, without regard to its parts/),
    ]);
  });

  it('of a giant header, whole fields', async () => {
    const { headers, cut, text } = await read(fetched.get('header'));
    expect(headers.fields.map(({ key }) => key)).not.toContain('x-long');
    expect(headers.first('from')?.raw).toBe('a@b.example');
    expect(text).toBe('Hello.\n');
    expect(cut[0]).toBe('header: its end was left in the mailbox');
  });

  it("of a part's giant header, whole fields", async () => {
    const { attachments } = await read(fetched.get('partHeader'));
    expect(attachments).toMatchObject([{ fileName: 'a.pdf', contentType: 'application/pdf', part: '1' }]);
  });
});
