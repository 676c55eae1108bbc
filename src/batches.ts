import { isFaultOfMessage, noteBroken, noteMissing, putOff } from './awaiting.ts';
import type { MailboxConfig } from './config/schema.ts';
import { errorMessage, kindOf, MailcaseError } from './errors.ts';
import { type FetchedMessage, fetchSizes, type MessageSize } from './imap/fetch.ts';
import { fetchWithin } from './imap/fetch-large.ts';
import type { PollContext, PollReport } from './poll-context.ts';
import type { FolderRef, Incoming } from './record/incoming.ts';
import type { Unrecordable } from './record/quarantine.ts';
import { bySize, chunks } from './sizes.ts';

/** Messages that are recorded together, and those of them that cannot be. */
export interface Batch {
  readonly incoming: readonly Incoming[];
  readonly setAside: readonly Unrecordable[];
}

/** Whether a batch takes more memory than most: a message that is larger than a batch stands alone in it. */
export function isHeavy({ incoming, setAside }: Batch, { batch }: MailboxConfig): boolean {
  const bytes = [...incoming, ...setAside].reduce((sum, { source }) => sum + (source?.length ?? 0), 0);
  return bytes > batch.bytes;
}

/** Gives the memory of a batch back that has been recorded; nobody may look at its messages from then on. */
export function release({ session }: PollContext, { incoming, setAside }: Batch): void {
  for (const { source } of [...incoming, ...setAside]) if (source) session.memory.release(source);
}

/**
 * Fetches, parses and judges messages, batch by batch, until told to stop.
 *
 * @param fresh UIDs without a receipt, ascending
 */
export async function* readBatches(
  context: PollContext,
  place: FolderRef,
  fresh: readonly number[],
  report: PollReport,
): AsyncGenerator<Batch> {
  const { session, mailbox, stopping, ending, allowance } = context;
  let begun = 0;
  // However slow the server is, each poll gets somewhere; otherwise polls would follow each other for ever.
  const isOver = () => stopping.aborted || (ending.aborted && begun > 0);
  for (const uids of inOrder(context, place, fresh)) {
    if (isOver()) {
      report.left += uids.length;
      continue;
    }
    if (allowance.waitsUntil) {
      report.heldBack += uids.length;
      continue;
    }
    const sizes = await context.during(`ask for the sizes of ${uids.length} messages`, () =>
      fetchSizes(session, uids),
    );
    const asked = uids.map((uid) => ({ uid }));
    const unsized = await noteMissing(context, place, asked, sizes, report);
    if (unsized.length > 0) yield { incoming: [], setAside: unsized };
    for (const part of bySize(sizes, mailbox.batch.bytes)) {
      if (isOver()) {
        report.left += part.length;
        continue;
      }
      const fitting = await allowance.fitting(part);
      report.heldBack += part.length - fitting.length;
      if (fitting.length === 0) continue;
      begun += 1;
      yield await readBatch(context, place, fitting, report);
    }
  }
}

/** Breaks at a message after which it comes last: once was the network, which says nothing of any message. */
const BREAKS_BEFORE_LAST = 2;

/**
 * UIDs that are fetched together. What was under way when a connection broke comes alone, and still in its place: an
 * answer must not be recorded before what it answers. Only where a connection broke again, it holds up others no more.
 */
function* inOrder(
  { suspects, mailbox }: PollContext,
  place: FolderRef,
  fresh: readonly number[],
): Generator<number[]> {
  const count = (uid: number) => suspects.count(place, uid);
  const isLast = (uid: number) => count(uid) >= BREAKS_BEFORE_LAST;
  let together: number[] = [];
  for (const uid of fresh.filter((each) => !isLast(each))) {
    const isAlone = count(uid) > 0;
    if ((isAlone || together.length === mailbox.batch.messages) && together.length > 0) {
      yield together;
      together = [];
    }
    if (isAlone) yield [uid];
    else together.push(uid);
  }
  if (together.length > 0) yield together;
  yield* chunks(
    fresh.filter(isLast).sort((a, b) => count(a) - count(b)),
    1,
  );
}

async function readBatch(
  context: PollContext,
  place: FolderRef,
  sizes: readonly MessageSize[],
  report: PollReport,
): Promise<Batch> {
  const { fetched, setAside } = await context.during(fetchText(sizes), () =>
    context.allowance.during(context.session, sizes, () => fetchOrSuspect(context, place, sizes)),
  );
  const asked = sizes.filter(({ uid }) => setAside.every((each) => each.uid !== uid));
  const missing = await noteMissing(context, place, asked, fetched, report);
  const { incoming, unparsable } = await context.during(`parse ${fetched.length} messages`, () =>
    judgeAll(context, place, fetched),
  );
  const ready = await putOff(context, place, incoming, report);
  return { incoming: ready, setAside: [...setAside, ...missing, ...unparsable] };
}

function fetchText(sizes: readonly MessageSize[]): string {
  return `fetch ${sizes.length} messages from UID ${sizes[0]?.uid}`;
}

/** So often a connection may break at a message before its structure is not asked for any more, which may be why. */
const BREAKS_BEFORE_SIMPLER = 2;

async function fetchOrSuspect(
  context: PollContext,
  place: FolderRef,
  sizes: readonly MessageSize[],
): Promise<{ fetched: FetchedMessage[]; setAside: Unrecordable[] }> {
  const { session, suspects, mailbox } = context;
  const uids = sizes.map(({ uid }) => uid);
  const asksStructure = (uid: number) => suspects.count(place, uid) < BREAKS_BEFORE_SIMPLER;
  const isItsFault = await isFaultOfMessage(context, place, sizes);
  try {
    const fetched = await fetchWithin(session, sizes, mailbox.message_bytes, asksStructure);
    suspects.clear(place, uids);
    return { fetched, setAside: [] };
  } catch (error) {
    const failure = session.failure(error);
    // Whoever is asked to leave the server alone has no message to blame.
    if (session.client.usable || kindOf(failure) === 'throttled') throw failure;
    suspects.add(place, uids);
    const [alone] = uids;
    const setAside = isItsFault && alone !== undefined ? await noteBroken(context, place, alone) : [];
    if (setAside.length > 0) return { fetched: [], setAside };
    throw new MailcaseError(
      'imap_connect',
      `the connection broke while ${uids.length === 1 ? `message ${uids[0]} was` : `${uids.length} messages were`} fetched: ` +
        errorMessage(error),
      { cause: error },
    );
  }
}

/** Several at a time, and in the order in which they came. */
async function judgeAll(
  { judge, verdict, cut }: PollContext,
  place: FolderRef,
  fetched: readonly FetchedMessage[],
) {
  const outcomes = await Promise.all(
    fetched.map((message) => judge(place, message, { verdict, signal: cut })),
  );
  return {
    incoming: outcomes.filter((outcome): outcome is Incoming => !('error' in outcome)),
    unparsable: outcomes.filter((outcome): outcome is Unrecordable => 'error' in outcome),
  };
}
