import { TRUST_BY_HMAC } from '../config/trust-schema.ts';
import { ownMatcher } from '../message/addresses.ts';
import { counted } from '../terminal/words.ts';
import type { Finding, Section } from './finding.ts';
import { MAX_NAMED, named } from './naming.ts';
import type { DistrustGroup, SampleSummary } from './sample-summary.ts';

/** Whose header fields count, whose do not and why, and what of that is not as it should be. */
export function trustFindings(section: Section, summary: SampleSummary): Finding[] {
  return [
    ...headerFindings(section, summary),
    ...coverageFindings(section, summary),
    ...secretFindings(section, summary),
  ];
}

function headerFindings(section: Section, summary: SampleSummary): Finding[] {
  const { headers, read, own } = summary;
  const { prefix, carrying, applied, distrusted } = headers;
  const carry = `${carrying} of ${read} ${carrying === 1 ? 'carries' : 'carry'} ${prefix} headers`;
  if (carrying === 0) return [section.ok('headers_none', `none carries ${prefix} headers`)];
  const isNobody = distrusted.some(({ reason }) => reason === 'nobody');
  const all = isNobody
    ? []
    : [section.ok('headers_applied', `${carry}; those of ${applied} would be applied`, toVerify(summary))];
  return [
    ...all,
    ...distrusted.map((group) =>
      section.warning(
        isNobody ? 'headers_trust_none' : codeOf(group),
        isNobody
          ? `${carry}, and none is applied: the mailbox trusts nobody (trust: none)`
          : `those of ${group.count} are not applied: ${whyNot(group, summary)}`,
        distrustCure(group, summary),
        group.reason === 'uncovered' ? coverageTexts(summary) : senderTexts(group, own.configured),
      ),
    ),
  ];
}

/** From can say anything, and `own` may lack some: it says where to look. */
function senderTexts({ senders }: DistrustGroup, own: readonly string[]): string[] {
  const isOwn = ownMatcher(own);
  const text = (some: DistrustGroup['senders']) =>
    named(some.map(({ sender, count }) => `${sender || 'nobody'} (${count})`));
  const ours = senders.filter(({ sender }) => isOwn(sender));
  const others = senders.filter(({ sender }) => !isOwn(sender));
  return [
    ...(ours.length > 0 ? [`from addresses of \`own\`: ${text(ours)}`] : []),
    ...(others.length > 0 ? [`from others: ${text(others)}`] : []),
  ];
}

function codeOf({ reason }: DistrustGroup): string {
  switch (reason) {
    case 'unsigned':
    case 'misfit':
      return `headers_signature_${reason}`;
    case 'unlisted':
    case 'without_dkim':
    case 'uncovered':
    case 'unproven':
    case 'not_good':
      return `headers_dkim_${reason}`;
    default:
      return `headers_secret_${reason}`;
  }
}

/** Header fields alone are read here, and a signature is of the body as well. */
function toVerify({ dkim }: SampleSummary): string[] {
  if (dkim === null || dkim.toVerify === 0) return [];
  return [`${dkim.toVerify} of them if their DKIM signature is good, which is verified when they are polled`];
}

function coverageTexts({ dkim }: SampleSummary): string[] {
  const all = dkim?.uncovered ?? [];
  const lines = all
    .slice(0, MAX_NAMED)
    .map(({ sender, why, count }) => `${sender || 'nobody'} (${count}): ${why}`);
  return [...lines, ...(all.length > MAX_NAMED ? [`and ${all.length - MAX_NAMED} more`] : [])];
}

function coverageFindings(section: Section, { dkim }: SampleSummary): Finding[] {
  if (dkim === null || dkim.listed === 0) return [];
  const { listed: all, covered } = dkim;
  const share = `${covered} of ${counted(all, 'mail')} with headers from \`trust.dkim.domains\``;
  return [
    section.ok(
      'dkim_coverage',
      `${share} ${covered === 1 ? 'has' : 'have'} a DKIM signature that covers them`,
    ),
  ];
}

