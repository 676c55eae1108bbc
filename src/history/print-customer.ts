import { harmless } from '../terminal/harmless.ts';
import { type Paint, type PrintOptions, painter } from '../terminal/style.ts';
import { clip, indented, padEnd, widthOf } from '../terminal/width.ts';
import { counted, listed, readableTime } from '../terminal/words.ts';
import type {
  CaseOfInteraction,
  CasesOfStatus,
  Customer,
  CustomerEvent,
  CustomerHistory,
  CustomerTotals,
} from './customer.ts';
import { deedsOf } from './deeds.ts';
import { type Interaction, LARGEST_LIMIT } from './interactions.ts';
import {
  attachmentLine,
  fieldLines,
  fullName,
  MARGIN,
  NARROW,
  paintedStatus,
  whenAndWhither,
} from './lines.ts';

/** Room that the beginning of a text needs to be worth showing beside the case, in columns. */
const SHORTEST_EXCERPT = 24;

/** A customer's history, as a person reads it who has them on the phone. */
export function printCustomerHistory(history: CustomerHistory, options: PrintOptions): string {
  const paint = painter(options);
  const { customer, totals, interactions } = history;
  const caseWidth = Math.max(0, ...interactions.map((each) => widthOf(caseLabel(each.case))));
  const lines = interactions.flatMap((each) => interactionLines(each, caseWidth, options, paint));
  return [
    [...headLines(customer, history.events, options, paint), ...totalsLines(totals, options, paint)].join(
      '\n',
    ),
    ...(history.left_out > 0 ? [leftOutLines(history, options, paint).join('\n')] : []),
    lines.length > 0 ? lines.join('\n') : paint('dim', nothing(totals)),
  ].join('\n\n');
}

/** Name, addresses, what is known of a customer, and what people did with them. */
function headLines(
  customer: Customer,
  events: readonly CustomerEvent[],
  options: PrintOptions,
  paint: Paint,
): string[] {
  const name = harmless(fullName(customer.first_name, customer.last_name));
  const [first = '', ...others] = customer.addresses.map(harmless);
  const merged = customer.merged_from.map(({ id, external_id }) =>
    external_id === null ? String(id) : `${id} (external id ${external_id})`,
  );
  return [
    ...nameLines(name, first, options, paint),
    ...fieldLines(
      [
        ['also', others.join(', ')],
        ['company', customer.company],
        ['phone', customer.phone],
        ['external id', customer.external_id],
        ['language', customer.language],
        ...Object.entries(customer.custom_fields),
        ['merged from', merged.join(', ')],
        ...deedsOf(events),
      ],
      '  ',
      options,
      paint,
    ),
  ];
}

/** Name and address side by side, or one below the other where the terminal is narrow. */
function nameLines(name: string, address: string, { width }: PrintOptions, paint: Paint): string[] {
  if (name === '' || address === '')
    return [paint('bold', clip(name || address || 'Without an address', width))];
  if (widthOf(name) + 2 + widthOf(address) <= width) return [`${paint('bold', name)}  ${address}`];
  return [paint('bold', clip(name, width)), `  ${clip(address, width - 2)}`];
}

/** How much there is, and which cases want somebody. */
function totalsLines(totals: CustomerTotals, { width }: PrintOptions, paint: Paint): string[] {
  const { inbound, outbound, first_received_at: first, last_received_at: last } = totals;
  if (first === null || last === null) return [];
  const count = counted(inbound + outbound, 'interaction');
  const since =
    first.getTime() === last.getTime()
      ? readableTime(first)
      : `${readableTime(first)} to ${readableTime(last)}`;
  const [ins, outs] = [inbound, outbound].map((each) => each.toLocaleString('en-US'));
  const sentence = `${count} (${ins} in, ${outs} out), ${since} UTC`;
  return [
    ...indented(sentence, '  ', width),
    ...totals.cases.map((each) => `  ${paintedStatus(each.status, paint, clip(casesOf(each), width - 2))}`),
  ];
}

/** `open: case 3`, `pending: cases 3 and 8`, `closed: 40 cases, the latest 12, 11, 9, 8 and 7` */
function casesOf({ status, cases, latest }: CasesOfStatus): string {
  if (cases > latest.length) {
    return `${status}: ${counted(cases, 'case')}, the latest ${listed(latest.map(String))}`;
  }
  return `${status}: ${latest.length === 1 ? 'case' : 'cases'} ${listed(latest.map(String))}`;
}

/** How many older ones are left out, and how to see them. */
function leftOutLines(history: CustomerHistory, { width }: PrintOptions, paint: Paint): string[] {
  const { left_out, interactions } = history;
  const all = interactions.length + left_out;
  const oldest = interactions[0];
  const ways = [
    ...(all <= LARGEST_LIMIT ? [`--limit ${all}`] : []),
    // Several may have come in one second, so that one is shown again.
    ...(oldest ? [`--until ${nextSecond(oldest.received_at)}`] : []),
  ];
  const text = `… ${counted(left_out, 'older one')} left out; see them with ${ways.join(' or ')}`;
  return indented(text, '', width).map((line) => paint('dim', line));
}

