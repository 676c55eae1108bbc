import { domainKey } from '../message/addresses.ts';

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
