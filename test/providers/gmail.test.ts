import { expect, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { GMAIL_FOLDERS, GMAIL_SAYS, gmailLabels, keywordOf } from '../support/gmail-like.ts';
import { withClient } from '../support/imap-client.ts';
import { type GmailLike, startGmailLike } from '../support/providers.ts';
import { BODIES, tellStory, WAYS } from './story.ts';

let like: GmailLike;

tellStory(
  useDatabase(),
  async () => {
    like = await startGmailLike();
    return like;
  },
  {
    ways: [
      ...[WAYS.keyword, WAYS.both, WAYS.move, WAYS.delete, WAYS.none],
      { name: 'label', processed: { label: 'Done' }, flags: [keywordOf('Done')] },
      {
        name: 'flag and label',
        processed: { flag: '\\Seen', label: 'Done' },
        flags: ['\\Seen', keywordOf('Done')],
      },
    ],
    selects: ['unseen', 'keyword', 'new'],
  },
  (scene) => {
    test('an account that does not expunge what is deleted: it is deleted all the same, and no other mail', async () => {
      const scenes = await scene('keeps', { processed: { delete: true } });
      await scenes.arrive('one', 'two', 'of a person');
      await scenes.directly((client) => client.messageFlagsAdd('3', ['\\Deleted', '\\Seen'], { uid: true }));
      like.ways.autoExpunge = false;
      try {
        expect(await scenes.poll()).toMatchObject({ recorded: 2 });
      } finally {
        like.ways.autoExpunge = true;
      }
      expect((await scenes.content()).map(({ uid }) => uid)).toEqual([3]);
    });

    test('the copy in All Mail is the same mail, wherever it is read first', async () => {
      const scenes = await scene('all', { folders: ['INBOX', GMAIL_FOLDERS.all] });
      await scenes.arrive('one', 'two');
      await scenes.directly((client) => client.messageCopy('1:*', GMAIL_FOLDERS.all));
      expect(await scenes.poll()).toMatchObject({ found: 4, recorded: 2, duplicates: 2 });
      expect(await scenes.subjects()).toEqual(['one', 'two']);
      expect(await scenes.seen(GMAIL_FOLDERS.all)).toEqual([1, 2]);
    });

    test('labels are kept, and no flag or keyword is seen of them', async () => {
      const scenes = await scene('labels');
      await scenes.arrive('one');
      const at = { host: like.proxy.host, imapPort: like.proxy.imapPort, password: like.dovecot.password };
      const labelled = await withClient(
        scenes.user,
        async (client) => {
          await client.messageFlagsAdd('1', ['Done', 'My Label'], { uid: true, useLabels: true });
          await client.messageFlagsAdd('1', ['\\Flagged'], { uid: true });
          return client.fetchOne('1', { uid: true, flags: true, labels: true }, { uid: true });
        },
        { server: at },
      );
      expect(labelled).toMatchObject({ emailId: '1700000000000000001' });
      expect(labelled && [...(labelled.labels ?? [])].sort()).toEqual(['Done', 'My Label']);
      expect(labelled && [...(labelled.flags ?? [])].filter((flag) => flag !== '\\Recent')).toEqual([
        '\\Flagged',
      ]);
      expect(gmailLabels((await scenes.content())[0]?.flags ?? [])).toEqual(['Done', 'My Label']);
    });

    test('a label that there is not is said, with the cure, and the mail is recorded once', async () => {
      const scenes = await scene('nolabel', { processed: { label: 'Nowhere' }, select: 'new', start: 'all' });
      await scenes.arrive('one');
      for (const recorded of [1, 0]) expect(await scenes.poll()).toMatchObject({ recorded });
      expect(scenes.warned()).toMatchObject([{ option: 'processed.label', cure: expect.any(String) }]);
      await scenes.directly((client) => client.mailboxCreate('Nowhere'));
      expect(await scenes.poll()).toMatchObject({ markedLate: 1 });
      expect((await scenes.content()).map(({ flags }) => gmailLabels(flags))).toEqual([['Nowhere']]);
    });

    test('over its quota in the middle of a poll: what was recorded stays, the rest comes later', async () => {
      const scenes = await scene('quota', { batch: { messages: '2' } });
      await scenes.arrive('one', 'two', 'three', 'four', 'five');
      const over = { command: BODIES, skip: 1, act: { reply: GMAIL_SAYS.overQuota } };
      await like.proxy.during(over, () =>
        expect(scenes.poll()).rejects.toMatchObject({ code: 'imap_throttled' }),
      );
      expect(await scenes.subjects()).toEqual(['one', 'two']);
      expect(await scenes.poll()).toMatchObject({ recorded: 3, duplicates: 0 });
      expect(await scenes.seen()).toEqual([1, 2, 3, 4, 5]);
    });

    test('asked to slow down, with success: nothing is lost, whatever comes in this poll and whatever in the next', async () => {
      const scenes = await scene('slowly', { batch: { messages: '2' } });
      await scenes.arrive('one', 'two', 'three', 'four', 'five');
      const slowly = { command: BODIES, act: { tagged: () => GMAIL_SAYS.slowDown } };
      await like.proxy.during(slowly, () => scenes.poll().catch(() => undefined));
      expect((await scenes.subjects()).slice(0, 2)).toEqual(['one', 'two']);
      await scenes.pollToEnd();
      expect(await scenes.subjects()).toEqual(['one', 'two', 'three', 'four', 'five']);
      expect(await scenes.seen()).toEqual([1, 2, 3, 4, 5]);
    });
  },
);
