import { ahead } from './ahead.ts';
import { type Batch, isHeavy, readBatches, release } from './batches.ts';
import { accountOf, firstWaiting, openKnown } from './entering.ts';
import { searchMessages } from './imap/search.ts';
import { isUntouched, markLate, markRecorded, prepareMarking } from './marking.ts';
import { emptyReport, type PollContext, type PollReport } from './poll-context.ts';
import { keepAwaited } from './record/awaited.ts';
import { type KnownFolder, noteBusy, noteSwept, registerFolder } from './record/folders.ts';
import { noteFound } from './record/found.ts';
import { serverUidValidity } from './record/uid-validity.ts';
import { recordBatch } from './recording.ts';
import { criteriaFor, sweptUpTo } from './selection.ts';
import { takeUp } from './taking-up.ts';

/**
 * THE STORY: one poll of one folder. Search, and remember what was found until it is recorded; then batch by batch
 * fetch, parse and judge (while the batch before is being recorded), record in one transaction, and only after its
 * commit mark processed.
 */
export async function pollFolder(context: PollContext): Promise<PollReport> {
  const { db, session, mailbox, folder, during } = context;
  const place = await during('open', () => enterFolder(context));
  const marking = await during('ask for the flags', () => prepareMarking(context));

  const criteria = criteriaFor(folder, mailbox.processed, place);
  const found = await during('search', () => searchMessages(session, criteria));
  const open = await during('take up what waits', () => takeUp(context, place, found));
  const report = emptyReport(new Set([...found, ...open]).size);
  await during('mark late', () => markLate(context, place, marking, report));
  const keep = () => during('note what waits', () => keepAwaited(db, place, open));
  await keep();

  const waiting = [...open];
  const batches = readBatches(context, place, waiting, report);
  for await (const batch of ahead(batches, (batch) => isHeavy(batch, mailbox))) {
    const uids = uidsOf(batch);
    await during(`record ${uids.length} messages`, async () => {
      await noteBusy(db, context.mailboxId);
      await recordBatch(context, batch, report);
    });
    release(context, batch);
    await during(`mark ${uids.length} messages`, () => markRecorded(context, place, marking, uids));
    for (const uid of uids) open.delete(uid);
  }
  await during('note what is left', () => noteFound(db, place, waiting, open));
  await keep();
  if (folder.select === 'new') await during('note how far it got', () => sweep(context, place, found, open));
  return report;
}

/** Selects a folder, and registers it; at the first contact it is settled which of its messages count. */
export async function enterFolder(
  context: PollContext,
  options: { readOnly: boolean; isPolled: boolean } = { readOnly: isUntouched(context), isPolled: true },
): Promise<KnownFolder> {
  const { db, mailboxId, mailbox, folder } = context;
  const { role, start } = folder;
  const { path, uidValidity, uidNext } = await openKnown(context, folder.path, options);
  const select = options.isPolled ? folder.select : undefined;
  const seen = { account: accountOf(mailbox), path, role, start, select, uidValidity, uidNext };
  const waitingUid = await firstWaiting(context, seen);
  const place = await registerFolder(db, mailboxId, { ...seen, waitingUid });
  noteUidValidity(context, place);
  if (options.isPolled) noteStart(context, place);
  return place;
}

async function sweep(
  { db }: PollContext,
  place: KnownFolder,
  found: readonly number[],
  open: ReadonlySet<number>,
): Promise<void> {
  const swept = sweptUpTo(found, open);
  if (swept > place.sweptUid) await noteSwept(db, place, swept);
}

function uidsOf({ incoming, setAside }: Batch): number[] {
  return [...incoming, ...setAside].map(({ uid }) => uid);
}

function noteUidValidity({ log }: PollContext, place: KnownFolder): void {
  if (place.previousUidValidity === null || place.previousUidValidity === place.uidValidity) return;
  const uidValidity = serverUidValidity(place.uidValidity);
  const previousUidValidity = serverUidValidity(place.previousUidValidity);
  if (uidValidity === previousUidValidity) {
    log.warn(
      { uidValidity },
      'UIDs are given again, as after a backup was restored: known mail is told by its key',
    );
    return;
  }
  log.warn({ uidValidity, previousUidValidity }, 'UIDVALIDITY changed, known mail is told by its key');
}

/** Says what counts, when that is settled; and that it is, to an operator who changes `start` later and waits in vain. */
function noteStart({ log, once, folder }: PollContext, { start, isFirstContact }: KnownFolder): void {
  const said = {
    start: start.kind,
    since: start.at ?? undefined,
    fromUid: start.fromUid ?? undefined,
    cure: start.kind === 'all' ? undefined : 'older mail comes in by `mailcase import`',
  };
  if (isFirstContact) {
    log.info(said, 'first contact with a folder');
    return;
  }
  const isOther =
    folder.start instanceof Date
      ? start.kind !== 'date' || start.at?.getTime() !== folder.start.getTime()
      : start.kind !== folder.start;
  if (!isOther) return;
  once(`start ${folder.path}`, () =>
    log.info(
      { ...said, configured: folder.start },
      'which mail counts was settled at the first contact, and stays so',
    ),
  );
}
