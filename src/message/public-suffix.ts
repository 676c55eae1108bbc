import { parse } from 'tldts';
import { domainKey } from './addresses.ts';

/**
 * Whether a domain is one under which anybody can have one: of a registry (`com`, `co.uk`) or of a hoster (`github.io`), as
 * publicsuffix.org lists them, exceptions and wildcards applied. A top-level domain that is not listed, such as `local`, is
 * a network's own.
 *
 * @param domain in any spelling, without a leading dot
 */
export function isPublicSuffix(domain: string): boolean {
  return suffixOf(domain) !== undefined;
}

/** Whether a domain is a registry's public suffix: a hoster may write from its own (`github.io`), a registry does not. */
export function isRegistrySuffix(domain: string): boolean {
  return suffixOf(domain) === 'registry';
}

function suffixOf(domain: string): 'registry' | 'hoster' | undefined {
  const key = domainKey(domain);
  const found = parse(key, { allowPrivateDomains: true, extractHostname: false });
  if (found.publicSuffix !== key) return undefined;
  if (found.isPrivate) return 'hoster';
  return found.isIcann ? 'registry' : undefined;
}
