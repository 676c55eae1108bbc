import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProcessedConfig } from '../../src/config/schema.ts';
import { openFolder } from '../../src/imap/folder.ts';
import { planMarking } from '../../src/imap/mark.ts';
import { openSession } from '../../src/imap/session.ts';
import { createOnce } from '../../src/poll-context.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { contentOf, withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';

const database = useDatabase();
let server: Dovecot;

/** What the users of the ACL file may do in their INBOX: see RFC 4314 for the letters. */
const RIGHTS: Record<string, string> = {
  'reader@example.com': 'lr',
  'seen@example.com': 'lrs',
  'flags@example.com': 'lrws',
  'all@example.com': 'lrwstipekxa',
};

/** A folder that exists and takes nothing. */
const CLOSED_FOLDER = 'Full user=stuck@example.com lr';

const aclFile = join(tmpdir(), `mailcase-acl-${process.pid}`);

beforeAll(async () => {
  const lines = Object.entries(RIGHTS).map(([user, rights]) => `INBOX user=${user} ${rights}`);
  await writeFile(aclFile, `${[...lines, CLOSED_FOLDER].join('\n')}\n`, { mode: 0o644 });
  server = await startDovecot({
    extraConfig: `
mail_plugins = $mail_plugins acl
plugin {
  acl = vfile:${aclFile}
}
`,
  });
});
afterAll(async () => {
  await server.stop();
  await rm(aclFile);
});

const imapOf = () => ({ host: server.host, port: server.imapPort, password: server.password });

async function plan(user: string, processed: ProcessedConfig, at: Dovecot = server) {
  const { imap } = await loadMailbox(user, {
    imap: { host: at.host, port: at.imapPort, password: at.password },
  });
  const session = await openSession(imap, 1024 * 1024, () => {}, new AbortController().signal);
  try {
    await openFolder(session, 'INBOX');
    return await planMarking(session, processed, ['INBOX']);
  } finally {
    await session.logout();
  }
}

test('a connection that was cut says nothing of what a folder can keep', async () => {
  const { imap } = await loadMailbox('all@example.com', {
    imap: { host: server.host, port: server.imapPort, password: server.password },
  });
  const session = await openSession(imap, 1024 * 1024, () => {}, new AbortController().signal);
  await openFolder(session, 'INBOX');
  session.close();
  await expect(planMarking(session, { flag: '\\Seen', delete: false }, ['INBOX'])).rejects.toMatchObject({
    code: 'imap_connect',
  });
});

const refusalsOf = ({ impossible }: Awaited<ReturnType<typeof plan>>) =>
  impossible.map(({ option, why }) => `${option}: ${why}`);

