import { afterAll, describe, expect, test } from 'vitest';
import { connectDatabase } from '../../src/db/connect.ts';
import { useDatabase } from '../support/database.ts';
import { withClient } from '../support/imap-client.ts';
import {
  type ConfigFile,
  mailboxSection,
  runMailcase,
  startMailcase,
  writeConfig,
} from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';
import { atStep } from './interventions.ts';
import {
  inScene,
  interactionsOf,
  leftOver,
  mailOf,
  NOTHING_LEFT,
  person,
  pollToEnd,
  type Scene,
  tryPoll,
} from './scene.ts';
import { useTally } from './tally.ts';
import { startTapProxy } from './tap-proxy.ts';

/*
 * `select: unseen` finds no mail that somebody has read. What a poll has found and could not record is recorded all the
 * same by the next one.
 */
const database = useDatabase();
const written: ConfigFile[] = [];
afterAll(() => Promise.all(written.map((file) => file.remove())));

const waitingOf = async ({ mailbox }: Scene) =>
  rows<{ found_uids: number[]; is_current: boolean }>(
    database.db,
    `select found_uids, found_uid_validity is not distinct from uid_validity as is_current
     from folders f join mailboxes m on m.id = f.mailbox_id where m.name = ?`,
    [mailbox.name],
  );

const tally = useTally('found, not recorded, then read by a person');

const once = { first: 1, second: 1 };

async function withTwoMails(
  options: Record<string, unknown>,
  run: (scene: Scene) => Promise<void>,
): Promise<void> {
  await inScene('INBOX', options, async (scene) => {
    await person(scene).append(mailOf(scene, 'first'), mailOf(scene, 'second'));
    await run(scene);
    const mendedAt = performance.now();
    await pollToEnd(database.db, scene);
    const interactions = await interactionsOf(database.db, scene);
    tally({
      messages: 2,
      lost: 2 - Object.keys(interactions).length,
      doubled: Object.values(interactions).filter((count) => count > 1).length,
      untilPollingMs: performance.now() - mendedAt,
    });
    expect(interactions).toEqual(once);
    expect(await leftOver(database.db, scene)).toEqual(NOTHING_LEFT);
  });
}

