import type { FolderConfig, HeadersConfig, MailboxConfig, RecordingConfig } from '../config/schema.ts';
import { errorMessage } from '../errors.ts';
import type { FetchedMessage } from '../imap/fetch.ts';
import { type OwnMatcher, ownMatcher } from '../message/addresses.ts';
import { dedupeKey } from '../message/dedupe-key.ts';
import { keptOf } from '../message/kept.ts';
import type { Kind } from '../message/kind.ts';
import { type LeftInMailbox, withLeft } from '../message/left.ts';
import type { Message } from '../message/message.ts';
import { parseMessage } from '../message/parse.ts';
import { type Redaction, redactSource } from '../message/redact.ts';
import type { Counting, FolderRef, Incoming, Untrusted } from '../record/incoming.ts';
import type { Unrecordable } from '../record/quarantine.ts';
import { interactionKind, messageCustomer, messageDirection, messageParties } from '../rules/attribution.ts';
import { type CaseNumberReader, caseNumberReader } from '../rules/case-number.ts';
import { type Conclusion, type Directives, setBy } from '../rules/directives.ts';
import { directivesOf } from '../rules/directives-of.ts';
import type { RuleSetting } from '../rules/facts.ts';
import { headerMapping } from '../rules/header-mapping.ts';
import { keptDirectives } from '../rules/kept-directives.ts';
import type { RuleConfig } from '../rules/rule.ts';
import { compileRules, type Rules } from '../rules/rules.ts';
import { awaitedKey } from '../trust/dkim.ts';
import type { Authentication, Evidence, Trust, TrustWays, Verdict } from '../trust/trust.ts';
import { verdictOf, withoutSignatures } from '../trust/verdict.ts';
import { type EvidenceRules, evidenceOf } from './evidence.ts';

/** A folder's rules as the configuration has them: data that can go to another thread. */
export interface JudgeSetup {
  readonly trust: Trust;
  readonly authentication: Authentication;
  /** What must not be stored of any mail, whichever mailbox it comes to. */
  readonly redactions: readonly Redaction[];
  /** Headers (lower case) with secrets and signatures, of whichever mailbox: never a part of what the mail says. */
  readonly trustHeaders: readonly string[];
  readonly own: readonly string[];
  /** The mailbox's name, and the folder's path. */
  readonly mailbox: string;
  readonly folder: string;
  readonly role: FolderConfig['role'];
  readonly headers: HeadersConfig;
  readonly rules: readonly RuleConfig[];
  readonly subjectNumber: string;
  readonly bodyCharacters: number;
}

/** What a message is taken over by: whose headers count, and what is overwritten in it. */
export interface Receiver extends EvidenceRules {
  readonly redactions: readonly Redaction[];
}

/** A folder's rules, made ready once. */
export interface Judge extends Receiver {
  readonly rules: Rules;
  readonly isOwn: OwnMatcher;
  /** The mailbox's name, and the folder's path. */
  readonly mailbox: string;
  readonly folder: string;
  readonly caseNumbers: CaseNumberReader;
  /** Longest text that is kept, in UTF-16 code units. */
  readonly bodyCharacters: number;
}

/** What of the configuration counts for the mail of a folder. */
export type JudgedMailbox = Pick<MailboxConfig, 'name' | 'trust' | 'own' | 'authentication'>;
export type JudgedFolder = Pick<FolderConfig, 'path' | 'role'>;
export type JudgedBy = Pick<RecordingConfig, 'headers' | 'rules' | 'cases' | 'limits'>;

/** @param all mailboxes, since mail that was meant for another one may come to this one */
export function judgeSetup(
  { name, trust, own, authentication }: JudgedMailbox,
  { path, role }: JudgedFolder,
  { headers, rules, cases, limits }: JudgedBy,
  all: readonly Pick<MailboxConfig, 'trust'>[] = [],
): JudgeSetup {
  return {
    trust,
    authentication,
    redactions: redactionsOf([{ trust }, ...all]),
    trustHeaders: trustHeadersOf([{ trust }, ...all]),
    own,
    mailbox: name,
    folder: path,
    role,
    headers,
    rules,
    subjectNumber: cases.subject_number,
    bodyCharacters: limits.body_characters,
  };
}

/** The secrets of mailboxes, each once: mail with the one of another may come to any of them. */
export function redactionsOf(mailboxes: readonly Pick<MailboxConfig, 'trust'>[]): Redaction[] {
  const all = waysOf(mailboxes).flatMap(({ secret }) => (secret ? [secret] : []));
  return [...new Map(all.map((each) => [`${each.header}: ${each.value}`, each])).values()];
}