function nextSecond(moment: Date): string {
  return new Date(moment.getTime() + 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
}

function nothing({ inbound, outbound }: CustomerTotals): string {
  return inbound + outbound === 0 ? 'No mail of theirs is recorded.' : 'Nothing in that time.';
}

function interactionLines(
  interaction: Interaction & { readonly case: CaseOfInteraction },
  caseWidth: number,
  options: PrintOptions,
  paint: Paint,
): string[] {
  const head = whenAndWhither(interaction.received_at, interaction.direction, paint);
  const isNarrow = options.width < NARROW;
  const margin = ' '.repeat(isNarrow ? 2 : MARGIN);
  const room = options.width - margin.length;
  const subject = paint('bold', clip(titleOf(interaction), room));
  const below = [
    ...caseAndExcerpt(interaction, isNarrow ? room : Math.min(caseWidth, room), room, paint),
    ...detailLines(interaction).map((line) => paint('dim', clip(harmless(line), room))),
    ...textLines(interaction, room),
  ].map((line) => (line === '' ? '' : margin + line));
  return isNarrow ? [head, `${margin}${subject}`, ...below] : [`${head}  ${subject}`, ...below];
}

/** The subject, behind what is out of the ordinary about the mail. */
export function titleOf({
  kind,
  outsider,
  subject,
}: Pick<Interaction, 'kind' | 'outsider' | 'subject'>): string {
  const marks = [...(kind === 'mail' ? [] : [`[${kind}] `]), ...(outsider ? ['[outsider] '] : [])];
  return `${marks.join('')}${harmless(subject ?? '(no subject)')}`;
}

function caseLabel({ id, external_id, status }: CaseOfInteraction): string {
  return [`case ${id}`, ...(external_id === null ? [] : [harmless(external_id)]), status].join(' · ');
}

/** The case, and what the mail begins with behind it, or below where there is no room. */
function caseAndExcerpt(
  interaction: Interaction & { readonly case: CaseOfInteraction },
  caseWidth: number,
  room: number,
  paint: Paint,
): string[] {
  const shownCase = paintedLabel(interaction.case, Math.min(room, caseWidth), paint);
  // In full below, it is not wanted here.
  const excerpt = interaction.body_text === undefined ? harmless(interaction.excerpt) : '';
  if (excerpt === '') return [shownCase];
  const rest = room - caseWidth - 2;
  if (rest < SHORTEST_EXCERPT) return [shownCase, paint('dim', clip(excerpt, room))];
  return [`${padEnd(shownCase, caseWidth)}  ${paint('dim', clip(excerpt, rest))}`];
}

/** `case 3 · ORDER-1 · open`, of which the external id is what is cut. */
function paintedLabel(supportCase: CaseOfInteraction, columns: number, paint: Paint): string {
  const { id, external_id, status } = supportCase;
  const rest = columns - widthOf(caseLabel({ ...supportCase, external_id: null }));
  const shownId = external_id === null ? [] : [clip(harmless(external_id), Math.max(1, rest - 3))];
  return [`case ${id}`, ...shownId, paintedStatus(status, paint)].join(paint('dim', ' · '));
}

/** What is below a mail in any view: who wrote from outside, where it came from, its attachments, what was cut. */
export function detailLines(interaction: Interaction): string[] {
  const { outsider, sender_auth, from_address, city, country_code, ip_address } = interaction;
  const place = [city, country_code].filter(Boolean).join(', ');
  const origin = [place, ip_address].filter(Boolean).join(' · ');
  return [
    ...(outsider ? [`from ${from_address ?? 'nobody'}, who had no part in the case before`] : []),
    ...(sender_auth === 'fail' ? [`From (${from_address ?? 'nobody'}) is known to be forged`] : []),
    ...(origin === '' ? [] : [`from ${origin}`]),
    ...interaction.attachments.map(({ id, file_name, content_type, size_bytes, left_in_mailbox }) =>
      attachmentLine(id, file_name, content_type, size_bytes, left_in_mailbox),
    ),
    ...interaction.cut.map((sentence) => `cut: ${sentence}`),
  ];
}

/** The text of a mail where it was asked for, its lines as they are, long ones wrapped. */
export function textLines({ body_text, excerpt }: Interaction, room: number): string[] {
  if (body_text === undefined) return [];
  const text = (body_text ?? '').trim() === '' ? excerpt : (body_text ?? '');
  const lines = text.trimEnd().split(/\r?\n/);
  return ['', ...lines.flatMap((line) => lineOfText(harmless(line), room)), ''];
}

/** Deepest indent that is kept, in columns: more would leave no room to wrap in. */
const DEEPEST_INDENT = 8;

function lineOfText(line: string, room: number): string[] {
  const indent = /^ */.exec(line)?.[0].slice(0, DEEPEST_INDENT) ?? '';
  return indented(line.trimStart(), indent, room).map((each) => each.trimEnd());
}
