import type { HeaderField, Headers } from '../message/headers.ts';
import { asciiLowerCase, isWithin } from './domains.ts';

/** What a DKIM-Signature field says of itself (RFC 6376, section 3.5). Whether it is good is not known by that. */
export interface DkimSignature {
  /** Which one of the message's DKIM-Signature fields, counted from 0 at the top. */
  readonly index: number;
  /** `a=`, in lower case: `rsa-sha256`. */
  readonly algorithm: string;
  /** `d=`, in lower case. */
  readonly domain: string;
  /** `s=`, in lower case. */
  readonly selector: string;
  /** The domain of `i=`, in lower case; that of `d=` without one. */
  readonly identity: string;
  /** `h=`: names in lower case, each as often as it stands there. */
  readonly signed: readonly string[];
  /** Whether it has `l=`: then anybody can write more under what was signed. */
  readonly isPartial: boolean;
  /** `x=`, in seconds since 1970. */
  readonly expires: number | undefined;
  /** `b=`, without blanks. */
  readonly value: string;
}

/** Why a field cannot be read. */
export interface Unreadable {
  readonly refused: string;
}

/** Longest field that is looked at, in characters: signatures of today have about a thousand. */
const MAX_CHARACTERS = 16 * 1024;

/** As DNS has names: labels of 1 to 63 characters, 253 in all. What is longer, no name server could be asked for. */
const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const FIELD_NAMES = /^[!-9<-~]+(?::[!-9<-~]+)*$/;

/** The longest name that DNS has, in characters. */
const MAX_NAME = 253;

/** The name under which DNS has the key of a signature (section 3.6.2.1). */
export function keyName({ selector, domain }: Pick<DkimSignature, 'selector' | 'domain'>): string {
  return `${selector}._domainkey.${domain}`;
}

/** Tags in which blanks mean nothing (section 3.5). */
const PACKED = new Set(['b', 'bh', 'h', 'q', 'z']);

/** Tags in which letter cases mean nothing: algorithms, domains and names of fields. */
const CASELESS = new Set(['a', 'c', 'd', 'h', 'i', 'q', 's']);

/** What each tag must look like, blanks and letter cases taken out; a tag that may be missing is ''. */
const FORMS: readonly (readonly [tag: string, form: RegExp])[] = [
  ['v', /^1$/],
  ['a', /^(?:rsa-sha1|rsa-sha256|ed25519-sha256)$/],
  ['b', BASE64],
  ['bh', BASE64],
  ['c', /^(?:(?:simple|relaxed)(?:\/(?:simple|relaxed))?)?$/],
  ['d', DOMAIN],
  ['h', FIELD_NAMES],
  ['i', /^(?:.*@.+)?$/],
  ['l', /^\d{0,76}$/],
  ['q', /^(?:|(?:.*:)?dns\/txt(?::.*)?)$/],
  ['s', DOMAIN],
  ['t', /^\d{0,12}$/],
  ['x', /^\d{0,12}$/],
];

/**
 * Reads a DKIM-Signature field. What is not as RFC 6376 has it is refused as a whole: two readers could differ on it.
 *
 * @param raw the field's body, unfolded
 * @param index its place among the message's DKIM-Signature fields
 */
export function parseDkimSignature(raw: string, index = 0): DkimSignature | Unreadable {
  const tags = readTags(raw);
  if (!(tags instanceof Map)) return tags;
  const tag = (name: string) => tags.get(name) ?? '';
  const wrong = FORMS.find(([name, form]) => !form.test(tag(name)))?.[0] ?? contradiction(tag);
  if (wrong !== undefined) return { refused: `its ${wrong}= cannot be taken` };
  if (keyName({ selector: tag('s'), domain: tag('d') }).length > MAX_NAME) {
    return { refused: 'its s= and d= are too long for the name of a key' };
  }
  return {
    ...{ index, algorithm: tag('a'), domain: tag('d'), selector: tag('s') },
    identity: identityOf(tag),
    signed: tag('h').split(':'),
    isPartial: tags.has('l'),
    expires: tag('x') === '' ? undefined : Number(tag('x')),
    value: tag('b'),
  };
}

/** What no tag says alone (section 3.5). @returns the tag that is wrong */
function contradiction(tag: (name: string) => string): string | undefined {
  if (!tag('h').split(':').includes('from')) return 'h';
  if (!DOMAIN.test(identityOf(tag)) || !isWithin(identityOf(tag), tag('d'))) return 'i';
  return tag('x') !== '' && Number(tag('x')) <= Number(tag('t')) ? 'x' : undefined;
}

function identityOf(tag: (name: string) => string): string {
  const identity = tag('i');
  return identity === '' ? tag('d') : identity.slice(identity.lastIndexOf('@') + 1);
}

/** A tag's name and its value (section 3.2). Names tell letter cases apart, and all that RFCs know are small. */
const TAG_NAME = /^[a-z][a-z0-9_]*$/;
const TAG_VALUE = /^[!-:<-~ \t]*$/;

/**
 * The tags of a list (section 3.2), right or wrong. Not by one pattern: blanks that may belong to two parts of it would
 * take long to be shared out among them.
 */
export function tagsOf(list: string): { name: string | undefined; value: string }[] {
  return list.split(';').map((text) => {
    const equals = text.indexOf('=');
    const name = equals < 0 ? undefined : text.slice(0, equals).trim();
    return { name, value: text.slice(equals + 1).trim() };
  });
}

/** Reads a tag list; no tag may stand there twice (section 3.2). */
function readTags(raw: string): Map<string, string> | Unreadable {
  if (raw.length > MAX_CHARACTERS) return { refused: 'it is too long' };
  const tags = new Map<string, string>();
  // A semicolon may stand behind the last one too.
  const list = raw.trimEnd().replace(/;$/, '');
  for (const { name, value: written } of tagsOf(list)) {
    if (name === undefined || !TAG_NAME.test(name) || !TAG_VALUE.test(written))
      return { refused: 'it is no list of tags' };
    if (tags.has(name)) return { refused: `it has ${name}= twice` };
    const value = PACKED.has(name) ? written.replace(/[ \t]+/g, '') : written;
    tags.set(name, CASELESS.has(name) ? asciiLowerCase(value) : value);
  }
  return tags;
}

/**
 * Which of these fields a signature leaves open: signed are as many of a name as `h=` has, from the bottom of the header
 * up (section 5.4.2), and one more could have been put above them by anybody.
 *
 * @param keys names in lower case
 */
export function uncovered({ signed }: DkimSignature, headers: Headers, keys: Iterable<string>): string[] {
  const counts = new Map<string, number>();
  for (const name of signed) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...new Set(keys)].filter((key) => headers.all(key).length > (counts.get(key) ?? 0));
}

/** The fields that a signature signs (section 5.4.2): each name in `h=` is the next one of that name from the bottom up. */
export function signedFields({ signed }: DkimSignature, headers: Headers): HeaderField[] {
  const left = new Map([...new Set(signed)].map((name) => [name, [...headers.all(name)]]));
  return signed.flatMap((name) => left.get(name)?.pop() ?? []);
}

/** Why a signature says nothing, good or not. @param receivedAt INTERNALDATE */
export function weakness(signature: DkimSignature, receivedAt: Date): string | undefined {
  if (signature.isPartial) return 'leaves the end of the body open (l=)';
  if (!signature.algorithm.endsWith('-sha256')) return `is made with ${signature.algorithm}`;
  const { expires } = signature;
  if (expires !== undefined && expires * 1000 < receivedAt.getTime()) {
    return 'had expired when the mail was received (x=)';
  }
  return undefined;
}
