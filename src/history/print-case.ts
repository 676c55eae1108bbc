import { harmless } from '../terminal/harmless.ts';
import { type Paint, type PrintOptions, painter } from '../terminal/style.ts';
import { clip, indented, widthOf } from '../terminal/width.ts';
import { counted, readableTime } from '../terminal/words.ts';
import type { CaseHistory, CaseInteraction } from './case.ts';
import type { SupportCase } from './case-rows.ts';
import { type CustomerName, nameAndAddress } from './customer-names.ts';
import { leftOut } from './left-out.ts';
import { fieldLines, MARGIN, NARROW, paintedStatus, whenAndWhither } from './lines.ts';
import { whyHere } from './origins.ts';
import { detailLines, textLines, titleOf } from './print-customer.ts';
import { eventLines } from './print-events.ts';
import { printOrigins } from './print-origins.ts';
import { groupBy } from './rows.ts';

/** A case: what it is, its mails, its changes, and, where that was asked for, where each field came from. */
export function printCase(history: CaseHistory, options: PrintOptions): string {
  const paint = painter(options);
  const { origins } = history;
  const blocks = [
    headLines(history, options, paint),
    mailLines(history, origins !== undefined, options, paint),
    eventLines(history, options, paint),
    ...(origins === undefined ? [] : [printOrigins(origins, options, paint)]),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function headLines({ case: row, customer }: CaseHistory, options: PrintOptions, paint: Paint): string[] {
  const number = `case ${row.id}`;
  const rest = options.width - widthOf(`${number} ·  · ${row.status}`);
  const parts = [
    paint('bold', number),
    ...(row.external_id === null ? [] : [clip(harmless(row.external_id), Math.max(1, rest))]),
    paintedStatus(row.status, paint),
  ];
  const merged = row.merged_from.map(({ id, external_id }) =>
    external_id === null ? String(id) : `${id} (${external_id})`,
  );
  const details: [string, string | null][] = [
    ['subject', row.subject],
    ['customer', customer === null ? 'none' : nameOf(customer)],
    ['labels', row.labels.join(', ')],
    ['language', row.language],
    ['priority', row.priority === null ? null : String(row.priority)],
    ...Object.entries(row.custom_fields),
    ['follow-up of', row.follow_up_of === null ? null : `case ${row.follow_up_of}`],
    ['followed by', casesNamed(row.followed_by.map(String))],
    ['merged from', casesNamed(merged)],
    ['merged into', row.merged_into === null ? null : `case ${row.merged_into}`],
    ['times', times(row)],
  ];
  return [parts.join(paint('dim', ' · ')), ...fieldLines(details, '  ', options, paint)];
}

function casesNamed(ids: readonly string[]): string {
  return ids.length === 0 ? '' : `case ${ids.join(', case ')}`;
}

/** `began 2026-11-09 08:12, opened …, resolved … (first …), closed … (UTC)` */
function times(row: SupportCase): string {
  const { received_at, opened_at, first_resolved_at, resolved_at, closed_at } = row;
  const isFirst = first_resolved_at?.getTime() === resolved_at?.getTime();
  const first = first_resolved_at === null || isFirst ? '' : ` (first ${readableTime(first_resolved_at)})`;
  const said = [
    `began ${readableTime(received_at)}`,
    ...(opened_at === null ? [] : [`opened ${readableTime(opened_at)}`]),
    ...(resolved_at === null ? [] : [`resolved ${readableTime(resolved_at)}${first}`]),
    ...(closed_at === null ? [] : [`closed ${readableTime(closed_at)}`]),
  ];
  return `${said.join(', ')} UTC`;
}

function nameOf(customer: CustomerName): string {
  return [nameAndAddress(customer), `customer ${customer.id}`].filter((part) => part !== '').join(', ');
}

function mailLines(history: CaseHistory, why: boolean, options: PrintOptions, paint: Paint): string[] {
  const { inbound, outbound, interactions } = history;
  const all = inbound + outbound;
  const counts = `${inbound.toLocaleString('en-US')} in, ${outbound.toLocaleString('en-US')} out`;
  const title = `${paint('bold', counted(all, 'interaction'))} (${counts})`;
  return [
    title,
    ...leftOut(all - interactions.length, 'interaction', interactions.length, options, paint),
    ...interactions.flatMap((each) => interactionLines(each, history, why, options, paint)),
  ];
}

function interactionLines(
  mail: CaseInteraction,
  history: CaseHistory,
  why: boolean,
  options: PrintOptions,
  paint: Paint,
): string[] {
  const isNarrow = options.width < NARROW;
  const margin = ' '.repeat(isNarrow ? 4 : MARGIN + 2);
  const room = options.width - margin.length;
  const head = `  ${whenAndWhither(mail.received_at, mail.direction, paint)}`;
  const title = paint('bold', clip(titleOf(mail), room));
  const reason = why ? whyHere(mail) : null;
  const below = [
    paint('dim', clip(harmless(`interaction ${mail.id}: ${correspondents(mail, history)}`), room)),
    ...(mail.body_text === undefined && mail.excerpt !== ''
      ? [paint('dim', clip(harmless(mail.excerpt), room))]
      : []),
    ...detailLines(mail).map((line) => paint('dim', clip(harmless(line), room))),
    ...refusedLines(mail, room, paint),
    ...(reason === null ? [] : indented(harmless(`here because: ${reason}`), '', room)),
    ...textLines(mail, room),
  ].map((line) => (line === '' ? '' : margin + line));
  return isNarrow ? [head, `${margin}${title}`, ...below] : [`${head}  ${title}`, ...below];
}

/** Who wrote to whom, and whose mail it is where that is not the case's own customer. */
function correspondents(mail: CaseInteraction, { case: row }: CaseHistory): string {
  const { from_name, from_address, to_addresses, recipients, customer } = mail;
  const sender = from_name && from_address ? `${from_name} <${from_address}>` : (from_name ?? from_address);
  const [first] = to_addresses;
  const more = recipients > 1 ? ` and ${recipients - 1} more` : '';
  const whose = customer === null || customer.id === row.customer_id ? '' : ` (${nameOf(customer)})`;
  return `${sender ?? 'nobody'} → ${first ?? 'nobody'}${first === undefined ? '' : more}${whose}`;
}

/** Which headers of a mail were not applied, by the reason. */
function refusedLines({ refused }: CaseInteraction, room: number, paint: Paint): string[] {
  const byReason = groupBy(refused, ({ reason }) => reason);
  return [...byReason].flatMap(([reason, headers]) => [
    ...indented(harmless(`not applied: ${reason}`), '', room).map((line) => paint('yellow', line)),
    ...headers.map(({ by, value }) => `  ${clip(harmless(`${by}: ${value}`), room - 2)}`),
  ]);
}
