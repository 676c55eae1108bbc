import type { FolderConfig, MailboxConfig } from '../config/schema.ts';
import { serverText } from '../imap/folder.ts';
import type { Marking } from '../imap/mark.ts';
import type { ListedFolder } from '../imap/server.ts';
import type { FoundFolder } from '../record/folders.ts';
import { MAX_UNMARKED } from '../record/receipts.ts';
import { counted, listed, readableNumber, readableTime } from '../terminal/words.ts';
import { type Finding, type Section, sectionOf } from './finding.ts';
import type { FolderFacts, FolderRecord } from './folder.ts';

/** Most folders that a finding names. */
const MAX_NAMED = 30;

/** What a folder holds, what the next poll would do there, and what the server cannot do of it. */
export function folderFindings(
  section: Section,
  facts: FolderFacts,
  processed: MailboxConfig['processed'],
): Finding[] {
  const { config, uids, waiting, record, marking } = facts;
  const details = [
    `${selectionText(facts, processed)} ${planText(facts, processed)}`,
    ...(record === undefined
      ? ['what was recorded before is not known without the database']
      : [...contactText(facts), ...recordTexts(record, waiting)]),
  ];
  const role = config.role === 'sent' ? ' (sent)' : '';
  const most = record === undefined && waiting > 0 ? 'at most ' : '';
  const read = section.ok(
    'folder_read',
    `${config.path}${role}: ${counted(uids.length, 'message')}, ${most}${readableNumber(waiting)} waiting for the next poll`,
    details,
  );
  return [read, ...impossibleFindings(section, config.path, marking)];
}

function recordTexts({ unmarked, left }: FolderRecord, waiting: number): string[] {
  const messages = counted(left, waiting > 0 ? 'other message' : 'message');
  const marked = unmarked > MAX_UNMARKED ? 'the next polls mark them' : 'the next poll marks them';
  return [
    ...(unmarked > 0 ? [`${readableNumber(unmarked)} recorded and not marked yet: ${marked}`] : []),
    ...(left > 0
      ? [
          `${messages} not recorded: polls do not take ${left === 1 ? 'it' : 'them'}, \`mailcase import\` does`,
        ]
      : []),
  ];
}

function impossibleFindings(section: Section, path: string, { impossible }: Marking): Finding[] {
  return impossible.map(({ option, why, cure }) =>
    section.warning(
      'marking_impossible',
      `${path}: mail cannot be marked as processed.${option} says: ${why}`,
      cure,
    ),
  );
}

function selectionText({ config }: FolderFacts, processed: MailboxConfig['processed']): string {
  switch (config.select) {
    case 'unseen':
      return 'unseen mail';
    case 'keyword':
      return processed === 'none' ? 'all mail' : `mail without the keyword ${processed.keyword}`;
    case 'new':
      return 'mail that was not taken yet';
  }
}

/** `is recorded, then marked \Seen and moved to Processed` */
export function planText(
  { config, marking }: Pick<FolderFacts, 'config' | 'marking'>,
  processed: MailboxConfig['processed'],
): string {
  if (config.role === 'sent') return 'is recorded as outbound, and the folder stays as it is';
  if (processed === 'none') return 'is recorded, and the folder stays as it is (processed: none)';
  const { flags, labels, recorded, aside } = marking;
  const steps = [
    ...(flags.length > 0 ? [`marked ${listed(flags)}`] : []),
    ...(labels.length > 0 ? [`labelled ${listed(labels)}`] : []),
    ...(recorded.to === 'folder' ? [`moved to ${recorded.path}`] : []),
    ...(recorded.to === 'delete' ? ['deleted from the mailbox'] : []),
  ];
  const rest = aside.to === 'folder' ? `; what cannot be recorded in full is moved to ${aside.path}` : '';
  return steps.length === 0
    ? `is recorded, and stays as it is${rest}`
    : `is recorded, then ${listed(steps)}${rest}`;
}

/** Since when mail counts, and that a server has numbered its mail anew. */
function contactText({ found, config }: FolderFacts): string[] {
  const renumbered =
    found.previousUidValidity !== null && found.previousUidValidity !== found.uidValidity
      ? ['the UIDs have begun anew since the last poll: mail that was recorded is known by what it says']
      : [];
  return [...startTexts(found, config), ...renumbered];
}

function startTexts({ start, isFirstContact }: FoundFolder, config: FolderConfig): string[] {
  const { kind, at, fromUid } = start;
  const since = at && `received since ${readableTime(at)} UTC`;
  if (isFirstContact) {
    const counts = {
      all: 'mail of any age counts',
      now: 'what comes after the first poll counts, older mail does not',
      date: `what was ${since} counts`,
    }[kind];
    const said = config.start instanceof Date ? config.start.toISOString() : config.start;
    return [`not polled yet; by \`start: ${said}\`, ${counts}`];
  }
  if (kind === 'all') return [];
  return [`mail counts from ${fromUid === null ? `what was ${since}` : `UID ${fromUid}`} on (first contact)`];
}

/** A folder that is configured and cannot be opened. */
export function missingFolder(
  section: Section,
  path: string,
  error: Error,
  there: readonly ListedFolder[],
): Finding {
  const names = there.map(({ path: name, specialUse }) =>
    specialUse === undefined || specialUse === '\\Inbox' ? name : `${name} (${specialUse})`,
  );
  const more = names.length > MAX_NAMED ? ' …' : '';
  // INBOX is the one name that has no letter case (RFC 9051, section 5.1).
  const isSame = (name: string) =>
    name === path || (/^inbox$/i.test(name) && name.toLowerCase() === path.toLowerCase());
  return section.problem(
    'folder_missing',
    `the folder ${path} cannot be opened: ${serverText(error.cause)}`,
    there.some(({ path: name }) => isSame(name))
      ? 'it is there, and the server does not open it: see that the account may read it; the daemon tries again, and if it stays so, ask whoever runs the mail server'
      : `name one that is there in \`folders\`: ${names.slice(0, MAX_NAMED).join(', ')}${more}`,
  );
}

/** The folder in which the answers of people lie, where mailcase would not read it, or as what it is not. */
export function sentFolderFindings(mailbox: MailboxConfig, there: readonly ListedFolder[]): Finding[] {
  const section = sectionOf(`Mailbox ${mailbox.name}`);
  const sent = there.find(({ specialUse }) => specialUse === '\\Sent');
  if (sent === undefined) return [];
  const entry = `{path: ${JSON.stringify(sent.path)}, role: sent}`;
  const configured = mailbox.folders.find(({ path }) => path === sent.path);
  if (configured?.role === 'inbox') {
    return [
      section.warning(
        'sent_as_inbox',
        `${sent.path} holds sent mail, and is configured as mail that comes in`,
        `write \`${entry}\` in \`folders\``,
      ),
    ];
  }
  if (mailbox.folders.some(({ role }) => role === 'sent')) return [];
  return [
    section.warning(
      'sent_folder_unread',
      `${sent.path} is where mail programs keep what your people send, and it is not read: their answers are missing in the history`,
      `add \`${entry}\` to \`folders\``,
    ),
  ];
}
