import type { DkimSignature } from '../trust/dkim-signature.ts';
import { asciiLowerCase } from '../trust/domains.ts';

/** The name under which DNS has the key of a signature (RFC 6376, section 3.6.2.1). */
export function keyName({ selector, domain }: Pick<DkimSignature, 'selector' | 'domain'>): string {
  return `${selector}._domainkey.${domain}`;
}

/**
 * Of the TXT records of a name the one that is a key. There must be one: of two, one may be a leftover that its owner
 * believes to be gone.
 */
export function keyRecord(records: readonly string[]): string | undefined {
  const keys = records.filter((record) => /(?:^|;)\s*p\s*=/.test(record));
  return keys.length === 1 ? keys[0] : undefined;
}

/**
 * Why a key does not count for a signature, as far as its record says it (RFC 6376, section 3.6.1): the mathematics are
 * left to the verifier.
 */
export function keyObjection(record: string, signature: DkimSignature): string | undefined {
  const tags = new Map<string, string>();
  for (const text of record.split(';').filter((each) => each.trim() !== '')) {
    const [, name, value] = /^\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*([\x20-\x7e\t\r\n]*?)\s*$/.exec(text) ?? [];
    if (name === undefined || value === undefined || tags.has(name)) return 'its key record cannot be read';
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
