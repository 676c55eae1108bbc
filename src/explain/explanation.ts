import { formatDuration } from '../config/units.ts';
import type { FetchedMessage } from '../imap/fetch.ts';
import type { Address } from '../message/addresses.ts';
import type { Incoming } from '../record/incoming.ts';
import type { EventValue, NewInteraction, Plan } from '../record/plan.ts';
import type { Unrecordable } from '../record/quarantine.ts';
import type { Customer, SupportCase } from '../record/view.ts';
import type { Applied, Decided, Refused } from '../rules/directives.ts';
import { isRule } from '../rules/rules.ts';
import { isBroughtByHand, type Original } from './original.ts';
import type { Selection, Setting } from './setting.ts';

/**
 * What a message comes to, and why. It is what `--json` answers with, so its names are those of the tables. Whatever is
 * from the message is as it stands there, and not fit for a terminal.
 */
export interface Explanation {
  readonly mailbox: string;
  readonly folder: string;
  readonly role: 'inbox' | 'sent';
  readonly message: ExplainedMessage;
  readonly outcome: 'recorded' | 'duplicate' | 'skipped' | 'quarantined';
  /** Whether the next poll takes it, and why; null for a file. */
  readonly selection: Selection | null;
  /** Why it cannot be recorded, or which rule skips it. */
  readonly error: string | null;
  /** Why a poll would leave it for later polls, and how long at most; null where it would not. */
  readonly put_off: string | null;
  /** What it is a copy of, or has become already. */
  readonly duplicate_of: {
    readonly interaction_id: number;
    readonly case_id: number;
    /** Whether a person has brought it into that case since it was recorded. */
    readonly moved: boolean;
    readonly received_at: Date;
  } | null;
  /** Trust, sender, kind, direction, customer, case, outsider and status, in the order in which they are decided. */
  readonly decided: readonly Decided[];
  readonly headers: { readonly applied: readonly Applied[]; readonly refused: readonly Refused[] };
  /** What rules set, beside what headers do, and what of it was refused. */
  readonly rules: {
    /** The names of those that match, in order. */
    readonly matched: readonly string[];
    readonly applied: readonly Applied[];
    readonly refused: readonly Refused[];
  };
  readonly customer: ExplainedCustomer | null;
  readonly case: ExplainedCase | null;
  /** Fields of the case that it sets, the first time included. */
  readonly changes: readonly ExplainedChange[];
}

export interface ExplainedMessage {
  readonly message_id: string | null;
  readonly subject: string | null;
  readonly from: string | null;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly received_at: Date;
  readonly size_bytes: number;
  readonly attachments: number;
  /** What of it is not kept, a sentence for each. */
  readonly cut: readonly string[];
}

export interface ExplainedCustomer {
  /** Null for one who is new. */
  readonly id: number | null;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly company: string | null;
  readonly phone: string | null;
  readonly external_id: string | null;
  readonly language: string | null;
  readonly custom_fields: Readonly<Record<string, string>>;
}

export interface ExplainedCase {
  /** Null for one that is new. */
  readonly id: number | null;
  readonly external_id: string | null;
  readonly subject: string | null;
  readonly status: string;
  readonly priority: number | null;
  readonly language: string | null;
  readonly labels: readonly string[];
  readonly custom_fields: Readonly<Record<string, string>>;
  readonly follow_up_of: number | null;
}

export interface ExplainedChange {
  readonly field: string;
  readonly old: string | null;
  readonly new: string | null;
  readonly reason: string | null;
}

/** What headers and rules do, apart from one another. */
function doneBy(
  applied: readonly Applied[],
  refused: readonly Refused[],
  matched: readonly string[],
): Pick<Explanation, 'headers' | 'rules'> {
  const isOfRule = ({ by }: { readonly by: string }) => isRule(by);
  const isOfHeader = ({ by }: { readonly by: string }) => !isRule(by);
  return {
    headers: { applied: applied.filter(isOfHeader), refused: refused.filter(isOfHeader) },
    rules: { matched, applied: applied.filter(isOfRule), refused: refused.filter(isOfRule) },
  };
}

/** A message that is new. */
export function explainRecorded(
  setting: Setting,
  fetched: FetchedMessage,
  plan: Plan,
  { incoming, supportCase, customer }: NewInteraction,
): Explanation {
  const { applied, refused, byRules } = incoming.directives;
  return {
    ...inFolder(setting, incoming, fetched),
    outcome: 'recorded',
    put_off: putOff(setting, incoming),
    decided: withTrust(incoming),
    ...doneBy(applied, refused, byRules?.matched ?? []),
    customer: explainedCustomer(customer),
    case: explainedCase(supportCase),
    changes: changesOf(plan, supportCase),
  };
}

/**
 * A message that is recorded already, as itself or as another copy. Where it is a trusted copy of an untrusted one it
 * changes what that copy came to; otherwise nothing, and what is told is how the other one was recorded.
 */
