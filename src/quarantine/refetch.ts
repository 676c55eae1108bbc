import { readBatches } from '../batches.ts';
import { accountOf, openKnown } from '../entering.ts';
import { MailcaseError } from '../errors.ts';
import { searchMessages } from '../imap/search.ts';
import { emptyReport, type PollContext } from '../poll-context.ts';
import { readableTime } from '../terminal/words.ts';
import type { ReadAgain } from './retry-entry.ts';
import type { KeptEntry } from './waiting-entry.ts';

/** A message that cannot be read again, and why. */
export interface Unfound {
  readonly unfound: string;
}

/** Reads a message of which the bytes are not here once more from its mailbox, where it lies. Nothing in it is changed. */
export async function refetch(
  context: PollContext,
  { id, place, path, account }: KeptEntry,
): Promise<ReadAgain | Unfound> {
  const { session, mailbox } = context;
  const drop = `\`mailcase quarantine drop ${id}\` takes the entry away`;
  if (accountOf(mailbox) !== account) {
    return { unfound: `it lay in the account ${account}, which the mailbox is not any more; ${drop}` };
  }
  const uidValidity = await uidValidityOf(context, path);
  if (uidValidity === undefined) return { unfound: `there is no folder ${path} any more; ${drop}` };
  if (uidValidity !== place.uidValidity) {
    return {
      unfound: `it cannot be found again: the UIDs of ${path} have begun anew since; if it is there still, polls and imports have met it under its new UID, and ${drop}`,
    };
  }
  const { uid, ...folder } = place;
  if ((await searchMessages(session, { uids: [uid] })).length === 0) {
    return { unfound: `it is not in ${path} any more (UID ${uid}); ${drop}` };
  }
  for await (const batch of readBatches(context, folder, [uid], emptyReport(1))) {
    const [message] = [...batch.incoming, ...batch.setAside];
    if (message) return message;
  }
  const { waitsUntil } = context.allowance;
  if (waitsUntil) {
    return {
      unfound: `the daily download is used up (daily_download): try again from ${readableTime(waitsUntil)} UTC on`,
    };
  }
  return { unfound: `the server does not hand it out yet (UID ${uid} in ${path}): try again later` };
}

async function uidValidityOf(context: PollContext, path: string): Promise<number | undefined> {
  try {
    return (await openKnown(context, path, { readOnly: true })).uidValidity;
  } catch (error) {
    if (error instanceof MailcaseError && error.code === 'imap_folder_missing') return undefined;
    throw error;
  }
}
