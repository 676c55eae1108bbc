import { expect, it } from 'vitest';
import {
  type FolderSeen,
  findFolder,
  noteSwept,
  registerFolder,
  registerMailbox,
} from '../../src/record/folders.ts';
import { findMailbox, notePoll } from '../../src/record/polls.ts';
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
  const { db } = database;
  expect(await findMailbox(db, 'nobody')).toBeUndefined();
  expect(await notePoll(db, 'nobody', undefined)).toBeUndefined();
  const id = await registerMailbox(db, 'polled', null);
  const never = { lastPolledAt: null, lastPolledMs: null };
  const well = { lastError: null, errorKind: null, failing: undefined, polledBy: null };
  expect(await findMailbox(db, 'polled')).toEqual({ id, ...never, ...well });
  expect(await notePoll(db, 'polled', undefined)).toEqual({ now: undefined, before: undefined });
  const polled = { lastPolledAt: expect.any(Date), lastPolledMs: expect.any(Number) };
  expect(await findMailbox(db, 'polled')).toEqual({ id, ...polled, ...well });

  const first = await notePoll(db, 'polled', { error: 'away', kind: 'network' });
  expect(first).toMatchObject({ now: { failures: 1, since: expect.any(Date) }, before: undefined });
  await db.raw(
    `update mailboxes set failing_since = failing_since - interval '1 hour' where name = 'polled'`,
  );
  const second = await notePoll(db, 'polled', { error: 'refused', kind: 'credentials' });
  expect(second).toMatchObject({ now: { failures: 2 }, before: { failures: 1 } });
  expect(second?.now?.forMs).toBeGreaterThanOrEqual(3_600_000);
  expect(await findMailbox(db, 'polled')).toMatchObject({
    ...{ id, ...polled, lastError: 'refused', errorKind: 'credentials' },
    failing: { failures: 2, since: second?.now?.since },
  });
  // The database's clock may be set back.
  await db.raw(`update mailboxes set failing_since = now() + interval '1 hour' where name = 'polled'`);
  expect((await findMailbox(db, 'polled'))?.failing?.forMs).toBe(0);

  const good = await notePoll(db, 'polled', undefined);
  expect(good).toMatchObject({ now: undefined, before: { failures: 2 } });
  expect(await findMailbox(db, 'polled')).toEqual({ id, ...polled, ...well });
});

it('who polls a mailbox, as long as the lease lasts', async () => {
  await claimLease(database.db, 'leased', 'desk-1:4711:a1b2c3', 60_000);
  expect(await findMailbox(database.db, 'leased')).toMatchObject({ polledBy: 'desk-1:4711:a1b2c3' });
  await database.db.raw(
    `update mailboxes set leased_until = now() - interval '1 second' where name = 'leased'`,
  );
  expect(await findMailbox(database.db, 'leased')).toMatchObject({ polledBy: null });
});
