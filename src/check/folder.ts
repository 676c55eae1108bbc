import type { FolderConfig } from '../config/schema.ts';
import { enterReadOnly, type Looking } from '../entering.ts';
import { fetchSizes } from '../imap/fetch.ts';
import { openFolder } from '../imap/folder.ts';
import { type Marking, NO_MARKING, planMarking } from '../imap/mark.ts';
import { searchMessages } from '../imap/search.ts';
import type { Session } from '../imap/session.ts';
import { isUntouched } from '../marking.ts';
import type { FoundFolder } from '../record/folders.ts';
import { findReceipts, findUnmarked } from '../record/receipts.ts';
import { countsSince, criteriaFor } from '../selection.ts';

/** A folder, and what the next poll would do there. */
export interface FolderFacts {
  readonly config: FolderConfig;
  /** As a poll would find it: which mail counts. */
  readonly found: FoundFolder;
  /** UIDs of all its messages, ascending. */
  readonly uids: readonly number[];
  /** How many the next poll would take. */
  readonly waiting: number;
  /** How many were never recorded, and no poll takes: `mailcase import` does. */
  readonly left: number;
  /** How many are recorded and not marked yet. */
  readonly unmarked: number;
  readonly marking: Marking;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Looks at a folder as a poll would, and leaves it as it is. @throws MailcaseError `imap_folder_missing` */
export async function readFolder(context: Looking, folder: FolderConfig): Promise<FolderFacts> {
  const { session, mailbox, db } = context;
  const found = await enterReadOnly(context, folder);
  const uids = await searchMessages(session, {});
  const selected = await searchMessages(session, criteriaFor(folder, mailbox.processed, found));
  const counting = await withoutOlder(session, found, selected);
  const { folderId, uidValidity } = found;
  const place = folderId === undefined ? undefined : { folderId, uidValidity };
  const receipts = db && place ? await findReceipts(db, place, uids) : [];
  const known = new Set(receipts.map(({ uid }) => uid));
  const waiting = new Set(counting.filter((uid) => !known.has(uid)));
  const there = new Set(uids);
  const unmarked =
    db && place && !isUntouched({ mailbox, folder })
      ? (await findUnmarked(db, place)).filter(({ uid }) => there.has(uid)).length
      : 0;
  return {
    ...{ config: folder, found, uids, unmarked },
    waiting: waiting.size,
    left: uids.filter((uid) => !known.has(uid) && !waiting.has(uid)).length,
    marking: await planFor(context, folder),
  };
}

/**
 * Those that count, by when they came, where UIDs do not say it. SEARCH knows days only, in the server's zone, so dates
 * are asked of those few that lie around the moment.
 */
async function withoutOlder(
  session: Session,
  found: FoundFolder,
  selected: readonly number[],
): Promise<readonly number[]> {
  const { at, fromUid } = found.start;
  if (at === null || fromUid !== null) return selected;
  const surely = new Set(await searchMessages(session, { since: new Date(at.getTime() + 3 * DAY_MS) }));
  const close = await fetchSizes(
    session,
    selected.filter((uid) => !surely.has(uid)),
  );
  const counting = new Set(close.filter(countsSince(found)).map(({ uid }) => uid));
  return selected.filter((uid) => surely.has(uid) || counting.has(uid));
}

/** PERMANENTFLAGS are told by SELECT alone; it changes nothing as long as nothing is stored. */
async function planFor({ session, mailbox }: Looking, folder: FolderConfig): Promise<Marking> {
  if (isUntouched({ mailbox, folder })) return NO_MARKING;
  await openFolder(session, folder.path);
  const polled = mailbox.folders.map(({ path }) => path);
  return planMarking(session, mailbox.processed, polled);
}
