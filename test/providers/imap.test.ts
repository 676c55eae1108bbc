import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { startDovecot } from '../support/dovecot.ts';
import { contentOf, withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll } from '../support/poll.ts';
import { startOldImap, startPlainDovecot } from '../support/providers.ts';
import { cannot, tellStory, WAYS } from './story.ts';

const database = useDatabase();

const FULL =
  'IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE UNSELECT CHILDREN CONDSTORE ESEARCH UIDPLUS MOVE SPECIAL-USE';
const without = (...names: string[]) => FULL.split(' ').filter((each) => !names.includes(each));

/** What of `processed` cannot be done, by what a server does not offer. */
const SERVERS: readonly (readonly [missing: readonly string[], cannot: readonly string[]])[] = [
  [['MOVE'], []],
  [['UIDPLUS'], ['delete']],
  [
    ['MOVE', 'UIDPLUS'],
    ['move', 'delete'],
  ],
  [['IDLE'], []],
  [['CONDSTORE'], []],
  [['MOVE', 'IDLE', 'CONDSTORE', 'ENABLE'], []],
  [['UIDPLUS', 'IDLE', 'CONDSTORE', 'ENABLE', 'ESEARCH', 'NAMESPACE'], ['delete']],
];

describe('a server that knows RFC 3501 and nothing else', () => {
  tellStory(database, startOldImap, {
    ways: [
      ...[WAYS.keyword, WAYS.both],
      cannot(WAYS.move, 'processed.move', ['\\Seen']),
      cannot(WAYS.delete, 'processed.delete', []),
    ],
    selects: ['unseen', 'keyword'],
    without: ['many'],
  });
});

describe('Dovecot as it is', () => {
  tellStory(database, startPlainDovecot, {
    ways: [WAYS.seen, WAYS.move, WAYS.delete],
    selects: ['new'],
    // All other tests run against it.
    without: ['large', 'many', 'not ready'],
  });
});

describe('what a server does not offer is not asked for, and what can be done without it is done', () => {
  test.each(SERVERS)('without %j', async (missing, cannot) => {
    const server = await startDovecot({
      extraConfig: `imap_capability = ${without(...missing).join(' ')}\n`,
    });
    try {
      for (const [name, processed] of [
        ['move', { keyword: 'done', move: 'Done' }],
        ['delete', { delete: true }],
      ] as const) {
        const user = `${name}@example.com`;
        await withClient(user, (client) => client.mailboxCreate('Done'), { server });
        const subjects = ['one', 'two'].map((each) => `${each} ${missing.join(' ')}`);
        await deliver(
          server,
          user,
          subjects.map((subject) => mail({ From: `a@${name}.example`, Subject: subject })),
        );
        const mailbox = await loadMailbox(user, {
          ...{ name: `${name}-${server.imapPort}`, processed, select: 'new', start: 'all' },
          imap: { host: server.host, port: server.imapPort, password: server.password },
        });
        const refused: string[] = [];
        const log = pino(
          { level: 'warn' },
          { write: (line: string) => refused.push((JSON.parse(line) as { option: string }).option) },
        );
        expect(await poll(database.db, mailbox, { log }), name).toMatchObject({
          recorded: 2,
          problem: undefined,
        });
        const isImpossible = cannot.includes(name);
        expect(refused).toEqual(isImpossible ? [`processed.${name}`] : []);
        const left = await contentOf(user, { server });
        expect(left, name).toHaveLength(isImpossible ? 2 : 0);
        if (name === 'move') expect(left.every(({ flags }) => flags.includes('done'))).toBe(true);
        expect(await poll(database.db, mailbox), name).toMatchObject({ recorded: 0, duplicates: 0 });
      }
    } finally {
      await server.stop();
    }
  });
});
