import { domainKey } from '../message/addresses.ts';

/**
 * Builds the test for domains.
 *
 * @param entries `example.com` for that domain alone, `.example.com` for its subdomains too
 * @returns takes a domain as domainKey makes it
 */
export function domainMatcher(entries: readonly string[]): (domain: string) => boolean {
  const exact = new Set(entries.map((entry) => domainKey(entry.replace(/^\./, ''))));
  const parents = entries.filter((entry) => entry.startsWith('.')).map((entry) => domainKey(entry));
  return (domain) => exact.has(domain) || parents.some((parent) => domain.endsWith(parent));
}

/** The domain of an address, as domainKey makes it. */
export function domainOf(address: string): string {
  return domainKey(address.slice(address.lastIndexOf('@') + 1));
}

/** Whether a domain is another one, or below it: who signs for example.com signs for mail.example.com too. */
export function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`);
}

/** Letters of ASCII alone: in all of Unicode the sign for kelvin is a k, and a look-alike would be equal. */
export function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
