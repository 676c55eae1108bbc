import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { MailcaseError } from '../../src/errors.ts';
import type { TestDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { withClient } from '../support/imap-client.ts';
import { CUT } from '../support/imap-script.ts';
import { mail } from '../support/mail.ts';
import type { ServerLike } from '../support/providers.ts';
import { foldersMade, Scene } from './scene.ts';

const DONE = 'Done';
const ASIDE = 'Aside';
const SUPPORT = 'Support';

/** A way to mark: what is configured, and what is to be seen in the mailbox then. */
export interface Way {
  readonly name: string;
  readonly processed: 'none' | Record<string, unknown>;
  /** The flags that a mail has afterwards, as Dovecot keeps them; undefined where it has left. */
  readonly flags: readonly string[] | undefined;
  /** How many of three mails lie in the folder that they are moved to. */
  readonly moved?: number | undefined;
  /** The option that the server has no use for, which is said, and nothing is lost. */
  readonly impossible?: string;
}

/** Which of the ways to select mail a server can be used with. */
export type Select = 'unseen' | 'keyword' | 'new';

export interface Offers {
  /** What takes long is told against some servers only. */
  readonly without?: readonly ('large' | 'many' | 'not ready')[];
  readonly ways: readonly Way[];
  readonly selects: readonly Select[];
}

const SEEN: Way = { name: 'flag', processed: { flag: '\\Seen' }, flags: ['\\Seen'] };
export const WAYS = {
  seen: SEEN,
  keyword: { name: 'keyword', processed: { keyword: 'done' }, flags: ['done'] },
  both: {
    name: 'flag and keyword',
    processed: { flag: '\\Flagged', keyword: 'done' },
    flags: ['\\Flagged', 'done'],
  },
  move: { name: 'move', processed: { flag: '\\Seen', move: DONE }, flags: undefined, moved: 3 },
  delete: { name: 'delete', processed: { delete: true }, flags: undefined },
  none: { name: 'none', processed: 'none', flags: [] },
} as const satisfies Record<string, Way>;

/** A way that cannot be gone at a server: the mail is recorded once all the same, and stays. */
export const cannot = (way: Way, option: string, flags: readonly string[]): Way => ({
  ...way,
  flags,
  moved: undefined,
  impossible: option,
});

/** Commands that hand out something of a mail's text. */
export const BODIES = /^UID FETCH .*BODY\.PEEK\[/;

/**
 * What a poll promises, told against one kind of server. Each chapter has a user of its own.
 *
 * @param more told in the same place: what only this kind of server does
 */
export function tellStory(
  database: TestDatabase,
  start: () => Promise<ServerLike>,
  { ways, selects, without = [] }: Offers,
  more: (scene: (chapter: string, section?: Record<string, unknown>) => Promise<Scene>) => void = () => {},
): void {
  let like: ServerLike;
  let users = 0;
  beforeAll(async () => {
    like = await start();
  });
  afterAll(() => like.stop());

  const scene = async (chapter: string, section: Record<string, unknown> = {}) => {
    users += 1;
    const user = `${like.name}-${chapter}-${users}@example.com`;
    const named = JSON.stringify(section);
    await foldersMade(
      like,
      user,
      [DONE, ASIDE, SUPPORT].filter((each) => named.includes(`"${each}"`)),
    );
    const mailbox = await like.mailbox(user, { name: `${like.name}-${chapter}-${users}`, ...section });
    like.proxy.forget();
    return new Scene(database.db, like, user, mailbox);
  };

  describe('is found, recorded once, and marked as the server allows', () => {
    test.each(ways.map((way) => [way.name, way] as const))('%s', async (_, way) => {
      const { impossible } = way;
      // What is not marked is told by its receipt.
      const select = way.flags === undefined || way.flags.includes('\\Seen') ? 'unseen' : 'new';
      const scenes = await scene('ways', { processed: way.processed, select, start: 'all' });
      await scenes.arrive('one', 'two', 'three');
      expect(await scenes.poll()).toMatchObject({ found: 3, recorded: 3, quarantined: 0 });
      expect(await scenes.subjects()).toEqual(['one', 'two', 'three']);
      const flags = way.flags;
      expect(await scenes.content()).toEqual(
        flags ? [1, 2, 3].map((uid) => ({ uid, flags: [...flags].sort() })) : [],
      );
      if (way.moved !== undefined) expect(await scenes.content(DONE)).toHaveLength(way.moved);
      // Nothing is fetched again, and little is said.
      like.proxy.forget();
      expect(await scenes.poll()).toMatchObject({ recorded: 0, duplicates: 0, markedLate: 0 });
      expect(like.proxy.said(BODIES)).toEqual([]);
      expect(like.proxy.bytesSent).toBeLessThan(6_000);
      const unmarked = await scenes.unmarked();
      expect(unmarked).toHaveLength(impossible === undefined ? 0 : 3);
      if (impossible !== undefined) expect(scenes.warned().map(({ option }) => option)).toEqual([impossible]);
      else expect(scenes.warned()).toEqual([]);
    });

    test('what cannot be recorded goes where set_aside says, or stays', async () => {
      const canLeave = ways.some(({ name, flags }) => name === 'move' && flags === undefined);
      const scenes = await scene('aside', {
        message_bytes: '2KB',
        processed: { flag: '\\Seen', set_aside: ASIDE },
      });
      await scenes.arrive('small');
      await deliver(like.dovecot, scenes.user, [
        mail({ From: scenes.customer, Subject: 'cut' }, 'x'.repeat(9_000)),
      ]);
      expect(await scenes.poll()).toMatchObject({ recorded: 2 });
      expect((await scenes.content()).map(({ uid }) => uid)).toEqual(canLeave ? [1] : [1, 2]);
      expect(await scenes.content(ASIDE)).toHaveLength(canLeave ? 1 : 0);
    });
  });

  describe('a person who reads the mail first', () => {
    test.each(selects.map((select) => [select]))('select: %s', async (select) => {
      const scenes = await scene('reads', { select, start: 'all' });
      await scenes.arrive('one', 'two');
      await scenes.reads(1);
      const hidden = select === 'unseen' ? 1 : 0;
      expect(await scenes.poll()).toMatchObject({ recorded: 2 - hidden });
      // Found once is enough: what is read between the search and the next poll is not hidden.
      await scenes.arrive('three', 'four');
      await like.proxy.during({ command: BODIES, times: 1, act: { cut: true } }, () =>
        expect(scenes.poll()).rejects.toMatchObject({ code: 'imap_connect' }),
      );
      await scenes.reads(3);
      await scenes.pollToEnd();
      expect((await scenes.subjects()).slice(-2)).toEqual(['three', 'four']);
      expect(await scenes.subjects()).toHaveLength(4 - hidden);
      expect(await scenes.poll()).toMatchObject({ recorded: 0, markedLate: 0 });
    });
  });

  describe('a connection that goes away', () => {
    const marked = ways.filter(
      ({ processed, impossible }) => processed !== 'none' && impossible === undefined,
    );
    test.each(marked.map((way) => [way.name, way] as const))(
      'between the record and the mark: %s',
      async (_, way) => {
        const scenes = await scene('cut', { processed: way.processed });
        const marking = /^UID (STORE|MOVE|COPY|EXPUNGE) /;
        await scenes.arrive('one', 'two', 'three');
        // Before each of the commands, and after each, when the server has done it and nobody was told.
        const tried: string[] = [];
        for (const act of [{ cut: true } as const, { tagged: () => CUT }]) {
          for (let skip = 0; skip < 3; skip += 1) {
            const remove = like.proxy.add({ command: marking, skip, times: 1, act });
            const said = await scenes.poll().then(
              () => 'polled',
              (error: MailcaseError) => error.code,
            );
            remove();
            tried.push(said);
            if (said === 'polled') break;
          }
        }
        expect(tried).toContain('imap_connect');
        await scenes.pollToEnd();
        expect(await scenes.subjects()).toEqual(['one', 'two', 'three']);
        expect(like.proxy.said(BODIES)).toHaveLength(1);
        const flags = way.flags;
        expect(await scenes.content()).toEqual(
          flags ? [1, 2, 3].map((uid) => ({ uid, flags: [...flags].sort() })) : [],
        );
        if (way.moved !== undefined) expect(await scenes.content(DONE)).toHaveLength(way.moved);
        expect(await scenes.unmarked()).toEqual([]);
      },
    );

    test('at whatever else is said: the next poll does what is left', async () => {
      const scenes = await scene('away');
      const steps = [/^(SELECT|EXAMINE)/, /^UID SEARCH/, /^UID FETCH .*RFC822\.SIZE/, BODIES];
      for (const [i, command] of steps.entries()) {
        await scenes.arrive(`at ${i}`);
        for (const act of [
          { cut: true } as const,
          { untagged: (line: string) => ({ cutAfter: line.slice(0, 40) }) },
        ]) {
          await like.proxy.during({ command, times: 1, act }, () =>
            expect(scenes.poll(), `${command}`).rejects.toMatchObject({ code: 'imap_connect' }),
          );
        }
      }
      await scenes.pollToEnd();
      expect((await scenes.subjects()).sort()).toEqual(['at 0', 'at 1', 'at 2', 'at 3']);
      expect(await scenes.seen()).toEqual([1, 2, 3, 4]);
    });
  });

  it('knows mail by its key where UIDVALIDITY has changed', async () => {
    const scenes = await scene('validity', { path: SUPPORT });
    const mails = ['one', 'two', 'three'].map((subject) => mail({ From: scenes.customer, Subject: subject }));
    const put = (some: readonly string[]) =>
      scenes.directly(async (client) => {
        for (const each of some) await client.append(SUPPORT, each);
      });
    await put(mails);
    expect(await scenes.poll()).toMatchObject({ recorded: 3 });
    // UIDVALIDITY is a time in seconds at Dovecot.
    await sleep(1_100);
    await scenes.directly((client) => client.mailboxDelete(SUPPORT));
    await foldersMade(like, scenes.user, [SUPPORT]);
    await put([...mails.toReversed(), mail({ From: scenes.customer, Subject: 'four' })]);
    expect(await scenes.poll()).toMatchObject({ recorded: 1, duplicates: 3 });
    expect(await scenes.subjects()).toEqual(['one', 'two', 'three', 'four']);
    expect(await scenes.seen(SUPPORT)).toEqual([1, 2, 3, 4]);
  });

  it('brings old mail in, and marks nothing', async () => {
    const scenes = await scene('old', { select: 'new', start: 'now' });
    await scenes.directly(async (client) => {
      for (let day = 1; day <= 5; day += 1) {
        const old = mail({ From: scenes.customer, Subject: `day ${day}` });
        await client.append('INBOX', old, day % 2 ? ['\\Seen'] : [], new Date(`2026-01-0${day}T12:00:00Z`));
      }
    });
    expect(await scenes.poll()).toMatchObject({ found: 0, recorded: 0 });
    const before = await scenes.content();
    expect(await scenes.importOld()).toMatchObject({ recorded: 5 });
    expect(await scenes.subjects()).toEqual([1, 2, 3, 4, 5].map((day) => `day ${day}`));
    expect(await scenes.content()).toEqual(before);
    like.proxy.forget();
    expect(await scenes.importOld()).toMatchObject({ recorded: 0, known: 5 });
    expect(like.proxy.said(BODIES)).toEqual([]);
  });

  if (!without.includes('large'))
    it('takes a large mail in pieces, and of one that is too large the texts', async () => {
      const scenes = await scene('large', { message_bytes: '6MB' });
      const line = `${'0123456789'.repeat(7)}\r\n`;
      const large = mail({ From: scenes.customer, Subject: 'large' }, line.repeat(70_000));
      const giant = mail(
        { From: scenes.customer, Subject: 'giant', 'Content-Type': 'multipart/mixed; boundary=b' },
        `--b\r\nContent-Type: text/plain\r\n\r\nRead me.\r\n--b\r\nContent-Type: application/zip\r\n\r\n${line.repeat(100_000)}--b--`,
      );
      await deliver(like.dovecot, scenes.user, [large, giant]);
      expect(await scenes.poll()).toMatchObject({ recorded: 2, notReady: 0 });
      const stored = await scenes.query<{
        subject: string;
        sha256: Buffer;
        is_whole: boolean;
        body_text: string;
      }>(
        `select i.subject, m.sha256, m.is_whole, c.body_text from interactions i join raw_messages m on m.interaction_id = i.id
       join interaction_contents c on c.interaction_id = i.id join folders f on f.id = i.folder_id
       where f.account = ? order by i.id`,
      );
      expect(stored.map(({ subject, is_whole }) => [subject, is_whole])).toEqual([
        ['large', true],
        ['giant', false],
      ]);
      // What Dovecot keeps has lines of its own before it.
      const raw = await withClient(
        scenes.user,
        (client) => client.fetchOne('1', { source: true }, { uid: true }),
        {
          server: like.dovecot,
        },
      );
      const source = raw ? raw.source : undefined;
      const sha256 = createHash('sha256')
        .update(source ?? '')
        .digest();
      expect(stored[0]?.sha256.equals(sha256)).toBe(true);
      expect(stored[1]?.body_text.trim()).toBe('Read me.');
      expect(like.proxy.said(/BODY\.PEEK\[\]<\d+\.\d+>/).length).toBeGreaterThanOrEqual(2);
      expect(await scenes.seen()).toEqual([1, 2]);
    });

  if (!without.includes('many'))
    it('takes 250 mails of a morning', async () => {
      const scenes = await scene('many');
      const titles = Array.from({ length: 250 }, (_, i) => `mail ${i + 1}`);
      await scenes.arrive(...titles);
      // With gaps, so that a set of UIDs is no range.
      await scenes.directly((client) => client.messageDelete('3,33,133', { uid: true }));
      const there = titles.filter((_, i) => ![2, 32, 132].includes(i));
      expect(await scenes.poll()).toMatchObject({ found: 247, recorded: 247, quarantined: 0, left: 0 });
      expect(await scenes.subjects()).toEqual(there);
      expect(await scenes.seen()).toHaveLength(247);
      expect(await scenes.poll()).toMatchObject({ found: 0, markedLate: 0 });
    });

  if (!without.includes('not ready'))
    describe('a mail that is not ready', () => {
      test.each([
        ['OK without a row', 'row'],
        ['BODY[] NIL', 'body'],
      ] as const)('%s: it waits, marked by nobody, and is recorded when it is ready', async (_, what) => {
        const scenes = await scene('ready');
        await scenes.arrive('one', 'two', 'three');
        await like.proxy.during(notReady(2, what), async () => {
          for (let i = 0; i < 2; i += 1) {
            expect(await scenes.poll()).toMatchObject({
              notReady: 1,
              recorded: i === 0 ? 2 : 0,
              quarantined: 0,
            });
            expect(await scenes.seen()).toEqual([1, 3]);
          }
        });
        expect(await scenes.poll()).toMatchObject({ notReady: 0, recorded: 1 });
        expect(await scenes.subjects()).toEqual(['one', 'three', 'two']);
        expect(await scenes.seen()).toEqual([1, 2, 3]);
        expect(await scenes.poll()).toMatchObject({ found: 0 });
      });
    });

  more(scene);
}

/** A rule by which a mail is not handed out, while its size is told. */
function notReady(uid: number, what: 'row' | 'body') {
  const isIt = new RegExp(`^\\* \\d+ FETCH \\(.*\\bUID ${uid}\\b`, 'i');
  const nil = (line: string) => line.replace(/(BODY\[\][^ ]*) \{\d+\}\r\n[\s\S]*$/, '$1 NIL)');
  const untagged = (line: string) => (isIt.test(line) ? (what === 'row' ? undefined : nil(line)) : line);
  return { command: BODIES, act: { untagged } };
}
