import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, readBatches } from './batches.ts';
import type { FolderConfig, MailboxConfig } from './config/schema.ts';
import { canonicalPath } from './config/selection-schema.ts';
import { MailcaseError } from './errors.ts';
import { fetchSizes, type MessageSize } from './imap/fetch.ts';
import { searchMessages } from './imap/search.ts';
import type { Session } from './imap/session.ts';
import { enterFolder } from './poll.ts';
import { emptyReport, type PollContext, type PollReport } from './poll-context.ts';
import { folderContext, type MailboxContext, withSession } from './poll-mailbox.ts';
import { isBusy } from './record/folders.ts';
import type { FolderRef } from './record/incoming.ts';
import type { Importing } from './record/policy.ts';
import { findReceipts } from './record/receipts.ts';
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
}

export interface ImportEvents {
  /** @param total how many messages this import will have looked at */
  onProgress(done: number, total: number): void;
}

/** An old message, as it is listed before it is fetched. */
interface Listed extends MessageSize {
  readonly folder: PollContext;
  readonly place: FolderRef;
}

/** Messages of which dates are asked for in one command. */
const LISTED_PER_FETCH = 1_000;

/** How often it is looked whether new mail has been recorded, in milliseconds. */
const GIVE_WAY_MS = 250;

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
  const { cutting, stopping, db, mailbox } = context;
  return withSession(context, cutting, async (session, mailboxId) => {
    const { listed, known } = await listOldMail(context, request, session, mailboxId);
    const total = emptyReport(listed.length);
    let done = 0;
    events.onProgress(done, listed.length);
    for (const some of slices(listed, mailbox)) {
      while ((await isBusy(db, mailboxId)) && !stopping.aborted) await sleep(GIVE_WAY_MS);
      if (stopping.aborted) break;
      await importSlice(some, total);
      done += some.length;
      events.onProgress(done, listed.length);
    }
    total.left = listed.length - done;
    await session.logout();
    return { ...total, known };
  });
}

/** Lists the old mail of all folders, the oldest first. */
async function listOldMail(
  context: MailboxContext,
  request: ImportRequest,
  session: Session,
  mailboxId: number,
): Promise<{ listed: Listed[]; known: number }> {
  const all: Listed[] = [];
  let known = 0;
  for (const folder of foldersOf(context, request)) {
    const inner = folderContext(context, {
      session,
      mailboxId,
      folder: folder.config,
      ending: context.stopping,
      importing: { status: request.status },
    });
    const found = await listFolder(inner, request, folder.isPolled);
    known += found.known;
    all.push(...found.listed);
  }
  const oldestFirst = all.sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime() || a.uid - b.uid);
  return { listed: oldestFirst.slice(0, request.limit ?? all.length), known };
}

/** The folders that are meant: a configured one is read in its role, any other as one of mail that came in. */
function foldersOf(
  { mailbox }: MailboxContext,
  { folders }: ImportRequest,
): { config: FolderConfig; isPolled: boolean }[] {
  if (folders.length === 0) return mailbox.folders.map((config) => ({ config, isPolled: true }));
  return [...new Set(folders.map(canonicalPath))].map((path) => {
    const config = mailbox.folders.find((each) => each.path === path);
    return config
      ? { config, isPolled: true }
      : { config: { path, role: 'inbox', select: 'new', start: 'now' }, isPolled: false };
  });
}

async function listFolder(
  folder: PollContext,
  { since, until }: ImportRequest,
  isPolled: boolean,
): Promise<{ listed: Listed[]; known: number }> {
  const { session, db, mailbox } = folder;
  const place = await enterFolder(folder, { readOnly: true });
  const found = await searchMessages(session, { since, before: until });
  // What a poll will take is new mail, and is not made old here.
  const polled = new Set(
    isPolled ? await searchMessages(session, criteriaFor(folder.folder, mailbox.processed, place)) : [],
  );
  const counts = countsSince(place);
  const receipts = new Set((await findReceipts(db, place, found)).map(({ uid }) => uid));
  const listed: Listed[] = [];
  let known = 0;
  for (const uids of chunks(found, LISTED_PER_FETCH)) {
    for (const message of await fetchSizes(session, uids)) {
      const { uid, receivedAt } = message;
      const isMeant = (!since || receivedAt >= since) && (!until || receivedAt < until);
      if (!isMeant) continue;
      if (receipts.has(uid)) known += 1;
      else if (!(polled.has(uid) && counts(message))) listed.push({ ...message, folder, place });
    }
  }
  return { listed, known };
}

/** What is read and held together, whatever folders it is from. */
function* slices(listed: readonly Listed[], { batch }: MailboxConfig): Generator<Listed[]> {
  for (const some of chunks(listed, batch.messages)) yield* bySize(some, batch.bytes);
}

/** A message that was read, ready to be recorded in its turn. */
interface Read {
  readonly uid: number;
  readonly from: Listed;
  readonly batch: Batch;
}

/** Reads a slice folder by folder, and records it in the order of its time. */
async function importSlice(slice: readonly Listed[], report: PollReport): Promise<void> {
  const read: Read[] = [];
  for (const group of groupsOf(slice, ({ folder }) => folder)) read.push(...(await readGroup(group, report)));
  read.sort((a, b) => a.from.receivedAt.getTime() - b.from.receivedAt.getTime() || a.uid - b.uid);
  for (const run of runsOf(read)) {
    const [{ from }] = run;
    const batches = run.map(({ batch }) => batch);
    const together: Batch = {
      incoming: batches.flatMap(({ incoming }) => incoming),
      setAside: batches.flatMap(({ setAside }) => setAside),
      passed: [],
    };
    await recordBatch(from.folder, from.place, together, report);
  }
}

async function readGroup(group: readonly Listed[], report: PollReport): Promise<Read[]> {
  const [first] = group;
  if (first === undefined) return [];
  const { folder, place } = first;
  const { uidValidity } = await enterFolder(folder, { readOnly: true });
  if (uidValidity !== place.uidValidity) {
    throw new MailcaseError(
      'imap_command',
      `UIDVALIDITY of ${folder.folder.path} changed meanwhile: run the import again, it goes on where it was`,
    );
  }
  const byUid = new Map(group.map((message) => [message.uid, message]));
  const read: Read[] = [];
  const add = (uid: number, batch: Batch) => {
    const from = byUid.get(uid);
    if (from) read.push({ uid, from, batch });
  };
  const uids = [...byUid.keys()].sort((a, b) => a - b);
  for await (const { incoming, setAside } of readBatches(folder, uids, () => true, report)) {
    for (const message of incoming) add(message.uid, { incoming: [message], setAside: [], passed: [] });
    for (const message of setAside) add(message.uid, { incoming: [], setAside: [message], passed: [] });
  }
  return read;
}

/** Cuts a list where the folder changes. */
function runsOf(read: readonly Read[]): [Read, ...Read[]][] {
  const runs: [Read, ...Read[]][] = [];
  for (const each of read) {
    const run = runs.at(-1);
    if (run && run[0].from.folder === each.from.folder) run.push(each);
    else runs.push([each]);
  }
  return runs;
}

function groupsOf<T, K>(list: readonly T[], keyOf: (item: T) => K): T[][] {
  const groups = new Map<K, T[]>();
  for (const item of list) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}
