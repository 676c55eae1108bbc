import { harmless } from '../terminal/harmless.ts';
import { type Paint, type PrintOptions, painter } from '../terminal/style.ts';
import { clip, indented, widthOf } from '../terminal/width.ts';
import { counted, listed, readableNumber } from '../terminal/words.ts';
import type { ReplayReport, ToldCase, ToldChange, ToldCustomer, ToldLeft, ToldWithheld } from './report.ts';

/** Longest value that is shown, in columns: it is here to tell which one is meant. */
const LONGEST_VALUE = 80;

/** What a replay did, or would do: case by case, and a line that sums it up. */
export function printReplay(report: ReplayReport, options: PrintOptions): string {
  const paint = painter(options);
  const { cases, customers, left, left_out } = report;
  const blocks = [
    ...cases.map((each) => caseLines(each, options, paint)),
    ...customers.map((each) => customerLines(each, options, paint)),
    left.flatMap((each) => leftLines(each, options, paint)),
    left_out === 0 ? [] : [`… ${counted(left_out, 'case or customer', 'cases and customers')} more change`],
    indented(summaryOf(report), '', options.width),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** `case 3 · ORDER-7 · Broken lamp` */
function caseLines(told: ToldCase, options: PrintOptions, paint: Paint): string[] {
  const { case_id, external_id, subject, changes, interactions, withheld } = told;
  const title = [
    case_id === null ? 'a new case' : `case ${case_id}`,
    ...(external_id === null ? [] : [external_id]),
    ...(subject === null ? [] : [subject]),
  ].join(' · ');
  return [
    paint('bold', clip(harmless(title), options.width)),
    ...changes.flatMap((each) => changeLines(changeWords(each), sourceOf(each, true), options, paint)),
    ...interactions.flatMap((each) =>
      changeLines(
        `interaction ${each.interaction_id}: ${changeWords(each)}`,
        sourceOf(each, false),
        options,
        paint,
      ),
    ),
    ...withheld.flatMap((each) => withheldLines(each, options, paint)),
  ];
}

function customerLines(
  { customer_id, changes }: ToldCustomer,
  options: PrintOptions,
  paint: Paint,
): string[] {
  return [
    paint('bold', customer_id === null ? 'a new customer' : `customer ${customer_id}`),
    ...changes.flatMap((each) => changeLines(changeWords(each), sourceOf(each, true), options, paint)),
  ];
}

/** What changes, and behind it, or below it where there is no room, what says so. */
function changeLines(what: string, source: string, { width }: PrintOptions, paint: Paint): string[] {
  if (widthOf(`  ${what}  ${source}`) <= width) return [`  ${what}  ${paint('dim', source)}`];
  return [
    ...indented(what, '  ', width),
    ...indented(source, '      ', width).map((line) => paint('dim', line)),
  ];
}

const NUMBERED: Readonly<Record<string, string>> = { case_id: 'case', customer_id: 'customer' };

function changeWords({ field, old, new: value }: ToldChange): string {
  const name = NUMBERED[field];
  const shown = (each: string | null) => (each === null ? '(empty)' : clip(harmless(each), LONGEST_VALUE));
  if (name === undefined) return `${clip(harmless(field), LONGEST_VALUE)}: ${shown(old)} → ${shown(value)}`;
  const numbered = (each: string | null) =>
    each === null ? `no ${name}` : each === 'new' ? `a new ${name}` : `${name} ${each}`;
  return `${numbered(old)} → ${numbered(value)}`;
}

/** `rule jira, interaction 5` */
function sourceOf({ by, interaction_id }: ToldChange, isMailSaid: boolean): string {
  return harmless([...by, ...(isMailSaid ? [`interaction ${interaction_id}`] : [])].join(', '));
}

function withheldLines(
  { by, field, value, how, reason, interaction_id }: ToldWithheld,
  { width }: PrintOptions,
  paint: Paint,
): string[] {
  const parts = [field === by ? null : field, clip(value, LONGEST_VALUE), how];
  const said = parts.filter((part) => part !== null && part !== '').join(' ');
  const text = `left: ${by}${said === '' ? '' : `: ${said}`} (interaction ${interaction_id}): ${reason}`;
  return indented(harmless(text), '  ', width).map((line) => paint('yellow', line));
}

function leftLines(
  { reason, interactions, interaction_ids: ids }: ToldLeft,
  { width }: PrintOptions,
  paint: Paint,
): string[] {
  const more = interactions - ids.length;
  const names = listed([...ids.map(String), ...(more > 0 ? [`${readableNumber(more)} more`] : [])]);
  const text = `${counted(interactions, 'mail')} left as ${interactions === 1 ? 'it is' : 'they are'}: ${reason} (interaction ${names})`;
  return indented(harmless(text), '', width).map((line) => paint('yellow', line));
}

/** `40 mails: 12 would change (3 cases, 1 customer), 26 as today's rules have it. Nothing was changed: …` */
function summaryOf(report: ReplayReport): string {
  const { dry_run, mails, known, unmatched, changed, rerecorded, cannot, remaining } = report;
  if (mails === 0) return 'No recorded mail is meant.';
  if (known === mails)
    return `${counted(mails, 'mail')}: nothing to change; all were held against these rules before.`;
  const open = changed + rerecorded;
  const stay = mails - known - unmatched - remaining - open - cannot;
  if (stay === mails) return `${counted(mails, 'mail')}: nothing to change.`;
  const would = dry_run ? 'would change' : changed === 1 ? 'was changed' : 'were changed';
  const parts = [
    `${readableNumber(changed)} ${would}${changed > 0 ? whereOf(report) : ''}`,
    ...(rerecorded > 0 ? [`${readableNumber(rerecorded)} only in what is noted of why`] : []),
    ...(stay > 0 ? [`${readableNumber(stay)} as today's rules have it`] : []),
    ...(unmatched > 0 ? [`${readableNumber(unmatched)} that the rule does not match`] : []),
    ...(cannot > 0 ? [`${readableNumber(cannot)} left as said above`] : []),
    ...(known > 0 ? [`${readableNumber(known)} held against these rules before`] : []),
    ...(remaining > 0 ? [`${readableNumber(remaining)} not looked at`] : []),
  ];
  const next = dry_run
    ? open > 0 && 'Nothing was changed: the same command with --apply does it.'
    : remaining > 0 && 'The same command goes on.';
  return `${counted(mails, 'mail')}: ${parts.join(', ')}.${next ? ` ${next}` : ''}`;
}

/** ` (3 cases, 1 customer)` */
function whereOf({ cases, customers }: ReplayReport): string {
  const changed = cases.filter(isChanged).length;
  const rows = [
    ...(changed > 0 ? [counted(changed, 'case')] : []),
    ...(customers.length > 0 ? [counted(customers.length, 'customer')] : []),
  ];
  return rows.length === 0 ? '' : ` (${rows.join(', ')})`;
}

function isChanged({ changes, interactions }: ToldCase): boolean {
  return changes.length + interactions.length > 0;
}
