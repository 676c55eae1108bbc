import { harmless } from '../terminal/harmless.ts';
import type { Paint, PrintOptions } from '../terminal/style.ts';
import { clip, indented, widthOf } from '../terminal/width.ts';
import { counted, readableTime } from '../terminal/words.ts';
import type { CaseHistory } from './case.ts';
import type { CaseEvent } from './case-rows.ts';
import { leftOut } from './left-out.ts';
import { NARROW } from './lines.ts';
import { reasonOf } from './origins.ts';

/** The changes of a case, in the order in which they were made. */
export function eventLines(history: CaseHistory, options: PrintOptions, paint: Paint): string[] {
  const { events, changes, interactions } = history;
  if (changes === 0) return [];
  const directives = new Map(interactions.map((each) => [each.id, each]));
  return [
    paint('bold', counted(changes, 'change')),
    ...leftOut(changes - events.length, 'change', events.length, options, paint),
    ...(inOrderOfTime(events)
      ? []
      : indented(UNORDERED, '  ', options.width).map((line) => paint('dim', line))),
    ...events.flatMap((event) => oneEvent(event, reasonOf(event, directives), options, paint)),
  ];
}

/** Said where the dates alone would look like a mistake. */
const UNORDERED = 'In the order in which they were made; what a mail changed has the date of the mail.';

function inOrderOfTime(events: readonly CaseEvent[]): boolean {
  return events.every((event, index) => event.at >= (events[index - 1]?.at ?? event.at));
}

/** `status: new → open`; `interaction 8: case 13 → case 3` for what a person did with a mail. */
function changeOf(event: CaseEvent): string {
  const { field, old, new: value, interaction_id } = event;
  const isMove = field === 'interaction';
  const shown = (each: string | null) =>
    each === null ? 'nothing' : `${isMove ? 'case ' : ''}${clip(harmless(each), LONGEST_CHANGE)}`;
  const change = `${old === null ? '' : `${shown(old)} → `}${shown(value)}`;
  const subject = [
    ...(isOfMail(event) ? [`interaction ${interaction_id}`] : []),
    ...(isMove ? [] : [harmless(field.replace(/^interaction\./, ''))]),
  ];
  return `${subject.join(': ')}: ${change}`;
}

/** Whether it is about the mail itself; what a replay changes of the case, the mail says. */
function isOfMail({ field, interaction_id, actor, replayed }: CaseEvent): boolean {
  if (actor === null || interaction_id === null) return false;
  return !replayed || field === 'outsider' || /^interaction\b/.test(field);
}

/** Longest value that a line of changes shows, in columns: the case itself shows all of it. */
const LONGEST_CHANGE = 60;

function oneEvent(event: CaseEvent, reason: string | null, { width }: PrintOptions, paint: Paint): string[] {
  const change = changeOf(event);
  const cause = causeOf({ ...event, reason });
  const time = readableTime(event.at);
  const margin = ' '.repeat(width < NARROW ? 4 : time.length + 4);
  const both = `${change}  ${cause}`;
  const fits = width >= NARROW && widthOf(both) <= width - margin.length;
  const body = fits
    ? [`${change}  ${paint('dim', cause)}`]
    : [
        ...indented(change, '', width - margin.length),
        ...indented(cause, '', width - margin.length).map((line) => paint('dim', line)),
      ];
  if (width < NARROW) return [`  ${paint('dim', time)}`, ...body.map((line) => margin + line)];
  return body.map((line, index) => (index === 0 ? `  ${paint('dim', time)}  ${line}` : margin + line));
}

/** `by interaction 14, x-desk-case-labels`, `by Ann`: the mail or the person, and what it goes back to. */
function causeOf(event: CaseEvent): string {
  const { interaction_id, actor, reason } = event;
  const by = [
    ...(actor === null ? [] : [`by ${actor}`]),
    ...(interaction_id === null || isOfMail(event) ? [] : [`by interaction ${interaction_id}`]),
    ...(reason === null ? [] : [reason]),
  ];
  return harmless(by.join(', '));
}
