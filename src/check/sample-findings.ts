import { domainKey } from '../message/addresses.ts';
import { counted, listed, readableNumber, readableTime } from '../terminal/words.ts';
import { type Finding, type Section, sectionOf } from './finding.ts';
import { MAX_NAMED, named } from './naming.ts';
import { publicDomainReason } from './public-domains.ts';
import type { OwnSuggestion } from './sample-own.ts';
import type { SampleSummary } from './sample-summary.ts';
import { trustFindings } from './sample-trust.ts';

/** What a sample says, the reason why headers do nothing first. */
export function sampleFindings(summary: SampleSummary): Finding[] {
  const section = sectionOf(`Sample of ${summary.mailbox}`);
  if (summary.read === 0) {
    return [section.ok('sample_empty', 'there is no message to read', unread(summary))];
  }
  return [
    section.ok('sample_read', readText(summary), unread(summary)),
    ...trustFindings(section, summary),
    ...valueFindings(section, summary),
    ...prefixFindings(section, summary),
    attribution(section, summary),
    ...ownFindings(section, summary),
  ];
}

function readText({ read, oldest, newest }: SampleSummary): string {
  const span = oldest && newest ? `, received ${readableTime(oldest)} to ${readableTime(newest)} UTC` : '';
  return `the last ${counted(read, 'message')}${span}`;
}

function unread({ unreadable, notHandedOut }: SampleSummary): string[] {
  return [
    ...(unreadable > 0 ? [`${unreadable} with a header that cannot be parsed: quarantined by a poll`] : []),
    ...(notHandedOut > 0 ? [`${notHandedOut} not handed out by the server`] : []),
  ];
}

function valueFindings(section: Section, { headers: { refusedValues, prefix } }: SampleSummary): Finding[] {
  if (refusedValues.length === 0) return [];
  const lines = refusedValues
    .slice(0, MAX_NAMED)
    .map(({ header, value, reason, count }) =>
      `${header}: ${value} (${count} times): ${reason}`.replace(' (1 times)', ''),
    );
  const rest = refusedValues.length - lines.length;
  return [
    section.warning(
      'values_refused',
      `${counted(refusedValues.length, 'value')} would not be taken even from a trusted mail`,
      `correct them in the sending system; the README has the values of each ${prefix} header`,
      [...lines, ...(rest > 0 ? [`and ${rest} more (\`--json\` lists them)`] : [])],
    ),
  ];
}

function prefixFindings(
  section: Section,
  { headers: { otherPrefixes, prefix, carrying } }: SampleSummary,
): Finding[] {
  return otherPrefixes
    .slice(0, MAX_NAMED)
    .map(({ prefix: other, count }) =>
      section.warning(
        'other_prefix',
        `${count} ${count === 1 ? 'carries' : 'carry'} headers like ours under the prefix ${other}, which mean nothing here`,
        carrying === 0
          ? `if they are meant for mailcase, set \`headers: {prefix: ${other}}\``
          : `if they are meant for mailcase, let the sending system write ${prefix} instead (there is one prefix for all)`,
      ),
    );
}

function attribution(section: Section, summary: SampleSummary): Finding {
  const { inbound, outbound, customers, kinds, withoutAddress, copies, recorded } = summary;
  const number = readableNumber;
  const others = Object.entries(kinds).filter(([kind]) => kind !== 'mail');
  const automatic = others.map(([kind, count]) => {
    const [one, many] = KIND_NAMES[kind] ?? [kind, kind];
    return counted(count, one, many);
  });
  return section.ok(
    'attribution',
    `${number(inbound)} inbound, ${number(outbound)} outbound, of ${counted(customers, 'customer')}`,
    [
      automatic.length > 0 ? `among them ${listed(automatic)}` : 'no list mail, none automatic',
      ...(copies > 0
        ? [`${counted(copies, 'copy', 'copies')} of another in the sample, as far as headers say`]
        : []),
      ...(recorded === null || recorded === 0 ? [] : [`${number(recorded)} recorded already`]),
      ...(withoutAddress > 0
        ? [`${withoutAddress} without a usable address: recorded without a customer`]
        : []),
      ...(kinds.bounce ? ['whose bounces they are stands in their bodies, which are not read here'] : []),
    ],
  );
}

const KIND_NAMES: Readonly<Record<string, readonly [one: string, many: string]>> = {
  list: ['mail of a list', 'mails of lists'],
  auto_reply: ['automatic reply', 'automatic replies'],
  bounce: ['bounce', 'bounces'],
  receipt: ['read receipt', 'read receipts'],
  calendar: ['calendar reply', 'calendar replies'],
};

function ownFindings(section: Section, { own, headers }: SampleSummary): Finding[] {
  const { suggestions, unused, configured } = own;
  const findings: Finding[] = [];
  const kept = configured.filter(
    (entry) => publicDomainReason(domainKey(entry.replace(/^\./, ''))) === undefined,
  );
  const likely = likelyOwn(suggestions, headers.carrying);
  if (likely !== undefined) {
    findings.push(
      section.warning(
        'own_incomplete',
        `\`own\` lacks ${suggestions.length === 1 ? 'one that may be' : 'some that may be'} yours`,
        `add those that are yours, e.g. \`own: [${[...kept, likely].join(', ')}]\`; mail from them is outbound then`,
        suggestions.map(suggestionText),
      ),
    );
  }
  if (unused.length > 0) {
    findings.push(
      section.warning(
        'own_unused',
        `no mail of the sample has an address of ${listed(unused)}, which \`own\` has`,
        'see that it is spelt right',
      ),
    );
  }
  if (findings.length > 0) return findings;
  // Anybody can write x-headers: who does so and is not known for anything else is most likely a stranger.
  const strangers = suggestions.map(({ entry, senders }) => `${entry} (${senders})`);
  return [
    section.ok(
      'own_complete',
      `\`own\` has everybody that looks like yours (${configured.join(', ')})`,
      strangers.length > 0 ? [`others who write x-headers: ${named(strangers)}`] : [],
    ),
  ];
}

/**
 * What may stand in an example that people copy: whom mail is addressed to, who sends from the mailbox, or who wrote
 * most of the x-headers. A stranger who has written some must not be in it.
 *
 * @param carrying how many mails of the sample have x-headers, those of `own` among them
 */
function likelyOwn(suggestions: readonly OwnSuggestion[], carrying: number): string | undefined {
  return suggestions.find(
    ({ senders, addressed, sent }) => addressed > 0 || sent > 0 || (senders > 1 && senders * 2 > carrying),
  )?.entry;
}

function suggestionText({ entry, senders, addressed, sent }: OwnSuggestion): string {
  const evidence = [
    ...(senders > 0 ? [`From of ${counted(senders, 'mail')} with x-headers`] : []),
    ...(addressed > 0 ? [`${counted(addressed, 'mail')} addressed to it`] : []),
    ...(sent > 0 ? [`From of ${counted(sent, 'sent mail')}`] : []),
  ];
  return `${entry}: ${evidence.join(', ')}`;
}
