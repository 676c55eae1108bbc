import { EventEmitter } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import type { Running } from '../support/mailcase.ts';
import { blamed, watchBlame } from './blame.ts';
import { DaemonLog } from './daemon-log.ts';
import { MarkWatch } from './marks.ts';

const database = useDatabase();

const FOLDER = `
  with m as (insert into mailboxes (name) values ('support') returning id)
  insert into folders (mailbox_id, account, path, role, uid_validity)
    select id, 'joe@mail.example', 'INBOX', 'inbox', 1 from m returning id`;

const receipt = (uid: number, at: string) => `
  insert into receipts (folder_id, uid_validity, uid, outcome, recorded_at)
  select id, 1, ${uid}, 'skipped', ${at} from folders`;

it('a message that is blamed is seen, also where that is taken back', async () => {
  const { db } = database;
  await db.raw(FOLDER);
  await watchBlame(db);
  expect(await blamed(db)).toEqual([]);
  await db.raw('insert into awaited_messages (folder_id, uid_validity, uid) select id, 1, 7 from folders');
  await db.raw('delete from awaited_messages');
  await db.raw(receipt(8, 'now()'));
  expect(await blamed(db)).toEqual([
    expect.stringMatching(/^awaited_messages: .*"uid":7/),
    expect.stringMatching(/^receipts: .*"outcome":"skipped"/),
  ]);
  await db.raw('delete from receipts');
});

it('a message that is marked before its record, or without one, is seen', async () => {
  const maildir = await mkdtemp(join(tmpdir(), 'mailcase-marks-'));
  const cur = join(maildir, 'cur');
  await mkdir(cur);
  const list = ['3 V1 N4 Gx', '1 :one', '2 W9 :two', '3 :three', '4 :four'];
  await writeFile(join(maildir, 'dovecot-uidlist'), `${list.join('\n')}\n`);
  for (const name of ['one', 'two', 'three', 'four']) await writeFile(join(cur, `${name}:2,`), '');
  const marks = new MarkWatch(maildir);
  try {
    await database.db.raw(receipt(1, `now() - interval '1 minute'`));
    await database.db.raw(receipt(2, `now() + interval '1 minute'`));
    for (const name of ['one', 'two', 'three']) {
      await rename(join(cur, `${name}:2,`), join(cur, `${name}:2,S`));
    }
  } finally {
    marks.stop();
  }
  const { marked, early } = await marks.tooEarly(database.db);
  expect({ marked, early: early.sort() }).toEqual({ marked: 3, early: [2, 3] });
  await rm(maildir, { recursive: true });
});

it('a log tells the next good poll, and the longest time without the end of one', async () => {
  const stdout = new EventEmitter();
  const noted: string[] = [];
  const log = new DaemonLog({ child: { stdout } } as unknown as Running, (text) => noted.push(text));
  const start = Date.now();
  const line = (ms: number, fields: object) =>
    `${JSON.stringify({ time: new Date(start + ms).toISOString(), ...fields })}\n`;
  const text =
    line(100, { msg: 'poll done', ms: 90 }) +
    line(400, { msg: 'poll failed' }) +
    line(5_400, { msg: 'poll done', ms: 200 });
  stdout.emit('data', text.slice(0, 30));
  stdout.emit('data', text.slice(30));
  expect(noted).toHaveLength(3);
  expect(log.longestSilenceMs(start + 6_000)).toBe(5_000);
  expect(log.failuresSince(start + 100)).toBe(1);
  expect(log.failuresSince(start + 401)).toBe(0);
  expect(await log.goodPollAfter(start + 20, 0)).toBe(start + 5_400);
  expect(await log.goodPollAfter(start + 5_300, 0)).toBeUndefined();
});
