import { createHash } from 'node:crypto';
import { domainMatcher, parseAddresses } from '../message/addresses.ts';
import type { Headers } from '../message/headers.ts';
import { isPublicSuffix } from '../message/public-suffix.ts';
import type { Property } from './authentication-results.ts';
import { type DkimSignature, keyName, signedFields, uncovered, weakness } from './dkim-signature.ts';
import { domainOf, isWithin } from './domains.ts';
import { plainFrom } from './from.ts';
import { isAbout, passesOf, resultsOf, shortfall, signaturesOf } from './signatures.ts';
import type { DkimTrust, Evidence, Finding, Nonce, SenderFinding } from './trust.ts';

/*
 * Fields that have to be signed beside From and the instructions, as often as they are there: whoever has got a mail could
 * change them, and add what is not there.
 */

/** They say whose history it goes into, where no instruction does. */
const PEOPLE = ['to', 'cc', 'reply-to', 'x-original-from'];

/** They say which case it goes into, where no instruction does: a number in the subject can, too. */
const THREAD = ['in-reply-to', 'references', 'subject'];

/** Whether a message is one that a listed domain has signed, its instructions with it. */
export function byDkim({ domains }: DkimTrust, evidence: Evidence): Finding {
  const { headers, oddity, verified = [] } = evidence;
  const distrust = (reason: string): Finding => ({ trusted: false, reason });
  const from = plainFrom(headers);
  if ('refused' in from) return distrust(from.refused);
  const domain = domainOf(from.address);
  const isListed = domainMatcher(domains);
  if (!isListed(domain)) return distrust(`From (${domain}) is none of trust.dkim.domains`);
  if (oddity !== undefined) return distrust(oddity);
  const signatures = signaturesOf(headers);
  if ('refused' in signatures) return distrust(signatures.refused);
  if (signatures.length === 0) return distrust('it has no DKIM signature');

  const isSigner = signerFor(domain, isListed);
  const passes = passesOf(evidence, signatures).map((pass) => ({
    ...pass,
    short: shortfall(pass, evidence, keysToCover(evidence), isSigner),
  }));
  const good = passes.find(({ short }) => short === undefined);
  if (good) {
    const signer = good.signatures[0]?.domain;
    return {
      trusted: true,
      reason: `the DKIM signature of ${signer} is good and covers its headers, ${good.foundBy}`,
      covered: coveredKeys(good.signatures, evidence),
      // All of them, whatever was found: who sends the mail again may leave out the one that was good.
      nonces: signatures.filter((each) => isSigner(each.domain)).map((each) => nonceOf(each, headers)),
    };
  }
  const reasons = [
    ...passes.flatMap(({ short }) => short ?? []),
    ...verified.filter(({ result }) => result !== 'pass').map(({ why }) => why),
  ];
  if (reasons.length === 0 && evidence.authentication.verify) {
    // None was worth asking a name server for: each says why by itself.
    for (const signature of signatures) {
      const short = shortfall({ signatures: [signature] }, evidence, ['from'], isSigner);
      reasons.push(short ?? 'its DKIM signature was not verified');
    }
  }
  return distrust([...new Set(reasons)].join('; ') || whyNoPass(evidence));
}

/** Most names of fields that are kept of one mail beside its instructions: more than any system writes. */
const MAX_COVERED = 100;

/** The fields that are instructions, and those that may become some: all that every one of these signatures covers. */
function coveredKeys(
  signatures: readonly DkimSignature[],
  { headers, mapping }: Pick<Evidence, 'headers' | 'mapping'>,
): string[] {
  const keys = new Set(headers.fields.map(({ key }) => key));
  const mapped = [...keys].filter((key) => mapping.isMapped(key));
  const others = [...keys].filter((key) => key.startsWith('x-') && !mapping.isMapped(key));
  const open = new Set(signatures.flatMap((signature) => uncovered(signature, headers, others)));
  return [...mapped, ...others.filter((key) => !open.has(key)).slice(0, MAX_COVERED)];
}

/** Whether a listed domain has signed a message so that it could be trusted, good or not: as far as its header says. */
export type Coverage =
  | { readonly state: 'unlisted' | 'unsigned' | 'covered' }
  | { readonly state: 'uncovered'; readonly why: string };

