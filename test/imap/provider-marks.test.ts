import { pino } from 'pino';
import { describe, expect, inject, it } from 'vitest';
import { openFolder } from '../../src/imap/folder.ts';
import { planMarking } from '../../src/imap/mark.ts';
import { openSession } from '../../src/imap/session.ts';
import { createOnce } from '../../src/poll-context.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { startDovecot } from '../support/dovecot.ts';
import { contentOf, seenUids, withClient } from '../support/imap-client.ts';
import type { ImapScript } from '../support/imap-script.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';
import { startScriptedImap } from '../support/scripted-imap.ts';

const database = useDatabase();
const server = inject('dovecot');

/** Labels as Gmail has them: Dovecot keeps them as keywords, so that they can be read back. */
const GMAIL: ImapScript = {
  capabilities: (list) => [...list, 'X-GM-EXT-1'],
  on: [
    // imapflow asks for it beside the UID.
    { command: /X-GM-MSGID/, act: ({ text }) => ({ send: text.replace(/ ?X-GM-MSGID/, '') }) },
    {
      command: /^UID STORE \S+ \+X-GM-LABELS/,
      act: ({ text }) => ({
        send: text
          .replace('+X-GM-LABELS', '+FLAGS.SILENT')
          .replace(/\((.*)\)$/, (_, labels: string) => `(${labels.replace(/"/g, '').replace(/\s/g, '_')})`),
      }),
    },
  ],
};

async function mailbox(user: string, port: number, more: Record<string, unknown> = {}) {
  return loadMailbox(user, { ...more, imap: { port, ...(more.imap as object) } });
}

async function withScript<T>(
  script: ImapScript,
  work: (port: number, said: (pattern: RegExp) => string[]) => Promise<T>,
): Promise<T> {
  const proxy = await startScriptedImap(server, script);
  try {
    return await work(proxy.imapPort, proxy.said);
  } finally {
    await proxy.close();
  }
}

const one = (user: string) =>
  deliver(server, user, [mail({ From: `a@${user.split('@')[0]}.example`, To: user, Subject: 'one' })]);

describe('a label of Gmail', () => {
  it('is set beside the flag, before the mail moves', async () => {
    const user = 'label@example.com';
    await one(user);
    for (const path of ['In history', 'Done']) await withClient(user, (client) => client.mailboxCreate(path));
    await withScript(GMAIL, async (port, said) => {
      const processed = { label: 'In history', flag: '\\Seen', move: 'Done' };
      expect(await poll(database.db, await mailbox(user, port, { processed }))).toMatchObject({
        recorded: 1,
        problem: undefined,
      });
      expect(said(/^UID STORE/)).toHaveLength(2);
    });
    expect(await contentOf(user, { path: 'Done' })).toEqual([
      { uid: 1, flags: ['In_history', '\\Seen'].sort() },
    ]);
  });

  it.each<[string, ImapScript, string, RegExp]>([
    ['a server without labels', {}, 'Done', /no labels \(X-GM-EXT-1\)/],
    ['no label of that name', GMAIL, 'Nowhere', /there is no label Nowhere/],
    ['a folder that is polled', GMAIL, 'INBOX', /is polled itself/],
  ])('is impossible with %s, which is said with the cure', async (_, script, label, why) => {
    const user = 'label-impossible@example.com';
    await withClient(user, (client) => client.mailboxCreate('Done'));
    await withScript(script, async (port) => {
      const { imap } = await mailbox(user, port);
      const session = await openSession(imap, 1024 * 1024, () => {}, new AbortController().signal);
      await openFolder(session, 'INBOX');
      const { impossible, labels } = await planMarking(session, { label, delete: false }, ['INBOX']);
      await session.logout();
      expect(labels).toEqual([]);
      expect(impossible).toEqual([
        { option: 'label', why: expect.stringMatching(why), cure: expect.stringMatching(/.{20}/) },
      ]);
    });
  });
});

describe('a keyword at Exchange', () => {
  it('is impossible whatever PERMANENTFLAGS say', async () => {
    const user = 'keyword-exchange@example.com';
    await one(user);
    await withScript({}, async (port, said) => {
      const processed = { flag: '\\Seen', keyword: 'mailcase' };
      const lines: string[] = [];
      const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
      const exchange = await mailbox(user, port, { processed, imap: { provider: 'exchange' } });
      expect(await poll(database.db, exchange, { log })).toMatchObject({ recorded: 1 });
      expect(said(/^UID STORE .*mailcase/)).toEqual([]);
      expect(lines.join('')).toMatch(/"option":"processed\.keyword","why":"Exchange keeps no keywords"/);
    });
    expect(await seenUids(user)).toEqual([1]);
  });

  it('that another server says OK to and does not keep is said once', async () => {
    const user = 'keyword-silent@example.com';
    const script: ImapScript = {
      on: [{ command: /^UID STORE .*mailcase/, act: { reply: 'OK STORE completed.' } }],
    };
    await withScript(script, async (port) => {
      const silent = await mailbox(user, port, { processed: { keyword: 'mailcase' } });
      const lines: string[] = [];
      const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
      const once = createOnce();
      for (let i = 0; i < 2; i += 1) {
        await one(user);
        await poll(database.db, silent, { log, once });
      }
      expect(lines.filter((line) => line.includes('does not keep it'))).toHaveLength(1);
      expect(lines.join('')).toMatch(/"keyword":"mailcase","cure":"mark with/);
    });
  });

  it.each([
    [
      'select: keyword',
      { select: 'keyword' },
      /select[\s\S]*Exchange keeps no keywords to select by[\s\S]*select: new/,
    ],
    ['a label', { processed: { label: 'Done' } }, /processed\.label[\s\S]*Exchange has no labels/],
  ])('%s is refused at load', async (_, more, message) => {
    for (const imap of [{ provider: 'exchange' }, { host: 'outlook.office365.com', tls: 'implicit' }]) {
      await expect(loadMailbox('a@example.com', { ...more, imap })).rejects.toThrow(message);
    }
  });
});

it('a move without MOVE that is broken off before its EXPUNGE makes no second copy', async () => {
  const old = await startDovecot({ extraConfig: 'imap_capability = IMAP4rev1 LITERAL+ UIDPLUS\n' });
  const user = 'broken-move@example.com';
  const proxy = await startScriptedImap(old, {
    on: [{ command: /^UID (STORE .*\\Deleted|EXPUNGE)/, times: 3, act: { reply: 'NO not now' } }],
  });
  try {
    await deliver(old, user, [mail({ From: 'a@broken-move.example', To: user, Subject: 'one' })]);
    await withClient(user, (client) => client.mailboxCreate('Done'), { server: old });
    await withClient(user, (client) => client.mailboxCreate('Other'), { server: old });
    const imap = { host: proxy.host, port: proxy.imapPort, password: old.password };
    const moving = await loadMailbox(user, { imap, processed: { move: 'Done' } });
    for (let i = 0; i < 3; i += 1) {
      expect(await poll(database.db, moving)).toMatchObject({ problem: { code: 'imap_command' } });
      expect(await contentOf(user, { path: 'Done', server: old })).toHaveLength(1);
    }
    expect(await poll(database.db, moving)).toMatchObject({ problem: undefined, markedLate: 1 });
    expect(await contentOf(user, { server: old })).toEqual([]);
    expect(await contentOf(user, { path: 'Done', server: old })).toHaveLength(1);
    expect(await rows(database.db, 'select from receipts where copied_at is not null')).toHaveLength(1);
  } finally {
    await proxy.close();
    await old.stop();
  }
});
