import type { Paint, PrintOptions } from '../terminal/style.ts';
import { indented } from '../terminal/width.ts';
import { counted } from '../terminal/words.ts';
import { LARGEST_LIMIT } from './interactions.ts';

/** How many older ones are left out, and how to see them; nothing where none is. */
export function leftOut(
  count: number,
  noun: string,
  shown: number,
  { width }: PrintOptions,
  paint: Paint,
): string[] {
  if (count <= 0) return [];
  const text = `… ${counted(count, `older ${noun}`)} left out${
    shown + count <= LARGEST_LIMIT ? `; see them with --limit ${shown + count}` : ''
  }`;
  return indented(text, '  ', width).map((line) => paint('dim', line));
}
