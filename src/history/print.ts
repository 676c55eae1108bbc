import { harmless } from '../terminal/harmless.ts';
import { type Paint, type PrintOptions, painter } from '../terminal/style.ts';
import { clip } from '../terminal/width.ts';
import { counted } from '../terminal/words.ts';
import { attachmentLine, fieldLines, fullName, paintedStatus, whenAndWhither } from './lines.ts';
import type { History, HistoryCase, HistoryCustomer, HistoryInteraction, HistoryTotals } from './timeline.ts';

/** The history of each customer, as a person likes to read it. */
export function printHistory(history: History, options: PrintOptions): string {
  const paint = painter(options);
  const blocks = history.customers.map((customer) => [
    ...customerLines(customer, options, paint),
    ...customer.cases.flatMap((each) => caseLines(each, options, paint)),
  ]);
  if (history.withoutCustomer.length > 0) {
    blocks.push([
      paint('bold', 'Without a customer'),
      ...history.withoutCustomer.flatMap((each) => caseLines(each, options, paint)),
    ]);
  }
  return blocks.map((lines) => lines.join('\n')).join('\n\n');
}

/** What the mails' headers asked for and did not get, with the reasons; '' when there is nothing. */
export function printRefusals(history: History, options: PrintOptions): string {
  const paint = painter(options);
  const mails = [...history.customers.flatMap(({ cases }) => cases), ...history.withoutCustomer]
    .flatMap(({ interactions }) => interactions)
    .filter(({ refused }) => refused.length > 0)
    .sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime() || a.id - b.id);
  return mails.map((mail) => refusalLines(mail, options, paint).join('\n')).join('\n\n');
}

/** `17 mails → 9 customers, 11 cases, 17 interactions (11 in, 6 out)` */
export function printTotals({
  mails,
  customers,
  cases,
  inbound,
  outbound,
  quarantined,
}: HistoryTotals): string {
  const made = [
    counted(customers, 'customer'),
    counted(cases, 'case'),
    `${counted(inbound + outbound, 'interaction')} (${inbound} in, ${outbound} out)`,
  ];
  if (quarantined > 0) made.push(`${quarantined} in quarantine`);
  return `${counted(mails, 'mail')} → ${made.join(', ')}`;
}

function customerLines(customer: HistoryCustomer, options: PrintOptions, paint: Paint): string[] {
  const name = harmless(fullName(customer.firstName, customer.lastName));
  const addresses = customer.addresses.map(harmless).join(', ');
  const head = name === '' ? paint('bold', addresses) : `${paint('bold', name)}  ${addresses}`;
  const details: [string, string | null][] = [
    ['company', customer.company],
    ['phone', customer.phone],
    ['external id', customer.externalId],
    ...Object.entries(customer.customFields),
  ];
  return [head, ...fieldLines(details, '  ', options, paint)];
}

function caseLines(each: HistoryCase, options: PrintOptions, paint: Paint): string[] {
  const parts = [
    `case ${each.id}`,
    ...(each.externalId === null ? [] : [harmless(each.externalId)]),
    paintedStatus(each.status, paint),
    ...(each.followUpOf === null ? [] : [`follow-up of case ${each.followUpOf}`]),
  ];
  const details: [string, string | null][] = [
    // Shown where it is no mail's own, as when a header has set it.
    ['subject', each.interactions.some(({ subject }) => subject === each.subject) ? null : each.subject],
    ['labels', each.labels.join(', ')],
    ['language', each.language],
    ['priority', each.priority === null ? null : String(each.priority)],
    ...Object.entries(each.customFields),
  ];
  return [
    `  ${parts.join(paint('dim', ' · '))}`,
    ...fieldLines(details, '    ', options, paint),
    ...each.interactions.flatMap((interaction) => interactionLines(interaction, options, paint)),
  ];
}

function interactionLines(interaction: HistoryInteraction, options: PrintOptions, paint: Paint): string[] {
  const kind = interaction.kind === 'mail' ? '' : `[${interaction.kind}] `;
  const outsider = interaction.outsider ? '[outsider] ' : '';
  const margin = ' '.repeat('    2026-11-09 08:15  → out  '.length);
  const room = options.width - margin.length;
  const subject = clip(`${kind}${outsider}${harmless(interaction.subject ?? '(no subject)')}`, room);
  const { city, countryCode, ipAddress } = interaction;
  const place = [city, countryCode].filter(Boolean).join(', ');
  const origin = [place, ipAddress].filter(Boolean).join(' · ');
  const below = [
    ...(origin === '' ? [] : [`from ${origin}`]),
    ...interaction.attachments.map(({ id, fileName, contentType, sizeBytes, leftInMailbox }) =>
      attachmentLine(id, fileName, contentType, sizeBytes, leftInMailbox),
    ),
    ...interaction.cut.map((sentence) => `cut: ${sentence}`),
  ];
  return [
    `    ${whenAndWhither(interaction.receivedAt, interaction.direction, paint)}  ${subject}`,
    ...below.map((line) => margin + paint('dim', clip(harmless(line), room))),
  ];
}

function refusalLines(mail: HistoryInteraction, options: PrintOptions, paint: Paint): string[] {
  const head = `${whenAndWhither(mail.receivedAt, mail.direction, paint)}  `;
  const room = options.width - '2026-11-09 08:15  → out  '.length;
  const sender = mail.fromName || mail.fromAddress || 'nobody';
  const address = mail.fromName && mail.fromAddress ? ` <${mail.fromAddress}>` : '';
  const title = clip(harmless(`${sender}${address}: ${mail.subject ?? '(no subject)'}`), room);
  const reasons = new Map<string, string[]>();
  for (const { by, value, reason } of mail.refused) {
    reasons.set(reason, [...(reasons.get(reason) ?? []), `${by}: ${value}`]);
  }
  return [
    head + title,
    ...[...reasons].flatMap(([reason, headers]) => [
      `  ${paint('yellow', clip(harmless(reason), options.width - 2))}`,
      ...headers.map((header) => `    ${clip(harmless(header), options.width - 4)}`),
    ]),
  ];
}