describe('found, not recorded, then read by a person', () => {
  test('the daemon is killed while it fetches', async () => {
    await withTwoMails({}, async (scene) => {
      const file = await writeConfig({
        database: { url: database.url },
        mailboxes: [
          mailboxSection(scene.user, {
            ...{ name: scene.mailbox.name, start: 'all' },
            imap: { port: scene.proxy.port },
          }),
        ],
      });
      written.push(file);
      const command = (...args: string[]) => ['--config', file.file, ...args];
      const { child, finished } = startMailcase(command('run', '--once'));
      const kill = atStep(
        'bodies',
        async () => {
          child.kill('SIGKILL');
          await finished;
          await person(scene).read('1:2');
        },
        'cut',
      );
      scene.proxy.tap(kill.tap);
      expect(await finished).toMatchObject({ signal: 'SIGKILL' });
      expect(await waitingOf(scene)).toEqual([{ found_uids: [1, 2], is_current: true }]);
      expect(await interactionsOf(database.db, scene)).toEqual({});
      scene.proxy.tap(() => 'pass');
      // What only looks says what the next poll will do, and an import leaves it to that poll.
      const [checked, explained, imported] = await Promise.all(
        [['check'], ['explain', '--uid', '2'], ['import']].map((args) => runMailcase(command(...args))),
      );
      expect(checked?.stdout).toContain('2 messages, 2 waiting for the next poll');
      expect(explained?.stdout.replace(/\s+/g, ' ')).toContain(
        'the next poll takes it (an earlier one found it and could not record it)',
      );
      expect(imported).toMatchObject({ code: 0 });
      expect(await interactionsOf(database.db, scene)).toEqual({});
      expect(await runMailcase(command('run', '--once'))).toMatchObject({ code: 0 });
      expect(await interactionsOf(database.db, scene)).toEqual(once);
    });
  });

  test('the database goes away while the poll fetches', async () => {
    const target = new URL(database.url);
    const proxy = await startTapProxy({ host: target.hostname, port: Number(target.port) });
    target.host = `${proxy.host}:${proxy.port}`;
    const db = connectDatabase(target.href, 3);
    try {
      await withTwoMails({}, async (scene) => {
        const away = atStep('bodies', async () => {
          await proxy.refuse(true);
          proxy.cutAll();
          await person(scene).read('1:2');
        });
        scene.proxy.tap(away.tap);
        expect(await tryPoll(db, scene)).toMatchObject({ code: 'database_unavailable' });
        await proxy.refuse(false);
        expect(await interactionsOf(database.db, scene)).toEqual({});
      });
    } finally {
      await db.destroy();
      await proxy.close();
    }
  });

  test('the server does not hand one out', async () => {
    await withTwoMails({}, async (scene) => {
      scene.proxy.tap((piece) => {
        if (piece.from === 'client' || !piece.text.includes('BODY[] {')) return 'pass';
        // Both rows come in one piece; the second one with its literal is left out.
        const text = piece.text.replace(/\* 2 FETCH [\s\S]*?\r\n\)\r\n(?=[A-Z0-9]+ OK)/, '');
        piece.forward(Buffer.from(text, 'latin1'));
        return 'drop';
      });
      expect(await tryPoll(database.db, scene)).toMatchObject({ recorded: 1, notReady: 1 });
      await person(scene).read('2');
      expect(await tryPoll(database.db, scene)).toMatchObject({ found: 1, recorded: 0, notReady: 1 });
      expect(await waitingOf(scene)).toEqual([{ found_uids: [2], is_current: true }]);
    });
  });

  test('another selection finds it no more: it is recorded, and no older mail with it', async () => {
    await inScene('INBOX', {}, async (scene) => {
      const acting = person(scene);
      await acting.append(mailOf(scene, 'read before any poll'), mailOf(scene, 'first'));
      await acting.read('1');
      scene.proxy.tap(atStep('bodies', () => acting.read('2'), 'cut').tap);
      await tryPoll(database.db, scene);
      const mailbox = {
        ...scene.mailbox,
        folders: [{ path: 'INBOX', role: 'inbox', select: 'new', start: 'now' }],
      };
      await pollToEnd(database.db, { ...scene, mailbox } as Scene);
      expect(await interactionsOf(database.db, scene)).toEqual({ first: 1 });
      expect(await leftOver(database.db, scene)).toEqual(NOTHING_LEFT);
    });
  });
});

test('a poll without news writes nothing to the folder, also where older mail is looked at each time', async () => {
  // INTERNALDATE has whole seconds.
  const start = new Date(Date.now() - 2_000);
  await inScene('INBOX', { start: start.toISOString() }, async (scene) => {
    const acting = person(scene);
    await acting.append(mailOf(scene, 'counts'));
    // SEARCH SINCE knows days only, so it finds this one each time.
    await withClient(scene.user, (client) =>
      client.append('INBOX', mailOf(scene, 'older'), [], new Date(start.getTime() - 60_000)),
    );
    await pollToEnd(database.db, scene);
    expect(await interactionsOf(database.db, scene)).toEqual({ counts: 1 });
    const writes = await countWrites(async () => {
      expect(await tryPoll(database.db, scene)).toMatchObject({ found: 1, recorded: 0 });
    });
    expect(writes).toBe(0);
    await acting.append(mailOf(scene, 'one more'));
    // Remembered, and forgotten.
    expect(await countWrites(() => tryPoll(database.db, scene))).toBe(2);
    expect(await interactionsOf(database.db, scene)).toEqual({ counts: 1, 'one more': 1 });
  });
});

/** How often found_uids was written meanwhile. */
async function countWrites(work: () => Promise<unknown>): Promise<number> {
  const { db } = database;
  await db.raw(`
    create table writes (at timestamptz);
    create function note_write() returns trigger language plpgsql as
      $$ begin insert into writes values (now()); return null; end $$;
    create trigger note_write after update of found_uids on folders for each row execute function note_write()`);
  try {
    await work();
    const [count] = await rows<{ n: number }>(db, 'select count(*) as n from writes');
    return count?.n ?? -1;
  } finally {
    await db.raw('drop trigger note_write on folders; drop function note_write; drop table writes');
  }
}
