import { handsOutAnother } from './imap/probe.ts';
import { searchMessages } from './imap/search.ts';
import type { PollContext, PollReport } from './poll-context.ts';
import { type Awaited, noteAwaited } from './record/awaited.ts';
import type { FolderRef } from './record/incoming.ts';
import { type Unrecordable, unread } from './record/quarantine.ts';
import { readableTime } from './terminal/words.ts';

/**
 * Counts what was asked for and did not come. What lies in the folder all the same is asked for again by the next poll,
 * for a day; what is gone from it is nobody's business. An import notes nothing: it is not run again by itself.
 *
 * @returns what has been asked for long enough, to be set aside
 */
export async function noteMissing(
  { db, session, policy }: PollContext,
  place: FolderRef,
  asked: readonly { readonly uid: number }[],
  came: readonly { readonly uid: number }[],
  report: PollReport,
): Promise<Unrecordable[]> {
  const there = new Set(came.map(({ uid }) => uid));
  const missing = asked.map(({ uid }) => uid).filter((uid) => !there.has(uid));
  if (missing.length === 0) return [];
  const still = await searchMessages(session, { uids: missing });
  const awaited = policy.importing === undefined ? await noteAwaited(db, place, still) : [];
  const over = awaited.filter(({ isOver }) => isOver);
  report.notReady += still.length - over.length;
  return over.map((each) => givenUp(place, each, 'the server lists it and does not hand it out'));
}

/**
 * Whether the server hands out other mail of the folder, just before it is asked for a message at which it has broken
 * the connection off. If so, it is the message's fault when it does so again; a network that is away is nobody's.
 */
export async function isFaultOfMessage(
  { session, suspects, policy }: PollContext,
  place: FolderRef,
  sizes: readonly { readonly uid: number }[],
): Promise<boolean> {
  const [alone] = sizes;
  const isSuspect = (uid: number) => suspects.count(place, uid) > 0;
  if (alone === undefined || sizes.length > 1 || !isSuspect(alone.uid)) return false;
  return policy.importing === undefined && handsOutAnother(session, isSuspect);
}

/**
 * Counts a connection that broke at a message, unless it may have been us who ended it: when a poll has used its time.
 *
 * @returns the message, to be set aside, where that went on for a day
 */
export async function noteBroken(
  { db, stopping, ending }: PollContext,
  place: FolderRef,
  uid: number,
): Promise<Unrecordable[]> {
  if (stopping.aborted || ending.aborted) return [];
  const awaited = await noteAwaited(db, place, [uid]);
  return awaited
    .filter(({ isOver }) => isOver)
    .map((each) => givenUp(place, each, 'the server breaks the connection off when it is fetched'));
}

function givenUp(folder: FolderRef, { uid, attempts, since }: Awaited, why: string): Unrecordable {
  const error = `${why}; it was asked for ${attempts} times since ${readableTime(since)} UTC, and stays in the mailbox`;
  return { ...unread({ folder, uid }), error };
}
