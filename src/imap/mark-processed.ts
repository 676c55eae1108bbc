import { inSets } from './in-sets.ts';
import { can, type Destination, type Marking } from './mark.ts';
import { searchMessages } from './search.ts';
import { refusal, type Session } from './session.ts';
import type { UidSet } from './uid-set.ts';

/** Messages by what may be done with them: only what is recorded in full, or a duplicate of it, ever leaves for good. */
export interface Processed {
  readonly recorded: readonly number[];
  readonly aside: readonly number[];
  /** Those of them that were copied to where they go and not yet deleted: an earlier poll was broken off in between. */
  readonly copied?: ReadonlySet<number>;
}

/** What is told while messages are marked. */
export interface MarkingEvents {
  /**
   * Messages were copied, as a server without MOVE moves, and are to be deleted next. It ends before they are: what is
   * remembered is not copied again.
   */
  onCopied(uids: readonly number[]): Promise<void>;
  /** The server has said OK to a keyword, and does not keep it. */
  onUnkept(keyword: string): void;
}

/**
 * Marks messages processed: one STORE for all flags, one for labels, then those leave that are to leave.
 *
 * @throws MailcaseError `imap_command` when the server refuses, `imap_connect` when the connection is gone
 */
export async function markProcessed(
  session: Session,
  { flags, labels, ...destinations }: Marking,
  { recorded, aside, copied = new Set() }: Processed,
  events: MarkingEvents,
): Promise<void> {
  const all = [...recorded, ...aside];
  if (flags.length > 0) {
    await store(session, all, flags, {});
    await lookAtKeywords(session, all, flags, events);
  }
  if (labels.length > 0) await store(session, all, labels, { useLabels: true });
  await send(session, { uids: recorded, copied }, destinations.recorded, events);
  await send(session, { uids: aside, copied }, destinations.aside, events);
}

async function store(
  session: Session,
  uids: readonly number[],
  words: readonly string[],
  how: { readonly useLabels?: true },
): Promise<void> {
  await inSets(
    session,
    uids,
    (set) => session.client.messageFlagsAdd(set, [...words], { uid: true, silent: true, ...how }),
    () => refusal(session, `to store ${words.join(' ')}`),
  );
}

/** Some servers say OK to a keyword that they do not keep, Exchange for one. System flags are kept, or refused. */
async function lookAtKeywords(
  { client }: Session,
  uids: readonly number[],
  flags: readonly string[],
  { onUnkept }: MarkingEvents,
): Promise<void> {
  const uid = uids.at(-1);
  const keywords = flags.filter((flag) => !flag.startsWith('\\'));
  if (uid === undefined || keywords.length === 0) return;
  const rows = await client.fetchAll(String(uid), { uid: true, flags: true }, { uid: true });
  // Whoever has taken it away meanwhile has taken its flags too.
  const kept = rows.find((row) => row.uid === uid)?.flags;
  if (kept === undefined) return;
  const lower = new Set([...kept].map((flag) => flag.toLowerCase()));
  for (const keyword of keywords) if (!lower.has(keyword.toLowerCase())) onUnkept(keyword);
}

/** What leaves, and what of it lies at its destination already. */
interface Leaving {
  readonly uids: readonly number[];
  readonly copied: ReadonlySet<number>;
}

async function send(
  session: Session,
  leaving: Leaving,
  destination: Destination,
  events: MarkingEvents,
): Promise<void> {
  if (destination.to === 'stay') return;
  if (destination.to === 'delete') return remove(session, leaving.uids);
  return move(session, leaving, destination.path, events);
}

/** Only these: UID EXPUNGE leaves what others have marked \Deleted (RFC 4315). */
async function remove(session: Session, uids: readonly number[]): Promise<void> {
  await inSets(
    session,
    uids,
    (set) => session.client.messageDelete(set, { uid: true }),
    () => refusal(session, 'to delete messages'),
  );
}

/** Somebody else would have to take messages away between each two of them. */
const MOVE_ATTEMPTS = 5;

/**
 * Moves messages. Where one of them was taken away by somebody else, Dovecot moves none of the others (RFC 2180, section
 * 4.4.2), and imapflow takes its NO for done: so what is still there is moved again.
 */
async function move(
  session: Session,
  { uids, copied }: Leaving,
  path: string,
  events: MarkingEvents,
): Promise<void> {
  await remove(
    session,
    uids.filter((uid) => copied.has(uid)),
  );
  let left = uids.filter((uid) => !copied.has(uid));
  for (let attempt = 1; left.length > 0; attempt += 1) {
    const refused = () => refusal(session, `to move messages to ${path}`);
    if (attempt > MOVE_ATTEMPTS) throw refused();
    const isCopying = !can(session, 'MOVE');
    const run = (set: string, uids: readonly number[]) =>
      isCopying ? copySet(session, { set, uids }, path, events) : moveSet(session, set, path);
    const moved = new Set((await inSets(session, left, run, refused)).flat());
    // Not with each copy: where the server refuses this, nothing is copied once more for it.
    if (isCopying) await remove(session, [...moved]);
    const untold = left.filter((uid) => !moved.has(uid));
    left = untold.length === 0 ? [] : await searchMessages(session, { uids: untold });
  }
}

/** @returns those of which the server says that they were moved; undefined where it refuses */
async function moveSet({ client }: Session, set: string, path: string): Promise<number[] | undefined> {
  const done = await client.messageMove(set, path, { uid: true });
  return done ? [...(done.uidMap?.keys() ?? [])] : undefined;
}

/**
 * As a server without MOVE moves (RFC 6851, section 1). Only what is copied is deleted then: what COPYUID names (RFC 4315).
 * An OK without it, as where the destination keeps no UIDs, means all that were there. imapflow takes a NO to some that have
 * gone for done as well; that one copied nothing.
 *
 * @returns those that are copied; undefined where the server refuses
 */
async function copySet(
  { client, heard }: Session,
  { set, uids }: UidSet,
  path: string,
  { onCopied }: MarkingEvents,
): Promise<readonly number[] | undefined> {
  const done = await client.messageCopy(set, path, { uid: true });
  if (!done) return undefined;
  const copied = done.uidMap ? [...done.uidMap.keys()] : heard.refused ? [] : uids;
  await onCopied(copied);
  return copied;
}
