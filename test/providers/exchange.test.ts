import { expect, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { EXCHANGE_FOLDERS, EXCHANGE_SAYS, longestSet } from '../support/exchange-like.ts';
import { type ExchangeLike, startExchangeLike } from '../support/providers.ts';
import { BODIES, cannot, tellStory, WAYS } from './story.ts';

let like: ExchangeLike;

tellStory(
  useDatabase(),
  async () => {
    like = await startExchangeLike();
    return like;
  },
  {
    ways: [
      ...[WAYS.seen, WAYS.move, WAYS.delete, WAYS.none],
      cannot(WAYS.keyword, 'processed.keyword', []),
      cannot(WAYS.both, 'processed.keyword', ['\\Flagged']),
    ],
    selects: ['unseen', 'new'],
  },
  (scene) => {
    test('sizes that are estimates: too low, too high, of a large mail too', async () => {
      const scenes = await scene('estimate');
      const before = like.ways.estimate;
      const texts = ['one', 'two', 'three'].map((name) => `${name} ${'0123456789\r\n'.repeat(2_000)}`);
      const large = '0123456789\r\n'.repeat(400_000);
      await scenes.arriveWith([...texts, large]);
      like.ways.estimate = (bytes, uid) => bytes * ([0.6, 1.7, 0.9, 0.8][uid - 1] ?? 1);
      try {
        expect(await scenes.poll()).toMatchObject({ recorded: 4, notReady: 0, quarantined: 0 });
      } finally {
        like.ways.estimate = before;
      }
      const bytes = await scenes.query<{ size_bytes: number; uid: number }>(
        `select m.size_bytes from raw_messages m join interactions i on i.id = m.interaction_id
         join folders f on f.id = i.folder_id where f.account = ? order by i.id`,
      );
      const sizes = await scenes.directly((client) => client.fetchAll('1:*', { size: true }));
      expect(bytes.map((each) => each.size_bytes)).toEqual(sizes.map(({ size }) => size));
      expect(await scenes.seen()).toEqual([1, 2, 3, 4]);
    });

    test.each([
      ['withoutRow', 'OK without a row, already where it asks for the size'],
      ['withoutBody', 'BODY[] NIL'],
    ] as const)('%s: a mail that is not ready is awaited (%s)', async (what, _) => {
      const scenes = await scene('wait');
      await scenes.arrive('one', 'two', 'three');
      like.ways[what].add(1);
      expect(await scenes.poll()).toMatchObject({ recorded: 2, notReady: 1 });
      expect(await scenes.seen()).toEqual([2, 3]);
      like.ways[what].clear();
      expect(await scenes.poll()).toMatchObject({ recorded: 1, notReady: 0 });
      expect(await scenes.seen()).toEqual([1, 2, 3]);
    });

    test('no command names more than a hundred UIDs, however many there are', async () => {
      const scenes = await scene('sets', {
        batch: { messages: '1000' },
        processed: { flag: '\\Seen', move: 'Done' },
      });
      await scenes.arrive(...Array.from({ length: 130 }, (_, i) => `mail ${i + 1}`));
      expect(await scenes.poll()).toMatchObject({ recorded: 130 });
      expect(await scenes.content('Done')).toHaveLength(130);
      expect(await scenes.unmarked()).toEqual([]);
      const old = await scene('sets', { select: 'new', start: 'now' });
      await old.arrive(...Array.from({ length: 130 }, (_, i) => `old ${i + 1}`));
      await old.poll();
      expect(await old.importOld()).toMatchObject({ recorded: 130 });
      // Nor does one that it has not refused.
      expect(like.proxy.said(/^UID /).filter((text) => longestSet(text) > 100)).toEqual([]);
    });

    test('throttled in the middle of a poll: what was recorded stays, the rest comes later', async () => {
      const scenes = await scene('throttled', { batch: { messages: '2' } });
      await scenes.arrive('one', 'two', 'three', 'four', 'five');
      const throttled = { command: BODIES, skip: 1, act: { reply: EXCHANGE_SAYS.throttled(600) } };
      await like.proxy.during(throttled, () =>
        expect(scenes.poll()).rejects.toMatchObject({
          code: 'imap_throttled',
          fields: { retryAfterMs: 600 },
        }),
      );
      expect(await scenes.subjects()).toEqual(['one', 'two']);
      expect(await scenes.poll()).toMatchObject({ recorded: 3, duplicates: 0 });
      expect(await scenes.seen()).toEqual([1, 2, 3, 4, 5]);
      expect(await scenes.subjects()).toEqual(['one', 'two', 'three', 'four', 'five']);
    });

    test('throttled when it is to mark: recorded once, and marked late', async () => {
      const scenes = await scene('throttled');
      await scenes.arrive('one', 'two');
      const throttled = { command: /^UID STORE/, act: { reply: EXCHANGE_SAYS.throttled(600) } };
      await like.proxy.during(throttled, () => scenes.poll().catch(() => undefined));
      expect(await scenes.seen()).toEqual([]);
      expect(await scenes.poll()).toMatchObject({ recorded: 0, markedLate: 2 });
      expect(await scenes.subjects()).toEqual(['one', 'two']);
      expect(await scenes.seen()).toEqual([1, 2]);
    });

    test('a login that is good and leads nowhere is no rejected password, and no missing folder', async () => {
      const scenes = await scene('nowhere');
      await scenes.arrive('one');
      like.ways.isConnected = false;
      const failed = await scenes.poll().then(
        () => undefined,
        (error: unknown) => error,
      );
      like.ways.isConnected = true;
      expect(failed).toMatchObject({
        message: expect.stringContaining('User is authenticated but not connected'),
      });
      expect(failed).not.toMatchObject({ code: 'imap_credentials' });
      expect(await scenes.poll()).toMatchObject({ recorded: 1 });
    });

    test('the sent folder has a name of its own, and is read by UID', async () => {
      const sent = EXCHANGE_FOLDERS.sent;
      const scenes = await scene('sent', {
        own: ['example.com'],
        start: 'all',
        folders: ['INBOX', { path: sent, role: 'sent' }],
      });
      await scenes.directly((client) => client.append(sent, scenes.answer('answer'), ['\\Seen']));
      await scenes.arrive('question');
      expect(await scenes.poll()).toMatchObject({ recorded: 2 });
      expect(
        await scenes.query(
          'select direction from interactions i join folders f on f.id = i.folder_id where f.account = ? order by i.id',
        ),
      ).toEqual([{ direction: 'in' }, { direction: 'out' }]);
    });

    test('a login that takes its time', async () => {
      const scenes = await scene('slow');
      await scenes.arrive('one');
      like.ways.loginMs = 1_500;
      try {
        expect(await scenes.poll()).toMatchObject({ recorded: 1 });
      } finally {
        like.ways.loginMs = 0;
      }
    });
  },
);
