import { MailcaseError } from './errors.ts';
import { type Marking, NO_MARKING, planMarking } from './imap/mark.ts';
import { markProcessed } from './imap/mark-processed.ts';
import { searchMessages } from './imap/search.ts';
import type { PollContext, PollReport } from './poll-context.ts';
import type { FolderRef } from './record/incoming.ts';
import {
  findProcessable,
  findUnmarked,
  noteCopied,
  noteProcessed,
  noteUidValidityOver,
} from './record/receipts.ts';
import { chunks } from './sizes.ts';

/** Whether nothing in the folder is ours to change: what people sent, and everything beside another system. */
export function isUntouched({ mailbox, folder }: Pick<PollContext, 'mailbox' | 'folder'>): boolean {
  return folder.role === 'sent' || mailbox.processed === 'none';
}

/** How messages of the selected folder are marked; what the server cannot do is said once, with the cure. */
export async function prepareMarking(context: PollContext): Promise<Marking> {
  const { session, mailbox, folder, log, once } = context;
  if (isUntouched(context)) return NO_MARKING;
  const polled = mailbox.folders.map(({ path }) => path);
  const marking = await planMarking(session, mailbox.processed, polled);
  for (const { option, why, cure } of marking.impossible) {
    once(`processed.${option} ${folder.path}`, () =>
      log.warn({ option: `processed.${option}`, why, cure }, 'processed mail cannot be marked as configured'),
    );
  }
  return marking;
}

/**
 * Marks what has been recorded. What its receipt says decides, so that nothing is marked without one. Where the server
 * refuses, that is told and tried again by the next poll: recording goes on.
 */
export async function markRecorded(
  context: PollContext,
  place: FolderRef,
  marking: Marking,
  uids: readonly number[],
): Promise<void> {
  const { db, session, folder, log, once, onProblem } = context;
  const processable = await findProcessable(db, place, uids);
  try {
    const processed = {
      recorded: uidsOf(processable.filter(({ isFullyRecorded }) => isFullyRecorded)),
      aside: uidsOf(processable.filter(({ isFullyRecorded }) => !isFullyRecorded)),
      copied: new Set(uidsOf(processable.filter(({ isCopied }) => isCopied))),
    };
    await markProcessed(session, marking, processed, {
      onCopied: (copied) => noteCopied(db, place, copied),
      onUnkept: (keyword) =>
        once(`unkept ${keyword} ${folder.path}`, () =>
          log.warn(
            { keyword, cure: 'mark with `flag` or `move` instead; mail is recorded once all the same' },
            'the server says OK to the keyword and does not keep it',
          ),
        ),
    });
  } catch (error) {
    if (!(error instanceof MailcaseError) || error.code !== 'imap_command') throw error;
    onProblem(error);
    return;
  }
  // What could not be done is done later, when the server can.
  if (marking.impossible.length === 0) await noteProcessed(db, place, uidsOf(processable));
}

/**
 * Marks what an earlier poll recorded and could not mark, whatever the selection finds now: a person may have read it
 * meanwhile. A message that was marked and is unseen again was made so by a person, and stays so.
 */
export async function markLate(
  context: PollContext,
  place: FolderRef,
  marking: Marking,
  report: PollReport,
): Promise<void> {
  const { db, session, mailbox } = context;
  if (marking.impossible.length > 0) return;
  await noteUidValidityOver(db, place);
  const unmarked = uidsOf(await findUnmarked(db, place));
  for (const some of chunks(unmarked, mailbox.batch.messages)) {
    const there = new Set(marking === NO_MARKING ? [] : await searchMessages(session, { uids: some }));
    const gone = some.filter((uid) => !there.has(uid));
    // What has gone from the folder needs no mark any more.
    await noteProcessed(db, place, gone);
    await markRecorded(context, place, marking, [...there]);
    report.markedLate += there.size;
  }
}

function uidsOf(messages: readonly { readonly uid: number }[]): number[] {
  return messages.map(({ uid }) => uid);
}
