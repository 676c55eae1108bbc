import type { MailboxConfig } from './config/schema.ts';
import { errorMessage } from './errors.ts';
import type { FetchedMessage } from './imap/fetch.ts';
import { type OwnMatcher, ownMatcher } from './message/addresses.ts';
import { dedupeKey } from './message/dedupe-key.ts';
import { parseMessage } from './message/parse.ts';
import { type Redaction, redactSource } from './message/redact.ts';
import type { Incoming } from './record/incoming.ts';
import type { Unrecordable } from './record/quarantine.ts';
import { interactionKind, messageCustomer, messageDirection } from './rules/attribution.ts';
import { type HeaderMapping, headerMapping } from './rules/header-mapping.ts';
import { type Trust, trustedDirectives, trustVerdict } from './rules/trust.ts';

/** A mailbox's rules, made ready once. */
export interface Judge {
  readonly trust: Trust;
  readonly mapping: HeaderMapping;
  readonly isOwn: OwnMatcher;
  readonly redaction: Redaction | undefined;
}

export function createJudge(mailbox: MailboxConfig, prefix: string): Judge {
  const { trust } = mailbox;
  const redaction = typeof trust === 'object' ? trust.secret : undefined;
  return {
    trust,
    mapping: headerMapping(prefix, redaction?.header),
    isOwn: ownMatcher(mailbox.own),
    redaction,
  };
}

/**
 * Reads what a message says and what of it counts. The verdict is made from the message as it came; what is kept of it
 * is parsed again with the secret overwritten.
 *
 * @returns the message ready to be recorded, or why it cannot be: then the fault is in its bytes
 */
export async function judge(rules: Judge, fetched: FetchedMessage): Promise<Incoming | Unrecordable> {
  const { redaction } = rules;
  const source = redaction ? redactSource(fetched.source, redaction) : fetched.source;
  try {
    const original = await parseMessage(fetched.source);
    const verdict = trustVerdict(rules.trust, original.headers);
    const parsed = redaction ? await parseMessage(source, redaction) : original;
    const message = { ...parsed, kind: interactionKind(parsed, rules.isOwn) };
    const directives = trustedDirectives(verdict, rules.mapping, message.headers);
    const direction = messageDirection(message, directives, rules.isOwn);
    return {
      uid: fetched.uid,
      receivedAt: fetched.receivedAt,
      source,
      message,
      dedupeKey: dedupeKey(message, rules.mapping.isMapped),
      trusted: verdict.trusted,
      directives,
      direction,
      customer: messageCustomer(message, directives, direction, rules.isOwn),
    };
  } catch (error) {
    return { uid: fetched.uid, stage: 'parse', error: errorMessage(error), source };
  }
}
