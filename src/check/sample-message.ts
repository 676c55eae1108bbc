import type { FetchedHeader } from '../imap/fetch-headers.ts';
import { evidenceOf } from '../judge/evidence.ts';
import { type Judge, judge } from '../judge/judge.ts';
import { addressKey, isMailSystem, parseAddresses } from '../message/addresses.ts';
import type { Headers } from '../message/headers.ts';
import type { Kind } from '../message/kind.ts';
import type { FolderRef, Incoming } from '../record/incoming.ts';
import type { Direction } from '../rules/directives.ts';
import { type Coverage, coverageOf } from '../trust/dkim.ts';
import { bySecret } from '../trust/secret.ts';
import { topmostAuthservId } from '../trust/server-results.ts';
import { resultsOf } from '../trust/signatures.ts';
import type { Evidence, Trust } from '../trust/trust.ts';

/** Why a mail's x-headers are not applied. */
export type Distrust = 'nobody' | 'missing' | 'repeated' | 'wrong' | 'unsigned' | 'misfit' | DkimDistrust;

/** The same where trust goes by DKIM: see coverageOf. */
export type DkimDistrust =
  | 'unlisted'
  | 'without_dkim'
  | 'uncovered'
  /** Covered, but nobody says whether the signature is good. */
  | 'unproven'
  /** Covered, but the receiving server has not found the signature good. */
  | 'not_good';

/** What DKIM could do for a mail, as far as its header says. */
export interface SampledDkim {
  readonly state: Coverage['state'];
  /** Why its headers are not covered, where there is a signature; ends a sentence. */
  readonly why: string | undefined;
}

/** What a sample keeps of a message. */
export interface SampledMessage {
  readonly receivedAt: Date;
  readonly kind: Kind;
  readonly direction: Direction;
  /** Undefined where there is no usable one. */
  readonly from: string | undefined;
  /** To and Cc. */
  readonly addressed: readonly string[];
  /** The mailbox's own address, where a server has written it (Delivered-To, X-Original-To). */
  readonly deliveredTo: readonly string[];
  readonly replyTo: readonly string[];
  /** Whether it has header fields under the configured prefix. */
  readonly carries: boolean;
  /** Undefined where it is trusted. */
  readonly distrust: Distrust | undefined;
  /** How many of its header fields would be applied. */
  readonly applied: number;
  /** Whether that depends on its DKIM signature, which mailcase verifies when it is polled: that takes the body. */
  readonly isToVerify: boolean;
  /** Undefined where trust does not go by DKIM, or the mail carries no headers. */
  readonly dkim: SampledDkim | undefined;
  /** Whose its topmost Authentication-Results are. */
  readonly authservId: string | undefined;
  /** Others whom a mail with the secret is addressed to. */
  readonly secretWith: readonly string[];
  /** Header values that could not be taken, were the mail trusted. */
  readonly refused: readonly { readonly header: string; readonly value: string; readonly reason: string }[];
  /** Prefixes of header fields that look like ours under another name. */
  readonly otherPrefixes: readonly string[];
  /** Key of the customer's address; undefined where there is none, or it stands in the body (a bounce). */
  readonly customer: string | undefined;
  readonly messageId: string | undefined;
  /** By what copies are known, as far as headers say it. */
  readonly copyKey: string;
  /** Whether a poll or an import has taken it: it has a receipt. */
  readonly hasReceipt: boolean;
}

/** Most recipients of one message that are kept, and the longest value, in characters: thousands are seen in attacks. */
const MAX_ADDRESSES = 100;
const LONGEST_VALUE = 200;

/** No folder of the database: nothing is recorded here. */
const NOWHERE: FolderRef = { folderId: 0, uidValidity: 0 };

/**
 * Judges a message by its header, through the daemon's own judge. Without the body it cannot be seen: whose a bounce
 * is, a calendar reply that names its METHOD in the calendar alone, and, of two mails alike in everything else, whether
 * their texts differ.
 *
 * @returns undefined for a header that cannot be parsed
 */