function trustHeadersOf(mailboxes: readonly Pick<MailboxConfig, 'trust'>[]): string[] {
  const all = waysOf(mailboxes).flatMap(({ secret, hmac }) => [secret?.header, hmac?.header]);
  return [...new Set(all.filter((header) => header !== undefined))];
}

function waysOf(mailboxes: readonly Pick<MailboxConfig, 'trust'>[]): TrustWays[] {
  return mailboxes.flatMap(({ trust }) => (typeof trust === 'object' ? [trust] : []));
}

/** Makes ready what taking messages over needs, without the operator's rules: thousands of them take their time. */
export function createReceiver(setup: JudgeSetup): Receiver {
  const { trust, authentication, role, headers, redactions, trustHeaders } = setup;
  return { trust, authentication, mapping: headerMapping(headers, trustHeaders), role, redactions };
}

export function createJudge(setup: JudgeSetup): Judge {
  const { own, mailbox, folder, rules, subjectNumber, bodyCharacters } = setup;
  return {
    ...createReceiver(setup),
    rules: compileRules(rules),
    isOwn: ownMatcher(own),
    ...{ mailbox, folder },
    caseNumbers: caseNumberReader(subjectNumber),
    bodyCharacters,
  };
}

/**
 * What has to be known of a message before anything else is done with it: whether its headers are instructions, and its
 * bytes without the secret that says so. From then on it can be set aside, whatever happens to it.
 */
export interface Received {
  readonly verdict: Verdict;
  /** What was not fetched of it; undefined where all of it was. */
  readonly left: LeftInMailbox | undefined;
  /** INTERNALDATE. */
  readonly receivedAt: Date;
  /** How large the whole mail is; of one that was fetched whole, as it was counted here. */
  readonly sizeBytes: number;
  /** As in Incoming. */
  readonly awaitsKey?: string | undefined;
  /** Secrets overwritten. */
  readonly source: Buffer;
}

/** What is known of a message's trust when it is taken over. */
export interface Known {
  /** As it was found when the message came, where it is judged once more: the secret is gone by then. */
  readonly verdict?: Verdict | undefined;
  /** What the verdict goes by, where more has been found out than its header says. */
  readonly evidence?: Evidence | undefined;
}

/** Takes a message over: from here on its bytes are ours, and a secret in them is overwritten where they are. */
export function receive(
  rules: Receiver,
  { source, left, receivedAt, sizeBytes }: FetchedMessage,
  { verdict, evidence }: Known = {},
): Received {
  const found = verdict
    ? { verdict }
    : findVerdict(rules, evidence ?? evidenceOf(rules, { source, receivedAt }));
  return {
    ...{ left, receivedAt, ...found },
    // RFC822.SIZE is an estimate at some servers.
    sizeBytes: left === undefined ? source.length : sizeBytes,
    source: redactSource(source, rules.redactions),
  };
}

function findVerdict({ trust }: Receiver, evidence: Evidence): Pick<Received, 'verdict' | 'awaitsKey'> {
  const verdict = verdictOf(trust, evidence);
  const mayWait = !verdict.trusted && typeof trust === 'object' && trust.dkim;
  return { verdict, awaitsKey: mayWait ? awaitedKey(mayWait, evidence) : undefined };
}

/** What judging adds to what was known of a message. */
export type Judgement = Pick<
  Incoming,
  'message' | 'dedupeKey' | 'untrusted' | 'caseNumbers' | keyof Counting
>;

/**
 * Reads what a message says, and what of it counts.
 *
 * @throws where it cannot be read: then the fault is in its bytes
 */
export async function conclude(
  rules: Judge,
  { verdict, source, left, receivedAt, sizeBytes }: Received,
): Promise<Judgement> {
  const parsed = withLeft(await parseMessage(source, rules.redactions), left);
  const found = interactionKind(parsed, rules.isOwn);
  const { kind, ...counting } = countingOf(rules, parsed, found, sizeBytes, verdict);
  const message = { ...parsed, kind };
  return {
    // The key is made of all of it: a limit that changes must not make a copy another mail.
    dedupeKey: dedupeKey(message, rules.mapping.isMapped, left === undefined ? undefined : receivedAt),
    ...counting,
    untrusted: verdict.nonces?.isDecisive ? untrustedOf(rules, parsed, found, sizeBytes, verdict) : undefined,
    caseNumbers: rules.caseNumbers(message.subject ?? ''),
    message: keptOf(message, rules.bodyCharacters),
  };
}

