import { domainToASCII, domainToUnicode } from 'node:url';
import addressparser from 'nodemailer/lib/addressparser';
import { beginningOf } from './cut.ts';
import { decodeWords, type HeaderField } from './headers.ts';
import { MAX_LINE_CHARACTERS } from './limits.ts';
import { byteLength, storableLine } from './text.ts';

/** A mailbox of RFC 5322, section 3.4: an address and the display name beside it ('' when there is none). */
export interface Address {
  readonly name: string;
  readonly address: string;
}

/** Longest address taken, in bytes: RFC 5321 allows 254; more cannot be delivered to and could fill an index. */
const MAX_ADDRESS_BYTES = 255;

/**
 * Reads an address list (RFC 5322, section 3.4), groups flattened.
 *
 * @param raw the field body, unfolded, encoded words not yet decoded: decoding first would let a name that encodes
 *   `", <` change the structure
 * @returns only what has a usable address, in order
 */
export function parseAddresses(raw: string): Address[] {
  return readAddresses(raw).map(withShortName);
}

/** The same with display names as long as they are, for whoever says what is cut of them. */
export function readAddresses(raw: string): Address[] {
  return addressparser(raw, { flatten: true }).flatMap(({ name, address }) =>
    isUsableAddress(address) ? [{ name: storableLine(decodeWords(name)), address }] : [],
  );
}

/** A display name becomes a customer's name and a column of its own, and a mail may have one of a megabyte. */
export function withShortName({ name, address }: Address): Address {
  return { name: beginningOf(name, MAX_LINE_CHARACTERS).trim(), address };
}

/**
 * Reads the To syntax of Desk's x-headers, in which the help article itself prints typographic quotes:
 * `“Joe Customer” <joe@example.com>`.
 */
export function parseQuotedAddresses(raw: string): Address[] {
  const atomic = raw.replace(Q_WORD, (word) => word.replace(SPECIALS, asQ));
  const addresses = parseAddresses(atomic.replace(/[\u201C\u201D\u201E\u201F\u00AB\u00BB]/g, '"'));
  // One alone is an inch sign or the like: as a quote it would swallow the address.
  return addresses.length > 0 ? addresses : parseAddresses(atomic);
}

/**
 * The addresses of a header field that is read as one, in To syntax. Some senders encode the whole body, address and all,
 * because of the typographic quotes in it.
 */
export function quotedAddressesOf({ raw, value }: Pick<HeaderField, 'raw' | 'value'>): Address[] {
  const plain = parseQuotedAddresses(raw);
  return plain.length > 0 ? plain : parseQuotedAddresses(value);
}

/** A whole encoded word in the encoding Q (RFC 2047, section 4.2), whatever signs stand in it. */
const Q_WORD = /=\?[^?\s]+\?q\?[^?\s]*\?=/gi;

/**
 * What must not stand in an encoded word of a name (RFC 2047, section 5), and does where a library has encoded a whole
 * value, address and all (seen in practice: Ruby's mail). Such a word is one word still: a part of an address that the
 * fold has left in it is none.
 */
const SPECIALS = /[<>@,;:"()[\]\\]/g;

function asQ(sign: string): string {
  return `=${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** An encoded word (RFC 2047), which may stand for a name and never for an address, or the end of one as a domain. */
const ENCODED_WORD = /=\?[^?]*\?[bq]\?|@[^@]*\?/i;

/** Whether mail could be sent there: something on both sides of the last @, no spaces, no control characters. */
export function isUsableAddress(address: string): boolean {
  const at = address.lastIndexOf('@');
  return (
    at > 0 &&
    at < address.length - 1 &&
    !/[\s\p{Cc}\p{Cs}<>\uFFFD]/u.test(address) &&
    !ENCODED_WORD.test(address) &&
    byteLength(address) <= MAX_ADDRESS_BYTES
  );
}

/**
 * What two spellings of one address have in common: lower case, the domain in A-labels (RFC 5890). Made here and not
 * by a collation of the database, so that every database agrees.
 *
 * @param address a usable address
 */
export function addressKey(address: string): string {
  const at = address.lastIndexOf('@');
  const local = lowerCase(address.slice(0, at));
  return `${local}@${domainKey(address.slice(at + 1))}`;
}

/** In one form of Unicode: of İ, lower case makes two signs, which a mark behind it may put into another order. */
function lowerCase(text: string): string {
  return text.normalize('NFC').toLowerCase().normalize('NFC');
}

/** What ends a host where it stands in a URL, or is decoded there: no part of any domain. */
const URL_SIGNS = /[/\\?#:[\]%]/;

/** A domain in lower case and A-labels, without the root's dot. */
export function domainKey(domain: string): string {
  const lower = lowerCase(domain);
  // Only what needs it goes through the URL rules, which also read 127.1 as an IPv4 address, and drop what is behind a
  // slash: two addresses would be one.
  const needsLabels = /[^\p{ASCII}]/u.test(lower) && !URL_SIGNS.test(lower);
  const labels = needsLabels ? domainToASCII(lower) || lower : lower;
  return labels.replace(/\.+$/, '');
}

/**
 * Whether a domain is written as nobody writes his own: with the root's dot, or in signs that become others in A-labels
 * (full-width letters, a long s, a Kelvin sign, another dot). Who looks for its policy (DMARC) as it is written finds
 * none.
 */
function isDisguised(domain: string): boolean {
  if (domain.endsWith('.')) return true;
  const written = lowerCase(domain);
  return /[^\p{ASCII}]/u.test(domain) && domainToUnicode(domainKey(domain)) !== written;
}

/** Local parts behind which no person reads: never a customer (RFC 2142, RFC 5321 section 4.5.1). */
const SYSTEM_LOCAL_PARTS = new Set(['mailer-daemon', 'postmaster']);

/** Whether mail from this address comes from a mail system and not from a person. */
export function isMailSystem(address: string): boolean {
  return SYSTEM_LOCAL_PARTS.has(address.slice(0, address.lastIndexOf('@')).toLowerCase());
}

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

export type OwnMatcher = (address: string) => boolean;

/**
 * Builds the test for the company's own addresses.
 *
 * @param entries addresses (`support@example.com`, matching with a +tag too), domains (`example.com`, that domain
 *   alone) or domains with a leading dot (`.example.com`, its subdomains too)
 */
export function ownMatcher(entries: readonly string[]): OwnMatcher {
  const addresses = new Set(entries.filter((entry) => entry.includes('@')).map(addressKey));
  const isOwnDomain = domainMatcher(entries.filter((entry) => !entry.includes('@')));
  return (address) => {
    if (isDisguised(address.slice(address.lastIndexOf('@') + 1))) return false;
    const key = addressKey(address);
    const at = key.lastIndexOf('@');
    const domain = key.slice(at + 1);
    const untagged = `${key.slice(0, at).replace(/\+.*$/s, '')}@${domain}`;
    return addresses.has(key) || addresses.has(untagged) || isOwnDomain(domain);
  };
}
