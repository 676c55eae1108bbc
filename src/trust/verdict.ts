import type { Headers } from '../message/headers.ts';
import { bySecret } from './secret.ts';
import type { Finding, Trust, TrustWays, Verdict } from './trust.ts';

/** What a verdict goes by. */
export interface Evidence {
  /** The message's own header fields, all of them. */
  readonly headers: Headers;
  /** INTERNALDATE. */
  readonly receivedAt: Date;
}

/** Decides whether a message's x-headers are instructions or only what a stranger wrote, and what is known of From. */
export function verdictOf(trust: Trust, evidence: Evidence): Verdict {
  return { ...findingOf(trust, evidence), senderAuth: 'none' };
}

function findingOf(trust: Trust, evidence: Evidence): Finding {
  if (trust === 'all') return { trusted: true, reason: 'the mailbox trusts everybody (trust: all)' };
  if (trust === 'none') return { trusted: false, reason: 'the mailbox trusts nobody (trust: none)' };
  const findings = findingsOf(trust, evidence);
  const trusted = findings.find((finding) => finding.trusted);
  return trusted ?? { trusted: false, reason: findings.map(({ reason }) => reason).join('; ') };
}

/** What each way says. */
function findingsOf({ secret }: TrustWays, { headers }: Evidence): Finding[] {
  return secret ? [bySecret(secret, headers)] : [];
}
