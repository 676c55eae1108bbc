import { setTimeout as sleep } from 'node:timers/promises';
import { Allowance, IMPORT_SHARE } from './allowance.ts';
import { type Batch, readBatches, release } from './batches.ts';
import type { FolderConfig, MailboxConfig } from './config/schema.ts';
import { MailcaseError } from './errors.ts';
import { fetchSizes } from './imap/fetch.ts';
import { isMarkedSent, openFolder, serverPath } from './imap/folder.ts';
import { searchMessages } from './imap/search.ts';
import type { Session } from './imap/session.ts';
import { enterFolder } from './poll.ts';
import { emptyReport, type PollContext, type PollReport } from './poll-context.ts';
import { folderContext, type MailboxContext, withSession } from './poll-mailbox.ts';
import { firstContactOf, isBusy, type KnownFolder } from './record/folders.ts';
import type { Importing } from './record/policy.ts';
import { countReceived, findReceipts } from './record/receipts.ts';
import { serverUidValidity } from './record/uid-validity.ts';
import { recordBatch } from './recording.ts';
import { countsSince, criteriaFor } from './selection.ts';
import { bySize, chunks } from './sizes.ts';

/** Which old mail is brought in. */
export interface ImportRequest extends Importing {
  /** Paths of folders; all that are configured where none is named. */
  readonly folders: readonly string[];
  /** Received at this moment or later. */
  readonly since: Date | undefined;
  /** Received before this moment. */
  readonly until: Date | undefined;
  /** The largest number of messages; the oldest ones are taken. */
  readonly limit: number | undefined;
}

export interface ImportReport extends PollReport {
  /** In the asked time, and with a receipt already. */
  readonly known: number;
  /** Whether the server asked to slow down, so that the import ended after the batch in hand. */
  readonly isSlowed: boolean;
  /** When the rest can be imported, where what imports may download in a day is used up. */
  readonly waitsUntil: Date | undefined;
}

export interface ImportEvents {
  /** @param total how many messages this import will have looked at */
  onProgress(done: number, total: number): void;
  /** A poll records new mail: the import goes on after it. */
  onWaiting(): void;
}

/** A folder that is imported from. */
interface Source {
  readonly context: PollContext;
  readonly place: KnownFolder;
}

/** An old message, as it is listed before it is fetched: a mailbox may have a million, so there is no more to it. */
interface Listed {
  readonly uid: number;
  readonly sizeBytes: number;
  /** INTERNALDATE, in milliseconds. */
  readonly receivedMs: number;
  readonly source: Source;
}

/** Messages of which dates are asked for before the next ones. */
const LISTED_PER_FETCH = 1_000;

/** How often it is looked whether new mail has been recorded, in milliseconds. */
const GIVE_WAY_MS = 250;

/** A server that hears nothing for minutes ends the session: while waiting, it hears this often, in milliseconds. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Brings old mail in: what polls do not take, the oldest first over all folders. It reads the mailbox only, and marks
 * nothing in it. What has a receipt is left out, so an import that was ended goes on when it is run again. Between
 * batches it gives way to new mail.
 */
export async function importMail(
  context: MailboxContext,
  request: ImportRequest,
  events: ImportEvents,
): Promise<ImportReport> {
  const { cutting, stopping, mailbox } = context;
  return withSession(context, cutting, async (session, mailboxId) => {
    const { slowDown } = session.heard;
    const allowance = new Allowance(context.db, mailbox, IMPORT_SHARE);
    const source = { session, mailboxId, allowance };
    const { listed, known } = await listOldMail(context, request, source);
    const report = emptyReport(listed.length);
    let done = 0;
    events.onProgress(done, listed.length);
    for (const slice of slices(listed, mailbox)) {
      await giveWay(context, session, mailboxId, events);
      // However slow the server is, each import gets somewhere.
      if (stopping.aborted || (slowDown.aborted && done > 0)) break;
      const heldBefore = report.heldBack;
      await importSlice(slice, report);
      done += slice.length - (report.heldBack - heldBefore);
      events.onProgress(done, listed.length);
      if (allowance.waitsUntil) break;
    }
    report.left += listed.length - done;
    await session.logout();
    return { ...report, known, isSlowed: slowDown.aborted, waitsUntil: allowance.waitsUntil };
  });
}

async function giveWay(
  { db, stopping }: MailboxContext,
  session: Session,
  mailboxId: number,
  events: ImportEvents,
): Promise<void> {
  for (let waited = 0; (await isBusy(db, mailboxId)) && !stopping.aborted; waited += GIVE_WAY_MS) {
    if (waited === 0) events.onWaiting();
    else if (waited % KEEP_ALIVE_MS === 0) await session.keepAlive();
    await sleep(GIVE_WAY_MS);
  }
}

/** Lists the old mail of all folders, the oldest first. */
async function listOldMail(
  context: MailboxContext,
  request: ImportRequest,
  { session, mailboxId, allowance }: { session: Session; mailboxId: number; allowance: Allowance },
): Promise<{ listed: Listed[]; known: number }> {
  const all: Listed[][] = [];
  let known = 0;
  for (const { config, isPolled } of await foldersOf(context, request, session)) {
    const inner = folderContext(context, {
      ...{ session, mailboxId, folder: config, ending: context.stopping, cut: context.cutting },
      importing: { status: request.status },
      allowance,
      // Nothing is marked, so nothing can be refused.
      onProblem: () => {},
    });
    const place = await enterFolder(inner, { readOnly: true, isPolled });
    const until = isPolled
      ? request.until
      : earlier(request.until, await newMailSince(context, session, mailboxId));
    const found = await listFolder({ context: inner, place }, { ...request, until }, isPolled);
    known += found.known;
    all.push(found.listed);
  }
  const oldestFirst = all.flat().sort((a, b) => a.receivedMs - b.receivedMs || a.uid - b.uid);
  return { listed: oldestFirst.slice(0, request.limit ?? oldestFirst.length), known };
}

