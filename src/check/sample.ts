import type { MailboxConfig, RecordingConfig } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { fetchSizes, type MessageSize } from '../imap/fetch.ts';
import { type FetchedHeader, fetchHeaders } from '../imap/fetch-headers.ts';
import { openFolder } from '../imap/folder.ts';
import { searchMessages } from '../imap/search.ts';
import type { ListedFolder } from '../imap/server.ts';
import type { Session } from '../imap/session.ts';
import { createJudge, judgeSetup } from '../judge/judge.ts';
import { findKnownMessageIds } from '../record/known-messages.ts';
import { findReceipts } from '../record/receipts.ts';
import { bySize, chunks } from '../sizes.ts';
import type { FolderFacts } from './folder.ts';
import { type SampledMessage, sampleMessage } from './sample-message.ts';
import { type SampleSummary, summarize } from './sample-summary.ts';

/** Messages that are listed in one command. */
const LISTED_PER_FETCH = 1_000;

/** Most sent mails of which From is read: they are all from the same few people. */
const MAX_SENT = 100;

export interface SampleRequest {
  readonly config: RecordingConfig;
  readonly db: Database | undefined;
  /** How many messages, the newest ones. */
  readonly sample: number | undefined;
  readonly onProgress: (done: number, total: number) => void;
}

interface SampleSource {
  readonly session: Session;
  readonly there: readonly ListedFolder[];
  /** The server has answered once more. */
  readonly onAnswer: () => void;
}

export type Sample = SampleSummary;

/** A message of the sample, listed and not read yet. */
interface Listed extends MessageSize {
  readonly folder: FolderFacts;
}

/** Reads the newest messages of a mailbox, headers alone, and sums up what the daemon would make of them. */
export async function takeSample(
  { config, db, sample = 0, onProgress }: SampleRequest,
  { mailbox, folders }: { mailbox: MailboxConfig; folders: readonly FolderFacts[] },
  source: SampleSource,
): Promise<Sample> {
  const listed = await listNewest(source, folders, sample);
  onProgress(0, listed.length);
  const messages: SampledMessage[] = [];
  let unreadable = 0;
  for (const folder of folders) {
    const rules = createJudge(judgeSetup(mailbox, folder.config, config));
    const here = listed.filter((each) => each.folder === folder);
    const taken = await withReceipt(db, folder, here);
    for await (const headers of readHeaders(source, mailbox, folder, here)) {
      for (const fetched of headers) {
        const message = await sampleMessage(rules, fetched, taken.has(fetched.uid));
        if (message) messages.push(message);
        else unreadable += 1;
      }
      onProgress(headers.length, 0);
    }
  }
  return summarize(messages, {
    mailbox,
    prefix: config.headers.prefix,
    unreadable,
    notHandedOut: listed.length - messages.length - unreadable,
    sentFrom: await readSentFrom(source, mailbox, config),
    knownIds:
      db &&
      (await findKnownMessageIds(
        db,
        messages.flatMap(({ messageId }) => messageId ?? []),
      )),
  });
}

/** The newest messages over all folders of mail that came in. */
async function listNewest(
  { session, onAnswer }: SampleSource,
  folders: readonly FolderFacts[],
  limit: number,
): Promise<Listed[]> {
  const listed: Listed[] = [];
  for (const folder of folders.filter(({ config }) => config.role === 'inbox')) {
    await openFolder(session, folder.config.path, { readOnly: true });
    for (const uids of chunks(folder.uids.slice(-limit), LISTED_PER_FETCH)) {
      const sizes = await fetchSizes(session, uids);
      listed.push(...sizes.map((size) => ({ ...size, folder })));
      onAnswer();
    }
  }
  // Of one folder, UIDs say what came last; between folders only time does.
  return [...listed]
    .sort((a, b) => (a.folder === b.folder ? a.uid - b.uid : a.receivedAt.getTime() - b.receivedAt.getTime()))
    .slice(-limit);
}

async function withReceipt(
  db: Database | undefined,
  { found: { folderId, uidValidity } }: FolderFacts,
  listed: readonly Listed[],
): Promise<Set<number>> {
  if (db === undefined || folderId === undefined) return new Set();
  const receipts = await findReceipts(
    db,
    { folderId, uidValidity },
    listed.map(({ uid }) => uid),
  );
  return new Set(receipts.map(({ uid }) => uid));
}

/** Batch by batch, each no larger than the daemon's own: no header is larger than its message. */
async function* readHeaders(
  { session, onAnswer }: SampleSource,
  { batch }: MailboxConfig,
  folder: FolderFacts,
  listed: readonly Listed[],
): AsyncGenerator<FetchedHeader[]> {
  if (listed.length === 0) return;
  await openFolder(session, folder.config.path, { readOnly: true });
  for (const some of chunks(listed, batch.messages)) {
    for (const part of bySize(some, batch.bytes)) {
      const headers = await fetchHeaders(session, part);
      onAnswer();
      yield headers;
    }
  }
}

/** From of what people sent last: those are own addresses. */
async function readSentFrom(
  { session, there, onAnswer }: SampleSource,
  mailbox: MailboxConfig,
  config: RecordingConfig,
): Promise<string[]> {
  const configured = mailbox.folders.filter(({ role }) => role === 'sent').map(({ path }) => path);
  const marked = there.filter(({ specialUse }) => specialUse === '\\Sent').map(({ path }) => path);
  const [path] = [...configured.filter((each) => there.some((folder) => folder.path === each)), ...marked];
  if (path === undefined) return [];
  await openFolder(session, path, { readOnly: true });
  const uids = await searchMessages(session, {});
  const headers = await fetchHeaders(session, await fetchSizes(session, uids.slice(-MAX_SENT)));
  onAnswer();
  const rules = createJudge(judgeSetup(mailbox, { path, role: 'sent' }, config));
  const messages = await Promise.all(headers.map((fetched) => sampleMessage(rules, fetched, false)));
  return messages.flatMap((message) => message?.from ?? []);
}