/** For whoever sees headers alone. */
export function coverageOf({ domains }: DkimTrust, evidence: Evidence): Coverage {
  const { headers, oddity } = evidence;
  const from = plainFrom(headers);
  const isListed = domainMatcher(domains);
  if ('refused' in from || !isListed(domainOf(from.address))) return { state: 'unlisted' };
  const signatures = signaturesOf(headers);
  if ('refused' in signatures) return { state: 'uncovered', why: signatures.refused };
  if (oddity !== undefined) return { state: 'uncovered', why: oddity };
  const isSigner = signerFor(domainOf(from.address), isListed);
  const ours = signatures.filter(({ domain }) => isSigner(domain));
  if (ours.length === 0) return { state: 'unsigned' };
  const keys = keysToCover(evidence);
  const shorts = ours.map((each) => shortfall({ signatures: [each] }, evidence, keys, isSigner));
  const [why] = shorts;
  return why === undefined || shorts.includes(undefined) ? { state: 'covered' } : { state: 'uncovered', why };
}

/**
 * What a signature is known by. Who has got the mail can change what is not signed (Date, say) and send it again, and the
 * signature stays good. By its bytes, since base64 can write the same ones in several ways, and by what it signs.
 */
function nonceOf(signature: DkimSignature, headers: Headers): Nonce {
  const hash = createHash('sha256').update(Buffer.from(signature.value, 'base64'));
  for (const { key, raw } of signedFields(signature, headers)) {
    // Blanks may be changed on the way (RFC 6376, section 3.4.2).
    hash.update(`${key}:${raw.replace(/[ \t]+/g, ' ').trim()}\r\n`);
  }
  return { value: hash.digest('base64url'), keyId: keyName(signature) };
}

/**
 * Whose signature says something of a From: of its domain, or of one that it is below, and of a listed one where asked. Below
 * a public suffix there is anybody (RFC 7489, section 3.2), and so there is below a top-level domain that no list has.
 */
function signerFor(domain: string, isListed: (signer: string) => boolean = () => true) {
  const isParent = (signer: string) =>
    isWithin(domain, signer) && signer.includes('.') && !isPublicSuffix(signer);
  return (signer: string): boolean => (signer === domain || isParent(signer)) && isListed(signer);
}

/** What has to be signed of a message. */
function keysToCover({ headers, mapping }: Pick<Evidence, 'headers' | 'mapping'>): string[] {
  const named = mapping.named(headers);
  return [
    'from',
    ...(named.customer ? [] : PEOPLE),
    ...(named.supportCase ? [] : THREAD),
    ...headers.fields.map(({ key }) => key).filter((key) => mapping.isMapped(key)),
  ];
}

function whyNoPass(evidence: Evidence): string {
  const { authserv_id } = evidence.authentication;
  if (authserv_id === undefined) return 'nothing says whether its DKIM signature is good';
  const results = resultsOf(evidence);
  if (results.length === 0) return `it has no Authentication-Results of ${authserv_id} that count`;
  return `${authserv_id} has found no DKIM signature good that it has`;
}

/** Signatures worth verifying, and whether they are of a listed domain. */
export interface ToVerify {
  readonly signatures: readonly DkimSignature[];
  readonly isListed: boolean;
}

/**
 * Signatures worth verifying ourselves: of From's domain, or one that it is below, where the receiving server has not said
 * already that they are good. Of a listed domain they may make the mail trusted; of another they say who wrote it.
 */
export function signaturesToVerify(dkim: DkimTrust | undefined, evidence: Evidence): ToVerify {
  const { headers, oddity, receivedAt, role, authentication } = evidence;
  const from = plainFrom(headers);
  const domain = 'refused' in from ? undefined : domainOf(from.address);
  const isOneOf = dkim ? domainMatcher(dkim.domains) : () => false;
  const isListed = domain !== undefined && isOneOf(domain);
  const nothing = { signatures: [], isListed };
  if (!authentication.verify || role === 'sent' || oddity !== undefined || domain === undefined)
    return nothing;
  const signatures = signaturesOf(headers);
  if ('refused' in signatures) return nothing;
  const isSigner = signerFor(domain, isListed ? isOneOf : undefined);
  const keys = isListed ? keysToCover(evidence) : ['from'];
  const isKnown = passesOf(evidence, signatures).some(
    (pass) => shortfall(pass, evidence, keys, isSigner) === undefined,
  );
  if (isKnown) return nothing;
  const worth = signatures.filter(
    (signature) =>
      isSigner(signature.domain) &&
      weakness(signature, receivedAt) === undefined &&
      uncovered(signature, headers, ['from']).length === 0,
  );
  return { signatures: worth.slice(0, isListed ? MAX_VERIFIED : MAX_VERIFIED_OF_OTHERS), isListed };
}

/** Most signatures of a message that are verified: a sender has one, or two while it changes the algorithm. */
const MAX_VERIFIED = 4;

