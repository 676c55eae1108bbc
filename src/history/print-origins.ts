import { harmless } from '../terminal/harmless.ts';
import type { Paint, PrintOptions } from '../terminal/style.ts';
import { clip, indented } from '../terminal/width.ts';
import { readableTime } from '../terminal/words.ts';
import type { Origin } from './origins.ts';

/** Longest value that is shown, in columns: it is here to tell which one is meant. */
const LONGEST_VALUE = 200;

/** Where each field came from: its value, and below it the mail or the person, and the reason. */
export function printOrigins(origins: readonly Origin[], { width }: PrintOptions, paint: Paint): string[] {
  return [
    paint('bold', 'Where each field came from'),
    ...origins.flatMap((origin) => [
      ...valueLines(origin, width),
      ...indented(harmless(sourceOf(origin)), '    ', width).map((line) => paint('dim', line)),
    ]),
  ];
}

function valueLines({ field, value }: Origin, width: number): string[] {
  const label = field.replace(/^custom_fields\./, '');
  const text = `${clip(harmless(label), width / 2)}: ${clip(harmless(value), LONGEST_VALUE)}`;
  const [first = '', ...others] = indented(text, '  ', width - 2);
  return [first, ...others.map((line) => `  ${line}`)];
}

/** `interaction 14, 2026-11-13 08:00: x-desk-case-labels`, `Ann, 2026-11-13 08:00` */
function sourceOf({ at, interaction_id, actor, reason }: Origin): string {
  const source = [
    ...(actor === null ? [] : [actor]),
    ...(interaction_id === null ? [] : [`interaction ${interaction_id}`]),
    ...(at === null ? [] : [readableTime(at)]),
  ].join(', ');
  return [source, reason ?? ''].filter((part) => part !== '').join(': ');
}