/**
 * Since when mail is new: the first contact, which is settled now where there was none. A copy of new mail in a folder
 * that is not polled must not make it old, and All Mail has one of each.
 */
async function newMailSince(context: MailboxContext, session: Session, mailboxId: number): Promise<Date> {
  const known = await firstContactOf(context.db, mailboxId);
  if (known) return known;
  for (const folder of context.mailbox.folders) {
    const inner = {
      session,
      mailboxId,
      folder,
      ending: context.stopping,
      cut: context.cutting,
      onProblem: () => {},
    };
    await enterFolder(folderContext(context, inner), { readOnly: true, isPolled: true });
  }
  return (await firstContactOf(context.db, mailboxId)) ?? new Date();
}

function earlier(a: Date | undefined, b: Date): Date {
  return a === undefined || b < a ? b : a;
}

/** The folders that are meant: a configured one is read in its role, any other as the server has marked it. */
async function foldersOf(
  { mailbox }: MailboxContext,
  { folders }: ImportRequest,
  session: Session,
): Promise<{ config: FolderConfig; isPolled: boolean }[]> {
  if (folders.length === 0) return mailbox.folders.map((config) => ({ config, isPolled: true }));
  const meant: { config: FolderConfig; isPolled: boolean }[] = [];
  for (const path of new Set(folders.map((each) => serverPath(session, each)))) {
    const configured = mailbox.folders.find((each) => serverPath(session, each.path) === path);
    const role = configured === undefined && (await isMarkedSent(session, path)) ? 'sent' : 'inbox';
    meant.push({
      config: configured ?? { path, role, select: 'new', start: 'all' },
      isPolled: configured !== undefined,
    });
  }
  return meant;
}

async function listFolder(
  source: Source,
  { since, until }: ImportRequest,
  isPolled: boolean,
): Promise<{ listed: Listed[]; known: number }> {
  const { context, place } = source;
  const { session, db, mailbox, folder } = context;
  const found = await searchMessages(session, { since, before: until });
  // What a poll will take is new mail, and is not made old here; nor is an unread copy of what it goes by.
  const goesByUnseen = mailbox.folders.some((each) => each.select === 'unseen');
  const criteria = isPolled ? criteriaFor(folder, mailbox.processed, place) : { unseen: true, since };
  const polled = new Set(isPolled || goesByUnseen ? await searchMessages(session, criteria) : []);
  for (const uid of place.foundUids) polled.add(uid);
  const counts = isPolled ? countsSince(place) : () => true;
  const receipts = new Set((await findReceipts(db, place, found)).map(({ uid }) => uid));
  const listed: Listed[] = [];
  for (const uids of chunks(
    found.filter((uid) => !receipts.has(uid)),
    LISTED_PER_FETCH,
  )) {
    for (const message of await fetchSizes(session, uids)) {
      const { uid, sizeBytes, receivedAt } = message;
      const isMeant = (!since || receivedAt >= since) && (!until || receivedAt < until);
      if (!isMeant || (polled.has(uid) && counts(message))) continue;
      listed.push({ uid, sizeBytes, receivedMs: receivedAt.getTime(), source });
    }
  }
  return { listed, known: await countReceived(db, place, [...receipts], { since, until }) };
}

/** What is read and held together, whatever folders it is from. */
function* slices(listed: readonly Listed[], { batch }: MailboxConfig): Generator<Listed[]> {
  for (const some of chunks(listed, batch.messages)) yield* bySize(some, batch.bytes);
}

/** Reads a slice folder by folder, and records it together in the order of its time. */
async function importSlice(slice: readonly Listed[], report: PollReport): Promise<void> {
  const batches: Batch[] = [];
  for (const source of new Set(slice.map((message) => message.source))) {
    const uids = slice.filter((message) => message.source === source).map(({ uid }) => uid);
    batches.push(...(await readSource(source, uids, report)));
  }
  const [first] = slice;
  if (first === undefined) return;
  const incoming = batches
    .flatMap((batch) => batch.incoming)
    .sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime() || a.uid - b.uid);
  const setAside = batches.flatMap((batch) => batch.setAside);
  await recordBatch(first.source.context, { incoming, setAside }, report);
  for (const batch of batches) release(first.source.context, batch);
}

async function readSource(
  { context, place }: Source,
  uids: readonly number[],
  report: PollReport,
): Promise<Batch[]> {
  // It was registered when it was listed; an import of a million mails comes here ten thousand times.
  // No server is restored in the middle of a session, so what it says of itself is enough.
  const now = await openFolder(context.session, context.folder.path, { readOnly: true });
  if (now.uidValidity !== serverUidValidity(place.uidValidity)) {
    throw new MailcaseError(
      'imap_command',
      `UIDVALIDITY of ${context.folder.path} changed meanwhile: run the import again, it goes on where it was`,
    );
  }
  const batches: Batch[] = [];
  const ascending = [...uids].sort((a, b) => a - b);
  for await (const batch of readBatches(context, place, ascending, report)) batches.push(batch);
  return batches;
}