/** What a message comes to where another mail has used its signatures: the same as if it had never been trusted. */
function untrustedOf(
  rules: Judge,
  message: Message,
  found: Conclusion<Kind>,
  sizeBytes: number,
  verdict: Verdict,
): Untrusted {
  const untrusted = withoutSignatures(verdict);
  const { trusted, reason: trustWhy, senderAuth } = untrusted;
  return {
    ...{ trusted, trustWhy, senderAuth },
    ...countingOf(rules, message, found, sizeBytes, untrusted),
  };
}

/**
 * What of a message counts under a verdict.
 *
 * @param found what the message says that it is; a rule may say otherwise
 */
function countingOf(
  rules: Judge,
  parsed: Message,
  found: Conclusion<Kind>,
  sizeBytes: number,
  verdict: Verdict,
): Counting & Pick<Message, 'kind'> {
  const { isOwn, mailbox, folder, role } = rules;
  const setting: RuleSetting = { isOwn, mailbox, folder, role, sizeBytes, senderAuth: verdict.senderAuth };
  const asFound = { ...parsed, kind: found.value };
  const directives = directivesOf(verdict, rules.mapping, rules.rules, asFound, setting);
  const kind = kindOf(directives, found);
  const message = { ...parsed, kind: kind.value };
  const direction = messageDirection(message, directives, setting);
  if (rules.mapping.carried(message.headers).length > 0) {
    directives.decided.push({
      what: 'trust',
      value: verdict.trusted ? 'trusted' : null,
      why: verdict.reason,
    });
  }
  if (verdict.senderAuth !== 'none') {
    directives.decided.push({
      what: 'sender',
      value: verdict.senderAuth,
      why: verdict.senderWhy ?? 'as it was found when the mail came',
    });
  }
  if (kind.why !== '') directives.decided.push({ what: 'kind', ...kind });
  directives.decided.push({ what: 'direction', ...direction });
  return {
    kind: kind.value,
    directives: keptDirectives(directives),
    direction: direction.value,
    customer: messageCustomer(message, directives, direction.value, setting),
    parties: messageParties(message, setting),
  };
}

/** What a message is: as a rule says, else as it says itself. */
function kindOf(directives: Directives, found: Conclusion<Kind>): Conclusion<Kind> {
  const { kind } = directives.interaction;
  return kind === undefined
    ? found
    : { value: kind, why: `${setBy(directives, 'interaction.kind')} says so` };
}

/** A message and what was concluded of it, ready to be recorded. */
export function incomingOf(
  folder: FolderRef,
  { uid, receivedAt, sizeBytes }: FetchedMessage,
  { verdict, awaitsKey, source, left }: Received,
  judgement: Judgement,
): Incoming {
  const { trusted, reason: trustWhy, senderAuth, covered, nonces } = verdict;
  return {
    folder,
    uid,
    receivedAt,
    sizeBytes,
    source,
    isWhole: left === undefined,
    trusted,
    trustWhy,
    senderAuth,
    covered,
    nonces,
    awaitsKey,
    ...judgement,
  };
}

/** A message that cannot be read, with all that is known of it. */
export function unreadable(
  folder: FolderRef,
  { uid, receivedAt, sizeBytes }: FetchedMessage,
  { verdict, source, left }: Received,
  error: unknown,
): Unrecordable {
  return {
    ...{ folder, uid, receivedAt, sizeBytes, source, isWhole: left === undefined, verdict },
    ...{ stage: 'parse', error: errorMessage(error), dedupeKey: undefined },
  };
}

/**
 * Judges a message on this thread. For headers alone and for tests: what a stranger's body does to it, nothing stops.
 *
 * @returns the message ready to be recorded, or why it cannot be: then the fault is in its bytes
 */
export async function judge(
  rules: Judge,
  folder: FolderRef,
  fetched: FetchedMessage,
  verdict?: Verdict,
): Promise<Incoming | Unrecordable> {
  const received = receive(rules, { ...fetched, source: Buffer.from(fetched.source) }, { verdict });
  try {
    return incomingOf(folder, fetched, received, await conclude(rules, received));
  } catch (error) {
    return unreadable(folder, fetched, received, error);
  }
}