export async function sampleMessage(
  rules: Judge,
  fetched: FetchedHeader,
  hasReceipt: boolean,
): Promise<SampledMessage | undefined> {
  const incoming = await judge(rules, NOWHERE, { ...fetched, source: fetched.header });
  if ('error' in incoming) return undefined;
  const { message, customer } = incoming;
  const { headers } = message;
  const carries = rules.mapping.carried(headers).some(({ value }) => value !== '');
  const evidence = evidenceOf(rules, { source: fetched.header, receivedAt: fetched.receivedAt });
  const coverage = carries && typeof rules.trust === 'object' && rules.trust.dkim;
  const dkim = coverage ? coverageOf(coverage, evidence) : undefined;
  const isToVerify = !incoming.trusted && rules.authentication.verify && dkim?.state === 'covered';
  const mapped = rules.mapping.read(headers);
  return {
    hasReceipt,
    carries,
    receivedAt: fetched.receivedAt,
    kind: kindOf(incoming, fetched),
    direction: incoming.direction,
    from: message.from?.address,
    addressed: addressesOf([...message.to, ...message.cc]),
    deliveredTo: addressesIn(headers, ['delivered-to', 'x-original-to']),
    replyTo: addressesOf(message.replyTo),
    distrust: incoming.trusted || isToVerify ? undefined : distrustOf(rules.trust, evidence, dkim?.state),
    applied: incoming.trusted || isToVerify ? mapped.applied.length : 0,
    isToVerify,
    dkim: dkim && { state: dkim.state, why: dkim.state === 'uncovered' ? dkim.why : undefined },
    authservId: topmostAuthservId(headers),
    secretWith: holdsSecret(rules.trust, evidence.headers)
      ? addressesOf([...message.to, ...message.cc]).filter((address) => !rules.isOwn(address))
      : [],
    refused: mapped.refused.map(({ by, value, reason }) => ({
      header: by,
      value: value.slice(0, LONGEST_VALUE),
      reason,
    })),
    otherPrefixes: foreignPrefixes(rules, headers),
    customer: customer.address && addressKey(customer.address.address),
    messageId: message.messageId,
    copyKey: incoming.dedupeKey.toString('hex'),
  };
}

function kindOf({ message: { kind } }: Incoming, { hasCalendarReply }: FetchedHeader): Kind {
  return hasCalendarReply && (kind === 'mail' || kind === 'list') ? 'calendar' : kind;
}

function distrustOf(trust: Trust, evidence: Evidence, state: Coverage['state'] | undefined): Distrust {
  const { headers } = evidence;
  if (typeof trust !== 'object') return 'nobody';
  const { secret, hmac } = trust;
  const given = secret ? headers.all(secret.header).length : 0;
  if (given > 0) return given > 1 ? 'repeated' : 'wrong';
  if (hmac && headers.first(hmac.header)) return 'misfit';
  if (state === 'unsigned') return 'without_dkim';
  if (state === 'uncovered') return 'uncovered';
  if (state === 'covered') return resultsOf(evidence).length === 0 ? 'unproven' : 'not_good';
  if (hmac) return 'unsigned';
  return secret ? 'missing' : state === 'unlisted' ? 'unlisted' : 'nobody';
}

function holdsSecret(trust: Trust, headers: Headers): boolean {
  return typeof trust === 'object' && trust.secret !== undefined && bySecret(trust.secret, headers).trusted;
}

function addressesOf(list: readonly { address: string }[]): string[] {
  return list
    .map(({ address }) => address)
    .filter((address) => !isMailSystem(address))
    .slice(0, MAX_ADDRESSES);
}

function addressesIn(headers: Headers, keys: readonly string[]): string[] {
  return addressesOf(keys.flatMap((key) => headers.all(key)).flatMap(({ raw }) => parseAddresses(raw)));
}

/** Fields of ours that nobody writes by chance. */
const TELLING = /^(x-(?:[a-z0-9_]+-)*)(?:customer-email|case-external-id|interaction-direction)$/;

function foreignPrefixes({ mapping }: Judge, headers: Headers): string[] {
  const prefixes = headers.fields.flatMap(({ key }) =>
    mapping.isMapped(key) ? [] : (TELLING.exec(key)?.[1] ?? []),
  );
  return [...new Set(prefixes)];
}
