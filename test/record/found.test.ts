import { describe, expect, it } from 'vitest';
import { type FolderSeen, registerFolder, registerMailbox } from '../../src/record/folders.ts';
import { noteFound } from '../../src/record/found.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
let names = 0;

const SEEN: FolderSeen = {
  ...{ account: 'a@h', path: 'INBOX', role: 'inbox', uidValidity: 7, uidNext: 10 },
  ...{ start: 'all', select: 'unseen' },
};

/** A folder of its own, to be entered again and again. */
async function folder() {
  names += 1;
  const id = await registerMailbox(database.db, `found${names}`, null);
  return (uidValidity = 7) => registerFolder(database.db, id, { ...SEEN, uidValidity });
}

describe('what was found and not recorded yet', () => {
  it('is remembered in order, and forgotten as it is recorded', async () => {
    const enter = await folder();
    const place = await enter();
    expect(place.foundUids).toEqual([]);
    await noteFound(database.db, place, [], new Set([9, 4_294_967_295, 10]));
    expect((await enter()).foundUids).toEqual([9, 10, 4_294_967_295]);
    await noteFound(database.db, place, [9, 10, 4_294_967_295], new Set([10, 11]));
    expect((await enter()).foundUids).toEqual([10, 11]);
    await noteFound(database.db, place, [10, 11], new Set());
    expect((await enter()).foundUids).toEqual([]);
  });

  it('stays where a daemon that has not heard of it notes what it has done itself', async () => {
    const enter = await folder();
    const place = await enter();
    await noteFound(database.db, place, [], new Set([1, 2]));
    const paused = await enter();
    await noteFound(database.db, place, [1, 2], new Set([1, 2, 3]));
    await noteFound(database.db, paused, paused.foundUids, new Set());
    expect((await enter()).foundUids).toEqual([3]);
  });

  it('of several that note at the same moment, each is heard', async () => {
    const enter = await folder();
    const place = await enter();
    const uids = Array.from({ length: 20 }, (_, index) => index + 1);
    await Promise.all(uids.map((uid) => noteFound(database.db, place, [], new Set([uid]))));
    expect((await enter()).foundUids).toEqual(uids);
  });

  it('leads nowhere under another UIDVALIDITY, and whoever still works under the old one notes nothing', async () => {
    const enter = await folder();
    const before = await enter();
    await noteFound(database.db, before, [], new Set([1, 2]));
    const after = await enter(8);
    expect(after.foundUids).toEqual([]);
    await noteFound(database.db, before, [1, 2], new Set([1, 2, 3]));
    expect((await enter(8)).foundUids).toEqual([]);
    await noteFound(database.db, after, [], new Set([2]));
    expect((await enter(8)).foundUids).toEqual([2]);
  });
});
