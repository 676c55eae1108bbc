import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { isPublicSuffix, isRegistrySuffix } from '../message/public-suffix.ts';
import { type Check, check, filledIn } from './checks.ts';
import type { Complaint } from './problems.ts';

/* What the names of hosts, domains and addresses must look like; see checks.ts. */

export const hostName = filledIn(
  check(
    (value) => isIP(value) !== 0 || (!/[\s/@:[\]]/.test(value) && isDomain(value)),
    'not the name of a host',
    'write the name alone, e.g. `imap.example.com`: no protocol, no brackets, and the port as `port`',
  ),
);

/** An entry of `own`: an address, a domain, or a domain with its subdomains. */
export const ownEntry: Check = filledIn((value) => {
  const domain = value.replace(/^\./, '');
  if (isAddress(value)) return undefined;
  if (!value.includes('.') || !isDomain(domain)) {
    return {
      message: 'neither an address nor a domain',
      cure: 'write `support@example.com`, `example.com` (that domain alone) or `.example.com` (its subdomains too)',
    };
  }
  return (value === domain ? isRegistrySuffix(domain) : isPublicSuffix(domain)) ? NOBODYS : undefined;
});

/** An entry of `trust.dkim.domains`: a domain, or a domain with its subdomains. */
export const domainEntry: Check = filledIn((value) => {
  const domain = value.replace(/^\./, '');
  if (!/[^.]\./.test(value) || !isDomain(domain)) {
    return {
      message: 'not a domain',
      cure: 'write `example.com` (that domain alone) or `.example.com` (its subdomains too)',
    };
  }
  return isPublicSuffix(domain) ? NOBODYS : undefined;
});

const NOBODYS: Complaint = {
  message: 'a public suffix: anybody can have a domain below it',
  cure: 'write the domain that is your own, e.g. `example.co.uk`',
};

/** Whether mail could be sent there, as far as its form says. */
export function isAddress(value: string): boolean {
  const at = value.lastIndexOf('@');
  return at > 0 && !/[\s\p{Cc}<>,;]/u.test(value) && isDomain(value.slice(at + 1));
}

function isDomain(value: string): boolean {
  const ascii = domainToASCII(value);
  return (
    ascii.length > 0 &&
    ascii.length <= 253 &&
    ascii.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?$/i.test(label))
  );
}
