import { handsOutAnother } from './imap/probe.ts';
import { searchMessages } from './imap/search.ts';
import type { PollContext, PollReport } from './poll-context.ts';
import { type Awaited, noteAwaited } from './record/awaited.ts';
import type { FolderRef, Incoming } from './record/incoming.ts';
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

/** So many polls at least have found no name server before a mail is recorded without its key. */
const FEWEST_LOOKUPS = 2;

/**
 * Puts off mail that would be trusted if its DKIM key could be looked up: it stays in the mailbox as it is, and the next
 * polls look again, for as long as `authentication.wait` says. Other mail goes on.
 *
 * @returns what is recorded now
 */
export async function putOff(
  { db, session, mailbox, mayPutOff, log }: PollContext,
  place: FolderRef,
  incoming: readonly Incoming[],
  report: PollReport,
): Promise<readonly Incoming[]> {
  const waiting = incoming.filter(({ awaitsKey }) => awaitsKey !== undefined);
  if (!mayPutOff || waiting.length === 0) return incoming;
  const uids = waiting.map(({ uid }) => uid);
  const patience = { ms: mailbox.authentication.wait, attempts: FEWEST_LOOKUPS };
  const awaited = await noteAwaited(db, place, uids, patience);
  const over = new Set(awaited.filter(({ isOver }) => isOver).map(({ uid }) => uid));
  const later = new Set(uids.filter((uid) => !over.has(uid)));
  for (const domain of new Set(waiting.map(({ awaitsKey }) => awaitsKey))) {
    const messages = waiting.filter((each) => each.awaitsKey === domain && later.has(each.uid));
    if (messages.length === 0) continue;
    log.warn(
      { domain, messages: messages.length, reason: messages[0]?.trustWhy },
      'mail is put off, since a DKIM key cannot be looked up',
    );
  }
  report.putOff += later.size;
  for (const { uid, source } of waiting) if (later.has(uid)) session.memory.release(source);
  return incoming.filter(({ uid }) => !later.has(uid));
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
