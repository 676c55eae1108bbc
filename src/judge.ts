import type { FolderConfig, MailboxConfig, RecordingConfig } from './config/schema.ts';
import { errorMessage } from './errors.ts';
import type { FetchedMessage } from './imap/fetch.ts';
import { type OwnMatcher, ownMatcher } from './message/addresses.ts';
import { dedupeKey } from './message/dedupe-key.ts';
import { withLeft } from './message/left.ts';
import { parseMessage } from './message/parse.ts';
import { type Redaction, redactSource } from './message/redact.ts';
import type { FolderRef, Incoming } from './record/incoming.ts';
import type { Unrecordable } from './record/quarantine.ts';
import {
  interactionKind,
  messageCustomer,
  messageDirection,
  messageParties,
  type Setting,
} from './rules/attribution.ts';
import { type CaseNumberReader, caseNumberReader } from './rules/case-number.ts';
import { type HeaderMapping, headerMapping } from './rules/header-mapping.ts';
import { type Trust, trustedDirectives, trustVerdict } from './rules/trust.ts';

/** A folder's rules, made ready once. */
export interface Judge {
  readonly trust: Trust;
  readonly mapping: HeaderMapping;
  readonly isOwn: OwnMatcher;
  readonly role: FolderConfig['role'];
  readonly caseNumbers: CaseNumberReader;
  readonly redaction: Redaction | undefined;
}

export function createJudge(
  mailbox: MailboxConfig,
  role: FolderConfig['role'],
  { headers, cases }: Pick<RecordingConfig, 'headers' | 'cases'>,
): Judge {
  const { trust } = mailbox;
  const redaction = typeof trust === 'object' ? trust.secret : undefined;
  return {
    trust,
    mapping: headerMapping(headers.prefix, redaction?.header),
    isOwn: ownMatcher(mailbox.own),
    role,
    caseNumbers: caseNumberReader(cases.subject_number),
    redaction,
  };
}

/**
 * Reads what a message says and what of it counts. The verdict is made from the message as it came; what is kept of it
 * is parsed again with the secret overwritten.
 *
 * @returns the message ready to be recorded, or why it cannot be: then the fault is in its bytes
 */
export async function judge(
  rules: Judge,
  folder: FolderRef,
  fetched: FetchedMessage,
): Promise<Incoming | Unrecordable> {
  const { redaction } = rules;
  const source = redaction ? redactSource(fetched.source, redaction) : fetched.source;
  try {
    const original = withLeft(await parseMessage(fetched.source), fetched.left);
    const verdict = trustVerdict(rules.trust, original.headers);
    const parsed = redaction ? withLeft(await parseMessage(source, redaction), fetched.left) : original;
    const kind = interactionKind(parsed, rules.isOwn);
    const message = { ...parsed, kind: kind.value };
    const directives = trustedDirectives(verdict, rules.mapping, message.headers);
    // Nothing verifies From yet, so nothing is known of it.
    const setting: Setting = { isOwn: rules.isOwn, role: rules.role, senderAuth: 'none' };
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
      folder,
      uid: fetched.uid,
      receivedAt: fetched.receivedAt,
      source,
      isWhole: fetched.left === undefined,
      message,
      dedupeKey: dedupeKey(message, rules.mapping.isMapped),
      trusted: verdict.trusted,
      trustWhy: verdict.reason,
      senderAuth: setting.senderAuth,
      directives,
      direction: direction.value,
      customer: messageCustomer(message, directives, direction.value, setting),
      parties: messageParties(message, setting),
      caseNumbers: rules.caseNumbers(message.subject ?? ''),
    };
  } catch (error) {
    // What is not whole must not be taken for the mail when it is tried again; that lies in the mailbox.
    const kept = fetched.left === undefined ? source : undefined;
    return { folder, uid: fetched.uid, stage: 'parse', error: errorMessage(error), source: kept };
  }
}
