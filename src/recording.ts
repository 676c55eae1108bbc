import type { Batch } from './batches.ts';
import type { PollContext, PollReport } from './poll-context.ts';
import { quarantine } from './record/quarantine.ts';
import { recordTogether } from './record/record-batch.ts';

/** Records a batch that was read: in one transaction what can be recorded, and in quarantine what cannot. */
export async function recordBatch(
  { db, log, policy }: PollContext,
  { incoming, setAside }: Batch,
  report: PollReport,
): Promise<void> {
  const result = await recordTogether(db, incoming, policy);
  for (const message of setAside) {
    await quarantine(db, message, policy);
    log.warn({ uid: message.uid, stage: message.stage, reason: message.error }, 'message quarantined');
  }
  for (const { customerId, messages } of result.floods) {
    log.warn({ customerId, messages }, 'flood of one customer, recorded in the latest case');
    report.flooded += messages;
  }
  report.recorded += result.recorded;
  report.duplicates += result.duplicates;
  report.refused += result.refused;
  report.quarantined += result.quarantined + setAside.length;
}
