import type { Headers } from '../message/headers.ts';
import { byHmac } from './hmac.ts';
import { bySecret } from './secret.ts';
import type { MappedFields } from './signed-text.ts';
import type { Finding, Trust, TrustWays, Verdict } from './trust.ts';

/** What a verdict goes by. */
export interface Evidence {
  /** The message's own header fields, all of them. */
  readonly headers: Headers;
  /** INTERNALDATE. */
  readonly receivedAt: Date;
  /** Which of the header fields are instructions. */
  readonly mapping: MappedFields;
}

/** Decides whether a message's x-headers are instructions or only what a stranger wrote, and what is known of From. */
export function verdictOf(trust: Trust, evidence: Evidence): Verdict {
  const senderAuth = 'none';
  if (trust === 'all') {
    return { trusted: true, reason: 'the mailbox trusts everybody (trust: all)', senderAuth };
  }
  if (trust === 'none') {
    return { trusted: false, reason: 'the mailbox trusts nobody (trust: none)', senderAuth };
  }
  const findings = findingsOf(trust, evidence);
  const trusting = findings.filter(({ trusted }) => trusted);
  const [first] = trusting;
  if (first === undefined) {
    return { trusted: false, reason: findings.map(({ reason }) => reason).join('; '), senderAuth };
  }
  // Also where the mail is trusted for another reason: who sends it again may not have that one.
  const nonce = trusting.find((finding) => finding.nonce)?.nonce;
  return {
    trusted: true,
    reason: first.reason,
    senderAuth,
    nonce: nonce && { ...nonce, isDecisive: trusting.length === 1 },
  };
}

/** What becomes of the verdict on a mail that goes by its signature alone, where another mail has the nonce of it. */
export const NONCE_USED: Finding = {
  trusted: false,
  reason: 'its signature was used for another mail already (the same n=)',
};

/** What each way says. */
function findingsOf({ secret, hmac }: TrustWays, { headers, receivedAt, mapping }: Evidence): Finding[] {
  return [
    ...(secret ? [bySecret(secret, headers)] : []),
    ...(hmac ? [byHmac(hmac, headers, receivedAt, mapping)] : []),
  ];
}
