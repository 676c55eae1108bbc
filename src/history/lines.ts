import type { Direction, Status } from '../rules/directives.ts';
import { harmless } from '../terminal/harmless.ts';
import type { Paint, PrintOptions, Style } from '../terminal/style.ts';
import { clip, wrap } from '../terminal/width.ts';
import { readableSize, readableTime } from '../terminal/words.ts';

/** What one field, however long in the mail, may take of the terminal, in columns. */
const LONGEST_VALUE = 400;

/** How much room whenAndWhither() takes, in columns, the gap behind it included. */
export const MARGIN = '2026-11-09 08:15  → out  '.length;

/** Narrower than this, what belongs to a mail begins near the left and not below its subject. In columns. */
export const NARROW = 72;

const STATUS_STYLES = {
  new: 'cyan',
  open: 'yellow',
  pending: 'magenta',
  resolved: 'green',
  closed: 'dim',
} as const satisfies Record<Status, Style>;

export function paintedStatus(status: Status, paint: Paint, text: string = status): string {
  return paint(STATUS_STYLES[status], text);
}

/** Han, kana and hangul: with these the family name is written first. */
const FAMILY_FIRST = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー・]+$/u;

/** A person's name in its own order; '' where there is none. */
export function fullName(firstName: string | null, lastName: string | null): string {
  const parts = [firstName, lastName].filter((part) => part !== null && part !== '');
  const isFamilyFirst = parts.every((part) => part !== null && FAMILY_FIRST.test(part));
  return (isFamilyFirst ? parts.reverse() : parts).join(' ');
}

/** `2026-11-09 08:15  → out`, in UTC, so that it reads the same everywhere. */
export function whenAndWhither(receivedAt: Date, direction: Direction, paint: Paint): string {
  const arrow = direction === 'out' ? paint('green', '→ out') : paint('cyan', '← in ');
  return `${paint('dim', readableTime(receivedAt))}  ${arrow}`;
}

export function attachmentLine(
  id: number,
  fileName: string | null,
  contentType: string,
  sizeBytes: number,
  isLeft: boolean,
): string {
  const where = isLeft ? ', left in the mailbox' : '';
  return `attachment ${id}${where}: ${fileName ?? 'without a name'} (${contentType}, ${readableSize(sizeBytes)})`;
}

/** `name: value`, one below the other; what is empty is left out. */
export function fieldLines(
  fields: readonly (readonly [string, string | null])[],
  indent: string,
  { width }: PrintOptions,
  paint: Paint,
): string[] {
  return fields.flatMap(([name, value]) => {
    if (value === null || value === '') return [];
    const label = clip(harmless(name), width / 2);
    const hanging = ' '.repeat(indent.length + 2);
    const lines = wrap(`${label}: ${clip(harmless(value), LONGEST_VALUE)}`, width - hanging.length);
    return lines.map((line, index) =>
      index === 0
        ? `${indent}${paint('dim', `${label}:`)}${line.slice(label.length + 1)}`
        : `${hanging}${line}`,
    );
  });
}
