import { describe, expect, it } from 'vitest';
import { sectionOf } from '../../src/check/finding.ts';
import { missingFolder, planText } from '../../src/check/folder-findings.ts';
import { type Marking, NO_MARKING } from '../../src/imap/mark.ts';
import { loadMailbox } from '../support/mailcase.ts';

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
