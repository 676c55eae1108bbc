import { Allowance } from '../allowance.ts';
import type { FolderConfig, MailboxConfig, ProcessedConfig } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { enterReadOnly, longestWait } from '../entering.ts';
import { MailcaseError } from '../errors.ts';
import { fetchSizes, type MessageSize } from '../imap/fetch.ts';
import { fetchWithin } from '../imap/fetch-large.ts';
import { type LoginSource, passwordOf } from '../imap/login.ts';
import { searchMessages } from '../imap/search.ts';
import { inSession, type Session } from '../imap/session.ts';
import type { FoundFolder } from '../record/folders.ts';
import type { FolderRef } from '../record/incoming.ts';
import { findMailbox } from '../record/polls.ts';
import { findReceipts } from '../record/receipts.ts';
import { countsSince, criteriaFor } from '../selection.ts';
import { readableTime } from '../terminal/words.ts';
import { explainMessage } from './explain.ts';
import type { Explanation } from './explanation.ts';
import { type Receipt, receiptOf } from './original.ts';
import type { Selection, Setting } from './setting.ts';

/**
 * Explains a message that lies in the mailbox. The folder is opened read-only, and nothing is registered.
 *
 * @throws MailcaseError where the mailbox cannot be read, or has no such message
 */
export async function explainInMailbox(
  db: Database | undefined,
  asked: Pick<Setting, 'mailbox' | 'folder' | 'recording' | 'judges'>,
  uid: number,
  logins: LoginSource = passwordOf(asked.mailbox.imap),
): Promise<Explanation> {
  const { mailbox, folder } = asked;
  const { imap, message_bytes } = mailbox;
  const signal = AbortSignal.timeout(longestWait(mailbox));
  return inSession(
    imap,
    message_bytes,
    () => {},
    signal,
    logins,
    async (session) => {
      const mailboxId = db && (await findMailbox(db, mailbox.name))?.id;
      const found = await enterReadOnly({ session, db, mailbox, mailboxId }, folder);
      const { folderId, uidValidity } = found;
      const place = folderId === undefined ? undefined : { folderId, uidValidity };
      const receipt = db && place && (await receiptOf(db, place, uid));
      const [size] = await fetchSizes(session, [uid]);
      if (size === undefined) throw await noSuchMessage(session, folder, uid);
      const selection = receipt
        ? { taken: false, why: receiptText(receipt), waiting_before: 0 }
        : await selectionOf(session, mailbox, folder, found, size, (uids) => withoutReceipt(db, place, uids));
      const setting: Setting = { ...asked, place, receipt, selection };
      const fetch = () => fetchWithin(session, [size], message_bytes);
      const [fetched] = await (db ? new Allowance(db, mailbox).during(session, [size], fetch) : fetch());
      await session.logout();
      if (fetched) return explainMessage(db, setting, fetched);
      throw new MailcaseError(
        'imap_command',
        `the server did not hand out message ${uid}; a poll would ask again later`,
      );
    },
  );
}

async function noSuchMessage(session: Session, { path }: FolderConfig, uid: number): Promise<MailcaseError> {
  const uids = await searchMessages(session, {});
  const there = uids.length === 0 ? 'it is empty' : `its UIDs are ${uids[0]} to ${uids.at(-1)}`;
  return new MailcaseError('message_missing', `there is no message with UID ${uid} in ${path} (${there})`);
}

function receiptText({ outcome, recordedAt }: Receipt): string {
  const what = {
    recorded: 'recorded',
    duplicate: 'found to be a copy',
    skipped: 'skipped',
    quarantined: 'put into quarantine',
  }[outcome];
  return `it was read and ${what} on ${readableTime(recordedAt)} UTC, and is never read again`;
}

/** Whether the next poll takes the message, by the same rules (see selection.ts), and which of them says so. */
async function selectionOf(
  session: Session,
  { processed }: MailboxConfig,
  folder: FolderConfig,
  found: FoundFolder,
  size: MessageSize,
  withoutReceipt: (uids: readonly number[]) => Promise<readonly number[]>,
): Promise<Selection> {
  const { uid } = size;
  const { at } = found.start;
  const not = (why: string) => ({ taken: false, why, waiting_before: 0 });
  if (!countsSince(found)(size)) {
    return not(
      `mail counts since ${at ? readableTime(at) : 'then'} UTC, by \`start\`; older mail comes in by \`mailcase import\``,
    );
  }
  const isRemembered = found.foundUids.includes(uid);
  const hidden = isRemembered ? undefined : await whyNotFound(session, processed, folder, found, uid);
  if (hidden !== undefined) return not(hidden);
  const selected = await searchMessages(session, criteriaFor(folder, processed, found));
  const taken = [...new Set([...selected, ...found.foundUids])];
  const before = await withoutReceipt(taken.filter((each) => each < uid));
  const waiting = (await fetchSizes(session, before)).filter(countsSince(found));
  const why = isRemembered ? 'an earlier one found it and could not record it' : `select: ${folder.select}`;
  return { taken: true, why: `the next poll takes it (${why})`, waiting_before: waiting.length };
}

/** Why a search does not find it; undefined where it does. */
async function whyNotFound(
  session: Session,
  processed: ProcessedConfig,
  { select }: FolderConfig,
  { start: { fromUid } }: FoundFolder,
  uid: number,
): Promise<string | undefined> {
  if (fromUid !== null && uid < fromUid) {
    return `mail counts from UID ${fromUid} on, by \`start\`; older mail comes in by \`mailcase import\``;
  }
  if (select === 'unseen' && (await searchMessages(session, { unseen: true, uids: [uid] })).length === 0) {
    return 'somebody has read it, and polls take unseen mail (select: unseen)';
  }
  const withoutKeyword = select === 'keyword' && processed !== 'none' ? processed.keyword : undefined;
  if (withoutKeyword && (await searchMessages(session, { withoutKeyword, uids: [uid] })).length === 0) {
    return `it has the keyword ${withoutKeyword}, and polls take mail without it (select: keyword)`;
  }
  return undefined;
}

async function withoutReceipt(
  db: Database | undefined,
  place: FolderRef | undefined,
  uids: readonly number[],
): Promise<readonly number[]> {
  if (db === undefined || place === undefined) return uids;
  const known = new Set((await findReceipts(db, place, uids)).map(({ uid }) => uid));
  return uids.filter((uid) => !known.has(uid));
}
