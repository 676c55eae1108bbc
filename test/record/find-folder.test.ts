import { expect, it } from 'vitest';
import {
  type FolderSeen,
  findFolder,
  findMailbox,
  notePoll,
  noteSwept,
  registerFolder,
  registerMailbox,
} from '../../src/record/folders.ts';
import { claimLease } from '../../src/scheduler/lease.ts';
import { useDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();
let names = 0;

const SEEN: FolderSeen = {
  ...{ account: 'a@h', path: 'INBOX', role: 'inbox', uidValidity: 7, uidNext: 10 },
  ...{ start: 'now', select: 'new' },
};

/** Everything that is known of mailboxes and folders. */
const content = () =>
  rows(
    database.db,
    `select to_jsonb(m) as row from mailboxes m union all select to_jsonb(f) from folders f order by 1`,
  );

const receipt = (folderId: number, uidValidity: number, uid: number) =>
  database.db.raw(
    `insert into receipts (folder_id, uid_validity, uid, outcome) values (?, ?, ?, 'quarantined')`,
    [folderId, uidValidity, uid],
  );

it.each<[name: string, before: Partial<FolderSeen>[], then: Partial<FolderSeen>]>([
  ['never met, from now on', [], {}],
  ['never met, all', [], { start: 'all', select: 'unseen' }],
  ['never met, since a date', [], { start: new Date('2026-01-01T00:00:00Z') }],
  ['never met, with mail that waits', [], { waitingUid: 4 }],
  ['known', [{}], { uidNext: 99 }],
  ['known, by a date', [{ start: new Date('2026-01-01T00:00:00Z') }], { start: 'all' }],
  ['known, all', [{ start: 'all', select: 'unseen' }], { start: 'all', select: 'unseen' }],
  ['UIDVALIDITY changed', [{}], { uidValidity: 8, uidNext: 3 }],
  ['all unseen, then by UID', [{ select: 'unseen', start: 'all' }], {}],
  ['the same, with mail that waits', [{ select: 'unseen', start: 'all' }], { waitingUid: 2 }],
  ['all unseen, then the archive on purpose', [{ select: 'unseen', start: 'all' }], { start: 'all' }],
  ['imported from, then polled', [{ select: undefined, start: 'all' }], {}],
  ['another account', [{ account: 'b@h' }], {}],
])('looking at a folder says what a poll would find, and writes nothing: %s', async (_, before, then) => {
  names += 1;
  const id = await registerMailbox(database.db, `find${names}`, null);
  for (const seen of before) {
    const place = await registerFolder(database.db, id, { ...SEEN, ...seen });
    await receipt(place.folderId, place.uidValidity, 6);
    await noteSwept(database.db, place, 5);
  }
  const untouched = await content();
  const found = await findFolder(database.db, id, { ...SEEN, ...then });
  expect(await content()).toEqual(untouched);
  const { folderId, start, ...registered } = await registerFolder(database.db, id, { ...SEEN, ...then });
  const { folderId: foundId, start: foundStart, ...rest } = found;
  expect(rest).toEqual(registered);
  expect([folderId, undefined]).toContain(foundId);
  // Of what begins now, only the moment is another one.
  expect({ ...foundStart, at: null }).toEqual({ ...start, at: null });
  const apart = Math.abs((foundStart.at?.getTime() ?? 0) - (start.at?.getTime() ?? 0));
  expect(apart).toBeLessThan(start.kind === 'now' ? 10_000 : 1);
});

it('a folder of a mailbox that was never polled', async () => {
  expect(await findFolder(database.db, undefined, SEEN)).toMatchObject({
    folderId: undefined,
    isFirstContact: true,
    start: { kind: 'now', fromUid: 10 },
  });
});

it('how the polls of a mailbox went', async () => {
  expect(await findMailbox(database.db, 'nobody')).toBeUndefined();
  const id = await registerMailbox(database.db, 'polled', null);
  expect(await findMailbox(database.db, 'polled')).toEqual({
    ...{ id, lastPolledAt: null, lastError: null, polledBy: null },
  });
  await notePoll(database.db, 'polled', null);
  await notePoll(database.db, 'polled', 'refused');
  expect(await findMailbox(database.db, 'polled')).toEqual({
    id,
    lastPolledAt: expect.any(Date),
    lastError: 'refused',
    polledBy: null,
  });
});

it('who polls a mailbox, as long as the lease lasts', async () => {
  await claimLease(database.db, 'leased', 'desk-1:4711:a1b2c3', 60_000);
  expect(await findMailbox(database.db, 'leased')).toMatchObject({ polledBy: 'desk-1:4711:a1b2c3' });
  await database.db.raw(
    `update mailboxes set leased_until = now() - interval '1 second' where name = 'leased'`,
  );
  expect(await findMailbox(database.db, 'leased')).toMatchObject({ polledBy: null });
});