/** Whoever else gets a mail with the secret knows it. */
function secretFindings(section: Section, { secretWith, secretHeader }: SampleSummary): Finding[] {
  const { messages, addresses } = secretWith;
  if (messages === 0) return [];
  return [
    section.warning(
      'secret_shared',
      `${counted(messages, 'mail')} with the right ${secretHeader} ${messages === 1 ? 'is' : 'are'} addressed to others: who got a copy can change any customer and any case`,
      `if these mails went to them as well, make a new secret, and let your systems sign instead: \`${TRUST_BY_HMAC}\``,
      [`addressed to ${named(addresses)}`],
    ),
  ];
}

function whyNot({ reason, count }: DistrustGroup, summary: SampleSummary): string {
  const { secretHeader, signatureHeader, authservId } = summary;
  const header = secretHeader ?? 'the secret';
  const have = count === 1 ? 'it has' : 'they have';
  switch (reason) {
    case 'nobody':
      return 'the mailbox trusts nobody';
    case 'missing':
      return `${have} no ${header}`;
    case 'repeated':
      return `${have} ${header} more than once`;
    case 'wrong':
      return `what ${have} in ${header} is not the secret`;
    case 'unsigned':
      return `${have} no ${signatureHeader}`;
    case 'misfit':
      return `what ${have} in ${signatureHeader} does not hold`;
    case 'unlisted':
      return 'From is of none of `trust.dkim.domains`';
    case 'without_dkim':
      return `${have} no DKIM signature of From's domain, which is in \`trust.dkim.domains\``;
    case 'uncovered':
      return 'the DKIM signature does not cover them';
    case 'unproven':
      return authservId === undefined
        ? 'nobody says whether their DKIM signature is good'
        : `${have} no Authentication-Results of ${authservId} that count`;
    case 'not_good':
      return `${authservId} has not found their DKIM signature good`;
  }
}

function distrustCure({ reason }: DistrustGroup, summary: SampleSummary): string {
  const { secretHeader, signatureHeader, authservIds } = summary;
  const header = secretHeader ?? 'the header of the secret';
  switch (reason) {
    case 'nobody':
      return (
        `if your own systems wrote them: let them sign them, and set \`${TRUST_BY_HMAC}\` (README, "Signed header ` +
        'fields"); or `trust: all`, if whoever can write to the mailbox may change every case'
      );
    case 'missing':
      return `of those that are yours, let the sending system add ${header}; what strangers wrote stays without effect`;
    case 'repeated':
      return `let the sending system write ${header} once`;
    case 'wrong':
      return `of those that are yours, give the sending system the value of \`trust.secret.value\`; others are guesses or old secrets`;
    case 'unsigned':
      return (
        `of those that are yours, let the sending system add ${signatureHeader} (README, "Signed header fields"); ` +
        'what strangers wrote stays without effect'
      );
    case 'misfit':
      return '`mailcase explain --uid` says of each what is wrong with it: another key, too old, or changed since it was signed';
    case 'unlisted':
      return 'if a domain of these is yours and signs all its mail, add it to `trust.dkim.domains`; what strangers wrote stays without effect';
    case 'without_dkim':
      return 'let the system that sends them sign with DKIM; mail that only looks like yours stays without effect';
    case 'uncovered':
      return (
        'let the system that signs them have each of these fields in h= (and as often as the mail has it), or let the ' +
        `sending system sign them itself: \`${TRUST_BY_HMAC}\``
      );
    case 'unproven': {
      const seen = authservIds.map(({ id, count }) => `${id} (${count})`);
      const found =
        seen.length === 0 ? 'no mail of the sample has any' : `the topmost ones are of ${named(seen)}`;
      return (
        `set \`authentication.authserv_id\` to what your receiving server calls itself (${found}), or ` +
        '`authentication: {verify: true}`'
      );
    }
    case 'not_good':
      return '`mailcase explain --uid` says of each what was found; mail that only looks like yours stays without effect';
  }
}
