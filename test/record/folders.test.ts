import { describe, expect, it } from 'vitest';
import { type FolderSeen, noteSwept, registerFolder, registerMailbox } from '../../src/record/folders.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
let names = 0;

const SEEN: FolderSeen = {
  ...{ account: 'a@h', path: 'INBOX', role: 'inbox', uidValidity: 7, uidNext: 10 },
  ...{ start: 'now', select: 'new' },
};

async function mailbox(): Promise<number> {
  names += 1;
  return registerMailbox(database.db, `m${names}`, null);
}

const enter = (id: number, seen: Partial<FolderSeen> = {}) =>
  registerFolder(database.db, id, { ...SEEN, ...seen });

describe('which mail of a folder counts', () => {
  it('is settled at the first contact, and stays whatever is said later', async () => {
    const id = await mailbox();
    const first = await enter(id);
    expect(first).toMatchObject({ isFirstContact: true, start: { kind: 'now', fromUid: 10 } });
    for (const more of [
      { uidNext: 99 },
      { start: 'all' },
      { start: new Date(0) },
      { select: 'unseen' },
    ] as const) {
      expect(await enter(id, more)).toMatchObject({ isFirstContact: false, start: first.start });
    }
    const changed = await enter(id, { uidValidity: 8 });
    expect(changed).toMatchObject({ previousUidValidity: 7, start: { at: first.start.at, fromUid: null } });
  });

  it('is what the first of two daemons has settled', async () => {
    const id = await mailbox();
    const both = await Promise.all([10, 11, 12, 13].map((uidNext) => enter(id, { uidNext })));
    const settled = await enter(id, { uidNext: 50 });
    expect(both.map(({ start }) => start.fromUid)).toEqual(Array(4).fill(settled.start.fromUid));
  });

  it.each<
    [name: string, before: Partial<FolderSeen>, after: Partial<FolderSeen>, kind: string, isAnew: boolean]
  >([
    ['all unseen, then by UID: not the archive', { select: 'unseen', start: 'all' }, {}, 'now', true],
    ['all unseen, then by keyword', { select: 'unseen', start: 'all' }, { select: 'keyword' }, 'now', true],
    [
      'all unseen, then the archive on purpose',
      { select: 'unseen', start: 'all' },
      { start: 'all' },
      'all',
      false,
    ],
    ['unseen from now on, then by UID', { select: 'unseen' }, {}, 'now', false],
    ['imported from, then polled', { select: undefined, start: 'all' }, {}, 'now', true],
    [
      'imported from, then polled with all',
      { select: undefined, start: 'all' },
      { start: 'all' },
      'all',
      true,
    ],
    ['polled, then imported from', {}, { select: undefined, start: 'all' }, 'now', false],
  ])('%s', async (_, before, after, kind, isAnew) => {
    const id = await mailbox();
    await enter(id, before);
    expect(await enter(id, after)).toMatchObject({ isFirstContact: isAnew, start: { kind } });
    // And once only.
    expect(await enter(id, after)).toMatchObject({ isFirstContact: false, start: { kind } });
  });

  it('a sweep counts under its UIDVALIDITY, and never goes back', async () => {
    const id = await mailbox();
    const place = await enter(id);
    await noteSwept(database.db, place, 40);
    await noteSwept(database.db, place, 30);
    expect((await enter(id)).sweptUid).toBe(40);
    expect((await enter(id, { uidValidity: 8 })).sweptUid).toBe(0);
    // Whoever still works under the old one notes nothing any more.
    await noteSwept(database.db, place, 90);
    expect((await enter(id, { uidValidity: 8 })).sweptUid).toBe(0);
  });
});
