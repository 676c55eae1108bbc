import { describe, expect, it } from 'vitest';
import { type FolderSeen, noteSwept, registerFolder, registerMailbox } from '../../src/record/folders.ts';
import {
  findKnownUids,
  isAnother,
  type MessageSeen,
  noteLast,
  restarted,
  serverUidValidity,
  wentBack,
} from '../../src/record/uid-validity.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const AT = new Date('2026-11-28T12:00:00Z');
const LATER = new Date('2026-11-28T12:00:01Z');
const LAST: MessageSeen = { uid: 9, receivedAt: AT, sizeBytes: 1_000 };

describe('UIDs that are given again', () => {
  it.each([
    [0, 1, false],
    [9, 10, false],
    [9, 9, true],
    [9, 1, true],
    [4_294_967_294, 4_294_967_295, false],
  ])('the highest UID is %i and UIDNEXT %i: went back %s', (highestUid, uidNext, isBack) => {
    expect(wentBack({ highestUid }, { uidNext })).toBe(isBack);
  });

  it.each<[name: string, last: MessageSeen | undefined, there: MessageSeen | undefined, expected: boolean]>([
    ['the same', LAST, { ...LAST }, false],
    ['gone', LAST, undefined, false],
    ['nothing was read yet', undefined, LAST, false],
    ['another one', LAST, { uid: 9, receivedAt: LATER, sizeBytes: 1_001 }, true],
    ['restored without its date', LAST, { ...LAST, receivedAt: LATER }, false],
    ['of a size that is an estimate', LAST, { ...LAST, sizeBytes: 990 }, false],
    ['a row of another message', LAST, { uid: 8, receivedAt: LATER, sizeBytes: 1 }, false],
  ])('%s', (_, last, there, expected) => {
    expect(isAnother({ last }, there)).toBe(expected);
  });

  it('count above the 32 bits of the server’s UIDVALIDITY', () => {
    const greatest = 4_294_967_295;
    let kept = greatest;
    for (let i = 0; i < 1_000; i += 1) {
      const before = kept;
      kept = restarted({ uidValidity: kept });
      expect(kept).toBeGreaterThan(before);
      expect(serverUidValidity(kept)).toBe(greatest);
    }
    expect(Number.isSafeInteger(kept)).toBe(true);
  });
});

describe('what is known of a folder’s UIDs', () => {
  const where = { account: 'a@h', path: 'INBOX' };
  const SEEN: FolderSeen = {
    ...{ ...where, role: 'inbox', uidValidity: 7, uidNext: 10 },
    ...{ start: 'all', select: 'new' },
  };
  let names = 0;
  const mailbox = () => {
    names += 1;
    return registerMailbox(database.db, `uids${names}`, null);
  };
  const known = (mailboxId: number, uidValidity = 7) =>
    findKnownUids(database.db, { mailboxId, ...where }, uidValidity);
  const receive = (folderId: number, uidValidity: number, uid: number) =>
    database.db.raw(
      `insert into receipts (folder_id, uid_validity, uid, outcome) values (?, ?, ?, 'quarantined')`,
      [folderId, uidValidity, uid],
    );

  it('nothing of a folder that was never met', async () => {
    expect(await known(await mailbox())).toBeUndefined();
  });

  it('the highest of what was read, swept, and of where counting began', async () => {
    const id = await mailbox();
    const place = await registerFolder(database.db, id, SEEN);
    expect(await known(id)).toEqual({ uidValidity: 7, highestUid: 0, last: undefined });
    await receive(place.folderId, 7, 3);
    expect(await known(id)).toMatchObject({ highestUid: 3 });
    await noteSwept(database.db, place, 5);
    expect(await known(id)).toMatchObject({ highestUid: 5 });
    await noteLast(database.db, place, LAST);
    await noteLast(database.db, place, { ...LAST, uid: 8 });
    expect(await known(id)).toEqual({ uidValidity: 7, highestUid: 9, last: LAST });

    const other = await mailbox();
    await registerFolder(database.db, other, { ...SEEN, start: 'now', uidNext: 12 });
    expect(await known(other)).toMatchObject({ highestUid: 11 });
  });

  it('nothing of what it was under another UIDVALIDITY; and that again, when it comes back', async () => {
    const id = await mailbox();
    const place = await registerFolder(database.db, id, SEEN);
    await noteLast(database.db, place, LAST);
    await receive(place.folderId, 7, 9);
    expect(await known(id, 8)).toEqual({ uidValidity: 8, highestUid: 0, last: undefined });
    await registerFolder(database.db, id, { ...SEEN, uidValidity: 8 });
    expect(await known(id, 7)).toMatchObject({ uidValidity: 7, highestUid: 9 });
  });

  it('from when they began anew, nothing of before, under what is kept', async () => {
    const id = await mailbox();
    const place = await registerFolder(database.db, id, SEEN);
    await receive(place.folderId, 7, 9);
    const kept = restarted({ uidValidity: 7 });
    const again = await registerFolder(database.db, id, { ...SEEN, uidValidity: kept });
    expect(again).toMatchObject({ previousUidValidity: 7, uidValidity: kept, sweptUid: 0 });
    expect(await known(id, 7)).toEqual({ uidValidity: kept, highestUid: 0, last: undefined });
    // What the one before still says of its last message is not of these.
    await noteLast(database.db, place, LAST);
    expect(await known(id, 7)).toMatchObject({ last: undefined });
  });
});
