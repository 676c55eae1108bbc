import type { Batch } from './batches.ts';
import { controlMessage } from './control.ts';
import { ownMatcher } from './message/addresses.ts';
import type { PollContext, PollReport } from './poll-context.ts';
import type { Incoming } from './record/incoming.ts';
import { holdNonces, noncesOf } from './record/nonces.ts';
import { type Quarantined, quarantine, type Unrecordable } from './record/quarantine.ts';
import { recordTogether } from './record/record-batch.ts';
import { noteLast } from './record/uid-validity.ts';
import { isForDistrust } from './rules/trusted-directives.ts';
import { SIGNATURE_USED } from './trust/verdict.ts';

/** Records a batch that was read: in one transaction what can be recorded, and in quarantine what cannot. */
export async function recordBatch(
  context: PollContext,
  { incoming, setAside }: Batch,
  report: PollReport,
): Promise<void> {
  const { db, log, policy } = context;
  const [first] = [...incoming, ...setAside];
  if (first === undefined) return;
  if (setAside.some(noncesOf)) await holdNonces(db, inOrder([...incoming, ...setAside]));
  const control = () => controlMessage(context.judge, first.folder);
  const result = await recordTogether(db, incoming, policy, control);
  for (const last of lastOfEach(incoming)) await noteLast(db, last.folder, last);
  // Where nothing could be parsed, the parser may be what is broken.
  if (incoming.length === 0 && setAside.some(({ stage }) => stage === 'parse')) await control();
  for (const message of setAside) {
    const outcome = await quarantine(db, message, policy);
    if (outcome === 'skipped') result.skipped += 1;
    else if (outcome !== 'known') result.quarantined.push(outcome);
  }
  for (const entry of result.quarantined) noteQuarantined(context, entry);
  for (const { customerId, messages } of result.floods) {
    log.warn({ customerId, messages }, 'flood of one customer, recorded in the latest case');
    report.flooded += messages;
  }
  noteOwnHeaders(context, result.incoming);
  report.recorded += result.recorded;
  report.duplicates += result.duplicates;
  report.skipped += result.skipped;
  report.refused += result.refused;
  report.quarantined += result.quarantined.length;
}

/**
 * Notes whether the header fields of own mail were applied. What is known not to be own mail says nothing of the company's
 * systems, nor does somebody's who sends again what the company has signed.
 */
function noteOwnHeaders({ ownHeaders, mailbox }: PollContext, recorded: readonly Incoming[]): void {
  if (ownHeaders === undefined) return;
  const isOwn = ownMatcher(mailbox.own);
  for (const { message, senderAuth, trusted, trustWhy, directives } of recorded) {
    const from = message.from?.address;
    if (from === undefined || !isOwn(from) || senderAuth === 'fail') continue;
    const { applied, refused } = directives;
    if (trusted && applied.length > 0) ownHeaders.note(from.toLowerCase(), undefined);
    else if (!trusted && trustWhy !== SIGNATURE_USED && refused.some(({ reason }) => isForDistrust(reason)))
      ownHeaders.note(from.toLowerCase(), trustWhy);
  }
}

/** As they were received: of two with one signature, the first one counts, though it may be set aside. */
function inOrder<T extends Incoming | Unrecordable>(messages: readonly T[]): T[] {
  const time = ({ receivedAt }: T) => receivedAt?.getTime() ?? 0;
  return [...messages].sort((a, b) => time(a) - time(b) || a.uid - b.uid);
}

/** The message with the highest UID of each folder. */
function lastOfEach(incoming: readonly Incoming[]): Iterable<Incoming> {
  const ascending = [...incoming].sort((a, b) => a.uid - b.uid);
  return new Map(ascending.map((message) => [message.folder.folderId, message])).values();
}

function noteQuarantined({ log }: PollContext, { id, uid, stage, error }: Quarantined): void {
  const cure = `\`mailcase quarantine show ${id}\` says what is known of it, \`mailcase quarantine retry ${id}\` tries it again`;
  log.warn({ quarantineId: id, uid, stage, reason: error, cure }, 'message quarantined');
}
