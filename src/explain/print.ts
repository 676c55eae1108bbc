import type { Applied, Decided } from '../rules/directives.ts';
import { isRule } from '../rules/rules.ts';
import { harmless } from '../terminal/harmless.ts';
import { type Paint, type PrintOptions, painter } from '../terminal/style.ts';
import { indented } from '../terminal/width.ts';
import { counted, readableSize, readableTime } from '../terminal/words.ts';
import type { Explanation } from './explanation.ts';
import type { Selection } from './setting.ts';

/** An explanation in sentences. */
export function printExplanation(explanation: Explanation, options: PrintOptions): string {
  const paint = painter(options);
  const sections = [
    headLines(explanation, options, paint),
    outcomeLines(explanation, options, paint),
    section(
      'Why',
      explanation.decided.flatMap((each) => decidedLines(each, options, paint)),
      paint,
    ),
    section('Headers', headerLines(explanation, options, paint), paint),
    section('Rules', ruleLines(explanation, options, paint), paint),
    section('What changes in the case', changeLines(explanation, options), paint),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : [paint('bold', title), ...lines];
}

function headLines({ message }: Explanation, options: PrintOptions, paint: Paint): string[] {
  const { subject, from, to, cc, received_at, size_bytes, attachments, cut } = message;
  const people = [`from ${from ?? 'nobody'}`, `to ${[...to, ...cc].join(', ') || 'nobody'}`];
  const facts = [
    `received ${readableTime(received_at)}`,
    readableSize(size_bytes),
    ...(attachments === 0 ? [] : [counted(attachments, 'attachment')]),
  ];
  return [
    ...sentence(subject ?? '(no subject)', '', options).map((line) => paint('bold', line)),
    ...sentence(people.join(' '), '  ', options),
    ...sentence(facts.join(', '), '  ', options).map((line) => paint('dim', line)),
    ...cut.flatMap((each) => sentence(`cut: ${each}`, '  ', options)).map((line) => paint('yellow', line)),
  ];
}

function outcomeLines(explanation: Explanation, options: PrintOptions, paint: Paint): string[] {
  const lines = sentence(outcomeOf(explanation), '', options);
  const { selection, outcome, put_off } = explanation;
  const later = put_off === null ? [] : sentence(`Not yet: ${put_off}.`, '', options);
  const style = { recorded: 'green', duplicate: 'yellow', skipped: 'yellow', quarantined: 'red' } as const;
  // What is recorded already needs no poll.
  const isKnown = outcome === 'duplicate' && selection?.taken === false;
  const whetherTaken = selection === null || isKnown ? [] : sentence(selectionText(selection), '', options);
  return [
    ...lines.map((line) => paint(style[outcome], line)),
    ...later.map((line) => paint('yellow', line)),
    ...whetherTaken,
  ];
}

function selectionText({ taken, why, waiting_before: before }: Selection): string {
  if (!taken) return `But no poll takes it: ${why}.`;
  if (before === 0) return `Now: ${why}.`;
  return `Now: ${why}, behind ${counted(before, 'other message')}: if it answers one of them, it will be in their case.`;
}

function outcomeOf(explanation: Explanation): string {
  const { outcome, error, duplicate_of: original, decided, mailbox } = explanation;
  if (outcome === 'quarantined')
    return `It cannot be recorded, and goes to quarantine: ${error ?? 'nobody knows why'}`;
  if (outcome === 'skipped' && error !== null && isRule(error)) {
    return `It is skipped by ${error}. Nothing is recorded of it.`;
  }
  if (outcome === 'skipped')
    return 'It is skipped, since somebody has dropped it from quarantine: nothing is recorded of it.';
  if (original) {
    const place = `interaction ${original.interaction_id} of case ${original.case_id}`;
    if (explanation.case) return `It is a trusted copy of ${place}, and applies its headers to it.`;
    const known = `It is recorded already, as ${place}, and changes nothing more.`;
    if (decided.length === 0) return known;
    const since = `, before a person brought it into case ${original.case_id} (\`mailcase case ${original.case_id} --why\` says who)`;
    return `${known} This is how that was decided${original.moved ? since : ''}.`;
  }
  const kind = decided.find(({ what }) => what === 'kind')?.value ?? 'mail';
  const direction =
    decided.find(({ what }) => what === 'direction')?.value === 'out' ? 'outbound' : 'inbound';
  return `Polled from ${mailbox}, it is recorded as ${direction} ${kind === 'mail' ? 'mail' : `mail (${kind})`} of ${customerOf(explanation)}, in ${caseOf(explanation)}.`;
}

function customerOf({ customer, decided }: Explanation): string {
  if (customer === null) return 'nobody';
  const name = [customer.first_name, customer.last_name].filter(Boolean).join(' ');
  const address = decided.find(({ what }) => what === 'customer')?.value ?? '';
  const said = name || address || customer.external_id || 'somebody without a name';
  return customer.id === null ? `a new customer, ${said}` : `customer ${customer.id}, ${said}`;
}

function caseOf({ case: supportCase }: Explanation): string {
  if (supportCase === null) return 'no case';
  const { id, external_id, status, follow_up_of } = supportCase;
  const name = id === null ? 'a new case' : `case ${id}`;
  const details = [
    ...(external_id === null ? [] : [external_id]),
    ...(follow_up_of === null ? [] : [`follow-up of case ${follow_up_of}`]),
    `then ${status}`,
  ];
  return `${name} (${details.join(', ')})`;
}

/** Wide enough for the longest of them. */
const LABEL_COLUMNS = 'direction  '.length;

function decidedLines({ what, value, why }: Decided, options: PrintOptions, paint: Paint): string[] {
  const text = [value ?? ABSENT[what], why].filter((part) => part !== undefined).join(': ');
  const lines = sentence(text, ' '.repeat(LABEL_COLUMNS + 2), options);
  return lines.map((line, index) =>
    index === 0 ? `  ${paint('cyan', what)}${line.slice(2 + what.length)}` : line,
  );
}

/** What is said where nothing was found. */
const ABSENT: Partial<Record<Decided['what'], string>> = {
  trust: 'not trusted',
};

function headerLines({ headers, outcome }: Explanation, options: PrintOptions, paint: Paint): string[] {
  const all = doneLines(headers, options, paint);
  return all.length === 0 && outcome === 'recorded' ? ['  it has none that are instructions'] : all;
}

function ruleLines({ rules, outcome }: Explanation, options: PrintOptions, paint: Paint): string[] {
  const { matched } = rules;
  if (matched.length === 0 && rules.refused.length === 0) {
    return outcome === 'recorded' ? ['  none matches'] : [];
  }
  const names = matched.length === 0 ? [] : sentence(`matching: ${matched.join(', ')}`, '  ', options);
  return [...names, ...doneLines(rules, options, paint)];
}

/** What was set, and by what; then what was refused. */
function doneLines(
  { applied, refused }: Explanation['headers'],
  options: PrintOptions,
  paint: Paint,
): string[] {
  return [
    ...applied.flatMap((each) => sentence(appliedText(each), '  ', options)),
    ...refused.flatMap(({ by, value, reason }) => [
      ...sentence(value === '' ? by : `${by}: ${value}`, '  ', options),
      ...sentence(`refused: ${reason}`, '    ', options).map((line) => paint('yellow', line)),
    ]),
  ];
}

function appliedText({ by, field, value, how }: Applied): string {
  switch (how) {
    case 'added':
      return `${by} adds to ${field}: ${value}`;
    case 'removed':
      return `${by} removes from ${field}: ${value}`;
    case 'cleared':
      return `${by} clears ${field}`;
    default:
      return `${by} sets ${field}: ${value}`;
  }
}

/** The reasons stand above: a header, or why the status is what it is. */
function changeLines({ changes }: Explanation, options: PrintOptions): string[] {
  return changes.flatMap(({ field, old, new: value }) =>
    sentence(`${field}: ${old === null ? '' : `${old} → `}${value ?? 'nothing'}`, '  ', options),
  );
}

/** Longest text of a mail in one sentence, in characters: a header's value may be as long as a page. */
const LONGEST = 600;

function sentence(text: string, indent: string, { width }: PrintOptions): string[] {
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return indented(harmless(shown), indent, width);
}
