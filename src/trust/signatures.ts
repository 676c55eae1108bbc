import type { Headers } from '../message/headers.ts';
import type { MethodResult } from './authentication-results.ts';
import {
  type DkimSignature,
  parseDkimSignature,
  type Unreadable,
  uncovered,
  weakness,
} from './dkim-signature.ts';
import { asciiLowerCase } from './domains.ts';
import { serverResults } from './server-results.ts';
import type { Evidence } from './trust.ts';

/** More signatures than this are no mail's: each is compared with every result. */
const MAX_SIGNATURES = 20;

/** A pass of DKIM, and the signatures that it may be about. */
export interface Pass {
  readonly signatures: readonly DkimSignature[];
  /** Who has found it, in words that end a sentence. */
  readonly foundBy: string;
  /** Why it does not count, whatever the signatures are. */
  readonly doubt?: string | undefined;
}

/**
 * The signatures of a message. One that cannot be read spoils them all: a server that reads it all the same may have
 * found that one good, and its result would be taken for another one's.
 */
export function signaturesOf(headers: Headers): readonly DkimSignature[] | Unreadable {
  const signatures = knownSignatures.get(headers) ?? readSignatures(headers);
  knownSignatures.set(headers, signatures);
  return signatures;
}

/** Trust and the sender are found out of the same fields. */
const knownSignatures = new WeakMap<Headers, readonly DkimSignature[] | Unreadable>();
const knownResults = new WeakMap<Headers, Map<string, readonly MethodResult[]>>();

function readSignatures(headers: Headers): readonly DkimSignature[] | Unreadable {
  const fields = headers.all('dkim-signature');
  if (fields.length > MAX_SIGNATURES)
    return { refused: `it has more than ${MAX_SIGNATURES} DKIM signatures` };
  const signatures: DkimSignature[] = [];
  for (const [index, { raw }] of fields.entries()) {
    const signature = parseDkimSignature(raw, index);
    if ('refused' in signature) {
      return { refused: `its DKIM signature ${index + 1} cannot be read: ${signature.refused}` };
    }
    signatures.push(signature);
  }
  return signatures;
}

/** What the receiving server has found out, by the fields of it that count. */
export function resultsOf({ headers, authentication: { authserv_id } }: Evidence): readonly MethodResult[] {
  if (authserv_id === undefined) return [];
  const known = knownResults.get(headers) ?? new Map<string, readonly MethodResult[]>();
  const results =
    known.get(authserv_id) ?? serverResults(headers, authserv_id).flatMap((each) => each.results);
  knownResults.set(headers, known.set(authserv_id, results));
  return results;
}

/** Passes of DKIM that the receiving server or we have found, with the signatures that they may be about. */
export function passesOf(evidence: Evidence, signatures: readonly DkimSignature[]): Pass[] {
  const { authentication, verified = [] } = evidence;
  const results = resultsOf(evidence).filter(({ method }) => method === 'dkim');
  // A server that repeats an envelope address in a comment, as it is, has a sender write results of his own into its
  // line. What it has really found of his signature stands there too.
  const others = results.filter(({ result }) => result !== 'pass');
  const denied = new Set(signatures.filter((signature) => others.some((each) => isAbout(each, signature))));
  const byServer = results
    .filter(({ result }) => result === 'pass')
    .map((pass) => {
      const meant = signatures.filter((signature) => isAbout(pass, signature));
      const isDenied = meant.some((signature) => denied.has(signature));
      const doubt = `${authentication.authserv_id} says of one DKIM signature that it is good, and that it is not`;
      return {
        signatures: meant,
        foundBy: `as ${authentication.authserv_id} has found`,
        doubt: isDenied ? doubt : undefined,
      };
    });
  const byUs = verified
    .filter(({ result }) => result === 'pass')
    .map(({ index }) => ({
      signatures: signatures.filter((signature) => signature.index === index),
      foundBy: 'as mailcase has verified',
    }));
  return [...byServer, ...byUs].filter((pass) => pass.signatures.length > 0);
}

/** Whether a result is about a signature, by all that it says of it (RFC 8601, section 2.7.1). */
export function isAbout({ properties }: MethodResult, signature: DkimSignature): boolean {
  const { domain, identity, selector, algorithm, value } = signature;
  let saysWhose = false;
  return (
    properties.every(({ name, value: said }) => {
      switch (name) {
        case 'header.d':
          saysWhose = true;
          return asciiLowerCase(said) === domain;
        case 'header.i':
          // All that Gmail says of whose it is. Its local part is the signer's own affair.
          saysWhose = true;
          return asciiLowerCase(said.slice(said.lastIndexOf('@') + 1)) === identity;
        case 'header.s':
          return asciiLowerCase(said) === selector;
        case 'header.a':
          return asciiLowerCase(said) === algorithm;
        case 'header.b':
          return said !== '' && value.startsWith(said);
        default:
          return true;
      }
    }) && saysWhose
  );
}

/**
 * Why a pass is not enough. Where it may be about several signatures, the least of them is taken: the others may have
 * been written to be taken for it.
 *
 * @param keys fields that have to be signed, names in lower case
 * @param isSigner whether a domain's signature counts
 * @returns undefined where it is enough
 */
export function shortfall(
  { signatures, doubt }: Pick<Pass, 'signatures' | 'doubt'>,
  { headers, receivedAt }: Pick<Evidence, 'headers' | 'receivedAt'>,
  keys: readonly string[],
  isSigner: (domain: string) => boolean,
): string | undefined {
  if (doubt !== undefined) return doubt;
  for (const signature of signatures) {
    const name = `the DKIM signature of ${signature.domain}`;
    if (!isSigner(signature.domain)) return `${name} is another domain's than From's`;
    const weak = weakness(signature, receivedAt);
    if (weak !== undefined) return `${name} ${weak}`;
    const open = uncovered(signature, headers, keys);
    if (open.length > 0) return `${name} does not cover ${named(open)}`;
  }
  return undefined;
}

/** Most fields that are named in a reason, and the longest name: a stranger can write many, and long ones. */
const MAX_NAMED = 5;
const LONGEST_NAME = 60;

function named(keys: readonly string[]): string {
  const names = keys.slice(0, MAX_NAMED).map((key) => key.slice(0, LONGEST_NAME));
  return [...names, ...(keys.length > MAX_NAMED ? [`and ${keys.length - MAX_NAMED} more`] : [])].join(', ');
}
