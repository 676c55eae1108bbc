import { harmless } from '../terminal/harmless.ts';
import { type Paint, type PrintOptions, painter } from '../terminal/style.ts';
import { clip, indented, padEnd } from '../terminal/width.ts';
import { counted, readableTime } from '../terminal/words.ts';
import type { ListedEntry } from './entries.ts';

/** What a list is of. */
export interface Listing {
  readonly entries: readonly ListedEntry[];
  readonly left_out: number;
  /** Whether what was dealt with is in it too. */
  readonly all: boolean;
}

/** Entries, two lines each: what it is, then where it lies and what is wrong with it. */
export function printList({ entries, left_out, all }: Listing, options: PrintOptions): string {
  const paint = painter(options);
  if (entries.length === 0)
    return all ? 'No message was ever in quarantine.' : 'No message is in quarantine.';
  const idWidth = Math.max(...entries.map(({ id }) => String(id).length));
  const shown = entries.length + left_out;
  const more = `… ${counted(left_out, 'more', 'more')}: --limit ${shown} shows all`;
  return [
    ...entries.flatMap((entry) => entryLines(entry, idWidth, options, paint)),
    ...(left_out > 0 ? [paint('dim', clip(more, options.width))] : []),
    '',
    ...indented(WAYS, '', options.width).map((line) => paint('dim', line)),
  ].join('\n');
}

const WAYS =
  'All of one: mailcase quarantine show ID. Once the cause is mended: retry ID, or retry --all. Junk: drop ID.';

function entryLines(entry: ListedEntry, idWidth: number, options: PrintOptions, paint: Paint): string[] {
  const { id, received_at, created_at, mailbox, folder, uid, stage, error, attempts } = entry;
  const when = readableTime(received_at ?? created_at);
  const indent = ' '.repeat(idWidth + 2);
  const head = `${padEnd(String(id), idWidth)}  ${when}  ${whatIs(entry)}`;
  const end = endWords(entry) ?? `${stage}, tried ${counted(attempts, 'time')}: ${harmless(error)}`;
  const place = `${harmless(mailbox)} ${harmless(folder)} ${uid}`;
  return [paint('bold', clip(head, options.width)), clip(`${indent}${place} · ${end}`, options.width)];
}

/** `ann@asker.example: Broken lamp` */
export function whatIs({
  from_address,
  from_name,
  subject,
  content_bytes,
  interaction_id,
  resolution,
}: ListedEntry): string {
  if (resolution === 'dropped') return '(its bytes were deleted)';
  if (content_bytes === null && interaction_id === null) return '(its bytes are not here)';
  const from = from_address ?? from_name ?? '(no sender)';
  return harmless(`${from}: ${subject || '(no subject)'}`);
}

/** How it ended; undefined where it waits. */
export function endWords(entry: ListedEntry): string | undefined {
  const { resolution, resolved_at, resolved_by, interaction_id } = entry;
  if (resolution === null || resolved_at === null) return undefined;
  const as = interaction_id === null ? '' : ` as interaction ${interaction_id}`;
  const by = resolved_by === null ? '' : ` by ${harmless(resolved_by)}`;
  return `${resolution}${as}${by}, ${readableTime(resolved_at)}`;
}
