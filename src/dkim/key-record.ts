import { type DkimSignature, tagsOf } from '../trust/dkim-signature.ts';
import { asciiLowerCase } from '../trust/domains.ts';

/** Longest record that is looked at, in characters: a key of 4,096 bits has about 750. */
const MAX_CHARACTERS = 4_096;

const TAG_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
const TAG_VALUE = /^[\x20-\x7e\t\r\n]*$/;

/**
 * Of the TXT records of a name the one that is a key. There must be one: of two, one may be a leftover that its owner
 * believes to be gone.
 */
export function keyRecord(records: readonly string[]): string | undefined {
  const keys = records.filter((record) => tagsOf(record).some(({ name }) => name === 'p'));
  const [key, ...more] = keys;
  return more.length === 0 && key !== undefined && key.length <= MAX_CHARACTERS ? key : undefined;
}

/**
 * Why a key does not count for a signature, as far as its record says it (RFC 6376, section 3.6.1): the mathematics are
 * left to the verifier.
 */
export function keyObjection(record: string, signature: DkimSignature): string | undefined {
  const tags = new Map<string, string>();
  for (const { name, value } of tagsOf(record)) {
    // Behind the last one, and seen in practice between two.
    if (name === undefined && value === '') continue;
    if (name === undefined || !TAG_NAME.test(name) || !TAG_VALUE.test(value) || tags.has(name)) {
      return 'its key record cannot be read';
    }
    tags.set(name, value);
  }
  const list = (name: string) =>
    asciiLowerCase(tags.get(name) ?? '')
      .split(':')
      .map((each) => each.trim())
      .filter((each) => each !== '');
  if ((tags.get('v') ?? 'DKIM1') !== 'DKIM1') return 'its key is of an unknown version';
  if (tags.get('p') === '') return 'its key was taken back (p= is empty)';
  const [type, hash] = signature.algorithm.split('-');
  if ((list('k')[0] ?? 'rsa') !== type) return 'its key is of another kind (k=)';
  if (tags.has('h') && !list('h').includes(hash ?? '')) return 'its key is for other algorithms (h=)';
  if (tags.has('s') && !list('s').some((each) => each === '*' || each === 'email')) {
    return 'its key is not for mail (s=)';
  }
  const flags = list('t');
  if (flags.includes('y')) return 'its domain is only trying DKIM out (t=y)';
  if (flags.includes('s') && signature.identity !== signature.domain) {
    return 'its key is not for subdomains (t=s)';
  }
  return undefined;
}
