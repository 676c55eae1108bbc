import { describe, expect, it } from 'vitest';
import { sectionOf } from '../../src/check/finding.ts';
import type { FolderFacts } from '../../src/check/folder.ts';
import { folderFindings, missingFolder, planText } from '../../src/check/folder-findings.ts';
import { type Marking, NO_MARKING } from '../../src/imap/mark.ts';
import { loadMailbox } from '../support/mailcase.ts';

const FACTS: FolderFacts = {
  config: { path: 'INBOX', role: 'inbox', select: 'unseen', start: 'all' },
  found: {
    ...{
      folderId: 1,
      uidValidity: 2,
      previousUidValidity: 2,
      sweptUid: 0,
      foundUids: [],
      isFirstContact: false,
    },
    start: { kind: 'all', at: null, fromUid: null },
  },
  ...{ uids: [1, 2, 3], waiting: 1, record: { left: 0, unmarked: 0 }, marking: NO_MARKING },
};

const LATER = { kind: 'date', at: new Date('2026-01-31T08:00:00Z'), fromUid: null } as const;

it.each<[string, Partial<FolderFacts>, message: RegExp, details: string[]]>([
  ['all is as it should be', {}, /^INBOX: 3 messages, 1 waiting for the next poll$/, []],
  [
    'some beside those that wait are not recorded',
    { record: { left: 2, unmarked: 0 } },
    /1 waiting/,
    ['2 other messages not recorded: polls do not take them, `mailcase import` does'],
  ],
  [
    'one is not recorded, and none waits',
    { waiting: 0, record: { left: 1, unmarked: 0 } },
    / 0 waiting/,
    ['1 message not recorded: polls do not take it, `mailcase import` does'],
  ],
  [
    'as many as one poll marks late',
    { record: { left: 0, unmarked: 1000 } },
    /1 waiting/,
    ['1,000 recorded and not marked yet: the next poll marks them'],
  ],
  [
    'more than one poll marks late',
    { record: { left: 0, unmarked: 1001 } },
    /1 waiting/,
    ['1,001 recorded and not marked yet: the next polls mark them'],
  ],
  [
    'numbered anew, and not from the beginning',
    { found: { ...FACTS.found, previousUidValidity: 1, start: LATER } },
    /1 waiting/,
    [
      'mail counts from what was received since 2026-01-31 08:00 UTC on (first contact)',
      'the UIDs have begun anew since the last poll: mail that was recorded is known by what it says',
    ],
  ],
  [
    'nobody can say what was recorded',
    { record: undefined, found: { ...FACTS.found, previousUidValidity: 1, start: LATER } },
    /^INBOX: 3 messages, at most 1 waiting for the next poll$/,
    ['what was recorded before is not known without the database'],
  ],
])('%s', (_, more, message, details) => {
  const findings = folderFindings(
    sectionOf('Mailbox m'),
    { ...FACTS, ...more },
    { flag: '\\Seen', delete: false },
  );
  expect(findings).toEqual([
    expect.objectContaining({ level: 'ok', code: 'folder_read', message: expect.stringMatching(message) }),
  ]);
  expect(findings[0]?.details.slice(1)).toEqual(details);
});

/** What is said of a folder's mail, where the server can do this much of what is configured. */
async function planOf(marking: Partial<Marking>): Promise<string> {
  const { folders, processed } = await loadMailbox('plan', { processed: { label: 'Done' } });
  const [config] = folders;
  if (config === undefined) throw new Error('the mailbox has no folder');
  return planText({ config, marking: { ...NO_MARKING, ...marking } }, processed);
}

describe('what is said to become of recorded mail', () => {
  it('names a label, which is all that is done where it stands alone', async () => {
    expect(await planOf({ labels: ['Done'] })).toBe('is recorded, then labelled Done');
  });

  it('names a label between the flags and the move', async () => {
    const recorded = { to: 'folder', path: 'Archive' } as const;
    expect(await planOf({ flags: ['\\Seen'], labels: ['Done'], recorded })).toBe(
      'is recorded, then marked \\Seen, labelled Done and moved to Archive',
    );
  });

  it('says that mail stays as it is, where the label is not there', async () => {
    expect(await planOf({})).toBe('is recorded, and stays as it is');
  });
});

describe('a folder that cannot be opened', () => {
  const there = [
    { path: 'INBOX', specialUse: '\\Inbox' },
    { path: 'Sent', specialUse: '\\Sent' },
  ];
  const cureOf = (path: string) => {
    const cause = { responseText: 'Command Error. 10' };
    return missingFolder(sectionOf('Mailbox support'), path, new Error('x', { cause }), there).cure;
  };

  it.each(['INBOX', 'Inbox', 'Sent'])('is not to be replaced by itself: %s', (path) => {
    expect(cureOf(path)).toMatch(/^it is there, and the server does not open it/);
  });

  it('has those that are there as its cure, where it is none of them', () => {
    expect(cureOf('sent')).toBe('name one that is there in `folders`: INBOX, Sent (\\Sent)');
  });
});
