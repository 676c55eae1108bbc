import { describe, expect, inject, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf, seenUids, withClient } from '../support/imap-client.ts';
import type { Rule } from '../support/imap-script.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll } from '../support/poll.ts';
import { type ScriptedImap, startScriptedImap } from '../support/scripted-imap.ts';

const database = useDatabase();
const server = inject('dovecot');

/** How many UIDs a command names. */
function uidsIn(command: string): number {
  const [, set = ''] = /^UID (?:FETCH|STORE|MOVE|COPY|EXPUNGE|SEARCH)[^\d]*([\d,:]+)/.exec(command) ?? [];
  return set.split(',').reduce((count, range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    return count + (range === '' ? 0 : last - first + 1);
  }, 0);
}

/** As Exchange refuses a command that names too many. */
const refusesMoreThan = (most: number): Rule => ({
  command: /^UID /,
  act: ({ text }) => (uidsIn(text) > most ? { reply: 'BAD Command Error. 10' } : undefined),
});

async function mailsFor(user: string, count: number): Promise<void> {
  const own = user.split('@')[0];
  await deliver(
    server,
    user,
    Array.from({ length: count }, (_, n) => mail({ From: `a@${own}.example`, To: user, Subject: `${n}` })),
  );
}

async function withProxy(rule: Rule, work: (proxy: ScriptedImap) => Promise<void>): Promise<void> {
  const proxy = await startScriptedImap(server, { on: [rule] });
  try {
    await work(proxy);
  } finally {
    await proxy.close();
  }
}

describe('UIDs of a command', () => {
  it('are no more than configured, in each command', async () => {
    const user = 'uids-configured@example.com';
    await mailsFor(user, 25);
    await withClient(user, (client) => client.mailboxCreate('Done'));
    await withProxy(refusesMoreThan(7), async (proxy) => {
      const mailbox = await loadMailbox(user, {
        imap: { port: proxy.imapPort },
        uids_per_command: 7,
        processed: { flag: '\\Seen', move: 'Done' },
      });
      expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 25, problem: undefined });
      expect(Math.max(...proxy.commands.map(({ text }) => uidsIn(text)))).toBe(7);
      expect(proxy.said(/^UID (STORE|MOVE)/)).toHaveLength(8);
    });
    expect(await contentOf(user, { path: 'Done' })).toHaveLength(25);
  });

  it('are 100 at Exchange, and any number elsewhere', async () => {
    const most = async (imap: object) => (await loadMailbox('a@example.com', { imap })).imap.uids_per_command;
    expect(await most({ provider: 'exchange' })).toBe(100);
    expect(await most({ provider: 'gmail' })).toBeUndefined();
    expect(await most({})).toBeUndefined();
  });

  it('become fewer where a server refuses so many, which is said with the name of the option', async () => {
    const user = 'uids-refused@example.com';
    await mailsFor(user, 30);
    await withProxy(refusesMoreThan(10), async (proxy) => {
      const mailbox = await loadMailbox(user, { imap: { port: proxy.imapPort } });
      expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 30, problem: undefined });
      // Once for the session: 30, then 8 at a time.
      expect(proxy.commands.filter(({ text }) => uidsIn(text) > 10)).toHaveLength(1);
    });
    expect(await seenUids(user)).toHaveLength(30);
  });

  it('are not to blame where a server refuses a single one too', async () => {
    const user = 'uids-never@example.com';
    await mailsFor(user, 5);
    await withProxy({ command: /^UID STORE/, act: { reply: 'BAD no STORE here' } }, async (proxy) => {
      const mailbox = await loadMailbox(user, { imap: { port: proxy.imapPort } });
      expect(await poll(database.db, mailbox)).toMatchObject({
        recorded: 5,
        problem: { code: 'imap_command', message: expect.stringContaining('refused to store') },
      });
      expect(proxy.said(/^UID STORE/).length).toBeLessThan(5);
    });
  });
});
