import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { contentOf, withClient } from '../support/imap-client.ts';
import { poll, rows } from '../support/poll.ts';
import {
  inScene,
  interactionsOf,
  leftOver,
  mailOf,
  NOTHING_LEFT,
  PROCESSED,
  person,
  pollToEnd,
  type Scene,
  subjectsIn,
  tryPoll,
} from './scene.ts';
import { useTally } from './tally.ts';

const database = useDatabase();
const FOLDER = 'Support';
const OF_THE_BACKUP = ['a', 'b', 'c'];
const LOST_WITH_IT = ['d', 'e'];
/** They get the UIDs of what was lost. */
const NEW = ['new in place of d', 'new in place of e', 'new'];

interface Configured {
  readonly name: string;
  readonly options: Record<string, unknown>;
}

const CONFIGURED: readonly Configured[] = [
  { name: 'unseen, flag', options: {} },
  { name: 'keyword', options: { select: 'keyword' } },
  { name: 'new', options: { select: 'new' } },
  { name: 'new, from now on', options: { select: 'new', start: 'now' } },
  { name: 'new, delete', options: { select: 'new', processed: { delete: true } } },
  { name: 'unseen, move', options: { processed: { flag: '\\Seen', move: PROCESSED } } },
  { name: 'nothing marked', options: { select: 'new', processed: 'none' } },
];

const tally = useTally('the server is restored from a backup, UIDs are given again (same UIDVALIDITY)');

describe.each(CONFIGURED)('the server is restored from a backup, $name', ({ options }) => {
  test.each([
    ['less than was lost', NEW.slice(0, 1)],
    ['as much as was lost', NEW.slice(0, 2)],
    ['more than was lost', NEW],
  ])('new mail under the UIDs of mail that is known is recorded, none twice: %s', async (_, fresh) => {
    await inScene(FOLDER, options, async (scene) => {
      const { append } = person(scene);
      const mails = mailsOf(scene);
      await pollToEnd(database.db, scene);
      await append(...mails(OF_THE_BACKUP));
      const backup = await backUp(scene);
      await append(...mails(LOST_WITH_IT));
      await pollToEnd(database.db, scene);
      const before = await uidsOf(scene);
      // What was recorded and not marked before is under a UID that another mail has after.
      await rows(database.db, 'update receipts set processed_at = null where uid >= 4');
      const restoredAt = performance.now();
      await backup.restore();
      await comeLater(scene, mails(fresh));
      expect(await uidsOf(scene)).toEqual({ ...before, uidNext: 4 + fresh.length });
      await pollToEnd(database.db, scene);
      const expected = [...OF_THE_BACKUP, ...LOST_WITH_IT, ...fresh];
      const interactions = await interactionsOf(database.db, scene);
      tally({
        messages: expected.length,
        lost: expected.filter((subject) => !interactions[subject]).length,
        doubled: expected.filter((subject) => (interactions[subject] ?? 0) > 1).length,
        untilPollingMs: performance.now() - restoredAt,
      });
      expect(interactions).toEqual(Object.fromEntries(expected.map((subject) => [subject, 1])));
      expect(await leftOver(database.db, scene)).toEqual(NOTHING_LEFT);
      await expectMarked(scene, options, fresh);
    });
  });

  test('a folder made anew with the UIDVALIDITY that it had', async () => {
    await inScene(FOLDER, options, async (scene) => {
      const mails = mailsOf(scene);
      await pollToEnd(database.db, scene);
      await person(scene).append(...mails(OF_THE_BACKUP));
      await pollToEnd(database.db, scene);
      const before = await uidsOf(scene);
      await person(scene).remake();
      await number(scene, before.uidValidity);
      await comeLater(scene, mails(NEW));
      expect(await uidsOf(scene)).toEqual({ ...before, uidNext: 4 });
      await pollToEnd(database.db, scene);
      const expected = [...OF_THE_BACKUP, ...NEW];
      expect(await interactionsOf(database.db, scene)).toEqual(
        Object.fromEntries(expected.map((subject) => [subject, 1])),
      );
      expect(await leftOver(database.db, scene)).toEqual(NOTHING_LEFT);
    });
  });
});

