import { isIP } from 'node:net';
import countries from 'i18n-iso-countries';
import languages from 'iso-639-1';
import { type Address, isMailSystem, quotedAddressesOf } from '../message/addresses.ts';
import type { HeaderField } from '../message/headers.ts';
import { KINDS, type Kind } from '../message/kind.ts';
import { byteLength } from '../message/text.ts';
import { DIRECTIONS, type Direction, STATUSES, type Status } from './directives.ts';
import { MAX_IDENTIFIER_BYTES, MAX_LABEL_BYTES, MAX_LABELS_OF_MAIL, MAX_TEXT_CHARACTERS } from './limits.ts';

/** What a reader says of a header's body: the value it stands for, or why it cannot be taken. */
export type Reading<T> = { readonly value: T; readonly note?: string } | { readonly refused: string };

/** Reads one body that is not empty. */
export type Reader<T> = (field: HeaderField) => Reading<T>;

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;

export const readText: Reader<string> = ({ value }) =>
  value.length > MAX_TEXT_CHARACTERS
    ? { refused: `longer than ${MAX_TEXT_CHARACTERS.toLocaleString('en-US')} characters` }
    : { value: singleSpaced(value) };

export const readIdentifier: Reader<string> = ({ value }) =>
  byteLength(value) > MAX_IDENTIFIER_BYTES
    ? { refused: `longer than ${MAX_IDENTIFIER_BYTES} bytes` }
    : { value: singleSpaced(value) };

export const readStatus: Reader<Status> = oneOf(STATUSES);

export const readDirection: Reader<Direction> = oneOf(DIRECTIONS);

export const readKind: Reader<Kind> = oneOf(KINDS);

/** Comma-separated; empty ones and doubles are left out. */
export const readLabels: Reader<string[]> = labelReader(',');

/** The same with another sign between labels. */
export function labelReader(separator: string): Reader<string[]> {
  return ({ value }) => labelsIn(value.split(separator));
}

/** Labels that are apart already. */
export function labelsIn(parts: readonly string[]): Reading<string[]> {
  const written = parts.map((label) => singleSpaced(label).trim()).filter((label) => label !== '');
  if (written.length === 0) return { refused: 'no label in it' };
  const labels = [...new Set(written)];
  const short = labels.filter((label) => byteLength(label) <= MAX_LABEL_BYTES);
  if (short.length === 0) return { refused: `longer than ${MAX_LABEL_BYTES} bytes` };
  const notes = [
    ...(short.length < labels.length ? [`labels longer than ${MAX_LABEL_BYTES} bytes are left out`] : []),
    ...(short.length > MAX_LABELS_OF_MAIL ? [TOO_MANY_LABELS] : []),
  ];
  const taken = short.slice(0, MAX_LABELS_OF_MAIL);
  return notes.length === 0 ? { value: taken } : { value: taken, note: notes.join('; ') };
}

/** Why labels beyond the first ones do not count. */
export const TOO_MANY_LABELS = `the first ${MAX_LABELS_OF_MAIL} labels of a mail count`;

/** ISO 639-1 in lower case, optionally with a region of ISO 3166-1 in upper case: `ES` is `es`, `pt-br` is `pt-BR`. */
export const readLanguage: Reader<string> = ({ value }) => {
  const match = /^([a-z]{2})(?:-([a-z]{2}))?$/i.exec(value);
  const language = match?.[1]?.toLowerCase();
  const region = match?.[2]?.toUpperCase();
  if (language === undefined || !languages.validate(language)) {
    return { refused: 'not an ISO 639-1 code such as es or pt-BR' };
  }
  if (region === undefined) return { value: language };
  if (!isCountry(region)) return { refused: `the region ${region} is no ISO 3166-1 country code` };
  return { value: `${language}-${region}` };
};

export const readCountry: Reader<string> = ({ value }) => {
  const code = /^[a-z]{2}$/i.test(value) ? value.toUpperCase() : value;
  return isCountry(code) ? { value: code } : { refused: 'not an ISO 3166-1 alpha-2 country code such as SE' };
};

export const readIpAddress: Reader<string> = ({ value }) =>
  // A zone (fe80::1%eth0) means something on one machine only, and inet cannot keep it.
  isIP(value) === 0 || value.includes('%') ? { refused: 'not an IPv4 or IPv6 address' } : { value };

export const readLatitude: Reader<number> = decimalDegrees(90);

export const readLongitude: Reader<number> = decimalDegrees(180);

export const readPriority: Reader<number> = ({ value }) =>
  /^([1-9]|10)$/.test(value) ? { value: Number(value) } : { refused: 'not a whole number from 1 to 10' };

export const readCustomer: Reader<Address> = (field) => {
  const [first, ...rest] = quotedAddressesOf(field);
  if (first === undefined) return { refused: 'no usable e-mail address in it' };
  if (isMailSystem(first.address))
    return { refused: 'the address of a mail system, which is never a customer' };
  if (rest.length === 0) return { value: first };
  return { value: first, note: 'more than one address: the first counts' };
};

/** Folding a line anew can double a space; a signature does not cover how many there are. */
function singleSpaced(text: string): string {
  return text.replace(/ {2,}/g, ' ');
}

function oneOf<const T extends string>(choices: readonly T[]): Reader<T> {
  return ({ value }) => {
    const choice = choices.find((each) => each === value.toLowerCase());
    return choice === undefined ? { refused: `not one of ${choices.join(', ')}` } : { value: choice };
  };
}

function decimalDegrees(limit: number): Reader<number> {
  return ({ value }) => {
    const degrees = DECIMAL.test(value) ? Number(value) : Number.NaN;
    return Math.abs(degrees) <= limit
      ? { value: degrees }
      : { refused: `not decimal degrees from -${limit} to ${limit}` };
  };
}

function isCountry(code: string): boolean {
  // toUpperCase makes SS of ß, and XK is in use without being in the standard.
  return /^[A-Z]{2}$/.test(code) && code !== 'XK' && countries.alpha2ToNumeric(code) !== undefined;
}

/** All ways to read a value, by the names that operators write. */
export const READERS = {
  text: readText,
  identifier: readIdentifier,
  address: readCustomer,
  status: readStatus,
  direction: readDirection,
  kind: readKind,
  labels: readLabels,
  language: readLanguage,
  country: readCountry,
  ip_address: readIpAddress,
  latitude: readLatitude,
  longitude: readLongitude,
  priority: readPriority,
} as const satisfies Readonly<Record<string, Reader<unknown>>>;

export type ReaderName = keyof typeof READERS;

export const READER_NAMES = Object.keys(READERS) as ReaderName[];

/** A value that is no header field's, as readers take it. */
export function asField(value: string): HeaderField {
  return { name: '', key: '', raw: value, value };
}
