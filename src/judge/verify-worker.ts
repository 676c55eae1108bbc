import { type Candidate, type Verified, verifySignatures } from '../dkim/verify.ts';
import { bufferOf } from './sent.ts';

/** Signatures of a message to be verified, as they are sent to the worker. */
export interface VerifyTask {
  readonly candidates: readonly Candidate[];
  /** As the server handed it out. */
  readonly source: Uint8Array;
  readonly receivedAt: Date;
}

/** What became of each, or why they cannot be verified. */
export type VerifyAnswer = { readonly verified: readonly Verified[] } | { readonly error: string };

/**
 * The mathematics of DKIM, in a thread that judges messages as well. A file of its own, which a thread loads when there is
 * something to verify: it brings more with it than all the rest of the thread.
 */
export default async function work({ candidates, source, receivedAt }: VerifyTask): Promise<VerifyAnswer> {
  try {
    return { verified: await verifySignatures(bufferOf(source), candidates, receivedAt) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
