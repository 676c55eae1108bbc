import { byDkim, senderOf } from './dkim.ts';
import { byHmac } from './hmac.ts';
import { bySecret } from './secret.ts';
import type { Evidence, Finding, Trust, TrustWays, Verdict } from './trust.ts';

/** Decides whether a message's x-headers are instructions or only what a stranger wrote, and what is known of From. */
export function verdictOf(trust: Trust, evidence: Evidence): Verdict {
  const dkim = typeof trust === 'object' ? trust.dkim : undefined;
  const { senderWhy, ...verdict } = trustOf(trust, evidence);
  const sender = senderOf(dkim, evidence);
  if (senderWhy === undefined || evidence.role === 'sent') return { ...verdict, ...sender };
  return { ...verdict, senderAuth: 'pass', senderWhy, senderUnsigned: sender };
}

function trustOf(
  trust: Trust,
  evidence: Evidence,
): Pick<Verdict, 'trusted' | 'reason' | 'covered' | 'nonces' | 'senderWhy'> {
  if (trust === 'all') return { trusted: true, reason: 'the mailbox trusts everybody (trust: all)' };
  if (trust === 'none') return { trusted: false, reason: 'the mailbox trusts nobody (trust: none)' };
  const findings = findingsOf(trust, evidence);
  const trusting = findings.filter(({ trusted }) => trusted);
  const [first] = trusting;
  if (first === undefined) {
    return { trusted: false, reason: findings.map(({ reason }) => reason).join('; ') };
  }
  // Also where the mail is trusted for another reason: who sends it again may not have that one.
  const byWay = trusting.flatMap(({ nonces }) => (nonces ? [nonces] : []));
  return {
    trusted: true,
    reason: first.reason,
    covered: coveredBy(trusting),
    senderWhy: trusting.find((each) => each.senderWhy !== undefined)?.senderWhy,
    nonces: byWay.length === 0 ? undefined : { byWay, isDecisive: byWay.length === trusting.length },
  };
}

/** The fields that any of the signatures covers; undefined where the mail is trusted for something else too. */
function coveredBy(trusting: readonly Finding[]): string[] | undefined {
  const signed = trusting.flatMap(({ covered }) => (covered ? [covered] : []));
  return signed.length < trusting.length ? undefined : [...new Set(signed.flat())];
}

/** Why a mail is not trusted that somebody has sent again with the signature of another one. */
export const SIGNATURE_USED = 'its signature was used for another mail already';

/** What becomes of the verdict on a mail that goes by signatures alone, where another mail has used them. */
export function withoutSignatures({ senderAuth, senderWhy, senderUnsigned }: Verdict): Verdict {
  return { trusted: false, reason: SIGNATURE_USED, ...(senderUnsigned ?? { senderAuth, senderWhy }) };
}

/** What each way says. */
function findingsOf({ secret, hmac, dkim }: TrustWays, evidence: Evidence): Finding[] {
  const { headers, receivedAt, mapping } = evidence;
  return [
    ...(secret ? [bySecret(secret, headers)] : []),
    ...(hmac ? [byHmac(hmac, headers, receivedAt, mapping)] : []),
    ...(dkim ? [byDkim(dkim, evidence)] : []),
  ];
}