describe('what can be done with processed mail', () => {
  test.each<[user: string, processed: ProcessedConfig, flags: string[], refusals: string[]]>([
    ['all@example.com', { flag: '\\Seen', keyword: 'mailcase', delete: true }, ['\\Seen', 'mailcase'], []],
    ['seen@example.com', { flag: '\\Seen', delete: false }, ['\\Seen'], []],
    [
      'seen@example.com',
      { flag: '\\Flagged', keyword: 'mailcase', delete: false },
      [],
      [
        'flag: the folder cannot keep \\Flagged (PERMANENTFLAGS)',
        'keyword: the folder cannot keep mailcase (PERMANENTFLAGS)',
      ],
    ],
    [
      'flags@example.com',
      { flag: '\\Seen', delete: true },
      ['\\Seen'],
      ['delete: the server has no UIDPLUS, or the folder cannot keep \\Deleted'],
    ],
    [
      'reader@example.com',
      { flag: '\\Seen', delete: false },
      [],
      ['flag: the folder cannot keep \\Seen (it is read-only)'],
    ],
    [
      'all@example.com',
      { move: 'Nowhere', set_aside: 'Nirgends', delete: false },
      [],
      ['move: there is no folder Nowhere', 'set_aside: there is no folder Nirgends'],
    ],
  ])('%s %o', async (user, processed, flags, refusals) => {
    await deliver(server, user, [mail({ From: 'a@b.example', Subject: 'x' })]);
    const marking = await plan(user, processed);
    expect(marking.flags).toEqual(flags);
    expect(refusalsOf(marking)).toEqual(refusals);
    expect(marking.impossible.every(({ cure }) => cure.length > 10)).toBe(true);
  });

  test('a server without MOVE and UIDPLUS: nothing is ever expunged that somebody else has marked', async () => {
    const plain = await startDovecot({ extraConfig: 'imap_capability = IMAP4rev1 LITERAL+\n' });
    try {
      const user = 'plain@example.com';
      await deliver(plain, user, [mail({ From: 'a@b.example', Subject: 'x' })]);
      await withClient(user, (client) => client.mailboxCreate('Done'), { server: plain });
      expect(refusalsOf(await plan(user, { move: 'Done', delete: false }, plain))).toEqual([
        'move: the server has neither MOVE nor UIDPLUS, or the folder cannot keep \\Deleted',
      ]);
      expect(refusalsOf(await plan(user, { delete: true }, plain))).toEqual([
        'delete: the server has no UIDPLUS, or the folder cannot keep \\Deleted',
      ]);
    } finally {
      await plain.stop();
    }
  });

  test('a server that offers IMAP4rev2 beside IMAP4rev1, and no UIDPLUS: nothing of others is expunged', async () => {
    const both = await startDovecot({ extraConfig: 'imap_capability = IMAP4rev1 IMAP4rev2 LITERAL+\n' });
    try {
      const user = 'rev2@example.com';
      const mailbox = await loadMailbox(user, {
        imap: { host: both.host, port: both.imapPort, password: both.password },
        processed: { delete: true },
      });
      await deliver(
        both,
        user,
        [1, 2].map((n) => mail({ From: 'a@rev2.example', Subject: `${n}` })),
      );
      await withClient(
        user,
        (client) => client.messageFlagsAdd('2', ['\\Deleted', '\\Seen'], { uid: true }),
        {
          server: both,
        },
      );
      expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1 });
      expect((await contentOf(user, { server: both })).map(({ uid }) => uid)).toEqual([1, 2]);
    } finally {
      await both.stop();
    }
  });

  test('a server without MOVE moves by COPY and UID EXPUNGE', async () => {
    const old = await startDovecot({ extraConfig: 'imap_capability = IMAP4rev1 LITERAL+ UIDPLUS\n' });
    try {
      const user = 'old@example.com';
      const mailbox = await loadMailbox(user, {
        imap: { host: old.host, port: old.imapPort, password: old.password },
        processed: { move: 'Done' },
      });
      await deliver(
        old,
        user,
        [1, 2].map((n) => mail({ From: 'a@old.example', Subject: `${n}` })),
      );
      await withClient(
        user,
        async (client) => {
          await client.mailboxCreate('Done');
          await client.messageFlagsAdd('2', ['\\Deleted', '\\Seen'], { uid: true });
        },
        { server: old },
      );
      expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1 });
      expect(await contentOf(user, { server: old })).toEqual([{ uid: 2, flags: ['\\Deleted', '\\Seen'] }]);
      expect(await contentOf(user, { path: 'Done', server: old })).toHaveLength(1);
    } finally {
      await old.stop();
    }
  });
});

describe('a folder that cannot be marked', () => {
  test('is recorded once all the same, and that is said once, with the cure', async () => {
    const user = 'reader@example.com';
    const mailbox = await loadMailbox(user, { imap: imapOf() });
    await deliver(server, user, [mail({ From: 'r@reader.example', Subject: 'read-only' })]);
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
    const once = createOnce();
    const reports = [];
    for (let i = 0; i < 3; i += 1) reports.push(await poll(database.db, mailbox, { log, once }));
    expect(reports.map(({ recorded }) => recorded)).toEqual([2, 0, 0]);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      option: 'processed.flag',
      why: expect.stringContaining('\\Seen'),
      cure: expect.stringContaining('give the user the right'),
      folder: 'INBOX',
    });
  });

  test('whose server refuses at the last moment keeps no mail from being recorded', async () => {
    const user = 'stuck@example.com';
    const mailbox = await loadMailbox(user, { imap: imapOf(), processed: { move: 'Full' } });
    await withClient(user, (client) => client.mailboxCreate('Full'), { server });
    for (const subject of ['one', 'two', 'three']) {
      await deliver(server, user, [mail({ From: 's@stuck.example', Subject: subject })]);
      expect(await poll(database.db, mailbox)).toMatchObject({
        recorded: 1,
        problem: { code: 'imap_command', message: expect.stringContaining('Full') },
      });
    }
    expect(await contentOf(user, { server })).toHaveLength(3);
  });

  test('is marked late, when the server can', async () => {
    const user = 'late@example.com';
    const mailbox = await loadMailbox(user, { imap: imapOf(), processed: { flag: '\\Seen', move: 'Done' } });
    await deliver(server, user, [mail({ From: 'l@late.example', Subject: 'late' })]);
    // Dovecot gives every right to the owner where the file says nothing of him.
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1 });
    expect(await contentOf(user, { server })).toEqual([{ uid: 1, flags: ['\\Seen'] }]);
    await withClient(user, (client) => client.mailboxCreate('Done'), { server });
    expect(await poll(database.db, mailbox)).toMatchObject({ found: 0, markedLate: 1 });
    expect(await contentOf(user, { server })).toEqual([]);
    expect(await contentOf(user, { path: 'Done', server })).toEqual([{ uid: 1, flags: ['\\Seen'] }]);
    const open = await rows(
      database.db,
      `select from receipts r join folders f on f.id = r.folder_id where f.account = ? and processed_at is null`,
      [`${user}@127.0.0.1`],
    );
    expect(open).toEqual([]);
  });
});