test('mail that comes and goes between polls is no restored backup', async () => {
  await inScene(FOLDER, { select: 'new' }, async (scene) => {
    await person(scene).append(...mailsOf(scene)(OF_THE_BACKUP));
    await pollToEnd(database.db, scene);
    const kept = await keptUidValidity(scene);
    await person(scene).expunge('1:*');
    await pollToEnd(database.db, scene);
    expect(await keptUidValidity(scene)).toEqual(kept);
  });
});

test('mail that another daemon records while the folder is being opened is no restored backup', async () => {
  await inScene(FOLDER, { select: 'new' }, async (scene) => {
    const { append } = person(scene);
    const mails = mailsOf(scene);
    await append(...mails(OF_THE_BACKUP));
    await pollToEnd(database.db, scene);
    const kept = await keptUidValidity(scene);
    const beside = { ...scene.mailbox, imap: { ...scene.mailbox.imap, port: inject('dovecot').imapPort } };
    let isDone = false;
    scene.proxy.tap(async ({ from, text }) => {
      if (isDone || from !== 'server' || !text.includes('[UIDNEXT 4]')) return 'pass' as const;
      isDone = true;
      await append(...mails(LOST_WITH_IT));
      expect(await poll(database.db, beside)).toMatchObject({ recorded: 2 });
      return 'pass' as const;
    });
    expect(await tryPoll(database.db, scene)).toMatchObject({ recorded: 0, duplicates: 0 });
    expect(isDone).toBe(true);
    expect(await keptUidValidity(scene)).toEqual(kept);
  });
});

function mailsOf(scene: Scene): (subjects: readonly string[]) => string[] {
  const made = new Map(
    [...OF_THE_BACKUP, ...LOST_WITH_IT, ...NEW].map((subject) => [subject, mailOf(scene, subject)]),
  );
  return (subjects) => subjects.map((subject) => made.get(subject) ?? '');
}

const maildirOf = ({ user }: Scene) => join(inject('dovecot').folder, 'users', user, 'Maildir', `.${FOLDER}`);

/** It takes longer than a second to restore a server: INTERNALDATE says that it is not the same mail. */
const comeLater = ({ user }: Scene, mails: readonly string[]) =>
  withClient(user, async (client) => {
    for (const each of mails) await client.append(FOLDER, each, [], new Date(Date.now() + 5_000));
  });

/** A copy of the folder's files, as a backup has it. */
async function backUp(scene: Scene) {
  const maildir = maildirOf(scene);
  const copy = `${maildir}-backup-${process.pid}`.replace('/.', '/');
  await rm(copy, { recursive: true, force: true });
  // With its owners, which Node's own cp does not keep.
  const copyTo = (from: string, to: string) => promisify(execFile)('cp', ['-a', from, to]);
  await copyTo(maildir, copy);
  return {
    restore: async () => {
      await rm(maildir, { recursive: true });
      await copyTo(copy, maildir);
    },
  };
}

/** Gives the folder, which is empty, a UIDVALIDITY: Dovecot has it in a file of its own beside its index. */
async function number(scene: Scene, uidValidity: number): Promise<void> {
  const maildir = maildirOf(scene);
  for (const name of await readdir(maildir)) {
    if (name.startsWith('dovecot.index')) await rm(join(maildir, name));
  }
  const list = join(maildir, 'dovecot-uidlist');
  await writeFile(list, (await readFile(list, 'utf8')).replace(/ V\d+ N\d+/, ` V${uidValidity} N1`));
}

const uidsOf = ({ user }: Scene) =>
  withClient(
    user,
    async ({ mailbox }) => {
      if (!mailbox) throw new Error('no folder is open');
      return { uidValidity: Number(mailbox.uidValidity), uidNext: mailbox.uidNext };
    },
    { path: FOLDER, readOnly: true },
  );

const keptUidValidity = (scene: Scene) =>
  rows(
    database.db,
    `select f.uid_validity from folders f join mailboxes m on m.id = f.mailbox_id where m.name = ?`,
    [scene.mailbox.name],
  );

async function expectMarked(
  scene: Scene,
  { processed }: Record<string, unknown>,
  fresh: readonly string[],
): Promise<void> {
  if (processed === 'none') return;
  if (processed !== undefined) {
    expect(await subjectsIn(scene, FOLDER)).toEqual([]);
    return;
  }
  expect(await subjectsIn(scene, FOLDER)).toEqual([...OF_THE_BACKUP, ...fresh]);
  for (const { flags } of await contentOf(scene.user, { path: FOLDER })) expect(flags).not.toEqual([]);
}
