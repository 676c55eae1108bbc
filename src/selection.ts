import type { FolderConfig, ProcessedConfig } from './config/schema.ts';
import type { MessageSize } from './imap/fetch.ts';
import type { Criteria } from './imap/search.ts';
import type { KnownFolder } from './record/folders.ts';

/**
 * What to search a folder for: by the selection, and no further back than the first contact. With `new`, what is up to
 * the last sweep has its receipt, so the search begins behind it.
 */
export function criteriaFor(
  { select }: FolderConfig,
  processed: ProcessedConfig,
  { start, sweptUid }: Pick<KnownFolder, 'start' | 'sweptUid'>,
): Criteria {
  const swept = select === 'new' ? sweptUid + 1 : 1;
  const fromUid = Math.max(swept, start.fromUid ?? 1);
  return {
    ...(select === 'unseen' && { unseen: true }),
    ...(select === 'keyword' && processed !== 'none' && { withoutKeyword: processed.keyword }),
    ...(fromUid > 1 && { fromUid }),
    ...(start.fromUid === null && start.at !== null && { since: start.at }),
  };
}

/** Whether a message may be one to take, now that its flags are these: a person has taken a mark away. */
export function mayBeSelected(
  { select }: FolderConfig,
  processed: ProcessedConfig,
  flags: ReadonlySet<string>,
): boolean {
  if (select === 'unseen') return !flags.has('\\Seen');
  if (select === 'new' || processed === 'none') return false;
  const keyword = processed.keyword?.toLowerCase();
  return ![...flags].some((flag) => flag.toLowerCase() === keyword);
}

/** Whether a message counts by when it came; where UIDs say it, the search has asked for them. */
export function countsSince({ start }: Pick<KnownFolder, 'start'>): (message: MessageSize) => boolean {
  const { at, fromUid } = start;
  if (at === null || fromUid !== null) return () => true;
  // INTERNALDATE knows seconds: what came in the second of the first contact may have come after it.
  const since = Math.floor(at.getTime() / 1000) * 1000;
  return ({ receivedAt }) => receivedAt.getTime() >= since;
}

/** Up to where a sweep got: below the first message that is still open. */
export function sweptUpTo(found: readonly number[], open: ReadonlySet<number>): number {
  let swept = 0;
  for (const uid of found) {
    if (open.has(uid)) break;
    swept = uid;
  }
  return swept;
}
