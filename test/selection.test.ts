import { describe, expect, it } from 'vitest';
import type { FolderConfig, ProcessedConfig } from '../src/config/schema.ts';
import type { FirstContact, KnownFolder } from '../src/record/folders.ts';
import { countsSince, criteriaFor, mayBeSelected, sweptUpTo } from '../src/selection.ts';

const MOMENT = new Date('2026-11-09T08:15:00Z');

const ALL: FirstContact = { kind: 'all', at: null, fromUid: null };
const NOW: FirstContact = { kind: 'now', at: MOMENT, fromUid: 50 };
/** As NOW is after UIDVALIDITY changed. */
const THEN: FirstContact = { kind: 'now', at: MOMENT, fromUid: null };

const folder = (select: FolderConfig['select']): FolderConfig => ({
  path: 'x',
  role: 'inbox',
  select,
  start: 'all',
});
const known = (start: FirstContact, sweptUid = 0): KnownFolder => ({
  ...{ folderId: 1, uidValidity: 1, previousUidValidity: 1, isFirstContact: false },
  ...{ start, sweptUid, foundUids: [] },
});
const KEYWORD: ProcessedConfig = { keyword: 'mailcase', delete: false };

describe('what is searched for', () => {
  it.each<
    [name: string, select: FolderConfig['select'], start: FirstContact, swept: number, criteria: object]
  >([
    ['unseen, all', 'unseen', ALL, 0, { unseen: true }],
    ['unseen, from the first contact on', 'unseen', NOW, 0, { unseen: true, fromUid: 50 }],
    ['unseen, UIDVALIDITY changed', 'unseen', THEN, 0, { unseen: true, since: MOMENT }],
    ['unseen: a sweep says nothing', 'unseen', ALL, 70, { unseen: true }],
    ['keyword', 'keyword', ALL, 0, { withoutKeyword: 'mailcase' }],
    ['new, all', 'new', ALL, 0, {}],
    ['new, behind the sweep', 'new', ALL, 70, { fromUid: 71 }],
    ['new, the first contact was later', 'new', NOW, 30, { fromUid: 50 }],
    ['new, the sweep is later', 'new', NOW, 70, { fromUid: 71 }],
    ['new, UIDVALIDITY changed', 'new', THEN, 70, { fromUid: 71, since: MOMENT }],
  ])('%s', (_, select, start, swept, criteria) => {
    expect(criteriaFor(folder(select), KEYWORD, known(start, swept))).toEqual(criteria);
  });
});

describe('which messages count by their time', () => {
  const message = (receivedAt: string) => ({ uid: 1, sizeBytes: 1, receivedAt: new Date(receivedAt) });
  it.each<[start: FirstContact, receivedAt: string, counts: boolean]>([
    [ALL, '1999-01-01T00:00:00Z', true],
    [NOW, '1999-01-01T00:00:00Z', true],
    [THEN, '2026-11-09T08:14:59Z', false],
    [THEN, '2026-11-09T08:15:00Z', true],
  ])('%o %s: %s', (start, receivedAt, counts) => {
    expect(countsSince(known(start))(message(receivedAt))).toBe(counts);
  });
});

describe('how far a sweep got', () => {
  it.each<[found: number[], open: number[], swept: number]>([
    [[], [], 0],
    [[3, 5, 9], [], 9],
    [[3, 5, 9], [9], 5],
    [[3, 5, 9], [5], 3],
    [[3, 5, 9], [3, 9], 0],
  ])('%o, still open %o: %i', (found, open, swept) => {
    expect(sweptUpTo(found, new Set(open))).toBe(swept);
  });
});

describe('whether flags make a message one to take', () => {
  it.each<
    [
      name: string,
      select: FolderConfig['select'],
      processed: ProcessedConfig,
      flags: string[],
      expected: boolean,
    ]
  >([
    ['unseen: unread', 'unseen', KEYWORD, ['\\Flagged'], true],
    ['unseen: read', 'unseen', KEYWORD, ['\\Seen', '\\Flagged'], false],
    ['unseen in shadow mode', 'unseen', 'none', [], true],
    ['keyword: without it', 'keyword', KEYWORD, ['\\Seen', 'other'], true],
    ['keyword: with it', 'keyword', KEYWORD, ['\\Seen', 'mailcase'], false],
    ['keyword: as another server spells it', 'keyword', KEYWORD, ['MailCase'], false],
    ['keyword: cannot be without one', 'keyword', 'none', [], false],
    ['new: goes by UIDs', 'new', KEYWORD, [], false],
  ])('%s', (_, select, processed, flags, expected) => {
    expect(mayBeSelected(folder(select), processed, new Set(flags))).toBe(expected);
  });
});
