import { keyObjection, keyRecord } from '../dkim/key-record.ts';
import type { KeyAnswer, Keys } from '../dkim/keys.ts';
import type { Candidate, Verified } from '../dkim/verify.ts';
import type { FetchedMessage } from '../imap/fetch.ts';
import { signaturesToVerify } from '../trust/dkim.ts';
import { type DkimSignature, keyName } from '../trust/dkim-signature.ts';
import type { Evidence, Trust, Verification } from '../trust/trust.ts';

/** What a verification needs: where keys are looked up, and what computes, elsewhere than on this thread. */
export interface Means {
  readonly keys: Pick<Keys, 'look'>;
  /** The same for the keys of whoever writes, which nobody waits long for. */
  readonly othersKeys: Pick<Keys, 'look'>;
  /** @returns what each comes to, or why that could not be computed */
  readonly compute: (
    candidates: readonly Candidate[],
  ) => Promise<readonly Verified[] | { readonly error: string }>;
}

/** Whether mailcase verifies mail of a folder itself. */
export function isVerifiedHere({ authentication, role }: Pick<Evidence, 'authentication' | 'role'>): boolean {
  return authentication.verify && role !== 'sent';
}

/**
 * Adds to the evidence of mail that is verified here what its DKIM signatures come to, where it can matter. The keys
 * are looked up first: whoever waits for a name server holds up no thread.
 *
 * @param fetched before anything in it was overwritten
 */
export async function withVerification(
  trust: Trust,
  evidence: Evidence,
  { left }: Pick<FetchedMessage, 'left'>,
  { keys, othersKeys, compute }: Means,
): Promise<Evidence> {
  const dkim = typeof trust === 'object' ? trust.dkim : undefined;
  const { signatures, isListed } = signaturesToVerify(dkim, evidence);
  if (left !== undefined) {
    return { ...evidence, verified: signatures.map((each) => notGood(each, 'error', LEFT)) };
  }
  const looked = await Promise.all(
    signatures.map(async (signature) =>
      ready(signature, await (isListed ? keys : othersKeys).look(keyName(signature))),
    ),
  );
  const candidates = looked.filter((each): each is Candidate => 'record' in each);
  const verified = looked.filter((each): each is Verification => 'result' in each);
  if (candidates.length === 0) return { ...evidence, verified };
  const computed = await compute(candidates);
  const results = candidates.map(({ signature }): Verification => {
    if ('error' in computed) return notGood(signature, 'error', computed.error);
    const found = computed.find(({ index }) => index === signature.index);
    if (found === undefined) return notGood(signature, 'error', 'it cannot be verified');
    if (found.why !== undefined) return notGood(signature, 'fail', found.why);
    return { index: signature.index, result: 'pass', why: '' };
  });
  return { ...evidence, verified: [...verified, ...results] };
}

const LEFT = 'it cannot be verified, for a part of the mail was left in the mailbox';

/** A signature with its key, or what it comes to without. */
function ready(signature: DkimSignature, answer: KeyAnswer): Candidate | Verification {
  const name = keyName(signature);
  if ('temperror' in answer) {
    const why = `the key of ${signature.domain} (${name}) cannot be looked up: ${answer.temperror}`;
    return { index: signature.index, result: 'temperror', why };
  }
  if ('absent' in answer) return notGood(signature, 'fail', `there is no key ${name}`);
  const record = keyRecord(answer.records);
  if (record === undefined) return notGood(signature, 'fail', `${name} is not one key`);
  const objection = keyObjection(record, signature);
  return objection === undefined ? { signature, record } : notGood(signature, 'fail', objection);
}

function notGood({ index, domain }: DkimSignature, result: 'fail' | 'error', why: string): Verification {
  return { index, result, why: `the DKIM signature of ${domain} is not good: ${why}` };
}