export function explainDuplicate(
  setting: Setting,
  fetched: FetchedMessage,
  incoming: Incoming,
  plan: Plan,
  original: Original,
): Explanation {
  const { interactionId, caseId, receivedAt, ...stored } = original;
  const [changed] = plan.changed;
  const { applied, refused } = changed ? changed.directives : stored;
  const matched = changed ? (changed.directives.byRules?.matched ?? []) : stored.rules;
  return {
    ...inFolder(setting, incoming, fetched),
    outcome: 'duplicate',
    duplicate_of: {
      interaction_id: interactionId,
      case_id: caseId,
      moved: isBroughtByHand(original),
      received_at: receivedAt,
    },
    decided: changed ? withTrust(incoming) : stored.decided,
    ...doneBy(applied, refused, matched),
    customer: changed ? explainedCustomer(changed.customer) : null,
    case: changed ? explainedCase(changed.supportCase) : null,
    changes: changed ? changesOf(plan, changed.supportCase) : [],
  };
}

/** A message that was read and is no interaction: it is in quarantine, or was skipped. */
export function explainSetAside(setting: Setting, fetched: FetchedMessage, incoming: Incoming): Explanation {
  const outcome = setting.receipt?.outcome === 'skipped' ? 'skipped' : 'quarantined';
  const error = setting.receipt?.lastError ?? null;
  return { ...inFolder(setting, incoming, fetched), outcome, error, decided: withTrust(incoming) };
}

/**
 * A message that a rule skips, or that somebody has dropped before, under another UID: it does not come back.
 *
 * @param error which rule, and why; null for what was dropped
 */
export function explainLeftOut(
  setting: Setting,
  fetched: FetchedMessage,
  incoming: Incoming,
  error: string | null,
): Explanation {
  const { applied, refused, byRules } = incoming.directives;
  return {
    ...inFolder(setting, incoming, fetched),
    outcome: 'skipped',
    error,
    decided: withTrust(incoming),
    ...(error === null ? {} : doneBy(applied, refused, byRules?.matched ?? [])),
  };
}

const NO_MESSAGE = { message_id: null, subject: null, from: null, to: [], cc: [], attachments: 0, cut: [] };

/** Bytes that cannot be read as a message. */
export function explainUnreadable(
  setting: Setting,
  { receivedAt, source, sizeBytes, left }: FetchedMessage,
  { stage, error }: Unrecordable,
): Explanation {
  return {
    ...emptyIn(setting),
    message: { ...NO_MESSAGE, received_at: receivedAt, size_bytes: left ? sizeBytes : source.length },
    outcome: 'quarantined',
    error: `${stage}: ${error}`,
  };
}

function emptyIn({ mailbox, folder, selection }: Setting) {
  return {
    mailbox: mailbox.name,
    folder: folder.path,
    role: folder.role,
    selection: selection ?? null,
    error: null,
    put_off: null,
    duplicate_of: null,
    decided: [],
    headers: { applied: [], refused: [] },
    rules: { matched: [], applied: [], refused: [] },
    customer: null,
    case: null,
    changes: [],
  };
}

function inFolder(
  setting: Setting,
  { message, receivedAt }: Incoming,
  { source, sizeBytes, left }: FetchedMessage,
) {
  const addresses = (list: readonly Address[]) => list.map(({ address }) => address);
  return {
    ...emptyIn(setting),
    message: {
      message_id: message.messageId ?? null,
      subject: message.subject ?? null,
      from: message.from?.address ?? null,
      to: addresses(message.to),
      cc: addresses(message.cc),
      received_at: receivedAt,
      // RFC822.SIZE is an estimate at some servers.
      size_bytes: left ? sizeBytes : source.length,
      attachments: message.attachments.length,
      cut: message.cut,
    },
  };
}

/** A poll waits for a DKIM key that cannot be looked up; whoever asks now is told what comes of it without. */
function putOff({ mailbox: { authentication } }: Setting, { awaitsKey }: Incoming): string | null {
  if (awaitsKey === undefined) return null;
  const wait = formatDuration(authentication.wait);
  return `the DKIM key of ${awaitsKey} cannot be looked up; a poll looks again for ${wait} before it does this`;
}

/** The daemon keeps the verdict of trust where there are headers that it is about; whoever asks wants it always. */
function withTrust({ directives: { decided }, trusted, trustWhy }: Incoming): Decided[] {
  const isThere = decided.some(({ what }) => what === 'trust');
  const verdict: Decided = { what: 'trust', value: trusted ? 'trusted' : null, why: trustWhy };
  return isThere ? [...decided] : [verdict, ...decided];
}

function changesOf({ events }: Plan, supportCase: SupportCase): ExplainedChange[] {
  return events
    .filter((event) => event.supportCase === supportCase)
    .map(({ field, old, new: value, reason }) => ({ field, old: textOf(old), new: textOf(value), reason }));
}

/** A customer who is new has no number yet. */
function textOf(value: EventValue): string | null {
  if (typeof value === 'string' || value === null) return value;
  return value.id === undefined ? 'a new customer' : String(value.id);
}

function explainedCustomer(customer: Customer | undefined): ExplainedCustomer | null {
  return customer === undefined ? null : { ...customer, id: customer.id ?? null };
}

function explainedCase(supportCase: SupportCase): ExplainedCase {
  const { id, external_id, subject, status, priority, language, labels, custom_fields } = supportCase;
  const { followUpOf, follow_up_of } = supportCase;
  return {
    id: id ?? null,
    ...{ external_id, subject, status, priority, language, labels, custom_fields },
    follow_up_of: followUpOf?.id ?? follow_up_of ?? null,
  };
}