/** Each is a question to a name server of the sender's choice. */
const MAX_VERIFIED_OF_OTHERS = 2;

/**
 * The domain whose key could not be looked up, where the message would be trusted if it could: then it is worth
 * waiting for. @param evidence with what was verified
 */
export function awaitedKey({ domains }: DkimTrust, evidence: Evidence): string | undefined {
  const { headers, verified = [], mapping } = evidence;
  const unknown = verified.filter(({ result }) => result === 'temperror').map(({ index }) => index);
  if (unknown.length === 0 || !headers.fields.some(({ key, value }) => mapping.isMapped(key) && value !== ''))
    return undefined;
  const supposed = unknown.map((index) => ({ index, result: 'pass' as const, why: '' }));
  if (!byDkim({ domains }, { ...evidence, verified: supposed }).trusted) return undefined;
  const signatures = signaturesOf(headers);
  return 'refused' in signatures
    ? undefined
    : signatures.find(({ index }) => unknown.includes(index))?.domain;
}

/**
 * What is known of who wrote a message: that its domain has signed it, that it has not, or nothing. SPF says nothing of
 * From. @param dkim the domains that sign all their mail, where some are listed
 */
export function senderOf(dkim: DkimTrust | undefined, evidence: Evidence): SenderFinding {
  const { headers, oddity, role, authentication, verified } = evidence;
  if (role === 'sent') return { senderAuth: 'none' };
  const results = resultsOf(evidence);
  if (results.length === 0 && verified === undefined) return { senderAuth: 'none' };
  const domains = fromDomains(headers);
  if (domains === undefined) return { senderAuth: 'fail', senderWhy: 'From is too long to be anybody' };
  const isOneOf = dkim ? domainMatcher(dkim.domains) : () => false;
  const signersOf = (domain: string) => signerFor(domain, isOneOf(domain) ? isOneOf : undefined);
  const hasDmarc = (wanted: string) =>
    results.some(
      ({ method, result, properties }) =>
        method === 'dmarc' && result === wanted && isOfFrom(properties, domains),
    );
  // Whatever has signed it: its domain may ask for more than a parent's signature.
  if (hasDmarc('fail'))
    return { senderAuth: 'fail', senderWhy: `${authentication.authserv_id} says dmarc=fail` };
  const from = plainFrom(headers);
  const signatures = signaturesOf(headers);
  if (!('refused' in from) && !('refused' in signatures) && oddity === undefined) {
    const isSigner = signersOf(domainOf(from.address));
    const good = passesOf(evidence, signatures).find(
      (pass) => shortfall(pass, evidence, ['from'], isSigner) === undefined,
    );
    if (good) {
      return {
        senderAuth: 'pass',
        senderWhy: `${good.signatures[0]?.domain} has signed it, ${good.foundBy}`,
      };
    }
  }
  // Only what is about From leaves it open: a sender can have a domain of his own fail. What cannot be verified for its
  // size or its form has not passed.
  const signers = domains.map(signersOf);
  const isAligned = ({ domain }: DkimSignature) => signers.some((isSigner) => isSigner(domain));
  const aligned = 'refused' in signatures ? [] : signatures.filter(isAligned);
  const isUndecided =
    hasDmarc('temperror') ||
    results.some(
      (each) =>
        each.method === 'dkim' &&
        each.result === 'temperror' &&
        aligned.some((signature) => isAbout(each, signature)),
    ) ||
    verified?.some(({ result }) => result === 'temperror');
  const listed = domains.find(isOneOf);
  if (listed === undefined || isUndecided) return { senderAuth: 'none' };
  return { senderAuth: 'fail', senderWhy: `${listed} signs its mail, and has not signed this one` };
}

/**
 * Whether a result of DMARC is about From, which it always is: a server need not say of which domain (RFC 7489, section
 * 11.2).
 */
function isOfFrom(properties: readonly Property[], domains: readonly string[]): boolean {
  const said = properties.filter(({ name }) => name === 'header.from');
  return said.length === 0 || said.some(({ value }) => domains.includes(domainOf(value)));
}

/** Longest From that is read, all fields of it, in characters: reading addresses takes its time. */
const MAX_FROM_CHARACTERS = 20_000;

/** Domains of all that stands in From, in whatever form; undefined where that is too long to be read. */
function fromDomains(headers: Headers): string[] | undefined {
  const fields = headers.all('from');
  if (fields.reduce((sum, { raw }) => sum + raw.length, 0) > MAX_FROM_CHARACTERS) return undefined;
  return fields.flatMap(({ raw }) => parseAddresses(raw).map(({ address }) => domainOf(address)));
}
