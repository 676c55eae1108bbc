import { addressKey, quotedAddressesOf } from '../message/addresses.ts';
import { decodeWords, type HeaderField, type Headers } from '../message/headers.ts';
import { storableText } from '../message/text.ts';
import { plainFrom } from './from.ts';
import type { Signature } from './signature.ts';

/** The header fields that are instructions, as the header mapping knows them, by names in lower case. */
export interface MappedFields {
  isMapped(key: string): boolean;
  /** Whether a mapped field is read as an address. */
  isAddress(key: string): boolean;
  /** All fields that are instructions or are meant as such: they have the prefix, though nothing of that name is known. */
  carried(headers: Headers): readonly HeaderField[];
}

/** What a text is not signed for, as a part of a sentence. */
export interface Unsignable {
  readonly refused: string;
}

/** What the first line says: another form of the text would have another one, and no signature could pass for both. */
const FORM = 'mailcase-signature-v1';

/**
 * Most of the mapped fields that is looked at, in characters: a hundred long texts. Whoever knows the id of a key could
 * otherwise have megabytes of addresses read before the signature is found to be wrong.
 */
const MAX_SIGNED_CHARACTERS = 250_000;

/** Longest field that is read as an address, in characters: a long name, folded and encoded. */
const MAX_ADDRESS_CHARACTERS = 5_000;

/**
 * The text that is signed, byte by byte as README.md describes it: a line for the form, key, time, nonce and From, and one
 * for each header field that is an instruction, or is meant as one, and is not empty, sorted by name. What relays and
 * libraries change on the way is left out of it: encoded words, folding, letter case of names, quotes around a name,
 * Message-ID and Date.
 *
 * @returns the text in UTF-16, to be signed as UTF-8; or why there is none, and so no signature
 */
export function signedText(
  { keyId, time, nonce }: Omit<Signature, 'mac'>,
  headers: Headers,
  mapping: MappedFields,
): string | Unsignable {
  const from = plainFrom(headers);
  if ('refused' in from) return from;
  const fields = mapping.carried(headers);
  if (fields.reduce((sum, { raw }) => sum + raw.length, 0) > MAX_SIGNED_CHARACTERS) {
    return { refused: `its mapped header fields have more than ${MAX_SIGNED_CHARACTERS} characters` };
  }
  const lines = [FORM, `k=${keyId}`, `t=${time}`, `n=${nonce}`, `from=${addressKey(from.address)}`];
  // The order of equals stays: of several fields with one name, the first may count alone.
  for (const field of [...fields].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))) {
    const value = mapping.isAddress(field.key) ? addressText(field) : textOf(field);
    if (typeof value === 'object') return value;
    if (value !== '') lines.push(`${field.key}:${value}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * An address as people read it, since libraries add quotes around a name and drop them. The last `<…>` of it is always the
 * address, so no name can stand for another one; that holds for one address alone.
 */
function addressText(field: HeaderField): string | Unsignable {
  if (field.raw.length > MAX_ADDRESS_CHARACTERS)
    return { refused: `${field.key} is too long for an address` };
  const [first, ...more] = quotedAddressesOf(field);
  if (more.length > 0) return { refused: `${field.key} has more than one address` };
  if (first) return singleSpaced(first.name === '' ? first.address : `${first.name} <${first.address}>`);
  const text = textOf(field);
  // With an @ in it, it could be told as the very text of an address.
  return text.includes('@') ? { refused: `${field.key} cannot be read as one address` } : text;
}

/** Not the value that is stored: of that one, the ends are trimmed of all that is white space to JavaScript. */
function textOf({ raw }: HeaderField): string {
  return singleSpaced(storableText(decodeWords(raw)));
}

/** Spaces, tabs and what is left of folding; no other white space, of which each language has its own list. */
function singleSpaced(text: string): string {
  return text.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '');
}
