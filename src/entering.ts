import type { FolderConfig, MailboxConfig } from './config/schema.ts';
import type { Database } from './db/connect.ts';
import { fetchSizes } from './imap/fetch.ts';
import { highestUid, type OpenFolder, openFolder } from './imap/folder.ts';
import { searchMessages } from './imap/search.ts';
import type { Session } from './imap/session.ts';
import { type FolderSeen, type FoundFolder, findFolder, newFolder, selectedAnew } from './record/folders.ts';
import { findReceipts } from './record/receipts.ts';
import { findKnownUids, isAnother, restarted, wentBack } from './record/uid-validity.ts';

/** What a look into a mailbox needs that leaves everything as it is. */
export interface Looking {
  readonly session: Session;
  /** Undefined where nobody can say what was recorded. */
  readonly db: Database | undefined;
  readonly mailbox: MailboxConfig;
  /** Undefined where no poll has registered the mailbox. */
  readonly mailboxId: number | undefined;
}

/** Whoever only looks waits for a silent server no longer than this, in milliseconds, or poll_timeout if that is less. */
const LONGEST_LOOK_MS = 60_000;

/** How long a look into a mailbox waits for its server, in milliseconds. */
export function longestWait({ poll_timeout }: MailboxConfig): number {
  return Math.min(poll_timeout, LONGEST_LOOK_MS);
}

/**
 * Opens a folder read-only, and finds it as a poll would, without registering anything.
 *
 * @throws MailcaseError `imap_folder_missing`
 */
export async function enterReadOnly(
  { session, db, mailbox, mailboxId }: Looking,
  { path: wanted, role, start, select }: FolderConfig,
): Promise<FoundFolder> {
  const { path, uidValidity, uidNext } = await openKnown({ session, db, mailbox, mailboxId }, wanted, {
    readOnly: true,
  });
  const seen = { account: accountOf(mailbox), path, role, start, select, uidValidity, uidNext };
  if (db === undefined) return newFolder(seen);
  const waitingUid = mailboxId && (await firstWaiting({ db, session, mailboxId }, seen));
  return findFolder(db, mailboxId, { ...seen, waitingUid });
}

/**
 * Selects a folder.
 *
 * @returns the folder with its UIDVALIDITY as it is kept, which is another one also where UIDs are given again under it
 * @throws MailcaseError `imap_folder_missing`
 */
export async function openKnown(
  { session, db, mailbox, mailboxId }: Looking,
  path: string,
  options: { readonly readOnly: boolean },
): Promise<OpenFolder> {
  const open = await openFolder(session, path, options);
  if (db === undefined || mailboxId === undefined) return open;
  const where = { mailboxId, account: accountOf(mailbox), path: open.path };
  const known = await findKnownUids(db, where, open.uidValidity);
  if (known === undefined) return open;
  if (open.isUidNextSaid && wentBack(known, open)) {
    // What came after the folder was opened, an import or another daemon may have recorded already: asked again, after
    // what is known was read, the server has to have come further than that. So has one whose UIDNEXT lags behind.
    const again = await openFolder(session, path, options);
    if (again.uidValidity !== open.uidValidity) return again;
    const uidNext = Math.max(again.uidNext, (await highestUid(session)) + 1);
    const isBack = wentBack(known, { uidNext });
    return { ...again, uidNext, uidValidity: isBack ? restarted(known) : known.uidValidity };
  }
  const [there] = known.last ? await fetchSizes(session, [known.last.uid]) : [];
  return { ...open, uidValidity: isAnother(known, there) ? restarted(known) : known.uidValidity };
}

/** The first mail that a poll by unseen mail would have taken next, where the folder is selected otherwise from now on. */
export async function firstWaiting(
  { db, session, mailboxId }: { db: Database; session: Session; mailboxId: number },
  seen: FolderSeen,
): Promise<number | undefined> {
  const anew = await selectedAnew(db, mailboxId, seen);
  if (anew === undefined) return undefined;
  // Older mail was there when all of it counted; what is unseen of it was made so by a person.
  const unseen = await searchMessages(session, { unseen: true, since: anew.polledSince });
  const known = new Set((await findReceipts(db, anew, unseen)).map(({ uid }) => uid));
  return unseen.find((uid) => !known.has(uid));
}

/** By what a folder is told from one of the same name in another account. */
export function accountOf({ imap }: Pick<MailboxConfig, 'imap'>): string {
  return `${imap.user}@${imap.host.toLowerCase()}`;
}
