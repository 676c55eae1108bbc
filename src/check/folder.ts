import type { FolderConfig } from '../config/schema.ts';
import { withoutOlder } from '../counting.ts';
import type { Database } from '../db/connect.ts';
import { enterReadOnly, type Looking } from '../entering.ts';
import { openFolder } from '../imap/folder.ts';
import { type Marking, NO_MARKING, planMarking } from '../imap/mark.ts';
import { searchMessages } from '../imap/search.ts';
import { isUntouched } from '../marking.ts';
import type { FoundFolder } from '../record/folders.ts';
import { countUnmarked, findReceipts } from '../record/receipts.ts';
import { criteriaFor } from '../selection.ts';

/** A folder, and what the next poll would do there. */
export interface FolderFacts {
  readonly config: FolderConfig;
  /** As a poll would find it: which mail counts. Without the record, as if nothing had been polled and all counted. */
  readonly found: FoundFolder;
  /** UIDs of all its messages, ascending. */
  readonly uids: readonly number[];
  /** How many the next poll would take; at most, where nobody can say what was recorded. */
  readonly waiting: number;
  /** What was recorded of the messages; undefined where nobody can say. */
  readonly record: FolderRecord | undefined;
  readonly marking: Marking;
}

/** What the database says of a folder's messages. */
export interface FolderRecord {
  /** How many were never recorded, and no poll takes: `mailcase import` does. */
  readonly left: number;
  /** How many are recorded and not marked yet. */
  readonly unmarked: number;
}

/** Looks at a folder as a poll would, and leaves it as it is. @throws MailcaseError `imap_folder_missing` */
export async function readFolder(context: Looking, folder: FolderConfig): Promise<FolderFacts> {
  const { session, mailbox, db } = context;
  // From when on mail counts was settled by the first contact, which only the database knows.
  const found = await enterReadOnly(context, db ? folder : { ...folder, start: 'all' });
  const uids = await searchMessages(session, {});
  const selected = await searchMessages(session, criteriaFor(folder, mailbox.processed, found));
  const remembered = new Set(found.foundUids);
  const taken = new Set([...selected, ...uids.filter((uid) => remembered.has(uid))]);
  const counting = await withoutOlder(session, found, [...taken]);
  const recorded = db ? await findRecorded(db, found, uids) : new Set<number>();
  const waiting = new Set(counting.filter((uid) => !recorded.has(uid)));
  return {
    ...{ config: folder, found, uids },
    waiting: waiting.size,
    record: db && {
      left: uids.filter((uid) => !recorded.has(uid) && !waiting.has(uid)).length,
      unmarked: isUntouched({ mailbox, folder }) ? 0 : await unmarkedIn(db, found, uids),
    },
    marking: await planFor(context, folder),
  };
}

async function findRecorded(
  db: Database,
  { folderId, uidValidity }: FoundFolder,
  uids: readonly number[],
): Promise<Set<number>> {
  const receipts = folderId === undefined ? [] : await findReceipts(db, { folderId, uidValidity }, uids);
  return new Set(receipts.map(({ uid }) => uid));
}

async function unmarkedIn(
  db: Database,
  { folderId, uidValidity }: FoundFolder,
  uids: readonly number[],
): Promise<number> {
  return folderId === undefined ? 0 : countUnmarked(db, { folderId, uidValidity }, uids);
}

/** PERMANENTFLAGS are told by SELECT alone; it changes nothing as long as nothing is stored. */
async function planFor({ session, mailbox }: Looking, folder: FolderConfig): Promise<Marking> {
  if (isUntouched({ mailbox, folder })) return NO_MARKING;
  await openFolder(session, folder.path);
  const polled = mailbox.folders.map(({ path }) => path);
  return planMarking(session, mailbox.processed, polled);
}
