import { createHash, verify } from 'node:crypto';
import { Readable } from 'node:stream';
import type { DKIMResult } from 'mailauth';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { bodyStart, readHead } from '../message/head.ts';
import { type DkimSignature, keyName } from '../trust/dkim-signature.ts';
import { asciiLowerCase } from '../trust/domains.ts';
import { hasOtherBlanks, relaxedHeader } from './relaxed-header.ts';

/** A signature to be verified, with its key's TXT record. */
export interface Candidate {
  readonly signature: DkimSignature;
  readonly record: string;
}

/** What became of it; `why` says why it is not good, and ends a sentence. */
export interface Verified {
  readonly index: number;
  readonly why: string | undefined;
}

/** Shorter RSA keys can be computed (RFC 8301, section 3.2). */
const LEAST_BITS = 1024;

/** How much of a body is hashed at a time, in bytes. */
const PIECE_BYTES = 64 * 1024;

/** Signs that mean something to the verifier's reader of tags, and nothing in RFC 6376. */
const READ_OTHERWISE = /[()'"\\]/;

/**
 * Verifies DKIM signatures (RFC 6376). The verifier is given nothing of the header but the fields that a signature names,
 * as readHead has them, and that signature: it cannot see other fields than we do, and has nobody else's signature to
 * look at.
 *
 * @param source the message before anything in it was overwritten
 * @param receivedAt INTERNALDATE
 */
export async function verifySignatures(
  source: Buffer,
  candidates: readonly Candidate[],
  receivedAt: Date,
): Promise<Verified[]> {
  const start = bodyStart(source);
  const { lines } = readHead(source.subarray(0, start));
  const body = source.subarray(start ?? source.length);
  const verified: Verified[] = [];
  for (const candidate of candidates) {
    const why = await fault(lines, body, candidate, receivedAt);
    verified.push({ index: candidate.signature.index, why });
  }
  return verified;
}

async function fault(
  lines: readonly string[],
  body: Buffer,
  { signature, record }: Candidate,
  receivedAt: Date,
): Promise<string | undefined> {
  const field = lines.filter((line) => nameOf(line) === 'dkim-signature')[signature.index];
  if (field === undefined || READ_OTHERWISE.test(field)) return 'it has signs that it need not have';
  if (signature.signed.includes('dkim-signature')) return 'it signs other signatures';
  const signed = new Set(signature.signed);
  const head = [field, ...lines.filter((line) => signed.has(nameOf(line)))];
  const { results } = await dkimVerify(Readable.from(pieces(head, body)), {
    curTime: receivedAt,
    minBitLength: LEAST_BITS,
    resolver: async (name) => {
      if (asciiLowerCase(name) === keyName(signature)) return [[record]];
      throw new Error('another key than the one that was looked up');
    },
  });
  const [result, ...more] = results;
  if (result === undefined || more.length > 0) return 'it cannot be verified';
  const { status, signingDomain, selector } = result;
  const found = status.result === 'pass' ? undefined : status.comment || status.result;
  const isOfHeader = found === undefined || found === BAD_SIGNATURE;
  const why = isOfHeader && hasOtherBlanks(head) ? relaxedFault(head, signature, result) : found;
  if (why !== undefined) return WHY[why] ?? why;
  const isTheSame =
    asciiLowerCase(signingDomain) === signature.domain &&
    asciiLowerCase(selector ?? '') === signature.selector &&
    asciiLowerCase(String(status.header?.a)) === signature.algorithm &&
    typeof status.header?.b === 'string' &&
    signature.value.startsWith(status.header.b);
  return isTheSame ? undefined : 'it is read in two ways';
}

/** What the verifier should have found of a header in relaxed form; in simple form it reads every sign as it is. */
function relaxedFault(
  [field = '', ...fields]: readonly string[],
  { signed, algorithm, value }: DkimSignature,
  { status, format, publicKey }: DKIMResult & Untyped,
): string | undefined {
  if (!/^relaxed\b/i.test(format ?? '')) return status.result === 'pass' ? undefined : BAD_SIGNATURE;
  if (publicKey === undefined) return 'its key cannot be read';
  const header = relaxedHeader(fields, signed, field);
  const isRight = algorithm.startsWith('rsa')
    ? verify('sha256', header, publicKey, Buffer.from(value, 'base64'))
    : // Of Ed25519, the hash is signed (RFC 8463, section 3).
      verify(null, createHash('sha256').update(header).digest(), publicKey, Buffer.from(value, 'base64'));
  return isRight ? undefined : BAD_SIGNATURE;
}

/** What a result has, and its type does not say. */
interface Untyped {
  /** `c=`. */
  readonly format?: string;
  /** In PEM. */
  readonly publicKey?: string;
}

const BAD_SIGNATURE = 'bad signature';

/** The verifier's words in ours. */
const WHY: Readonly<Record<string, string>> = {
  'body hash did not verify': 'the body is not the one that was signed',
  [BAD_SIGNATURE]: 'the header is not the one that was signed, or the key is another one',
  'invalid public key': 'its key cannot be read',
  'unknown key type': 'its key cannot be read',
  // Nothing else is a matter of policy to the verifier.
  policy: `its key has fewer than ${LEAST_BITS} bits`,
};

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).trim().toLowerCase();
}

function* pieces(head: readonly string[], body: Buffer): Generator<Buffer> {
  yield Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1');
  for (let start = 0; start < body.length; start += PIECE_BYTES) {
    yield body.subarray(start, start + PIECE_BYTES);
  }
}
