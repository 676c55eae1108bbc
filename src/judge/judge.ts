import type { FolderConfig, MailboxConfig, RecordingConfig } from '../config/schema.ts';
import { errorMessage } from '../errors.ts';
import type { FetchedMessage } from '../imap/fetch.ts';
import { type OwnMatcher, ownMatcher } from '../message/addresses.ts';
import { dedupeKey } from '../message/dedupe-key.ts';
import { bodyStart, readHead } from '../message/head.ts';
import { Headers } from '../message/headers.ts';
import { keptOf } from '../message/kept.ts';
import { type LeftInMailbox, withLeft } from '../message/left.ts';
import { parseMessage, readHeaders } from '../message/parse.ts';
import { type Redaction, redactSource } from '../message/redact.ts';
import type { FolderRef, Incoming } from '../record/incoming.ts';
import type { Unrecordable } from '../record/quarantine.ts';
import {
  interactionKind,
  messageCustomer,
  messageDirection,
  messageParties,
  type Setting,
} from '../rules/attribution.ts';
import { type CaseNumberReader, caseNumberReader } from '../rules/case-number.ts';
import { type HeaderMapping, headerMapping } from '../rules/header-mapping.ts';
import { keptDirectives } from '../rules/kept-directives.ts';
import { trustedDirectives } from '../rules/trusted-directives.ts';
import type { Trust, Verdict } from '../trust/trust.ts';
import { verdictOf } from '../trust/verdict.ts';

/** A folder's rules as the configuration has them: data that can go to another thread. */
export interface JudgeSetup {
  readonly trust: Trust;
  /** What must not be stored of any mail, whichever mailbox it comes to. */
  readonly redactions: readonly Redaction[];
  readonly own: readonly string[];
  readonly role: FolderConfig['role'];
  readonly prefix: string;
  readonly subjectNumber: string;
  readonly bodyCharacters: number;
}

/** A folder's rules, made ready once. */
export interface Judge {
  readonly trust: Trust;
  readonly mapping: HeaderMapping;
  readonly isOwn: OwnMatcher;
  readonly role: FolderConfig['role'];
  readonly caseNumbers: CaseNumberReader;
  readonly redactions: readonly Redaction[];
  /** Longest text that is kept, in UTF-16 code units. */
  readonly bodyCharacters: number;
}

export function judgeSetup(
  { trust, own }: Pick<MailboxConfig, 'trust' | 'own'>,
  role: FolderConfig['role'],
  { headers, cases, limits }: Pick<RecordingConfig, 'headers' | 'cases' | 'limits'>,
  redactions: readonly Redaction[] = redactionsOf([{ trust }]),
): JudgeSetup {
  return {
    trust,
    redactions,
    own,
    role,
    prefix: headers.prefix,
    subjectNumber: cases.subject_number,
    bodyCharacters: limits.body_characters,
  };
}

/** The secrets of mailboxes: mail with the one of another may come to any of them. */
export function redactionsOf(mailboxes: readonly Pick<MailboxConfig, 'trust'>[]): Redaction[] {
  return mailboxes.flatMap(({ trust }) => (typeof trust === 'object' && trust.secret ? [trust.secret] : []));
}

export function createJudge(setup: JudgeSetup): Judge {
  const { trust, own, role, prefix, subjectNumber, bodyCharacters, redactions } = setup;
  return {
    trust,
    mapping: headerMapping(prefix, typeof trust === 'object' ? trust.secret?.header : undefined),
    isOwn: ownMatcher(own),
    role,
    caseNumbers: caseNumberReader(subjectNumber),
    redactions,
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
  /** Secrets overwritten. */
  readonly source: Buffer;
}

/**
 * Takes a message over: from here on its bytes are ours, and a secret in them is overwritten where they are.
 *
 * @param verdict as it was found when the message came, where it is judged once more: the secret is gone by then
 */
export function receive(
  { trust, redactions }: Judge,
  { source, left, receivedAt }: FetchedMessage,
  verdict?: Verdict,
): Received {
  const found = verdict ?? verdictOf(trust, { headers: headersFor(trust, source), receivedAt });
  return { left, receivedAt, verdict: found, source: redactSource(source, redactions) };
}

/** What the verdict goes by; nothing is read of a header that does not count. */
function headersFor(trust: Trust, source: Buffer): Headers {
  if (typeof trust !== 'object') return new Headers([]);
  const { lines } = readHead(source.subarray(0, bodyStart(source)));
  return readHeaders(lines);
}

/** What judging adds to what was known of a message. */
export type Judgement = Pick<
  Incoming,
  'message' | 'dedupeKey' | 'directives' | 'direction' | 'customer' | 'parties' | 'caseNumbers'
>;

/**
 * Reads what a message says, and what of it counts.
 *
 * @throws where it cannot be read: then the fault is in its bytes
 */
export async function conclude(
  rules: Judge,
  { verdict, source, left, receivedAt }: Received,
): Promise<Judgement> {
  const parsed = withLeft(await parseMessage(source, rules.redactions), left);
  const kind = interactionKind(parsed, rules.isOwn);
  const message = { ...parsed, kind: kind.value };
  const directives = trustedDirectives(verdict, rules.mapping, message.headers);
  const setting: Setting = { isOwn: rules.isOwn, role: rules.role, senderAuth: verdict.senderAuth };
  const direction = messageDirection(message, directives, setting);
  if (rules.mapping.prefixed(message.headers).length > 0) {
    directives.decided.push({
      what: 'trust',
      value: verdict.trusted ? 'trusted' : null,
      why: verdict.reason,
    });
  }
  if (kind.why !== '') directives.decided.push({ what: 'kind', ...kind });
  directives.decided.push({ what: 'direction', ...direction });
  return {
    // The key is made of all of it: a limit that changes must not make a copy another mail.
    dedupeKey: dedupeKey(message, rules.mapping.isMapped, left === undefined ? undefined : receivedAt),
    directives: keptDirectives(directives),
    direction: direction.value,
    customer: messageCustomer(message, directives, direction.value, setting),
    parties: messageParties(message, setting),
    caseNumbers: rules.caseNumbers(message.subject ?? ''),
    message: keptOf(message, rules.bodyCharacters),
  };
}

/** A message and what was concluded of it, ready to be recorded. */
export function incomingOf(
  folder: FolderRef,
  { uid, receivedAt, sizeBytes }: FetchedMessage,
  { verdict, source, left }: Received,
  judgement: Judgement,
): Incoming {
  const { trusted, reason: trustWhy, senderAuth } = verdict;
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
  const received = receive(rules, { ...fetched, source: Buffer.from(fetched.source) }, verdict);
  try {
    return incomingOf(folder, fetched, received, await conclude(rules, received));
  } catch (error) {
    return unreadable(folder, fetched, received, error);
  }
}
